/*
 * The latch: offsets of sampled latches (trip points), what a difference of the source resistances does to
 * them, and how long a decision takes, by transients of transistors (spice/latch_bench.h).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "calib/latches.h"
#include "calib/relations.h"
#include "calib/stage.h"

struct comparator_stage_options {
    int64_t n_latches, n_resistances, n_delays;
    double reach_volts, resolution_volts, tolerance_volts;
    double resistance_span_ratio, resistance_far_ohm;
    double low_volts, high_volts, delay_tolerance_seconds;
};

#define MEMBER(name) offsetof(struct comparator_stage_options, name)
#define REAL(key_, member_, unit_, initial_, low_, high_, help_)                                             \
    {                                                                                                        \
        .key = key_, .kind = OPTION_REAL, .unit = unit_, .offset = MEMBER(member_), .initial = initial_,     \
        .low = low_, .high = high_, .flags = OPTION_LOW_OPEN, .help = help_                                  \
    }
#define COUNT(key_, member_, initial_, low_, high_, help_)                                                   \
    {                                                                                                        \
        .key = key_, .kind = OPTION_INTEGER, .offset = MEMBER(member_), .initial = initial_, .low = low_,    \
        .high = high_, .help = help_                                                                         \
    }
static const struct option rows[] = {
    COUNT("comparator.latches", n_latches, "200", 8, 1e6,
          "latches with mismatch whose trip points are sought"),
    COUNT("comparator.resistances", n_resistances, "9", 4, 1000,
          "latches without mismatch whose inputs see different resistances"),
    COUNT("comparator.delays", n_delays, "13", 3, 1000, "inputs whose decisions are timed"),
    {.key = "comparator.reach",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(reach_volts),
     .initial_help =
         "6 standard deviations of the input pair, or of all shifts where pairs are not known; of source "
         "resistances a quarter of path.supply",
     .low = 1e-6,
     .high = 10,
     .help = "largest trip point that is found"},
    REAL("comparator.resolution", resolution_volts, QUANTITY_VOLT, "4 uV", 1e-9, 1,
         "last step of the search for a trip point"),
    REAL("comparator.tolerance", tolerance_volts, QUANTITY_VOLT, "0.1 mV", 1e-9, 1,
         "how far a good model may miss a trip point"),
    REAL("comparator.resistance_span", resistance_span_ratio, QUANTITY_RATIO, "50 %", 0, 0.99,
         "largest change of one input's resistance"),
    REAL("comparator.resistance_far", resistance_far_ohm, QUANTITY_OHM, "4 kohm", 0, 1e9,
         "source resistance of every other one of them, to find where kickback stops being proportional"),
    REAL("comparator.low", low_volts, QUANTITY_VOLT, "10 uV", 0, 10,
         "smallest input whose decision is timed"),
    REAL("comparator.high", high_volts, QUANTITY_VOLT, "10 mV", 0, 10,
         "largest input whose decision is timed"),
    REAL("comparator.delay_tolerance", delay_tolerance_seconds, QUANTITY_SECOND, "0.5 ps", 0, 1,
         "how far a good model may miss a delay"),
};
static const struct option_table options_table = {rows, sizeof rows / sizeof rows[0],
                                                  sizeof(struct comparator_stage_options)};

enum { SPREAD, OFFSET, KICKBACK, DELAY, N_RELATIONS };
static const struct relation *const relations[N_RELATIONS] = {&relations_spread, &relations_offset,
                                                              &relations_kickback, &relations_delay};

/* Latches of one deck. */
enum { PER_DECK = 10 };

struct state {
    size_t n_latches, n_shifts, n_trip_decks;
    bool has_resistances, has_delays; /* then one deck of each */
    double *shift_volts;              /* [n_latches][n_shifts] */
    double *step_ohm, *column_ohm;    /* [n_resistances]: R_ref - R_col, R_col */
    double *input_volts;              /* [n_delays] */
};

static void finish(struct stage_run *run)
{
    struct state *state = run->state;
    if (state == NULL)
        return;
    free(state->shift_volts);
    free(state->step_ohm);
    free(state->column_ohm);
    free(state->input_volts);
    free(state);
    run->state = NULL;
}

static double reach(const struct stage_run *run)
{
    const struct comparator_stage_options *options = run->options;
    return isnan(options->reach_volts) ? latches_reach_volts(run->plan) : options->reach_volts;
}

/* Kickback grows with the input pair's gates, the spread of trip points falls with them. */
static double kick_reach(const struct stage_run *run)
{
    const struct comparator_stage_options *options = run->options;
    const double supply_share = 0.25;
    return isnan(options->reach_volts) ? supply_share * run->plan->circuit.path.supply_volts
                                       : options->reach_volts;
}

/* --- decks --- */

static enum rs_status add_trips(struct stage_run *run, const char *name, int64_t draw, double reach_volts,
                                size_t n, const struct latch_bench_sample *samples, struct rs_error *err)
{
    const struct comparator_stage_options *options = run->options;
    return latches_add_trips(run, name, &run->plan->circuit, draw, n, samples, reach_volts,
                             options->resolution_volts, err);
}

static enum rs_status add_mismatch(struct stage_run *run, struct rs_error *err)
{
    struct state *state = run->state;
    double ohm = latches_source_ohm(run->plan);
    enum rs_status status = RS_OK;
    for (size_t first = 0; first < state->n_latches && status == RS_OK; first += PER_DECK) {
        struct latch_bench_sample samples[PER_DECK];
        char name[DECKS_NAME_SIZE];
        size_t n = state->n_latches - first < PER_DECK ? state->n_latches - first : PER_DECK;
        for (size_t j = 0; j < n; j++)
            samples[j] = (struct latch_bench_sample){.mismatch_volts =
                                                         state->shift_volts + (first + j) * state->n_shifts,
                                                     .r_plus_ohm = ohm,
                                                     .r_minus_ohm = ohm};
        snprintf(name, sizeof name, "trip points of latches %zu to %zu", first, first + n - 1);
        status =
            add_trips(run, name, latches_draw(run->plan, state->n_trip_decks), reach(run), n, samples, err);
        state->n_trip_decks++;
    }
    return status;
}

static enum rs_status add_resistances(struct stage_run *run, struct rs_error *err)
{
    const struct comparator_stage_options *options = run->options;
    struct state *state = run->state;
    size_t n = (size_t)options->n_resistances;
    double ohm = latches_source_ohm(run->plan);
    struct latch_bench_sample *samples = memory_allocate(n, sizeof *samples, err);
    if (samples == NULL)
        return RS_INTERNAL;
    for (size_t k = 0; k < n; k++) {
        double share = options->resistance_span_ratio * (2 * (double)k / (double)(n - 1) - 1);
        double column = k % 2 == 0 ? ohm : options->resistance_far_ohm;
        state->column_ohm[k] = column;
        state->step_ohm[k] = share * column;
        samples[k] =
            (struct latch_bench_sample){.r_plus_ohm = column, .r_minus_ohm = column + state->step_ohm[k]};
    }
    enum rs_status status =
        add_trips(run, "source resistances", LATCH_NOMINAL, kick_reach(run), n, samples, err);
    free(samples);
    return status;
}

static enum rs_status add_delays(struct stage_run *run, struct rs_error *err)
{
    const struct comparator_stage_options *options = run->options;
    struct state *state = run->state;
    size_t n = (size_t)options->n_delays;
    for (size_t k = 0; k < n; k++)
        state->input_volts[k] =
            options->low_volts * pow(options->high_volts / options->low_volts, (double)k / (double)(n - 1));
    return latches_add_delays(run, "delays", &run->plan->circuit, n, state->input_volts, err);
}

static void tell_left_out(struct stage_run *run)
{
    const struct latch_options *latch = &run->plan->circuit.latch;
    const struct state *state = run->state;
    if (state->n_latches == 0)
        stage_leave_out(run, "spread, offset",
                        "the plan names no mismatch of this latch (latch.mismatch_parameters, "
                        "latch.monte_carlo)");
    else if (latch_n_pairs(latch) == 0)
        stage_leave_out(run, "offset", "the pairs of this latch are not known (latch.mismatch_pairs)");
    if (!state->has_resistances)
        stage_leave_out(run, "kickback", "this latch takes currents, which no resistance changes");
    if (!state->has_delays)
        stage_leave_out(run, "delay", "no clock's edge from which this comparator's time would count");
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    const struct comparator_stage_options *options = run->options;
    const struct calibrate_plan *plan = run->plan;
    const struct latch_options *latch = &plan->circuit.latch;
    enum rs_status status = latches_check_source(plan, err);
    if (status != RS_OK)
        return status;
    if (!(options->low_volts < options->high_volts))
        return rs_fail(err, RS_INPUT, "comparator.low: %g V found, less than comparator.high expected",
                       options->low_volts);
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    *state = (struct state){.n_latches = latches_differ(plan) ? (size_t)options->n_latches : 0,
                            .n_shifts = latch_n_mismatch(latch),
                            .has_resistances = !latch_takes_currents(latch),
                            .has_delays = latch_has_clock(latch)};
    tell_left_out(run);
    state->shift_volts = memory_allocate(state->n_latches * state->n_shifts, sizeof(double), err);
    state->step_ohm = memory_allocate((size_t)options->n_resistances, sizeof(double), err);
    state->column_ohm = memory_allocate((size_t)options->n_resistances, sizeof(double), err);
    state->input_volts = memory_allocate((size_t)options->n_delays, sizeof(double), err);
    if (state->shift_volts == NULL || state->step_ohm == NULL || state->column_ohm == NULL ||
        state->input_volts == NULL)
        return RS_INTERNAL;
    status = latch_draw_mismatch(latch, (uint64_t)plan->monte_carlo.seed, state->n_latches,
                                 state->shift_volts, err);
    if (status == RS_OK)
        status = add_mismatch(run, err);
    if (status == RS_OK && state->has_resistances)
        status = add_resistances(run, err);
    return status == RS_OK && state->has_delays ? add_delays(run, err) : status;
}

/* --- answers --- */

static void read_trips(const struct stage_run *run, bool with_shifts, struct observations *data)
{
    const struct comparator_stage_options *options = run->options;
    const struct state *state = run->state;
    size_t n_pairs = latch_n_pairs(&run->plan->circuit.latch);
    for (size_t i = 0; i < state->n_latches; i++) {
        const struct deck *deck = &run->decks.decks[i / PER_DECK];
        const double *shift = state->shift_volts + i * state->n_shifts;
        struct observation row = {.value = deck->good ? deck->values[i % PER_DECK] : 0,
                                  .sigma = with_shifts ? options->tolerance_volts : 0,
                                  .load_amperes = (double)NAN,
                                  .deck = (int32_t)(i / PER_DECK),
                                  .column = -1};
        for (size_t k = 0; k < n_pairs && with_shifts; k++)
            row.inputs[k] = shift[2 * k] - shift[2 * k + 1];
        if (deck->good)
            observations_add(data, &row);
    }
}

static void read_rest(const struct stage_run *run, size_t i_relation, struct observations *data)
{
    const struct comparator_stage_options *options = run->options;
    const struct state *state = run->state;
    bool delays = i_relation == DELAY;
    size_t d = state->n_trip_decks + (delays && state->has_resistances ? 1 : 0);
    const struct deck *deck = &run->decks.decks[d];
    for (size_t k = 0; k < deck->n_vectors && deck->good; k++) {
        struct observation row = {.value = deck->values[k],
                                  .sigma =
                                      delays ? options->delay_tolerance_seconds : options->tolerance_volts,
                                  .load_amperes = (double)NAN,
                                  .deck = (int32_t)d,
                                  .column = -1};
        row.inputs[0] = delays ? state->input_volts[k] : state->step_ohm[k];
        if (!delays)
            row.inputs[RELATIONS_KICKBACK_COLUMN_OHM] = state->column_ohm[k];
        observations_add(data, &row);
    }
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    const struct state *state = run->state;
    enum rs_status status = RS_OK;
    *context = NULL;
    if (i_relation == SPREAD || i_relation == OFFSET) {
        for (size_t d = 0; d < state->n_trip_decks && i_relation == SPREAD && status == RS_OK; d++)
            status = latches_check_reach(&run->decks.decks[d], "comparator.reach", reach(run), err);
        read_trips(run, i_relation == OFFSET, data);
        return status;
    }
    if (i_relation == KICKBACK)
        status = latches_check_reach(&run->decks.decks[state->n_trip_decks], "comparator.reach",
                                     kick_reach(run), err);
    read_rest(run, i_relation, data);
    return status;
}

static bool applies(const struct stage_run *run, size_t i_relation)
{
    const struct state *state = run->state;
    const bool list[N_RELATIONS] = {[SPREAD] = state->n_latches > 0,
                                    [OFFSET] =
                                        state->n_latches > 0 && latch_n_pairs(&run->plan->circuit.latch) > 0,
                                    [KICKBACK] = state->has_resistances,
                                    [DELAY] = state->has_delays};
    return list[i_relation];
}

static void guess(const struct stage_run *run, size_t i_relation, struct relation_parameter *parameters)
{
    if (i_relation == OFFSET)
        latches_fix(parameters, 1 + latch_n_pairs(&run->plan->circuit.latch), 1 + LATCH_PAIRS);
    for (size_t k = 0; i_relation == DELAY && k < relations_delay.n_parameters; k++)
        if (strcmp(parameters[k].name, "delay_temperature_kelvin") == 0)
            parameters[k].start = run->plan->circuit.path.temperature_kelvin;
}

extern const struct stage stage_comparator;
const struct stage stage_comparator = {
    .name = "comparator",
    .summary = "offset, kickback and delay of the latch, by transients of its transistors",
    .options = &options_table,
    .n_relations = N_RELATIONS,
    .relations = relations,
    .start = start,
    .read = read_answers,
    .applies = applies,
    .guess = guess,
    .finish = finish,
};
