/*
 * What the temperature does to a latch's decision time: the latch without mismatch, by transients of its
 * transistors (spice/latch_bench.h) at temperatures around path.temperature.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "calib/latches.h"
#include "calib/relations.h"

struct temperature_stage_options {
    int64_t n_temperatures, n_delays;
    double low_kelvin, high_kelvin, delay_tolerance_seconds;
};

#define MEMBER(name) offsetof(struct temperature_stage_options, name)
#define COUNT(key_, member_, initial_, low_, help_)                                                          \
    {                                                                                                        \
        .key = key_, .kind = OPTION_INTEGER, .offset = MEMBER(member_), .initial = initial_, .low = low_,    \
        .high = 1e3, .help = help_                                                                           \
    }
#define KELVIN(key_, member_, initial_, help_)                                                               \
    {                                                                                                        \
        .key = key_, .kind = OPTION_REAL, .unit = QUANTITY_KELVIN, .offset = MEMBER(member_),                \
        .initial = initial_, .low = 1, .high = 1000, .help = help_                                           \
    }
static const struct option rows[] = {
    COUNT("temperature.points", n_temperatures, "5", 3, "temperatures, both ends included"),
    KELVIN("temperature.low", low_kelvin, "233.15 K", "the lowest"),
    KELVIN("temperature.high", high_kelvin, "398.15 K", "the highest"),
    COUNT("temperature.delays", n_delays, "4", 3, "inputs whose decisions are timed, from 0.1 mV on"),
    {.key = "temperature.delay_tolerance",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SECOND,
     .offset = MEMBER(delay_tolerance_seconds),
     .initial = "0.5 ps",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "how far a good model may miss a delay"},
};
static const struct option_table options_table = {rows, sizeof rows / sizeof rows[0],
                                                  sizeof(struct temperature_stage_options)};

static const struct relation *const relations[] = {&relations_delay_temperature};

/* A deck per temperature. */
struct state {
    bool has_delays;
    double *input_volts; /* [n_delays] */
    struct relations_delay_known known;
};

static double temperature_kelvin(const struct temperature_stage_options *options, size_t i)
{
    return options->low_kelvin +
           (options->high_kelvin - options->low_kelvin) * (double)i / (double)(options->n_temperatures - 1);
}

static void finish(struct stage_run *run)
{
    struct state *state = run->state;
    if (state != NULL)
        free(state->input_volts);
    free(state);
    run->state = NULL;
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    const struct temperature_stage_options *options = run->options;
    const double first_volts = 0.1e-3;
    const int ratio_log2 = 2;
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    if (!(options->low_kelvin < options->high_kelvin))
        return rs_fail(err, RS_INPUT, "temperature.low: %g K found, less than temperature.high expected",
                       options->low_kelvin);
    state->input_volts = memory_allocate((size_t)options->n_delays, sizeof(double), err);
    if (state->input_volts == NULL)
        return RS_INTERNAL;
    for (size_t k = 0; k < (size_t)options->n_delays; k++)
        state->input_volts[k] = ldexp(first_volts, ratio_log2 * (int)k);
    enum rs_status status = latches_check_source(run->plan, err);
    state->has_delays = latch_has_clock(&run->plan->circuit.latch);
    if (!state->has_delays)
        stage_leave_out(run, "delays", "no clock's edge from which this comparator's time would count");
    for (size_t i = 0; i < (size_t)options->n_temperatures && state->has_delays && status == RS_OK; i++) {
        struct path_plan circuit = run->plan->circuit;
        char name[DECKS_NAME_SIZE];
        circuit.path.temperature_kelvin = temperature_kelvin(options, i);
        snprintf(name, sizeof name, "delays at %.6g K", circuit.path.temperature_kelvin);
        status = latches_add_delays(run, name, &circuit, (size_t)options->n_delays, state->input_volts, err);
    }
    return status;
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    const struct temperature_stage_options *options = run->options;
    struct state *state = run->state;
    (void)i_relation;
    *context = &state->known;
    for (size_t i = 0; i < (size_t)options->n_temperatures; i++) {
        const struct deck *deck = &run->decks.decks[i];
        for (size_t k = 0; k < (size_t)options->n_delays && deck->good; k++) {
            struct observation row = {.value = deck->values[k],
                                      .sigma = options->delay_tolerance_seconds,
                                      .load_amperes = (double)NAN,
                                      .deck = (int32_t)i,
                                      .column = -1};
            row.inputs[RELATIONS_DELAY_VOLTS] = state->input_volts[k];
            row.inputs[RELATIONS_DELAY_KELVIN_ABOVE] =
                temperature_kelvin(options, i) - run->plan->circuit.path.temperature_kelvin;
            observations_add(data, &row);
        }
    }
    return latches_get_delay(run, &state->known, err);
}

static bool applies(const struct stage_run *run, size_t i_relation)
{
    const struct state *state = run->state;
    (void)i_relation;
    return state->has_delays;
}

extern const struct stage stage_temperature;
const struct stage stage_temperature = {
    .name = "temperature",
    .summary = "decision time of the latch against temperature, by transients of its transistors",
    .options = &options_table,
    .n_relations = 1,
    .relations = relations,
    .start = start,
    .read = read_answers,
    .applies = applies,
    .finish = finish,
};
