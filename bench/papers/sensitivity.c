/* What SPRINT's speed-ups hang on: each assumption halved and doubled, the others as they are. */
#include <math.h>
#include <stdio.h>

#include "cost/constants.h"
#include "papers.h"

enum { N_LENGTHS = 3, N_SYSTEMS = 2, N_COLUMNS = N_LENGTHS * N_SYSTEMS };

static const size_t lengths[N_LENGTHS] = {512, 2048, 4096};
static const struct {
    const char *name;
    int64_t n_units;
} systems[N_SYSTEMS] = {{"sprint-s", 1}, {"sprint-l", 4}};

enum knob { KNOB_CHANNELS, KNOB_BANKS, KNOB_BUFFER, KNOB_UNITS, KNOBS };
static const char *const knob_names[KNOBS] = {"channels", "banks per channel", "buffer of a unit",
                                              "units (buffer per unit as it is)"};

static struct cost_options options_with(enum knob knob, int64_t n_units, double factor)
{
    struct cost_options options = cost_options_default();
    const double own[KNOBS] = {constants_rows[CONSTANTS_RERAM_CHANNELS].value,
                               constants_rows[CONSTANTS_RERAM_BANKS].value,
                               constants_rows[CONSTANTS_SPRINT_BYTES].value, (double)n_units};
    double value = factor * own[knob];
    if (knob == KNOB_BUFFER)
        options.buffer_bytes = value;
    else if (value < 1) /* half of one unit: there is none */
        options.n_units = 0;
    else
        *(knob == KNOB_CHANNELS ? &options.n_channels
          : knob == KNOB_BANKS  ? &options.n_banks
                                : &options.n_units) = (int64_t)value;
    return options;
}

static void print_knobs(struct decided decided[N_LENGTHS])
{
    for (int knob = 0; knob < KNOBS; knob++) {
        printf("| %s |", knob_names[knob]);
        for (int c = 0; c < N_COLUMNS; c++) {
            int s = c / N_LENGTHS;
            for (int i = 0; i < 2; i++) {
                struct cost_options options = options_with((enum knob)knob, systems[s].n_units, i ? 2 : 0.5);
                if (options.n_units == 0)
                    printf(" -,");
                else
                    printf(" %.1f%s",
                           decided_cost(&decided[c % N_LENGTHS], false, systems[s].name, 0, &options).speedup,
                           i ? " |" : ",");
            }
        }
        printf("\n");
    }
}

/* What the sequences are made from, halved and doubled. */
static void print_statistics(const char *name, double keep_factor, double new_factor)
{
    double speedups[2][N_COLUMNS];
    for (int i = 0; i < 2; i++)
        for (int l = 0; l < N_LENGTHS; l++) {
            struct sequence sequence = sequence_as_reported();
            struct decided decided;
            struct cost_options options = cost_options_default();
            sequence.n_tokens = lengths[l];
            sequence.keep_ratio *= i ? keep_factor : 1 / keep_factor;
            sequence.new_ratio *= i ? new_factor : 1 / new_factor;
            decided_make(&sequence, "", &decided);
            for (int s = 0; s < N_SYSTEMS; s++)
                speedups[i][s * N_LENGTHS + l] =
                    decided_cost(&decided, false, systems[s].name, 0, &options).speedup;
            decided_clear(&decided);
        }
    printf("| %s |", name);
    for (int c = 0; c < N_COLUMNS; c++)
        printf(" %.1f, %.1f |", speedups[0][c], speedups[1][c]);
    printf("\n");
}

/* Keys (with their values) of 64 x 8 bits that the system's buffers hold. */
static size_t n_places(int system)
{
    double bytes = constants_rows[CONSTANTS_SPRINT_BYTES].value * (double)systems[system].n_units;
    return (size_t)(bytes / (2 * 64));
}

/* Where the time goes: what a query keeps, what fits, what comes, and the cycles of both sides. */
static void print_bounds(struct decided decided[N_LENGTHS])
{
    printf("| keys: kept per query, places on chip |");
    for (int c = 0; c < N_COLUMNS; c++)
        printf(" %.0f, %zu |",
               decided_summarise(&decided[c % N_LENGTHS], decided[c % N_LENGTHS].keep).kept_ratio *
                   (double)lengths[c % N_LENGTHS],
               n_places(c / N_LENGTHS));
    printf("\n| fetched per query: by it, by the reference |");
    struct cost_answer answers[N_COLUMNS];
    for (int c = 0; c < N_COLUMNS; c++) {
        struct cost_options options = cost_options_default();
        answers[c] = decided_cost(&decided[c % N_LENGTHS], false, systems[c / N_LENGTHS].name, 0, &options);
        double n = (double)answers[c].own.tally.n_queries;
        printf(" %.0f, %.0f |", (double)answers[c].own.tally.n_keys_fetched / n,
               (double)answers[c].unpruned.tally.n_keys_fetched / n);
    }
    printf("\n| cycles per query: own, reference |");
    for (int c = 0; c < N_COLUMNS; c++) {
        double n = (double)answers[c].own.tally.n_queries;
        printf(" %.0f, %.0f |", (double)answers[c].own.tally.n_cycles / n,
               (double)answers[c].unpruned.tally.n_cycles / n);
    }
    printf("\n");
}

static void print_single(const char *name, struct decided decided[N_LENGTHS], bool exact, bool reuses)
{
    printf("| %s |", name);
    for (int c = 0; c < N_COLUMNS; c++) {
        int s = c / N_LENGTHS;
        struct cost_options options = cost_options_default();
        struct cost_answer own = decided_cost(&decided[c % N_LENGTHS], exact, systems[s].name, 0, &options);
        double reference = own.unpruned.seconds;
        if (!reuses && lengths[c % N_LENGTHS] > n_places(s)) {
            options.buffer_bytes = 0;
            options.n_units = systems[s].n_units;
            reference = decided_cost(&decided[c % N_LENGTHS], exact, "baseline", 0, &options).own.seconds;
        }
        printf(" %.1f |", reference / own.own.seconds);
    }
    printf("\n");
}

void print_sensitivity(void)
{
    static struct decided decided[N_LENGTHS];
    for (int l = 0; l < N_LENGTHS; l++) {
        struct sequence sequence = sequence_as_reported();
        sequence.n_tokens = lengths[l];
        decided_make(&sequence, "", &decided[l]);
    }
    printf(
        "\nSpeed-up against the unpruned system; statistics as reported; each row has one thing halved, then "
        "doubled, in the reference too:\n\n"
        "| changed | sprint-s, 512 | 2,048 | 4,096 | sprint-l, 512 | 2,048 | 4,096 |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n");
    print_bounds(decided);
    print_single("speed-up, nothing changed", decided, false, true);
    print_knobs(decided);
    print_statistics("keys kept (12.5 %, 50 %), as many new ones", 2, 1);
    print_statistics("new keys per query (1.05 %, 4.2 %)", 1, 2);
    print_single("decisions without analog errors", decided, true, true);
    print_single("a reference that reuses nothing where a head does not fit", decided, false, false);
    for (int l = 0; l < N_LENGTHS; l++)
        decided_clear(&decided[l]);
}
