/*
 * What the common mode of the inputs does to a latch: how its sensitivities to mismatch, its kickback and its
 * decision time change around path.common_mode. The same latches as transients of transistors
 * (spice/latch_bench.h) at a common mode below, at and above.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "calib/latches.h"
#include "calib/relations.h"
#include "calib/stage.h"

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
    {.key = "common.span",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(span_volts),
     .initial_help = "50 mV; of latches of currents half of latch.bias times latch.r_load",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "how far the common mode goes either way for trip points"},
    {.key = "common.delay_span",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(delay_span_volts),
     .initial_help = "100 mV; of latches of currents as common.span",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "... for delays"},
    REAL("common.tolerance", tolerance_volts, QUANTITY_VOLT, "0.1 mV",
         "how far a good model may miss the change of a trip point"),
    REAL("common.resolution", resolution_volts, QUANTITY_VOLT, "4 uV",
         "last step of the search for a trip point"),
    {.key = "common.reach",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(reach_volts),
     .initial_help = "80 mV; of latches of currents and of your own as comparator.reach",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "largest trip point that is found"},
    REAL("common.delay_tolerance", delay_tolerance_seconds, QUANTITY_SECOND, "0.5 ps",
         "how far a good model may miss a delay"),
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

enum { TRIPS, DELAYS, KICKS, N_RELATIONS };
static const struct relation *const relations[N_RELATIONS] = {&relation_trips, &relations_delay_common,
                                                              &relation_kicks};

/* --- decks --- */

enum { PER_DECK = 10, N_MODES = 3 };

/* Resistances at the negative input, of that at the positive one. */
static const double kick_ratios[] = {0.5, 0.75, 1.5, 2};
enum { N_KICKS = sizeof kick_ratios / sizeof kick_ratios[0] };

struct state {
    /* Deck of group g at mode m: g N_MODES + m; then those of unequal resistances, then the delays'. */
    size_t n_latches, n_shifts, n_groups;
    bool has_delays, has_kicks;
    double *shift_volts; /* [n_latches][n_shifts] */
    double *input_volts; /* [n_delays] */
    struct relations_delay_known known;
};

static double reach(const struct stage_run *run)
{
    const struct common_stage_options *options = run->options;
    const struct latch_options *latch = &run->plan->circuit.latch;
    const double usual_volts = 80e-3;
    if (!isnan(options->reach_volts))
        return options->reach_volts;
    return latch_takes_currents(latch) || latch->file[0] != '\0' ? latches_reach_volts(run->plan)
                                                                 : usual_volts;
}

/* The share of the bias keeps currents positive. */
static double span_of(const struct stage_run *run, double given_volts, double usual_volts)
{
    const struct latch_options *latch = &run->plan->circuit.latch;
    const double share = 0.5;
    if (!isnan(given_volts))
        return given_volts;
    return latch_takes_currents(latch) ? share * latch->bias_amperes * latch->r_load_ohm : usual_volts;
}

static double mode_volts(const struct stage_run *run, size_t mode)
{
    const struct common_stage_options *options = run->options;
    return span_of(run, options->span_volts, 50e-3) * ((double)mode - 1);
}

/* Of delays: evenly spread from one end to the other. */
static double delay_mode_volts(const struct stage_run *run, size_t mode)
{
    const struct common_stage_options *options = run->options;
    return span_of(run, options->delay_span_volts, 100e-3) *
           (2 * (double)mode / (double)(options->n_delay_modes - 1) - 1);
}

/* The circuit with the common mode of its inputs moved. */
static struct path_plan circuit_at(const struct stage_run *run, double volts)
{
    struct path_plan circuit = run->plan->circuit;
    if (latch_takes_currents(&circuit.latch))
        circuit.latch.bias_amperes += volts / circuit.latch.r_load_ohm;
    else
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

static enum rs_status add_samples(struct stage_run *run, const char *what, size_t mode, size_t n,
                                  const struct latch_bench_sample *samples, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    const struct path_plan circuit = circuit_at(run, mode_volts(run, mode));
    char name[DECKS_NAME_SIZE];
    snprintf(name, sizeof name, "trip points of %s at %+.3g V", what, mode_volts(run, mode));
    return latches_add_trips(run, name, &circuit, LATCH_NOMINAL, n, samples, reach(run),
                             options->resolution_volts, err);
}

static enum rs_status add_trips(struct stage_run *run, size_t group, size_t mode, struct rs_error *err)
{
    const struct state *state = run->state;
    size_t n = latches_of(state, group);
    double ohm = latches_source_ohm(run->plan);
    struct latch_bench_sample samples[PER_DECK];
    char what[DECKS_NAME_SIZE / 2];
    for (size_t j = 0; j < n; j++)
        samples[j] = (struct latch_bench_sample){.mismatch_volts = state->shift_volts +
                                                                   (group * PER_DECK + j) * state->n_shifts,
                                                 .r_plus_ohm = ohm,
                                                 .r_minus_ohm = ohm};
    snprintf(what, sizeof what, "latches from %zu on", group * PER_DECK);
    return add_samples(run, what, mode, n, samples, err);
}

static enum rs_status add_kicks(struct stage_run *run, size_t mode, struct rs_error *err)
{
    double ohm = latches_source_ohm(run->plan);
    struct latch_bench_sample samples[N_KICKS];
    for (size_t j = 0; j < N_KICKS; j++)
        samples[j] = (struct latch_bench_sample){.r_plus_ohm = ohm, .r_minus_ohm = kick_ratios[j] * ohm};
    return add_samples(run, "unequal resistances", mode, N_KICKS, samples, err);
}

static enum rs_status add_delays(struct stage_run *run, size_t mode, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    const struct state *state = run->state;
    const struct path_plan circuit = circuit_at(run, delay_mode_volts(run, mode));
    char name[DECKS_NAME_SIZE];
    snprintf(name, sizeof name, "delays at %+.3g V", delay_mode_volts(run, mode));
    return latches_add_delays(run, name, &circuit, (size_t)options->n_delays, state->input_volts, err);
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    const struct latch_options *latch = &run->plan->circuit.latch;
    const double first_volts = 0.1e-3;
    enum rs_status status = latches_check_source(run->plan, err);
    if (status != RS_OK)
        return status;
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    state->n_latches = latch_n_pairs(latch) > 0 ? (size_t)options->n_latches : 0;
    state->has_delays = latch_has_clock(latch);
    state->has_kicks = !latch_takes_currents(latch);
    if (state->n_latches == 0)
        stage_leave_out(run, "trips", "the pairs of this latch are not known (latch.mismatch_pairs)");
    if (!state->has_delays)
        stage_leave_out(run, "delays", "no clock's edge from which this comparator's time would count");
    if (!state->has_kicks)
        stage_leave_out(run, "kicks", "inputs of currents, which a latch does not kick");
    state->n_shifts = latch_n_mismatch(latch);
    state->n_groups = (state->n_latches + PER_DECK - 1) / PER_DECK;
    state->shift_volts = memory_allocate(state->n_latches * state->n_shifts, sizeof(double), err);
    state->input_volts = memory_allocate((size_t)options->n_delays, sizeof(double), err);
    if (state->shift_volts == NULL || state->input_volts == NULL)
        return RS_INTERNAL;
    for (size_t k = 0; k < (size_t)options->n_delays; k++)
        state->input_volts[k] = ldexp(first_volts, (int)k);
    status = latch_draw_mismatch(latch, (uint64_t)run->plan->monte_carlo.seed, state->n_latches,
                                 state->shift_volts, err);
    for (size_t g = 0; g < state->n_groups; g++)
        for (size_t m = 0; m < N_MODES && status == RS_OK; m++)
            status = add_trips(run, g, m, err);
    for (size_t m = 0; m < N_MODES && state->has_kicks && status == RS_OK; m++)
        status = add_kicks(run, m, err);
    for (size_t m = 0; m < (size_t)options->n_delay_modes && state->has_delays && status == RS_OK; m++)
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
            row.inputs[IN_COMMON] = mode_volts(run, m);
            for (size_t pair = 0; pair < state->n_shifts / 2 && shift_volts != NULL; pair++)
                row.inputs[IN_INPUT + pair] = shift_volts[k * state->n_shifts + 2 * pair] -
                                              shift_volts[k * state->n_shifts + 2 * pair + 1];
            observations_add(data, &row);
        }
}

/* As it counts for kickback, negative less positive input; 0 where no stage has found from where on. */
static double kicked_ohm(const struct stage_run *run, size_t k)
{
    double r0_ohm, ohm = latches_source_ohm(run->plan);
    struct rs_error ignored;
    if (stage_get_known(run, "kickback_r0_ohm", &r0_ohm, &ignored) != RS_OK)
        return 0;
    return relations_kicked_ohm(kick_ratios[k] * ohm, r0_ohm) - relations_kicked_ohm(ohm, r0_ohm);
}

static enum rs_status read_delays(const struct stage_run *run, struct observations *data,
                                  struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    struct state *state = run->state;
    size_t first_deck = (state->n_groups + state->has_kicks) * N_MODES;
    for (size_t m = 0; m < (size_t)options->n_delay_modes; m++) {
        const struct deck *deck = &run->decks.decks[first_deck + m];
        for (size_t k = 0; k < (size_t)options->n_delays && deck->good; k++) {
            struct observation row = {.value = deck->values[k],
                                      .sigma = options->delay_tolerance_seconds,
                                      .load_amperes = (double)NAN,
                                      .deck = (int32_t)(first_deck + m),
                                      .column = -1};
            row.inputs[RELATIONS_DELAY_VOLTS] = state->input_volts[k];
            row.inputs[RELATIONS_DELAY_COMMON_VOLTS] = delay_mode_volts(run, m);
            observations_add(data, &row);
        }
    }
    return latches_get_delay(run, &state->known, err);
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    const struct common_stage_options *options = run->options;
    struct state *state = run->state;
    enum rs_status status = RS_OK;
    *context = &state->known;
    for (size_t d = 0; d < state->n_groups * N_MODES && i_relation == TRIPS && status == RS_OK; d++)
        status = latches_check_reach(&run->decks.decks[d], "common.reach", reach(run), err);
    if (i_relation == DELAYS)
        return read_delays(run, data, err);
    if (i_relation == KICKS && kicked_ohm(run, 0) != 0) {
        read_changes(run, state->n_groups * N_MODES, N_KICKS, NULL, options->tolerance_volts, data);
        for (size_t i = 0; i < data->n; i++)
            data->rows[i].inputs[IN_KICKED_OHM] = kicked_ohm(run, i / (N_MODES - 1));
    }
    for (size_t g = 0; i_relation == TRIPS && g < state->n_groups; g++)
        read_changes(run, g * N_MODES, latches_of(state, g),
                     state->shift_volts + g * PER_DECK * state->n_shifts, options->tolerance_volts, data);
    return status;
}

static bool applies(const struct stage_run *run, size_t i_relation)
{
    const struct state *state = run->state;
    return i_relation == TRIPS   ? state->n_latches > 0
           : i_relation == KICKS ? state->has_kicks
                                 : state->has_delays;
}

static void guess(const struct stage_run *run, size_t i_relation, struct relation_parameter *parameters)
{
    if (i_relation == TRIPS)
        latches_fix(parameters, latch_n_pairs(&run->plan->circuit.latch), LATCH_PAIRS);
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
    .applies = applies,
    .guess = guess,
    .finish = finish,
};
