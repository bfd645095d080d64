#include "cost/cost_section.h"

#include <math.h>
#include <string.h>

#define MEMBER(name) offsetof(struct cost_section, name)
static const struct option rows[] = {
    {.key = "cost.systems",
     .kind = OPTION_TEXT,
     .offset = MEMBER(systems),
     .initial = "all",
     .flags = OPTION_NOT_SWEPT,
     .help = "systems whose cycles, energy and traffic follow from the run's own decisions: all, none, or a "
             "comma-separated list of baseline, sprint-s, sprint-m, sprint-l, leopard-ae, leopard-hp, "
             "spatten, a3, mnnfast",
     .published = "SPRINT (MICRO 2022), LeOPArd (ISCA 2022), SpAtten (HPCA 2021), A3 (HPCA 2020), MnnFast "
                  "(ISCA 2019); what each counts, and which numbers are only assumed: docs/cost.md"},
    {.key = "cost.padded_length",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(padded_length),
     .initial = "0",
     .low = 0,
     .high = 1 << 20,
     .help = "tokens that each sample is padded to, at least those of the longest; only baseline computes "
             "padded rows and columns, and no reference is padded; 0: no padding",
     .published = "384 for question answering on BERT (SPRINT, note on the paper)"},
    {.key = "cost.buffer_bytes",
     .kind = OPTION_REAL,
     .offset = MEMBER(options.buffer_bytes),
     .low = 0,
     .high = 1e15,
     .initial_help = "each system's own",
     .help = "bytes of the K and V buffers of one unit together, in every system; 0: nothing is held",
     .published = "16384 per corelet (SPRINT, notes on the paper); 112 KB (LeOPArd, assumed); 2 x 196 KB "
                  "(SpAtten)"},
    {.key = "cost.units",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(options.n_units),
     .initial = "-1",
     .low = -1,
     .high = 64,
     .help = "corelets of SPRINT, bit-serial units of LeOPArd, eighths of SpAtten; -1: each system's own",
     .published = "1, 2, 4 corelets (SPRINT S, M, L, notes on the paper); 6, 8 units (LeOPArd AE, HP, "
                  "assumed)"},
    {.key = "cost.channels",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(options.n_channels),
     .initial = "-1",
     .low = -1,
     .high = 32,
     .help = "channels of the main memory; -1: each system's own",
     .published = "16 (SpAtten); 4 (SPRINT, assumed)"},
    {.key = "cost.banks",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(options.n_banks),
     .initial = "-1",
     .low = -1,
     .high = 32,
     .help = "banks per channel of the main memory; -1: each system's own",
     .published = "8 (SPRINT, assumed)"},
    {.key = "cost.solved_array_energy",
     .kind = OPTION_BOOLEAN,
     .offset = MEMBER(options.solved_array_energy),
     .initial = "false",
     .help = "energy of an array's read from the currents of the solved circuit, sum of V I over the word "
             "lines times array.read_time, in place of a constant per multiply-accumulate; it costs up to a "
             "field per word line and array, and is NaN where neither array.read_time nor the card states a "
             "time",
     .published = "0.10 pJ per multiply-accumulate (SPRINT, note on the paper)"},
    {.key = "cost.operands_on_chip",
     .kind = OPTION_BOOLEAN,
     .offset = MEMBER(options.operands_on_chip),
     .initial = "false",
     .help = "LeOPArd, A3 and MnnFast find K and V on their chip, as their authors count: no loading"},
};
const struct option_table cost_section_table = {rows, sizeof rows / sizeof rows[0],
                                                sizeof(struct cost_section)};

/* Whether a comma-separated list names a system. */
static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    while (*list != '\0') {
        list += strspn(list, ", ");
        size_t n = strcspn(list, ", ");
        if (n == length && strncmp(list, name, n) == 0)
            return true;
        list += n;
    }
    return false;
}

/* How many words a list has. */
static int count_words(const char *list)
{
    int n = 0;
    for (list += strspn(list, ", "); *list != '\0'; list += strspn(list, ", ")) {
        list += strcspn(list, ", ");
        n++;
    }
    return n;
}

int cost_section_systems(const struct cost_section *section,
                         const struct cost_system *systems[COST_SECTION_SYSTEMS_MAX])
{
    int n = 0;
    bool all = strcmp(section->systems, "all") == 0;
    if (strcmp(section->systems, "none") == 0)
        return 0;
    for (int i = 0; system_all[i] != NULL; i++)
        if (all || is_listed(section->systems, system_all[i]->name))
            systems[n++] = system_all[i];
    return all || count_words(section->systems) == n ? n : -1;
}

static enum rs_status refuse_zero(const char *key, int64_t value, int64_t high, struct rs_error *err)
{
    if (value != 0)
        return RS_OK;
    return rs_fail(err, RS_INPUT, "%s 0 found, 1 to %lld, or -1 for the system's own, expected", key,
                   (long long)high);
}

enum rs_status cost_section_check(const struct cost_section *section, size_t longest, struct rs_error *err)
{
    const struct cost_system *systems[COST_SECTION_SYSTEMS_MAX];
    int n = cost_section_systems(section, systems);
    if (n < 0 || (n == 0 && strcmp(section->systems, "none") != 0))
        return rs_fail(err, RS_INPUT,
                       "cost.systems: '%s' found, all, none, or each once of baseline, sprint-s, sprint-m, "
                       "sprint-l, leopard-ae, leopard-hp, spatten, a3, mnnfast expected",
                       section->systems);
    if (section->padded_length > 0 && (size_t)section->padded_length < longest)
        return rs_fail(err, RS_INPUT,
                       "cost.padded_length %lld found, at least the %zu keys of the longest sample, or 0, "
                       "expected",
                       (long long)section->padded_length, longest);
    enum rs_status status = refuse_zero("cost.units", section->options.n_units, 64, err);
    if (status == RS_OK)
        status = refuse_zero("cost.channels", section->options.n_channels, 32, err);
    if (status == RS_OK)
        status = refuse_zero("cost.banks", section->options.n_banks, 32, err);
    return status;
}
