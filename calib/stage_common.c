/*
 * What the common mode of the inputs does to a latch: how its sensitivities to mismatch change around
 * path.common_mode, from the same latches as transients of transistors (spice/latch_bench.h) at a common mode
 * below, at and above; and how its decision time does, from more of them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "calib/calibrate_plan.h"
#include "calib/latch_decks.h"
#include "calib/relations.h"

struct common_stage_options {
    int64_t n_latches, n_delays, n_delay_modes;
    double span_volts, delay_span_volts, tolerance_volts, resolution_volts, reach_volts,
        delay_tolerance_seconds;
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
    COUNT("common.delay_modes", n_delay_modes, "5", 3, "common modes at which they are"),
    REAL("common.span", span_volts, QUANTITY_VOLT, "50 mV",
         "how far the common mode goes either way for trip points"),
    REAL("common.delay_span", delay_span_volts, QUANTITY_VOLT, "100 mV", "... for delays"),
    REAL("common.tolerance", tolerance_volts, QUANTITY_VOLT, "0.1 mV",
         "how far a good model may miss the change of a trip point"),
    REAL("common.resolution", resolution_volts, QUANTITY_VOLT, "4 uV",
         "last step of the search for a trip point"),
    REAL("common.reach", reach_volts, QUANTITY_VOLT, "80 mV", "largest trip point that is found"),
    REAL("common.delay_tolerance", delay_tolerance_seconds, QUANTITY_SECOND, "0.5 ps",
         "how far a good model may miss a delay"),
};
static const struct option_table options_table = {rows, sizeof rows / sizeof rows[0],
                                                  sizeof(struct common_stage_options)};

/* --- relations --- */

enum { IN_COMMON, IN_INPUT, IN_NLATCH, IN_PLATCH };

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

enum { TRIPS, DELAYS, N_RELATIONS };
static const struct relation *const relations[N_RELATIONS] = {&relation_trips, &relations_delay_common};

/* --- decks --- */

enum { PER_DECK = 10, N_MODES = 3, OWN_SHIFTS = 6 };

struct state {
    size_t n_latches, n_shifts, n_groups; /* deck of group g at mode m: g N_MODES + m; then the delays' */
    double *shift_volts;                  /* [n_latches][n_shifts] */
    double *input_volts;                  /* [n_delays] */
    double source_ohm;
    struct relations_delay_known known;
};

static double mode_volts(const struct common_stage_options *options, size_t mode)
{
    return options->span_volts * ((double)mode - 1);
}

/* Of delays: from -delay_span to delay_span. */
static double delay_mode_volts(const struct common_stage_options *options, size_t mode)
{
    return options->delay_span_volts * (2 * (double)mode / (double)(options->n_delay_modes - 1) - 1);
}

static struct path_plan circuit_at(const struct stage_run *run, double volts)
{
    struct path_plan circuit = run->plan->circuit;
    circuit.path.common_mode_volts += volts;
    return circuit;
}

static void finish(struct stage_run *run)
{
    struct state *state = run->state;
    if (state != NULL) {
        free(state->shift_volts);
        free(state->input_volts);
    }
    free(state);
    run->state = NULL;
}

static size_t latches_of(const struct state *state, size_t group)
{
    size_t left = state->n_latches - group * PER_DECK;
    return left < PER_DECK ? left : PER_DECK;
}

static enum rs_status add_trips(struct stage_run *run, size_t group, size_t mode, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    const struct state *state = run->state;
    const struct path_plan circuit = circuit_at(run, mode_volts(options, mode));
    size_t n = latches_of(state, group);
    double ohm = state->source_ohm;
    struct latch_bench_sample samples[PER_DECK];
    char name[DECKS_NAME_SIZE];
    for (size_t j = 0; j < n; j++)
        samples[j] = (struct latch_bench_sample){.mismatch_volts = state->shift_volts +
                                                                   (group * PER_DECK + j) * state->n_shifts,
                                                 .r_plus_ohm = ohm,
                                                 .r_minus_ohm = ohm};
    snprintf(name, sizeof name, "trip points of latches from %zu on at %+.3g V", group * PER_DECK,
             mode_volts(options, mode));
    return latch_decks_add_trips(run, name, &circuit, n, samples, options->reach_volts,
                                 options->resolution_volts, err);
}

static enum rs_status add_delays(struct stage_run *run, size_t mode, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    const struct state *state = run->state;
    const struct path_plan circuit = circuit_at(run, delay_mode_volts(options, mode));
    char name[DECKS_NAME_SIZE];
    snprintf(name, sizeof name, "delays at %+.3g V", delay_mode_volts(options, mode));
    return latch_decks_add_delays(run, name, &circuit, (size_t)options->n_delays, state->input_volts,
                                  state->source_ohm, err);
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    const struct latch_options *latch = &run->plan->circuit.latch;
    const double first_volts = 0.1e-3;
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    state->n_latches = (size_t)options->n_latches;
    state->n_shifts = path_n_mismatch(latch);
    state->n_groups = (state->n_latches + PER_DECK - 1) / PER_DECK;
    state->shift_volts = memory_allocate(state->n_latches * state->n_shifts, sizeof(double), err);
    state->input_volts = memory_allocate((size_t)options->n_delays, sizeof(double), err);
    if (state->shift_volts == NULL || state->input_volts == NULL)
        return RS_INTERNAL;
    for (size_t k = 0; k < (size_t)options->n_delays; k++)
        state->input_volts[k] = ldexp(first_volts, (int)k);
    enum rs_status status = latch_decks_get_source(run->plan, &state->source_ohm, err);
    if (status == RS_OK)
        status = path_draw_mismatch(latch, (uint64_t)run->plan->monte_carlo.seed, state->n_latches,
                                    state->shift_volts, err);
    for (size_t g = 0; g < state->n_groups; g++)
        for (size_t m = 0; m < N_MODES && status == RS_OK; m++)
            status = add_trips(run, g, m, err);
    for (size_t m = 0; m < (size_t)options->n_delay_modes && status == RS_OK; m++)
        status = add_delays(run, m, err);
    return status;
}

/* --- answers --- */

/* The change of each trip point of a group from the middle mode to the others. */
static void read_trips(const struct stage_run *run, size_t group, struct observations *data)
{
    const struct common_stage_options *options = run->options;
    const struct state *state = run->state;
    size_t first_deck = group * N_MODES;
    const struct deck *decks = run->decks.decks + first_deck;
    const double *shift_volts = state->shift_volts + group * PER_DECK * state->n_shifts;
    if (!decks[0].good || !decks[1].good || !decks[2].good)
        return;
    for (size_t k = 0; k < latches_of(state, group); k++)
        for (size_t m = 0; m < N_MODES; m += 2) {
            struct observation row = {.value = decks[m].values[k] - decks[1].values[k],
                                      .sigma = options->tolerance_volts,
                                      .load_amperes = (double)NAN,
                                      .deck = (int32_t)(first_deck + m),
                                      .column = -1};
            row.inputs[IN_COMMON] = mode_volts(options, m);
            for (size_t pair = 0; pair < OWN_SHIFTS / 2; pair++)
                row.inputs[IN_INPUT + pair] = shift_volts[k * state->n_shifts + 2 * pair] -
                                              shift_volts[k * state->n_shifts + 2 * pair + 1];
            observations_add(data, &row);
        }
}

static enum rs_status read_delays(const struct stage_run *run, struct observations *data,
                                  struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    struct state *state = run->state;
    size_t first_deck = state->n_groups * N_MODES;
    for (size_t m = 0; m < (size_t)options->n_delay_modes; m++) {
        const struct deck *deck = &run->decks.decks[first_deck + m];
        for (size_t k = 0; k < (size_t)options->n_delays && deck->good; k++) {
            struct observation row = {.value = deck->values[k],
                                      .sigma = options->delay_tolerance_seconds,
                                      .load_amperes = (double)NAN,
                                      .deck = (int32_t)(first_deck + m),
                                      .column = -1};
            row.inputs[RELATIONS_DELAY_VOLTS] = state->input_volts[k];
            row.inputs[RELATIONS_DELAY_COMMON_VOLTS] = delay_mode_volts(options, m);
            observations_add(data, &row);
        }
    }
    return latch_decks_get_delay(run, &state->known, err);
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    struct state *state = run->state;
    *context = &state->known;
    if (i_relation == DELAYS)
        return read_delays(run, data, err);
    /* Only the own latch has three pairs. */
    for (size_t g = 0; g < state->n_groups && run->plan->circuit.latch.file[0] == '\0'; g++)
        read_trips(run, g, data);
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
