/*
 * The sense path: full paths (spice/path.h) whose array is one cell per bit line, so that the current of each
 * line is known, over their range. Gain and saturation from what the latches see when the clock rises;
 * settling from a step of the word lines with the clock at rest.
 */
#include <config.h> /* strdup */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "calib/calibrate_plan.h"
#include "calib/relations.h"
#include "calib/stage.h"
#include "spice/path_request.h"

struct sense_options {
    int64_t n_drives, n_instants;
    double range_amperes, tolerance_volts, settling_tolerance_volts;
};

#define MEMBER(name) offsetof(struct sense_options, name)
static const struct option rows[] = {
    {.key = "sense.drives",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(n_drives),
     .initial = "17",
     .low = 4,
     .high = 256,
     .help = "key slots, each with its own pair of currents"},
    {.key = "sense.instants",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(n_instants),
     .initial = "12",
     .low = 2,
     .high = 256,
     .help = "instants after a step, in geometric steps up to path.settle_time"},
    {.key = "sense.range",
     .kind = OPTION_REAL,
     .unit = QUANTITY_AMPERE,
     .offset = MEMBER(range_amperes),
     .initial_help =
         "1.5 swing / gain; with sense `resistor` 0.2 V / array.r_sense, of latches of currents 0.9 "
         "latch.bias",
     .low = 0,
     .high = 10,
     .flags = OPTION_LOW_OPEN,
     .help = "largest current of a line, either way"},
    {.key = "sense.tolerance",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(tolerance_volts),
     .initial = "0.1 mV",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "how far a good model may miss an output"},
    {.key = "sense.settling_tolerance",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(settling_tolerance_volts),
     .initial = "10 mV",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "... on its way there: paths have more than one pole"},
};
static const struct option_table options_table = {rows, sizeof rows / sizeof rows[0],
                                                  sizeof(struct sense_options)};

enum { GAIN, GAIN_LINEAR, SETTLING, N_RELATIONS };
static const struct relation *const relations[N_RELATIONS] = {&relations_gain, &relations_gain_linear,
                                                              &relations_settling};

#define DRIVE_VOLTS 20.0 /* of the largest current: almost a source of current */
#define RESISTOR_VOLTS 0.2
#define SWINGS 1.5
#define BIAS_SHARE 0.9  /* of latches of currents: what goes into them stays positive */
#define EDGE_SHARE 0.05 /* of path.edge_time: the step of the settling deck */

/* A deck, and what its slots said at its instants. */
struct bench {
    struct path_plan plan;
    struct path path;
    struct path_request request;
    size_t n_slots, n_instants;
    double *seconds; /* [n_instants] */
    double *volts;   /* [n_instants][n_slots] */
};

enum { GAIN_BENCH, SETTLING_BENCH, N_BENCHES };
struct state {
    size_t n_benches;
    struct bench benches[N_BENCHES];
    struct array_file array;              /* conductances owned */
    double *drive_volts;                  /* [2][n_lines]: at rest, driven */
    double *plus_amperes, *minus_amperes; /* [n_slots] */
};

static void finish(struct stage_run *run)
{
    struct state *state = run->state;
    if (state == NULL)
        return;
    for (size_t b = 0; b < N_BENCHES; b++) {
        path_request_clear(&state->benches[b].request);
        free(state->benches[b].seconds);
        free(state->benches[b].volts);
    }
    free(state->array.conductance);
    free(state->drive_volts);
    free(state->plus_amperes);
    free(state->minus_amperes);
    free(state);
    run->state = NULL;
}

/* --- currents --- */

/* Word line i drives bit line i through one cell; what a sense resistance takes of the voltage is known. */
static enum rs_status fill_array(struct state *state, size_t n_lines, double range_amperes,
                                 double r_sense_ohm, struct rs_error *err)
{
    state->array.network =
        (struct network){.n_rows = n_lines, .n_columns = n_lines, .r_sense_ohm = r_sense_ohm};
    state->array.conductance = memory_allocate(n_lines * n_lines, sizeof(double), err);
    state->drive_volts = memory_allocate(2 * n_lines, sizeof(double), err);
    if (state->array.conductance == NULL || state->drive_volts == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n_lines; i++)
        state->array.conductance[i * n_lines + i] = range_amperes / DRIVE_VOLTS;
    return RS_OK;
}

/* The current of one line, as a share of the range, -1 to 1. */
static double drive_line(struct state *state, const struct path_options *path, size_t i_line, double share,
                         double range_amperes)
{
    double amperes = share * range_amperes, n_lines = (double)state->array.network.n_rows;
    double lost = path->sense == PATH_RESISTOR ? state->array.network.r_sense_ohm * amperes : 0;
    state->drive_volts[(size_t)n_lines + i_line] = share * DRIVE_VOLTS + lost;
    return amperes;
}

/* Currents of all slots: the positive line over the whole range, the negative one over half of it in another
 * order, so that differences and common parts are told apart. */
static void drive(struct state *state, const struct path_options *path, size_t n_slots, double range_amperes)
{
    const double golden = 0.61803398874989485;
    bool offset = path->sign == PATH_OFFSET;
    for (size_t j = 0; j < n_slots; j++) {
        double whole, share = 2 * (double)j / (double)(n_slots - 1) - 1;
        double other = offset ? 0.25 : modf((double)(j + 1) * golden, &whole) - 0.5;
        state->plus_amperes[j] = drive_line(state, path, offset ? j : 2 * j, share, range_amperes);
        state->minus_amperes[j] = drive_line(state, path, offset ? n_slots : 2 * j + 1, other, range_amperes);
    }
}

/* --- decks --- */

/* Paths with a reference of 0 A, and of the plan's kind where it hangs on the line. */
static void settle_plan(const struct path_plan *circuit, struct path_plan *plan)
{
    *plan = *circuit;
    bool current = circuit->reference.kind == PATH_CURRENT || circuit->reference.sharing == PATH_SHARED;
    plan->reference.kind = current ? PATH_CURRENT : PATH_IDEAL;
    plan->reference.threshold_amperes = (struct option_reals){.word = -1, .n = 1};
}

static bool take(void *context, const struct worker_values *values, struct worker_run *next)
{
    struct bench *bench = context;
    (void)next;
    for (size_t k = 0; k < bench->n_instants; k++)
        for (size_t j = 0; j < bench->n_slots; j++)
            bench->volts[k * bench->n_slots + j] =
                path_request_input(&bench->path, values, j, bench->seconds[k]);
    return false;
}

static enum rs_status add_bench(struct stage_run *run, struct bench *bench, const char *name,
                                size_t n_vectors, size_t n_instants, struct rs_error *err)
{
    struct state *state = run->state;
    size_t n_lines = state->array.network.n_rows;
    bool steps = n_vectors == 2;
    bench->n_slots = path_n_slots(&bench->plan.path, n_lines);
    bench->n_instants = n_instants;
    bench->seconds = memory_allocate(n_instants, sizeof(double), err);
    bench->volts = memory_allocate(n_instants * bench->n_slots, sizeof(double), err);
    double *still =
        memory_allocate(bench->n_slots * latch_n_mismatch(&bench->plan.latch), sizeof *still, err);
    if (bench->seconds == NULL || bench->volts == NULL || still == NULL) {
        free(still);
        return RS_INTERNAL;
    }
    bench->path = (struct path){.plan = &bench->plan,
                                .array = &state->array,
                                .n_vectors = n_vectors,
                                .volts = state->drive_volts + (steps ? 0 : n_lines),
                                .mismatch_volts = still,
                                .monte_carlo_draw = LATCH_NOMINAL};
    enum rs_status status = path_request_fill(&bench->path, &bench->request, err);
    bench->path.mismatch_volts = NULL;
    free(still);
    if (status != RS_OK)
        return status;
    struct text commands = {0};
    if (steps)
        path_request_write_still_clock(&bench->path, &commands);
    text_append(&commands, "%s", bench->request.transient);
    struct deck *deck = decks_add(&run->decks, name, strdup(bench->request.deck));
    for (size_t k = 0; k < bench->request.n_vectors && deck != NULL; k++)
        decks_ask(&run->decks, deck, bench->request.vectors[k].name, 0);
    if (deck != NULL) {
        decks_add_run(&run->decks, deck, text_take(&commands, err));
        deck->take = take;
        deck->state = bench;
    }
    text_clear(&commands);
    return run->decks.failed ? rs_fail(err, RS_INTERNAL, "out of memory") : RS_OK;
}

static enum rs_status add_gain(struct stage_run *run, struct rs_error *err)
{
    struct state *state = run->state;
    struct bench *bench = &state->benches[GAIN_BENCH];
    settle_plan(&run->plan->circuit, &bench->plan);
    enum rs_status status = add_bench(run, bench, "gain", 1, 1, err);
    if (status == RS_OK)
        bench->seconds[0] = path_times(&bench->plan.path).clock_seconds;
    return status;
}

/* An integrator has no settling but its lines', which are not its own. */
static enum rs_status add_settling(struct stage_run *run, struct rs_error *err)
{
    const struct sense_options *options = run->options;
    struct state *state = run->state;
    struct bench *bench = &state->benches[SETTLING_BENCH];
    size_t n = (size_t)options->n_instants;
    if (run->plan->circuit.path.sense == PATH_INTEGRATOR)
        return RS_OK;
    if (latch_takes_currents(&run->plan->circuit.latch)) {
        stage_leave_out(run, "settling", "copies of currents follow at once");
        return RS_OK;
    }
    settle_plan(&run->plan->circuit, &bench->plan);
    bench->plan.path.edge_seconds *= EDGE_SHARE;
    enum rs_status status = add_bench(run, bench, "settling", 2, n + 1, err);
    if (status != RS_OK)
        return status;
    double edge = bench->plan.path.edge_seconds, first = 2 * edge, last = bench->plan.path.settle_seconds;
    double start = path_times(&bench->plan.path).period_seconds + edge / 2;
    for (size_t k = 0; k < n; k++)
        bench->seconds[k] = start + first * pow(last / first / 2, (double)k / (double)(n - 1));
    bench->seconds[n] = start + last;
    return RS_OK;
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    const struct sense_options *options = run->options;
    const struct path_options *path = &run->plan->circuit.path;
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    *state = (struct state){0};
    double r_sense_ohm = run->plan->array.r_sense_ohm,
           gain_ohm = path_gain_ohm(&run->plan->circuit, r_sense_ohm);
    bool currents = latch_takes_currents(&run->plan->circuit.latch);
    if (path->sense == PATH_RESISTOR && !currents && !(r_sense_ohm > 0))
        return rs_fail(err, RS_INPUT,
                       "array.r_sense: 0 ohm found, a resistance expected: the latch looks at it");
    double range_amperes = options->range_amperes;
    if (isnan(range_amperes) && currents)
        range_amperes = BIAS_SHARE * run->plan->circuit.latch.bias_amperes;
    else if (isnan(range_amperes))
        range_amperes =
            (path->sense == PATH_RESISTOR ? RESISTOR_VOLTS : SWINGS * path->swing_volts) / gain_ohm;
    size_t n_slots = (size_t)options->n_drives;
    size_t n_lines = path->sign == PATH_OFFSET ? n_slots + 1 : 2 * n_slots;
    state->plus_amperes = memory_allocate(n_slots, sizeof(double), err);
    state->minus_amperes = memory_allocate(n_slots, sizeof(double), err);
    if (state->plus_amperes == NULL || state->minus_amperes == NULL)
        return RS_INTERNAL;
    enum rs_status status = fill_array(state, n_lines, range_amperes,
                                       path->sense == PATH_RESISTOR && !currents ? r_sense_ohm : 0, err);
    if (status != RS_OK)
        return status;
    drive(state, path, n_slots, range_amperes);
    status = add_gain(run, err);
    return status == RS_OK ? add_settling(run, err) : status;
}

/* --- answers --- */

/* A path that subtracts its two lines compresses the difference. */
static void read_gain(const struct stage_run *run, struct observations *data)
{
    const struct sense_options *options = run->options;
    const struct state *state = run->state;
    const struct bench *bench = &state->benches[GAIN_BENCH];
    const struct path_plan *circuit = &run->plan->circuit;
    bool subtracts = circuit->reference.sharing == PATH_SHARED && circuit->path.sign == PATH_DIFFERENTIAL;
    for (size_t j = 0; j < bench->n_slots; j++) {
        double plus = state->plus_amperes[j], minus = state->minus_amperes[j];
        struct observation row = {.value = bench->volts[j],
                                  .sigma = options->tolerance_volts,
                                  .load_amperes = (double)NAN,
                                  .deck = 0,
                                  .column = (int32_t)j};
        row.inputs[RELATIONS_GAIN_PLUS_AMPERES] = subtracts ? plus - minus : plus;
        row.inputs[RELATIONS_GAIN_MINUS_AMPERES] = subtracts ? 0 : minus;
        observations_add(data, &row);
    }
}

static void read_settling(const struct stage_run *run, struct observations *data)
{
    const struct sense_options *options = run->options;
    const struct state *state = run->state;
    const struct bench *bench = &state->benches[SETTLING_BENCH];
    const struct path_options *path = &bench->plan.path;
    double step = path_times(path).period_seconds + path->edge_seconds / 2;
    size_t n = bench->n_instants - 1;
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < bench->n_slots; j++) {
            struct observation row = {.value = bench->volts[k * bench->n_slots + j],
                                      .sigma = options->settling_tolerance_volts,
                                      .load_amperes = (double)NAN,
                                      .deck = 1,
                                      .column = (int32_t)j};
            row.inputs[RELATIONS_SETTLING_SECONDS] = bench->seconds[k] - step;
            row.inputs[RELATIONS_SETTLING_FINAL_VOLTS] = bench->volts[n * bench->n_slots + j];
            observations_add(data, &row);
        }
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    const struct decks *decks = &run->decks;
    (void)err;
    *context = NULL;
    if (i_relation != SETTLING && decks->decks[0].good)
        read_gain(run, data);
    if (i_relation == SETTLING && decks->decks[1].good)
        read_settling(run, data);
    return RS_OK;
}

/* Copies of currents are linear, too. */
static bool applies(const struct stage_run *run, size_t i_relation)
{
    bool linear = run->plan->circuit.path.sense == PATH_RESISTOR;
    return i_relation == SETTLING ? run->decks.n > 1 : i_relation == (linear ? GAIN_LINEAR : GAIN);
}

/* Beside the answer: a fit that begins in it cannot move and is taken for one that does not converge. */
static void guess(const struct stage_run *run, size_t i_relation, struct relation_parameter *parameters)
{
    const struct path_options *path = &run->plan->circuit.path;
    const double aside = 1.05;
    if (i_relation == SETTLING) {
        parameters[0].start = path->sense == PATH_TRANSIMPEDANCE ? path->settling_seconds + 1e-12 : 1e-12;
        return;
    }
    parameters[0].start = aside * path_gain_ohm(&run->plan->circuit, run->plan->array.r_sense_ohm);
    if (i_relation == GAIN)
        parameters[1].start = aside * path->swing_volts;
}

extern const struct stage stage_sense;
const struct stage stage_sense = {
    .name = "sense",
    .summary = "gain, saturation and settling of the sense path, before latches that stand still",
    .options = &options_table,
    .n_relations = N_RELATIONS,
    .relations = relations,
    .start = start,
    .read = read_answers,
    .applies = applies,
    .guess = guess,
    .finish = finish,
};
