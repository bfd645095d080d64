/*
 * The wires and terminals that we wrote ourselves, found again from the currents of ngspice: a test of decks,
 * estimator and errors with known truth. It calibrates nothing.
 *
 * Arrays of several sizes and densities of conducting cells, driven by random signed patterns; declared
 * normal noise is added to each current. The model is the reduction of crossbar/transfer.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "calib/calibrate_plan.h"
#include "calib/stage.h"
#include "crossbar/transfer.h"
#include "numeric/random.h"
#include "spice/netlist.h"

struct recovery_options {
    struct option_reals sizes, densities;
    int64_t n_patterns;
    double noise_amperes, g_low_siemens, g_high_siemens;
};

#define MEMBER(name) offsetof(struct recovery_options, name)
static const struct option rows[] = {
    {.key = "recovery.sizes",
     .kind = OPTION_REALS,
     .offset = MEMBER(sizes),
     .initial_help = "4, 8 and 16",
     .low = 2,
     .high = 64,
     .help = "rows, and as many columns, of the arrays; ngspice takes seconds from 32 on"},
    {.key = "recovery.densities",
     .kind = OPTION_REALS,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(densities),
     .initial_help = "25 % and 100 %",
     .low = 0,
     .high = 1,
     .help = "share of cells that conduct well; an array of each size for each of them"},
    {.key = "recovery.patterns",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(n_patterns),
     .initial = "4",
     .low = 1,
     .high = 1000,
     .help = "drives of each array"},
    {.key = "recovery.noise",
     .kind = OPTION_REAL,
     .unit = QUANTITY_AMPERE,
     .offset = MEMBER(noise_amperes),
     .initial = "20 nA",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "standard deviation of the noise that is added to each current, and that the fit assumes"},
    {.key = "recovery.g_low",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_low_siemens),
     .initial = "1 uS",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "conductance of a cell that conducts badly"},
    {.key = "recovery.g_high",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_high_siemens),
     .initial = "100 uS",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "largest conductance of one that conducts well; the least is half of it"},
};
static const struct option_table options_table = {rows, sizeof rows / sizeof rows[0],
                                                  sizeof(struct recovery_options)};

enum { WORD_LINE, BIT_LINE, DRIVER, SENSE, N_RESISTANCES };

/* One array with its drives. */
struct sample {
    size_t n;
    double *conductance_siemens; /* [n][n] */
    double *volts;               /* [n_patterns][n] */
};

struct state {
    size_t n_samples, n_patterns;
    struct sample *samples;
    double truth_ohm[N_RESISTANCES];
    double *transfer_siemens; /* of the largest array */
};

/* What belongs to an observation; inputs hold sample, pattern and column. */
enum { INPUT_SAMPLE, INPUT_PATTERN };

static bool compute_transfer(const struct sample *sample, const double *ohm, double *transfer_siemens)
{
    const struct network network = {.n_rows = sample->n,
                                    .n_columns = sample->n,
                                    .r_word_line_ohm = ohm[WORD_LINE],
                                    .r_bit_line_ohm = ohm[BIT_LINE],
                                    .r_driver_ohm = ohm[DRIVER],
                                    .r_sense_ohm = ohm[SENSE]};
    struct transfer_plan *plan;
    struct rs_error ignored;
    if (transfer_plan_create(&network, NULL, KERNEL_BASELINE, TRANSFER_F64, &plan, &ignored) != RS_OK)
        return false;
    transfer_compute(plan, sample->conductance_siemens, transfer_siemens);
    transfer_plan_destroy(plan);
    return true;
}

/* Observations of one sample stand together. */
static bool predict(const void *context, const struct observations *data, const double *ohm, double *fitted)
{
    const struct state *state = context;
    const struct sample *current = NULL;
    for (size_t i = 0; i < data->n; i++) {
        const struct observation *row = &data->rows[i];
        const struct sample *sample = &state->samples[(size_t)row->inputs[INPUT_SAMPLE]];
        const double *volts = sample->volts + (size_t)row->inputs[INPUT_PATTERN] * sample->n;
        if (sample != current && !compute_transfer(sample, ohm, state->transfer_siemens))
            return false;
        current = sample;
        fitted[i] = 0;
        for (size_t k = 0; k < sample->n; k++)
            fitted[i] += volts[k] * state->transfer_siemens[k * sample->n + (size_t)row->column];
    }
    return true;
}

#define RESISTANCE(name_, start_, help_)                                                                     \
    {                                                                                                        \
        .name = name_, .unit = "ohm", .help = help_, .start = start_, .low = 1e-3, .high = 1e6, .scale = 1,  \
        .logarithmic = true                                                                                  \
    }
static const struct relation_parameter resistances[N_RESISTANCES] = {
    [WORD_LINE] = RESISTANCE("r_word_line_ohm", 3, "word-line segment between neighbouring cells"),
    [BIT_LINE] = RESISTANCE("r_bit_line_ohm", 3, "bit-line segment"),
    [DRIVER] = RESISTANCE("r_driver_ohm", 100, "output of a word-line driver"),
    [SENSE] = RESISTANCE("r_sense_ohm", 100, "sense resistance of a bit line"),
};
static const struct relation currents = {.name = "currents",
                                         .summary = "column currents of an array of resistances",
                                         .unit = "A",
                                         .kind = RELATION_CURVE,
                                         .has_noise = true,
                                         .n_parameters = N_RESISTANCES,
                                         .parameters = resistances,
                                         .model = predict};
static const struct relation *const relations[] = {&currents};

/* --- decks --- */

static void finish(struct stage_run *run)
{
    struct state *state = run->state;
    if (state == NULL)
        return;
    for (size_t s = 0; s < state->n_samples && state->samples != NULL; s++) {
        free(state->samples[s].conductance_siemens);
        free(state->samples[s].volts);
    }
    free(state->samples);
    free(state->transfer_siemens);
    free(state);
    run->state = NULL;
}

/* array number s: its cells and its drives. */
static enum rs_status draw_sample(const struct stage_run *run, size_t s, double density,
                                  struct sample *sample, size_t n_patterns, struct rs_error *err)
{
    const struct recovery_options *options = run->options;
    const struct calibrate_plan *plan = run->plan;
    size_t n_cells = sample->n * sample->n, n_drives = n_patterns * sample->n;
    struct random_key key = {
        .seed = (uint64_t)plan->monte_carlo.seed, .purpose = RANDOM_CALIBRATION, .array = (uint32_t)s};
    double *chosen = memory_allocate(n_cells, sizeof *chosen, err);
    sample->conductance_siemens = memory_allocate(n_cells, sizeof(double), err);
    sample->volts = memory_allocate(n_drives, sizeof(double), err);
    if (chosen == NULL || sample->conductance_siemens == NULL || sample->volts == NULL) {
        free(chosen);
        return RS_INTERNAL;
    }
    random_uniforms(&key, n_cells, chosen);
    key.draw = 1;
    random_uniforms(&key, n_cells, sample->conductance_siemens);
    for (size_t i = 0; i < n_cells; i++)
        sample->conductance_siemens[i] =
            chosen[i] < density ? options->g_high_siemens * (0.5 + 0.5 * sample->conductance_siemens[i])
                                : options->g_low_siemens;
    key.draw = 2;
    random_uniforms(&key, n_drives, sample->volts);
    for (size_t i = 0; i < n_drives; i++)
        sample->volts[i] = plan->encoding.v_read_volts * (2 * sample->volts[i] - 1);
    free(chosen);
    return RS_OK;
}

/* One deck for an array, one run for each drive. */
static enum rs_status add_deck(struct stage_run *run, const struct sample *sample, double density,
                               struct rs_error *err)
{
    const struct state *state = run->state;
    const double *ohm = state->truth_ohm;
    const struct network network = {.n_rows = sample->n,
                                    .n_columns = sample->n,
                                    .r_word_line_ohm = ohm[WORD_LINE],
                                    .r_bit_line_ohm = ohm[BIT_LINE],
                                    .r_driver_ohm = ohm[DRIVER],
                                    .r_sense_ohm = ohm[SENSE]};
    const struct netlist_array array = {.network = &network,
                                        .conductance_siemens = sample->conductance_siemens};
    struct text text = {0};
    char name[DECKS_NAME_SIZE], vector[32];
    snprintf(name, sizeof name, "%zu x %zu, density %.3g", sample->n, sample->n, density);
    enum rs_status status = netlist_write(&array, sample->volts, &text, err);
    struct deck *deck = NULL;
    if (status == RS_OK && (deck = decks_add(&run->decks, name, text_take(&text, err))) == NULL)
        status = rs_fail(err, RS_INTERNAL, "out of memory");
    text_clear(&text);
    for (size_t j = 0; j < sample->n && status == RS_OK; j++) {
        snprintf(vector, sizeof vector, "i(v%zu)", j);
        decks_ask(&run->decks, deck, vector, 1);
    }
    for (size_t p = 0; p < state->n_patterns && status == RS_OK; p++) {
        for (size_t i = 0; i < sample->n; i++)
            text_append(&text, "alter vin%zu dc = %.17g\n", i, sample->volts[p * sample->n + i]);
        text_append(&text, "op\n");
        decks_add_run(&run->decks, deck, text_take(&text, err));
        text_clear(&text);
    }
    return status;
}

static enum rs_status check_truth(const double *ohm, struct rs_error *err)
{
    static const char *const keys[] = {"array.r_word_line", "array.r_bit_line", "array.r_driver",
                                       "array.r_sense"};
    for (int k = 0; k < N_RESISTANCES; k++)
        if (ohm[k] < resistances[k].low)
            return rs_fail(
                err, RS_INPUT,
                "%s: %g ohm found, at least %g ohm expected by the stage 'recovery', which finds it "
                "again to a factor",
                keys[k], ohm[k], resistances[k].low);
    return RS_OK;
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    static const double default_sizes[] = {4, 8, 16}, default_densities[] = {0.25, 1};
    const struct recovery_options *options = run->options;
    const struct array_options *array = &run->plan->array;
    size_t n_sizes = options->sizes.n > 0 ? (size_t)options->sizes.n : 3,
           n_densities = options->densities.n > 0 ? (size_t)options->densities.n : 2;
    const double *sizes = options->sizes.n > 0 ? options->sizes.values : default_sizes;
    const double *densities = options->densities.n > 0 ? options->densities.values : default_densities;
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    *state = (struct state){.n_patterns = (size_t)options->n_patterns,
                            .truth_ohm = {array->r_word_line_ohm, array->r_bit_line_ohm, array->r_driver_ohm,
                                          array->r_sense_ohm}};
    if (isnan(state->truth_ohm[BIT_LINE]))
        state->truth_ohm[BIT_LINE] = array->r_word_line_ohm;
    state->samples = memory_allocate(n_sizes * n_densities, sizeof *state->samples, err);
    enum rs_status status = state->samples != NULL ? check_truth(state->truth_ohm, err) : RS_INTERNAL;
    double largest = 0;
    for (size_t s = 0; s < n_sizes * n_densities && status == RS_OK; s++) {
        struct sample *sample = &state->samples[s];
        double density = densities[s % n_densities];
        sample->n = (size_t)sizes[s / n_densities];
        largest = fmax(largest, sizes[s / n_densities]);
        state->n_samples++;
        status = draw_sample(run, s, density, sample, state->n_patterns, err);
        if (status == RS_OK)
            status = add_deck(run, sample, density, err);
    }
    state->transfer_siemens = memory_allocate((size_t)(largest * largest), sizeof(double), err);
    return status == RS_OK && state->transfer_siemens == NULL ? RS_INTERNAL : status;
}

/* The currents of one drive of array and deck s. */
static void add_drive(const struct stage_run *run, size_t s, size_t p, struct observations *data)
{
    const struct recovery_options *options = run->options;
    const struct state *state = run->state;
    const struct sample *sample = &state->samples[s];
    const double *volts = sample->volts + p * sample->n,
                 *amperes = run->decks.decks[s].values + p * sample->n;
    const struct random_key noise = {.seed = (uint64_t)run->plan->monte_carlo.seed,
                                     .purpose = RANDOM_CALIBRATION,
                                     .array = (uint32_t)s,
                                     .draw = 3 + (uint32_t)p};
    for (size_t j = 0; j < sample->n; j++) {
        double load = 0, error = options->noise_amperes * random_normal(&noise, (uint32_t)j);
        for (size_t i = 0; i < sample->n; i++)
            load += volts[i] * sample->conductance_siemens[i * sample->n + j];
        observations_add(
            data, &(struct observation){.inputs = {[INPUT_SAMPLE] = (double)s, [INPUT_PATTERN] = (double)p},
                                        .value = amperes[j] + error,
                                        .sigma = options->noise_amperes,
                                        .load_amperes = load,
                                        .deck = (int32_t)s,
                                        .column = (int32_t)j});
    }
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    const struct state *state = run->state;
    (void)i_relation;
    (void)err;
    *context = state;
    for (size_t d = 0; d < run->decks.n; d++)
        for (size_t p = 0; p < state->n_patterns && run->decks.decks[d].good; p++)
            add_drive(run, d, p, data);
    return RS_OK;
}

static void tell_truth(const struct stage_run *run, size_t i_relation, double *values)
{
    const struct state *state = run->state;
    (void)i_relation;
    for (int k = 0; k < N_RESISTANCES; k++)
        values[k] = state->truth_ohm[k];
}

extern const struct stage stage_recovery;
const struct stage stage_recovery = {
    .name = "recovery",
    .summary = "wires and terminals of arrays that we wrote ourselves, found again: a test with known truth, "
               "not a calibration",
    .is_test = true,
    .options = &options_table,
    .n_relations = 1,
    .relations = relations,
    .start = start,
    .read = read_answers,
    .tell_truth = tell_truth,
    .finish = finish,
};
