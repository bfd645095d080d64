/*
 * What the common mode of the inputs does to a latch: how its sensitivities to mismatch, its kickback and its
 * decision time change around path.common_mode. The same latches as transients of transistors
 * (spice/latch_bench.h) at a common mode below, at and above.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "calib/calibrate_plan.h"
#include "calib/relations.h"
#include "calib/stage.h"
#include "spice/latch_bench.h"

struct common_stage_options {
    int64_t n_latches, n_delays;
    double span_volts, tolerance_volts, resolution_volts, reach_volts, delay_tolerance_seconds;
};

#define MEMBER(name) offsetof(struct common_stage_options, name)
#define REAL(key_, member_, unit_, initial_, help_)                                                          \
    {                                                                                                        \
        .key = key_, .kind = OPTION_REAL, .unit = unit_, .offset = MEMBER(member_), .initial = initial_,     \
        .low = 0, .high = 1, .flags = OPTION_LOW_OPEN, .help = help_                                         \
    }
#define COUNT(key_, member_, initial_, low_, help_)                                                          \
    {                                                                                                        \
        .key = key_, .kind = OPTION_INTEGER, .offset = MEMBER(member_), .initial = initial_, .low = low_,    \
        .high = 1e6, .help = help_                                                                           \
    }
static const struct option rows[] = {
    COUNT("common.latches", n_latches, "40", 8, "latches with mismatch whose trip points are sought"),
    COUNT("common.delays", n_delays, "5", 3, "inputs whose decisions are timed"),
    REAL("common.span", span_volts, QUANTITY_VOLT, "50 mV", "how far the common mode goes either way"),
    REAL("common.tolerance", tolerance_volts, QUANTITY_VOLT, "0.1 mV",
         "how far a good model may miss the change of a trip point"),
    REAL("common.resolution", resolution_volts, QUANTITY_VOLT, "4 uV",
         "last step of the search for a trip point"),
    REAL("common.reach", reach_volts, QUANTITY_VOLT, "80 mV", "largest trip point that is found"),
    REAL("common.delay_tolerance", delay_tolerance_seconds, QUANTITY_SECOND, "0.5 ps",
         "how far a good model may miss the change of a delay"),
};
static const struct option_table options_table = {rows, sizeof rows / sizeof rows[0],
                                                  sizeof(struct common_stage_options)};

/* --- relations --- */

enum { IN_COMMON, IN_INPUT, IN_NLATCH, IN_PLATCH, IN_KICKED_OHM = IN_INPUT };

static bool predict_trips(const void *context, const struct observations *data, const double *values,
                          double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++) {
        const double *x = data->rows[i].inputs;
        fitted[i] =
            x[IN_COMMON] * (values[0] * x[IN_INPUT] + values[1] * x[IN_NLATCH] + values[2] * x[IN_PLATCH]);
    }
    return true;
}

static bool predict_kicks(const void *context, const struct observations *data, const double *values,
                          double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++)
        fitted[i] = values[0] * data->rows[i].inputs[IN_COMMON] * data->rows[i].inputs[IN_KICKED_OHM];
    return true;
}

static bool predict_delays(const void *context, const struct observations *data, const double *values,
                           double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++)
        fitted[i] = values[0] * data->rows[i].inputs[IN_COMMON];
    return true;
}

#define SLOPE(name_, unit_, scale_, help_)                                                                   \
    {                                                                                                        \
        .name = name_, .unit = unit_, .help = help_, .scale = scale_, .low = -(double)INFINITY,              \
        .high = (double)INFINITY                                                                             \
    }
static const struct relation_parameter slopes[] = {
    SLOPE("offset_input_per_volt", "1/V", 0.1, "change of offset_sensitivity_input per volt of common mode"),
    SLOPE("offset_nlatch_per_volt", "1/V", 0.1, "change of offset_sensitivity_nlatch ..."),
    SLOPE("offset_platch_per_volt", "1/V", 0.1, "change of offset_sensitivity_platch ..."),
};
static const struct relation relation_trips = {
    .name = "trips",
    .summary = "change of a latch's offset with the common mode: c (a dV_in + b dV_n + e dV_p)",
    .unit = "V",
    .kind = RELATION_CURVE,
    .n_parameters = 3,
    .parameters = slopes,
    .model = predict_trips};

static const struct relation_parameter kick_slope[] = {
    SLOPE("kickback_per_volt", "1/ohm", 1e-4, "change of kickback_volts_per_ohm per volt of common mode"),
};
static const struct relation relation_kicks = {
    .name = "kicks",
    .summary = "change of a trip point with the common mode behind unequal resistances: c k (F(R-) - F(R+))",
    .unit = "V",
    .kind = RELATION_CURVE,
    .n_parameters = 1,
    .parameters = kick_slope,
    .model = predict_kicks};

static const struct relation_parameter delay_slope[] = {
    SLOPE("delay_t0_per_volt", "s/V", 1e-10, "change of delay_t0_seconds per volt of common mode"),
};
static const struct relation relation_delays = {.name = "delays",
                                                .summary = "change of a decision's time with the common mode",
                                                .unit = "s",
                                                .kind = RELATION_CURVE,
                                                .n_parameters = 1,
                                                .parameters = delay_slope,
                                                .model = predict_delays};

enum { TRIPS, DELAYS, KICKS, N_RELATIONS };
static const struct relation *const relations[N_RELATIONS] = {&relation_trips, &relation_delays,
                                                              &relation_kicks};

/* --- decks --- */

enum { PER_DECK = 10, N_MODES = 3, OWN_SHIFTS = 6 };

/* Resistances at the negative input, of that at the positive one. */
static const double kick_ratios[] = {0.5, 0.75, 1.5, 2};
enum { N_KICKS = sizeof kick_ratios / sizeof kick_ratios[0] };

struct state {
    /* Deck of group g at mode m: g N_MODES + m; then those of unequal resistances; then the delays'. */
    size_t n_latches, n_shifts, n_groups;
    double *shift_volts; /* [n_latches][n_shifts] */
    struct path_plan circuits[N_MODES];
};

static double mode_volts(const struct common_stage_options *options, size_t mode)
{
    return options->span_volts * ((double)mode - 1);
}

static void finish(struct stage_run *run)
{
    struct state *state = run->state;
    if (state != NULL)
        free(state->shift_volts);
    free(state);
    run->state = NULL;
}

static enum rs_status finish_deck(struct stage_run *run, const char *name, const char *vector, size_t n,
                                  struct text *deck, struct text *commands, struct rs_error *err)
{
    struct deck *added = decks_add(&run->decks, name, text_take(deck, err));
    char ask[32];
    for (size_t j = 0; j < n && added != NULL; j++) {
        snprintf(ask, sizeof ask, "%s%zu", vector, j);
        decks_ask(&run->decks, added, ask, 0);
    }
    if (added != NULL)
        decks_add_run(&run->decks, added, text_take(commands, err));
    return run->decks.failed ? rs_fail(err, RS_INTERNAL, "out of memory") : RS_OK;
}

static size_t latches_of(const struct state *state, size_t group)
{
    size_t left = state->n_latches - group * PER_DECK;
    return left < PER_DECK ? left : PER_DECK;
}

static double source_ohm(const struct calibrate_plan *plan)
{
    return plan->circuit.path.sense == PATH_RESISTOR ? plan->array.r_sense_ohm : plan->circuit.path.r_out_ohm;
}

static enum rs_status add_samples(struct stage_run *run, const char *what, size_t mode, size_t n,
                                  const struct latch_bench_sample *samples, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    const struct state *state = run->state;
    struct text deck = {0}, commands = {0};
    char name[DECKS_NAME_SIZE];
    snprintf(name, sizeof name, "trip points of %s at %+.3g V", what, mode_volts(options, mode));
    enum rs_status status = latch_bench_write_trips(&state->circuits[mode], n, samples, options->reach_volts,
                                                    options->resolution_volts, &deck, &commands, err);
    if (status == RS_OK)
        status = finish_deck(run, name, "trip", n, &deck, &commands, err);
    text_clear(&deck);
    text_clear(&commands);
    return status;
}

static enum rs_status add_trips(struct stage_run *run, size_t group, size_t mode, struct rs_error *err)
{
    const struct state *state = run->state;
    size_t n = latches_of(state, group);
    double ohm = source_ohm(run->plan);
    struct latch_bench_sample samples[PER_DECK];
    char what[DECKS_NAME_SIZE / 2];
    for (size_t j = 0; j < n; j++)
        samples[j] = (struct latch_bench_sample){
            state->shift_volts + (group * PER_DECK + j) * state->n_shifts, ohm, ohm, 0};
    snprintf(what, sizeof what, "latches from %zu on", group * PER_DECK);
    return add_samples(run, what, mode, n, samples, err);
}

static enum rs_status add_kicks(struct stage_run *run, size_t mode, struct rs_error *err)
{
    double ohm = source_ohm(run->plan);
    struct latch_bench_sample samples[N_KICKS];
    for (size_t j = 0; j < N_KICKS; j++)
        samples[j] = (struct latch_bench_sample){NULL, ohm, kick_ratios[j] * ohm, 0};
    return add_samples(run, "unequal resistances", mode, N_KICKS, samples, err);
}

static enum rs_status add_delays(struct stage_run *run, size_t mode, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    const struct state *state = run->state;
    const double first_volts = 0.1e-3;
    size_t n = (size_t)options->n_delays;
    double ohm = source_ohm(run->plan), volts = first_volts;
    struct latch_bench_sample *samples = memory_allocate(n, sizeof *samples, err);
    struct text deck = {0}, commands = {0};
    char name[DECKS_NAME_SIZE];
    if (samples == NULL)
        return RS_INTERNAL;
    for (size_t k = 0; k < n; k++, volts *= 2)
        samples[k] = (struct latch_bench_sample){NULL, ohm, ohm, volts};
    snprintf(name, sizeof name, "delays at %+.3g V", mode_volts(options, mode));
    enum rs_status status =
        latch_bench_write_delays(&state->circuits[mode], n, samples, &deck, &commands, err);
    if (status == RS_OK)
        status = finish_deck(run, name, "delay", n, &deck, &commands, err);
    text_clear(&deck);
    text_clear(&commands);
    free(samples);
    return status;
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    const struct latch_options *latch = &run->plan->circuit.latch;
    if (!(source_ohm(run->plan) > 0))
        return rs_fail(err, RS_INPUT,
                       "array.r_sense: 0 ohm found, a resistance expected: the latch looks at it");
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    state->n_latches = (size_t)options->n_latches;
    state->n_shifts = path_n_mismatch(latch);
    state->n_groups = (state->n_latches + PER_DECK - 1) / PER_DECK;
    state->shift_volts = memory_allocate(state->n_latches * state->n_shifts, sizeof(double), err);
    enum rs_status status = state->shift_volts == NULL
                                ? RS_INTERNAL
                                : path_draw_mismatch(latch, (uint64_t)run->plan->monte_carlo.seed,
                                                     state->n_latches, state->shift_volts, err);
    for (size_t m = 0; m < N_MODES; m++) {
        state->circuits[m] = run->plan->circuit;
        state->circuits[m].path.common_mode_volts += mode_volts(options, m);
    }
    for (size_t g = 0; g < state->n_groups; g++)
        for (size_t m = 0; m < N_MODES && status == RS_OK; m++)
            status = add_trips(run, g, m, err);
    for (size_t m = 0; m < N_MODES && status == RS_OK; m++)
        status = add_kicks(run, m, err);
    for (size_t m = 0; m < N_MODES && status == RS_OK; m++)
        status = add_delays(run, m, err);
    return status;
}

/* --- answers --- */

/* The change of each of n numbers from the middle mode to the others. */
static void read_changes(const struct stage_run *run, size_t first_deck, size_t n, const double *shift_volts,
                         double sigma, struct observations *data)
{
    const struct state *state = run->state;
    const struct deck *decks = run->decks.decks + first_deck;
    if (!decks[0].good || !decks[1].good || !decks[2].good)
        return;
    for (size_t k = 0; k < n; k++)
        for (size_t m = 0; m < N_MODES; m += 2) {
            struct observation row = {.value = decks[m].values[k] - decks[1].values[k],
                                      .sigma = sigma,
                                      .load_amperes = (double)NAN,
                                      .deck = (int32_t)(first_deck + m),
                                      .column = -1};
            row.inputs[IN_COMMON] = mode_volts(run->options, m);
            for (size_t pair = 0; pair < OWN_SHIFTS / 2 && shift_volts != NULL; pair++)
                row.inputs[IN_INPUT + pair] = shift_volts[k * state->n_shifts + 2 * pair] -
                                              shift_volts[k * state->n_shifts + 2 * pair + 1];
            observations_add(data, &row);
        }
}

/* As it counts for kickback, negative less positive input; 0 where no stage has found from where on. */
static double kicked_ohm(const struct stage_run *run, size_t k)
{
    double r0_ohm, ohm = source_ohm(run->plan);
    struct rs_error ignored;
    if (stage_get_known(run, "kickback_r0_ohm", &r0_ohm, &ignored) != RS_OK)
        return 0;
    return relations_kicked_ohm(kick_ratios[k] * ohm, r0_ohm) - relations_kicked_ohm(ohm, r0_ohm);
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    const struct state *state = run->state;
    (void)err;
    *context = NULL;
    if (i_relation == DELAYS)
        read_changes(run, (state->n_groups + 1) * N_MODES, (size_t)options->n_delays, NULL,
                     options->delay_tolerance_seconds, data);
    if (i_relation == KICKS && kicked_ohm(run, 0) != 0) {
        read_changes(run, state->n_groups * N_MODES, N_KICKS, NULL, options->tolerance_volts, data);
        for (size_t i = 0; i < data->n; i++)
            data->rows[i].inputs[IN_KICKED_OHM] = kicked_ohm(run, i / (N_MODES - 1));
    }
    /* Only the own latch has three pairs. */
    for (size_t g = 0; i_relation == TRIPS && g < state->n_groups; g++)
        if (run->plan->circuit.latch.file[0] == '\0')
            read_changes(run, g * N_MODES, latches_of(state, g),
                         state->shift_volts + g * PER_DECK * state->n_shifts, options->tolerance_volts, data);
    return RS_OK;
}

extern const struct stage stage_common;
const struct stage stage_common = {
    .name = "common",
    .summary = "the latch around its common mode, by transients of its transistors",
    .options = &options_table,
    .n_relations = N_RELATIONS,
    .relations = relations,
    .start = start,
    .read = read_answers,
    .finish = finish,
};
