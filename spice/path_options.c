#include "spice/path_options.h"

#include <math.h>
#include <string.h>

#include "spice/latch.h"

static const char *const signs[] = {"differential", "offset", NULL};
static const char *const senses[] = {"resistor", "transimpedance", "integrator", NULL};
static const char *const cells[] = {"array", "stanford", "vteam", "yakopcic", NULL};
static const char *const references[] = {"ideal", "current", "bias-rows", "replica", NULL};
static const char *const sharings[] = {"per-comparator", "shared", NULL};
static const char *const latches[] = {"strongarm", "current", "winner-take-all", NULL};
static const char *const pairs[] = {"unknown", "input-n-p", NULL};

#define TABLE(name, rows, type)                                                                              \
    const struct option_table name = {rows, sizeof rows / sizeof rows[0], sizeof(struct type)}
#define CHOICE(section, name, member_, words, initial_, help_)                                               \
    {                                                                                                        \
        .key = section "." name, .kind = OPTION_CHOICE, .offset = member_, .choices = words,                 \
        .initial = initial_, .help = help_                                                                   \
    }
#define REAL(section, name, member_, unit_, initial_, low_, high_, help_)                                    \
    {                                                                                                        \
        .key = section "." name, .kind = OPTION_REAL, .offset = member_, .unit = unit_, .initial = initial_, \
        .low = low_, .high = high_, .help = help_                                                            \
    }
#define TEXT(section, name, member_, help_)                                                                  \
    {                                                                                                        \
        .key = section "." name, .kind = OPTION_TEXT, .offset = member_, .initial_help = "none",             \
        .help = help_                                                                                        \
    }

#define PATH(name) offsetof(struct path_options, name)
static const struct option path_rows[] = {
    CHOICE("path", "sign", PATH(sign), signs, "differential",
           "differential: key slot j is bit lines 2j and 2j+1; offset: bit line j against the last one"),
    CHOICE("path", "sense", PATH(sense), senses, "resistor",
           "resistor: the latch looks at the line across array.r_sense; transimpedance and integrator: a "
           "virtual ground behind it"),
    CHOICE("path", "cell", PATH(cell), cells, "array",
           "array: the law of the array file; else a compact model of spice/models whose state gives each "
           "conductance"),
    REAL("path", "supply", PATH(supply_volts), QUANTITY_VOLT, "1.2 V", 0.1, 10, "supply of the latches"),
    REAL("path", "common_mode", PATH(common_mode_volts), QUANTITY_VOLT, "0.6 V", 0, 10,
         "rail around which lines, sense paths and inputs work"),
    REAL("path", "r_feedback", PATH(r_feedback_ohm), QUANTITY_OHM, "10 kohm", 1e-3, 1e12,
         "gain of the transimpedance"),
    REAL("path", "swing", PATH(swing_volts), QUANTITY_VOLT, "0.4 V", 1e-6, 10,
         "largest output of a transimpedance or integrator, either way; compression is a tanh"),
    REAL("path", "settling", PATH(settling_seconds), QUANTITY_SECOND, "20 ps", 0, 1,
         "time constant of the transimpedance"),
    REAL("path", "r_out", PATH(r_out_ohm), QUANTITY_OHM, "1 kohm", 1e-3, 1e9,
         "output resistance of transimpedance, integrator and reference buffers: what a latch's input sees"),
    REAL("path", "integration_capacitance", PATH(integration_capacitance_farad), QUANTITY_FARAD, "100 fF",
         1e-18, 1e-6, "capacitance of the integrator"),
    REAL("path", "integration_time", PATH(integration_seconds), QUANTITY_SECOND, "1 ns", 1e-13, 1,
         "time over which the integrator collects its line's current"),
    REAL("path", "settle_time", PATH(settle_seconds), QUANTITY_SECOND, "1 ns", 1e-12, 1,
         "from a query's word-line edge to the clock's (integrator: to the start of integration)"),
    REAL("path", "evaluation_time", PATH(evaluation_seconds), QUANTITY_SECOND, "0.5 ns", 1e-12, 1,
         "how long the clock is high; what is not decided then is unresolved"),
    REAL("path", "edge_time", PATH(edge_seconds), QUANTITY_SECOND, "20 ps", 1e-15, 1,
         "of word lines and clock"),
    REAL("path", "line_capacitance", PATH(line_capacitance_farad), QUANTITY_FARAD, "0 F", 0, 1e-9,
         "of a wire segment to ground, on word and bit lines"),
    REAL("path", "temperature", PATH(temperature_kelvin), QUANTITY_KELVIN, "300.15 K", 200, 450,
         "of the whole circuit"),
    {.key = "path.time_step",
     .kind = OPTION_REAL,
     .offset = PATH(step_seconds),
     .unit = QUANTITY_SECOND,
     .low = 1e-15,
     .high = 1,
     .initial_help = "only what the accuracy of the solution asks for",
     .help = "largest step of the transient"},
};
TABLE(path_options_path, path_rows, path_options);

#define REFERENCE(name) offsetof(struct reference_options, name)
static const struct option reference_rows[] = {
    CHOICE("reference", "kind", REFERENCE(kind), references, "ideal",
           "ideal: subtracted exactly; current: a DAC at each line's end; bias-rows: word lines of the array "
           "at constant voltage; replica: the current of a separate array"),
    CHOICE("reference", "sharing", REFERENCE(sharing), sharings, "per-comparator",
           "shared: one unbuffered node at the negative input of all latches (offset: the mid-level line)"),
    {.key = "reference.threshold",
     .kind = OPTION_REALS,
     .unit = QUANTITY_AMPERE,
     .offset = REFERENCE(threshold_amperes),
     .initial = "0 A",
     .low = -1,
     .high = 1,
     .help = "difference current at which a slot decides; one number or one per key slot"},
    REAL("reference", "r_output", REFERENCE(r_output_ohm), QUANTITY_OHM, "1 Mohm", 1, 1e15,
         "output resistance of a DAC or mirror"),
    {.key = "reference.bias_rows",
     .kind = OPTION_INTEGER,
     .offset = REFERENCE(bias_rows),
     .initial = "1",
     .low = 1,
     .high = 4096,
     .help = "how many of the array's last word lines are the bias rows, driven alike by every vector"},
    {.key = "reference.replica",
     .kind = OPTION_PATH,
     .offset = REFERENCE(replica),
     .initial_help = "none",
     .help = "array file of the replica; its first vector drives it, bit line 0 gives the current"},
};
TABLE(path_options_reference, reference_rows, reference_options);

#define LATCH(name) offsetof(struct latch_options, name)
#define WIDTH(name, member_, initial_, help_)                                                                \
    REAL("latch", name, LATCH(member_), QUANTITY_METRE, initial_, 1e-8, 1e-3, help_)
static const struct option latch_rows[] = {
    CHOICE(
        "latch", "kind", LATCH(kind), latches, "strongarm",
        "strongarm: compares voltages (comparator.kind voltage of a run); current: a clocked latch that the "
        "lines' currents are copied into (current); winner-take-all: two cells, one for the line and one "
        "for its reference, without a clock (winner-take-all)"),
    WIDTH("w_tail", w_tail_metres, "4 um", "width of the clocked tail"),
    WIDTH("w_input", w_input_metres, "2 um", "width of the input pair (winner-take-all: of the input cells)"),
    WIDTH("w_nlatch", w_nlatch_metres, "1 um", "width of the cross-coupled n pair"),
    WIDTH("w_platch", w_platch_metres, "1 um", "width of the cross-coupled p pair"),
    WIDTH("w_reset", w_reset_metres, "1 um", "width of the outputs' reset switches"),
    WIDTH("w_equalise", w_equalise_metres, "0.5 um", "width of the inner nodes' reset switches"),
    WIDTH("w_clamp", w_clamp_metres, "0.2 um", "kind current: width of the pair that carries the inputs"),
    WIDTH("w_power", w_power_metres, "2 um", "kind current: width of the switch to the supply"),
    WIDTH("w_follow", w_follow_metres, "2 um", "kind winner-take-all: width of the pair that follows"),
    WIDTH("length", length_metres, "65 nm", "length of all transistors"),
    REAL("latch", "r_load", LATCH(r_load_ohm), QUANTITY_OHM, "1 kohm", 1e-3, 1e12,
         "kinds of currents: what turns them into the volts that plans, decks and calibrations tell; no "
         "resistor stands there"),
    REAL("latch", "bias", LATCH(bias_amperes), QUANTITY_AMPERE, "20 uA", 0, 1,
         "kinds of currents: added to both inputs, which take no negative current"),
    REAL("latch", "mismatch", LATCH(mismatch_volts), QUANTITY_VOLT, "3.5 mV", 0, 1,
         "standard deviation of a pair's threshold difference at W L = 1 um^2 (Pelgrom's A_VT)"),
    REAL("latch", "load", LATCH(load_farad), QUANTITY_FARAD, "2 fF", 0, 1e-9, "of each output"),
    {.key = "latch.seed",
     .kind = OPTION_INTEGER,
     .offset = LATCH(seed),
     .initial = "1",
     .low = 0,
     .high = 2147483647,
     .help = "of the mismatch draws"},
    {.key = "latch.file",
     .kind = OPTION_PATH,
     .offset = LATCH(file),
     .initial_help = "the StrongARM latch of spice/decks",
     .help = "a latch of your own: included, hashed, never copied"},
    TEXT("latch", "subcircuit", LATCH(subcircuit), "its name; ports inp inn clk outp outn vdd vss"),
    {.key = "latch.models",
     .kind = OPTION_PATH,
     .offset = LATCH(models),
     .initial_help = "none",
     .help = "its transistor models, where they lie in another file"},
    TEXT("latch", "models_section", LATCH(models_section), "section of that file (.lib FILE SECTION)"),
    TEXT("latch", "parameters", LATCH(parameters), "written on every instance of it, as NAME=VALUE ..."),
    TEXT("latch", "mismatch_parameters", LATCH(mismatch_parameters),
         "its parameters that shift thresholds, as NAME NAME ..."),
    {.key = "latch.mismatch_sigmas",
     .kind = OPTION_REALS,
     .unit = QUANTITY_VOLT,
     .offset = LATCH(mismatch_sigmas_volts),
     .initial = "0 V",
     .high = 1,
     .help = "their standard deviations; one number or one per parameter"},
    {.key = "latch.mismatch_widths",
     .kind = OPTION_REALS,
     .unit = QUANTITY_METRE,
     .offset = LATCH(mismatch_widths_metres),
     .initial_help = "none: latch.mismatch_sigmas",
     .low = 1e-8,
     .high = 1e-3,
     .help = "... or the widths of the transistors that they shift, each by latch.mismatch / sqrt(2 W "
             "latch.length); one number or one per parameter"},
    CHOICE("latch", "mismatch_pairs", LATCH(pairs), pairs, "unknown",
           "input-n-p: the parameters are the input pair, the n pair and the p pair of a latch, two and two, "
           "so that its sensitivities are found, too"),
    TEXT("latch", "monte_carlo", LATCH(monte_carlo),
         "the models' own Monte-Carlo switch, as NAME=VALUE ... of a .param; drawn with latch.seed"),
    TEXT("latch", "monte_carlo_off", LATCH(monte_carlo_off),
         "... and what turns it off, where latches without mismatch are meant and the models do not know it"),
};
TABLE(path_options_latch, latch_rows, latch_options);

void path_options_add(struct settings *settings, struct path_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    settings_add(settings, &path_options_path, &plan->path);
    settings_add(settings, &path_options_reference, &plan->reference);
    settings_add(settings, &path_options_latch, &plan->latch);
}

void path_options_fill(struct path_plan *plan)
{
    struct settings settings = {0};
    path_options_add(&settings, plan);
}

struct checker {
    const struct settings *settings;
    struct rs_error *err;
    enum rs_status status;
};

static void demand(struct checker *checker, bool fine, const char *key, const char *what)
{
    if (!fine)
        checker->status = settings_fail(checker->settings, key, checker->err, what);
}

static void check_reference(struct checker *checker, const struct path_plan *plan)
{
    const struct reference_options *reference = &plan->reference;
    bool differential = plan->path.sign == PATH_DIFFERENTIAL, shared = reference->sharing == PATH_SHARED;
    bool has_threshold = reference->kind == PATH_IDEAL || reference->kind == PATH_CURRENT, zero = true;
    for (int i = 0; i < reference->threshold_amperes.n; i++)
        zero = zero && reference->threshold_amperes.values[i] == 0;
    demand(checker, has_threshold || zero, "reference.threshold",
           "bias rows and a replica are the threshold; none expected beside them");
    demand(checker, !shared || !differential || plan->path.sense != PATH_RESISTOR, "reference.sharing",
           "a shared node needs a sense path that subtracts, or sign 'offset'; 'per-comparator' expected");
    demand(checker, !shared || !differential || reference->kind != PATH_IDEAL, "reference.sharing",
           "an ideal reference has no node to share; 'per-comparator' expected");
    demand(checker, !shared || reference->kind == PATH_IDEAL || reference->threshold_amperes.n <= 1,
           "reference.threshold", "a list found, one number expected of a shared reference");
    demand(checker, (reference->kind == PATH_REPLICA) == (reference->replica[0] != '\0'), "reference.replica",
           "an array file and kind 'replica' expected together");
}

static void check_latch(struct checker *checker, const struct latch_options *latch)
{
    bool own = latch->file[0] == '\0';
    demand(checker, own == (latch->subcircuit[0] == '\0'), "latch.subcircuit",
           "a file and the name of its subcircuit expected together");
    demand(checker, !own || latch->models[0] == '\0', "latch.models", "a latch.file expected with it");
    demand(checker, latch->models_section[0] == '\0' || latch->models[0] != '\0', "latch.models_section",
           "a latch.models expected with it");
    demand(checker, !own || latch->parameters[0] == '\0', "latch.parameters",
           "a latch.file expected with it");
    demand(checker, !own || latch->mismatch_parameters[0] == '\0', "latch.mismatch_parameters",
           "a latch.file expected with it");
    demand(checker, !own || latch->monte_carlo[0] == '\0', "latch.monte_carlo",
           "a latch.file expected with it");
    demand(checker, latch->mismatch_parameters[0] == '\0' || latch->monte_carlo[0] == '\0',
           "latch.monte_carlo", "either this or latch.mismatch_parameters expected");
    demand(checker, latch->monte_carlo_off[0] == '\0' || latch->monte_carlo[0] != '\0',
           "latch.monte_carlo_off", "a latch.monte_carlo expected with it");
    demand(checker,
           latch->mismatch_parameters[0] == '\0' || latch->mismatch_widths_metres.n > 0 ||
               settings_is_given(checker->settings, "latch.mismatch_sigmas"),
           "latch.mismatch_parameters", "latch.mismatch_widths or latch.mismatch_sigmas expected with it");
    demand(checker, latch->mismatch_widths_metres.n == 0 || latch->mismatch_parameters[0] != '\0',
           "latch.mismatch_widths", "latch.mismatch_parameters expected with it");
    demand(checker,
           latch->mismatch_widths_metres.n == 0 ||
               !settings_is_given(checker->settings, "latch.mismatch_sigmas"),
           "latch.mismatch_widths", "either this or latch.mismatch_sigmas expected");
    size_t n_pairs = latch->kind == PATH_WINNER ? 2 : 3;
    demand(checker, latch->pairs == PATH_PAIRS_UNKNOWN || (!own && latch_n_mismatch(latch) == 2 * n_pairs),
           "latch.mismatch_pairs",
           "two latch.mismatch_parameters for each pair of a latch.file expected with it");
}

/* Currents are copied from lines that end in array.r_sense. */
static void check_currents(struct checker *checker, const struct path_plan *plan)
{
    bool currents = latch_takes_currents(&plan->latch);
    demand(checker, !currents || plan->path.sense == PATH_RESISTOR, "path.sense",
           "this latch.kind takes the lines' currents; 'resistor' expected");
    demand(checker, !currents || plan->reference.sharing == PATH_PER_COMPARATOR, "reference.sharing",
           "this latch.kind has no node to share; 'per-comparator' expected");
}

enum rs_status path_options_check(const struct settings *settings, const struct path_plan *plan,
                                  struct rs_error *err)
{
    struct checker checker = {settings, err, RS_OK};
    const struct path_options *path = &plan->path;
    demand(&checker, path->common_mode_volts < path->supply_volts, "path.common_mode",
           "less than path.supply expected");
    demand(&checker, path->settle_seconds > 2 * path->edge_seconds, "path.settle_time",
           "more than two edges expected");
    demand(&checker, path->evaluation_seconds > 2 * path->edge_seconds, "path.evaluation_time",
           "more than two edges expected");
    demand(&checker, path->integration_seconds > 2 * path->edge_seconds || path->sense != PATH_INTEGRATOR,
           "path.integration_time", "more than two edges expected");
    check_reference(&checker, plan);
    check_latch(&checker, &plan->latch);
    check_currents(&checker, plan);
    return checker.status;
}
