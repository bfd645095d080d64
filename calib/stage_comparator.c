/*
 * The latch: offsets of sampled latches (trip points), what a difference of the source resistances does to
 * them, and how long a decision takes, by transients of transistors (spice/latch_bench.h).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "calib/calibrate_plan.h"
#include "calib/latch_decks.h"
#include "calib/relations.h"

/* Latches of one deck. */
enum { PER_DECK = 10, OWN_SHIFTS = 6, SHARED_GROUPS_MAX = 6, SHARED_MAX = 1 << (SHARED_GROUPS_MAX - 1) };

struct comparator_stage_options {
    int64_t n_latches, n_resistances, n_shared, n_delays;
    double reach_volts, resolution_volts, tolerance_volts;
    double resistance_span_ratio, resistance_far_ohm, shared_reach_volts;
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
    COUNT("comparator.shared", n_shared, "8", 4, SHARED_MAX,
          "1, 2, 4 ... up to this many latches on one unbuffered reference"),
    REAL("comparator.shared_reach", shared_reach_volts, QUANTITY_VOLT, "0.2 V", 1e-6, 10,
         "largest trip point of those that is found"),
    COUNT("comparator.delays", n_delays, "13", 3, 1000, "inputs whose decisions are timed"),
    {.key = "comparator.reach",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(reach_volts),
     .initial_help = "6 standard deviations of the input pair",
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

enum { SPREAD, OFFSET, KICKBACK, SHARED, DELAY, N_RELATIONS };
static const struct relation *const relations[N_RELATIONS] = {
    &relations_spread, &relations_offset, &relations_kickback, &relations_shared, &relations_delay};

struct state {
    size_t n_latches, n_shifts,
        n_trip_decks; /* then decks of resistances, of a shared reference, of delays */
    double source_ohm;
    size_t n_groups, first_of_group[SHARED_GROUPS_MAX]; /* 2^g latches on one reference */
    double *shift_volts;                                /* [n_latches][n_shifts] */
    double *step_ohm, *column_ohm;                      /* [n_resistances]: R_ref - R_col, R_col */
    double *input_volts;                                /* [n_delays] */
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
    const struct latch_options *latch = &run->plan->circuit.latch;
    const double sigmas = 6, least_volts = 10e-3, um2 = 1e-12;
    if (!isnan(options->reach_volts))
        return options->reach_volts;
    double pair_volts = latch->mismatch_volts / sqrt(latch->w_input_metres * latch->length_metres / um2);
    return fmax(sigmas * pair_volts, least_volts);
}

/* --- decks --- */

static enum rs_status add_trips(struct stage_run *run, const char *name, size_t n,
                                const struct latch_bench_sample *samples, struct rs_error *err)
{
    const struct comparator_stage_options *options = run->options;
    return latch_decks_add_trips(run, name, &run->plan->circuit, n, samples, reach(run),
                                 options->resolution_volts, err);
}

static enum rs_status add_mismatch(struct stage_run *run, struct rs_error *err)
{
    struct state *state = run->state;
    double ohm = state->source_ohm;
    enum rs_status status = RS_OK;
    for (size_t first = 0; first < state->n_latches && status == RS_OK; first += PER_DECK) {
        struct latch_bench_sample samples[PER_DECK];
        char name[DECKS_NAME_SIZE];
        size_t n = state->n_latches - first < PER_DECK ? state->n_latches - first : PER_DECK;
        for (size_t j = 0; j < n; j++)
            samples[j] =
                (struct latch_bench_sample){state->shift_volts + (first + j) * state->n_shifts, ohm, ohm, 0};
        snprintf(name, sizeof name, "trip points of latches %zu to %zu", first, first + n - 1);
        status = add_trips(run, name, n, samples, err);
        state->n_trip_decks++;
    }
    return status;
}

static enum rs_status add_resistances(struct stage_run *run, struct rs_error *err)
{
    const struct comparator_stage_options *options = run->options;
    struct state *state = run->state;
    size_t n = (size_t)options->n_resistances;
    double ohm = state->source_ohm;
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
    enum rs_status status = add_trips(run, "source resistances", n, samples, err);
    free(samples);
    return status;
}

/* Groups of 1, 2, 4 ... latches without mismatch, each on a reference of its own. */
static enum rs_status add_shared(struct stage_run *run, struct rs_error *err)
{
    const struct comparator_stage_options *options = run->options;
    struct state *state = run->state;
    struct latch_bench_sample samples[2 * SHARED_MAX];
    size_t n = 0;
    for (size_t g = 0; g < state->n_groups; g++) {
        state->first_of_group[g] = n;
        for (size_t k = 0; k < (size_t)1 << g; k++)
            samples[n++] = (struct latch_bench_sample){
                .r_plus_ohm = state->source_ohm, .r_minus_ohm = state->source_ohm, .shares_back = k};
    }
    return latch_decks_add_trips(run, "latches on one reference", &run->plan->circuit, n, samples,
                                 options->shared_reach_volts, options->resolution_volts, err);
}

static enum rs_status add_delays(struct stage_run *run, struct rs_error *err)
{
    const struct comparator_stage_options *options = run->options;
    struct state *state = run->state;
    size_t n = (size_t)options->n_delays;
    for (size_t k = 0; k < n; k++)
        state->input_volts[k] =
            options->low_volts * pow(options->high_volts / options->low_volts, (double)k / (double)(n - 1));
    return latch_decks_add_delays(run, "delays", &run->plan->circuit, n, state->input_volts,
                                  state->source_ohm, err);
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    const struct comparator_stage_options *options = run->options;
    const struct calibrate_plan *plan = run->plan;
    const struct latch_options *latch = &plan->circuit.latch;
    if (!(options->low_volts < options->high_volts))
        return rs_fail(err, RS_INPUT, "comparator.low: %g V found, less than comparator.high expected",
                       options->low_volts);
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    *state = (struct state){.n_latches = (size_t)options->n_latches, .n_shifts = path_n_mismatch(latch)};
    while ((size_t)2 << state->n_groups <= 2 * (size_t)options->n_shared)
        state->n_groups++;
    state->shift_volts = memory_allocate(state->n_latches * state->n_shifts, sizeof(double), err);
    state->step_ohm = memory_allocate((size_t)options->n_resistances, sizeof(double), err);
    state->column_ohm = memory_allocate((size_t)options->n_resistances, sizeof(double), err);
    state->input_volts = memory_allocate((size_t)options->n_delays, sizeof(double), err);
    if (state->shift_volts == NULL || state->step_ohm == NULL || state->column_ohm == NULL ||
        state->input_volts == NULL)
        return RS_INTERNAL;
    enum rs_status status = latch_decks_get_source(plan, &state->source_ohm, err);
    if (status == RS_OK)
        status = path_draw_mismatch(latch, (uint64_t)plan->monte_carlo.seed, state->n_latches,
                                    state->shift_volts, err);
    if (status == RS_OK)
        status = add_mismatch(run, err);
    if (status == RS_OK)
        status = add_resistances(run, err);
    if (status == RS_OK)
        status = add_shared(run, err);
    return status == RS_OK ? add_delays(run, err) : status;
}

/* --- answers --- */

/* Only the own latch has three pairs. */
static void read_trips(const struct stage_run *run, bool with_shifts, struct observations *data)
{
    const struct comparator_stage_options *options = run->options;
    const struct state *state = run->state;
    if (with_shifts && run->plan->circuit.latch.file[0] != '\0')
        return;
    for (size_t i = 0; i < state->n_latches; i++) {
        const struct deck *deck = &run->decks.decks[i / PER_DECK];
        const double *shift = state->shift_volts + i * state->n_shifts;
        struct observation row = {.value = deck->good ? deck->values[i % PER_DECK] : 0,
                                  .sigma = with_shifts ? options->tolerance_volts : 0,
                                  .load_amperes = (double)NAN,
                                  .deck = (int32_t)(i / PER_DECK),
                                  .column = -1};
        for (size_t k = 0; k < OWN_SHIFTS / 2 && with_shifts; k++)
            row.inputs[k] = shift[2 * k] - shift[2 * k + 1];
        if (deck->good)
            observations_add(data, &row);
    }
}

enum { DECK_RESISTANCES, DECK_SHARED, DECK_DELAYS };

/* Number k of the deck that a relation asks. */
static struct observation row_of(const struct stage_run *run, size_t i_relation, size_t k)
{
    const struct comparator_stage_options *options = run->options;
    const struct state *state = run->state;
    struct observation row = {.sigma = i_relation == DELAY ? options->delay_tolerance_seconds
                                                           : options->tolerance_volts};
    if (i_relation == DELAY)
        row.inputs[RELATIONS_DELAY_VOLTS] = state->input_volts[k];
    if (i_relation == SHARED)
        row.inputs[RELATIONS_SHARED_LATCHES] = (double)((size_t)1 << k);
    if (i_relation == KICKBACK) {
        row.inputs[RELATIONS_KICKBACK_OHM] = state->step_ohm[k];
        row.inputs[RELATIONS_KICKBACK_COLUMN_OHM] = state->column_ohm[k];
    }
    return row;
}

static void read_rest(const struct stage_run *run, size_t i_relation, struct observations *data)
{
    const struct state *state = run->state;
    size_t of_relation = i_relation == DELAY    ? DECK_DELAYS
                         : i_relation == SHARED ? DECK_SHARED
                                                : DECK_RESISTANCES;
    size_t d = state->n_trip_decks + of_relation;
    const struct deck *deck = &run->decks.decks[d];
    size_t n = i_relation == SHARED ? state->n_groups : deck->n_vectors;
    for (size_t k = 0; k < n && deck->good; k++) {
        struct observation row = row_of(run, i_relation, k);
        row.value = deck->values[i_relation == SHARED ? state->first_of_group[k] : k];
        row.load_amperes = (double)NAN;
        row.deck = (int32_t)d;
        row.column = -1;
        observations_add(data, &row);
    }
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    (void)err;
    *context = NULL;
    if (i_relation == SPREAD || i_relation == OFFSET)
        read_trips(run, i_relation == OFFSET, data);
    else
        read_rest(run, i_relation, data);
    return RS_OK;
}

static void guess(const struct stage_run *run, size_t i_relation, struct relation_parameter *parameters)
{
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
    .guess = guess,
    .finish = finish,
};
