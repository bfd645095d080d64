/*
 * Effective thresholds of key slots: trip points of full paths (array, sense path, reference, latches without
 * mismatch) of random keys under random queries, against the threshold that ideal wires would need: the
 * score itself. What the engine's solution of the same arrays leaves of it is a check beside it.
 */
#include <config.h> /* strdup */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "calib/calibrate_plan.h"
#include "calib/column_search.h"
#include "calib/prediction.h"
#include "calib/relations.h"
#include "calib/stage.h"
#include "crossbar/sense_node.h"
#include "crossbar/transfer.h"
#include "devices/device.h"
#include "frontend/mapping.h"
#include "numeric/random.h"

struct column_options {
    int64_t n_key_sets, n_queries;
    double reach_volts, resolution_volts, tolerance_amperes;
};

#define MEMBER(name) offsetof(struct column_options, name)
static const struct option rows[] = {
    {.key = "column.key_sets",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(n_key_sets),
     .initial = "4",
     .low = 2,
     .high = 1000,
     .help = "arrays of random keys, a deck each; every second one has half of its elements at 0"},
    {.key = "column.queries",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(n_queries),
     .initial = "6",
     .low = 1,
     .high = 1000,
     .help = "queries of each array: in turn of both signs, of one sign (the largest loads), half of them 0"},
    {.key = "column.reach",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(reach_volts),
     .initial = "30 mV",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "how far from input 0 a latch without mismatch may trip"},
    {.key = "column.resolution",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(resolution_volts),
     .initial = "20 uV",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "last step of the search for a trip point"},
    {.key = "column.tolerance",
     .kind = OPTION_REAL,
     .unit = QUANTITY_AMPERE,
     .offset = MEMBER(tolerance_amperes),
     .initial_help = "half a unit of the score",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "how far a good model may miss an effective threshold"},
};
static const struct option_table options_table = {rows, sizeof rows / sizeof rows[0],
                                                  sizeof(struct column_options)};

enum { COLUMN, REST, N_RELATIONS };
static const struct relation *const relations[N_RELATIONS] = {&relations_column, &relations_rest};

/* One deck: its search, and what ideal wires give. */
struct set {
    struct column_search search;
    double *ideal_amperes, *load_amperes; /* [n_queries][n_slots] */
};

struct state {
    struct mapping mapping;
    struct network network;
    double tolerance_amperes;
    size_t n_sets;
    struct set *sets; /* [n_sets]; 0: the reference does not allow it */
};

static void finish(struct stage_run *run)
{
    struct state *state = run->state;
    if (state == NULL)
        return;
    for (size_t s = 0; s < state->n_sets; s++) {
        column_search_clear(&state->sets[s].search);
        free(state->sets[s].ideal_amperes);
        free(state->sets[s].load_amperes);
    }
    free(state->sets);
    free(state);
    run->state = NULL;
}

/* --- keys and queries --- */

/* Codes in -limit ... limit; the share `zeros` of them 0. */
static enum rs_status draw_codes(struct random_key *key, size_t n, int limit, double zeros, bool positive,
                                 int16_t *codes, struct rs_error *err)
{
    double *uniforms = memory_allocate(2 * n, sizeof *uniforms, err);
    if (uniforms == NULL)
        return RS_INTERNAL;
    random_uniforms(key, 2 * n, uniforms);
    key->draw++;
    for (size_t i = 0; i < n; i++) {
        int code = (int)floor(uniforms[2 * i] * (2 * limit + 1)) - limit;
        codes[i] = (int16_t)(uniforms[2 * i + 1] < zeros ? 0 : positive ? abs(code) : code);
    }
    free(uniforms);
    return RS_OK;
}

/* Conductances and drives of set s. */
static enum rs_status draw_set(const struct stage_run *run, size_t s, struct set *set, struct rs_error *err)
{
    const struct state *state = run->state;
    const struct mapping *mapping = &state->mapping;
    struct column_search *search = &set->search;
    size_t n_rows = mapping->n_rows, n_codes = n_rows * search->n_slots;
    struct random_key key = {.seed = (uint64_t)run->plan->monte_carlo.seed,
                             .purpose = RANDOM_CALIBRATION,
                             .trial = 2,
                             .array = (uint32_t)s};
    int16_t *codes = memory_allocate(n_codes, sizeof *codes, err);
    enum rs_status status = codes == NULL ? RS_INTERNAL
                                          : draw_codes(&key, n_codes, mapping->key_limit,
                                                       s % 2 == 1 ? 0.5 : 0, false, codes, err);
    if (status == RS_OK)
        mapping_targets(mapping, 0, 0, search->n_slots, codes, search->array.conductance);
    for (size_t q = 0; q < search->n_queries && status == RS_OK; q++) {
        status = draw_codes(&key, n_rows, mapping->query_limit, q % 3 == 2 ? 0.5 : 0, q % 3 == 1, codes, err);
        if (status == RS_OK)
            mapping_volts(mapping, 0, codes, search->volts + q * n_rows);
    }
    free(codes);
    return status;
}

/* Kickback as the stages before have found it; 0 where none has, or where lines are buffered. */
struct kickback {
    double volts_per_ohm, per_volt; /* per volt of common mode */
};

static double known(const struct stage_run *run, const char *name, double otherwise)
{
    double value;
    struct rs_error ignored;
    return stage_get_known(run, name, &value, &ignored) == RS_OK ? value : otherwise;
}

/* What a run makes of each slot's ends [n_slots]: what kickback multiplies, and what a reference current is
 * worth. */
static enum rs_status find_ends(const struct stage_run *run, const struct set *set, struct kickback *kickback,
                                double *kick_ohm, double *ratio, struct rs_error *err)
{
    const struct state *state = run->state;
    struct prediction prediction;
    struct sense_node *node = NULL;
    double *line_ohm = memory_allocate(state->mapping.n_columns, sizeof *line_ohm, err);
    enum rs_status status = line_ohm == NULL ? RS_INTERNAL : sense_node_create(&state->network, &node, err);
    if (status == RS_OK)
        sense_node_compute(node, set->search.array.conductance, 0, line_ohm, NULL);
    if (status == RS_OK)
        status =
            prediction_init(&run->plan->circuit, &state->mapping, &state->network, NULL, &prediction, err);
    if (status != RS_OK)
        goto done;
    bool sees_lines = prediction.comparator.sources.sees_lines;
    kickback->volts_per_ohm = sees_lines ? known(run, "kickback_volts_per_ohm", 0) : 0;
    kickback->per_volt = sees_lines ? known(run, "kickback_per_volt", 0) : 0;
    prediction.comparator.kickback_r0_ohm = known(run, "kickback_r0_ohm", (double)INFINITY);
    for (size_t j = 0; j < set->search.n_slots; j++) {
        size_t plus, minus;
        mapping_lines(&state->mapping, j, &plus, &minus);
        ratio[j] = prediction.comparator.reference_loads ? line_ohm[plus] / state->network.r_sense_ohm : 1;
        kick_ohm[j] = comparator_kickback_ohm(&prediction.comparator, line_ohm[plus], line_ohm[minus]);
    }
    prediction_clear(&prediction);
done:
    sense_node_destroy(node);
    free(line_ohm);
    return status;
}

/* The signal of each slot, by conductances alone and by the engine's solution. */
static enum rs_status solve_set(const struct stage_run *run, struct set *set, struct rs_error *err)
{
    const struct state *state = run->state;
    const struct path_options *path = &run->plan->circuit.path;
    struct column_search *search = &set->search;
    const struct mapping *mapping = &state->mapping;
    size_t n_rows = mapping->n_rows, n_columns = mapping->n_columns;
    struct transfer_plan *plan = NULL;
    double *transfer = memory_allocate(n_rows * n_columns, sizeof *transfer, err);
    double *amperes = memory_allocate(n_columns, sizeof *amperes, err);
    double *kick_ohm = memory_allocate(2 * search->n_slots, sizeof *kick_ohm, err);
    double *ratio = kick_ohm + search->n_slots;
    struct kickback kickback = {0, 0};
    double gain_ohm = path_gain_ohm(path, state->network.r_sense_ohm);
    enum rs_status status =
        transfer == NULL || amperes == NULL || kick_ohm == NULL
            ? RS_INTERNAL
            : transfer_plan_create(&state->network, NULL, KERNEL_BASELINE, TRANSFER_F64, &plan, err);
    if (status == RS_OK)
        transfer_compute(plan, search->array.conductance, transfer);
    if (status == RS_OK)
        status = find_ends(run, set, &kickback, kick_ohm, ratio, err);
    for (size_t q = 0; q < search->n_queries && status == RS_OK; q++) {
        const double *volts = search->volts + q * n_rows;
        transfer_apply(&state->network, transfer, volts, amperes, NULL);
        for (size_t j = 0; j < search->n_slots; j++) {
            size_t plus, minus, at = q * search->n_slots + j;
            mapping_lines(mapping, j, &plus, &minus);
            for (size_t i = 0; i < n_rows; i++) {
                const double *line = search->array.conductance + i * n_columns;
                set->ideal_amperes[at] += volts[i] * (line[plus] - line[minus]);
                set->load_amperes[at] += volts[i] * (line[plus] + line[minus]);
            }
            /* At the trip point both inputs are at gain I-. */
            double kick_volts =
                (kickback.volts_per_ohm + kickback.per_volt * gain_ohm * amperes[minus]) * kick_ohm[j];
            search->expected_amperes[at] =
                (amperes[plus] - amperes[minus] - kick_volts / gain_ohm) / ratio[j];
            double left = path->sense == PATH_RESISTOR
                              ? 1
                              : 1 / pow(cosh(gain_ohm * amperes[minus] / path->swing_volts), 2);
            search->slope_ohm[at] = gain_ohm * ratio[j] * fmax(left, 0.05);
        }
    }
    transfer_plan_destroy(plan);
    free(transfer);
    free(amperes);
    free(kick_ohm);
    return status;
}

/* --- decks --- */

/* From the operating point on, all has settled but what the clock moves. */
static void shorten(struct path_options *path)
{
    path->settle_seconds = fmin(path->settle_seconds, 4 * path->edge_seconds);
}

static enum rs_status add_set(struct stage_run *run, size_t s, struct rs_error *err)
{
    const struct column_options *options = run->options;
    const struct state *state = run->state;
    struct set *set = &state->sets[s];
    struct column_search *search = &set->search;
    size_t n_queries = (size_t)options->n_queries, n_slots = state->mapping.n_keys_per_array;
    enum rs_status status =
        column_search_init(state->mapping.n_rows, state->mapping.n_columns, n_slots, n_queries, search, err);
    set->ideal_amperes = memory_allocate(n_queries * n_slots, sizeof(double), err);
    set->load_amperes = memory_allocate(n_queries * n_slots, sizeof(double), err);
    if (status != RS_OK || set->ideal_amperes == NULL || set->load_amperes == NULL)
        return RS_INTERNAL;
    search->plan = run->plan->circuit;
    search->array.network = state->network;
    search->reach_volts = options->reach_volts;
    search->resolution_volts = options->resolution_volts;
    shorten(&search->plan.path);
    status = draw_set(run, s, set, err);
    if (status == RS_OK)
        status = solve_set(run, set, err);
    if (status == RS_OK)
        status = column_search_start(search, err);
    if (status != RS_OK)
        return status;
    char name[DECKS_NAME_SIZE], *text = strdup(search->request.deck), *first = strdup(search->commands.bytes);
    snprintf(name, sizeof name, "keys %zu, %zu queries", s, n_queries);
    struct deck *deck = decks_add(&run->decks, name, text);
    if (deck == NULL) {
        free(first);
        return rs_fail(err, RS_INTERNAL, "out of memory");
    }
    for (size_t k = 0; k < search->request.n_vectors; k++)
        decks_ask(&run->decks, deck, search->request.vectors[k].name, 0);
    decks_add_run(&run->decks, deck, first);
    deck->take = column_search_take;
    deck->state = search;
    return run->decks.failed ? rs_fail(err, RS_INTERNAL, "out of memory") : RS_OK;
}

static enum rs_status settle_circuit(const struct stage_run *run, struct state *state, struct rs_error *err)
{
    const struct calibrate_plan *plan = run->plan;
    const struct array_options *array = &plan->array;
    struct device *device = memory_allocate(1, sizeof *device, err);
    enum rs_status status = device == NULL ? RS_INTERNAL : device_open(&plan->device, device, err);
    if (status == RS_OK)
        status = mapping_init(array, &plan->encoding, device->g_min_siemens, device->g_max_siemens,
                              (size_t)array->rows, &state->mapping, err);
    free(device);
    if (status == RS_OK && state->mapping.n_slices > 1)
        return rs_fail(err, RS_INPUT,
                       "encoding.cell_bits: keys of %d slices found, one expected by the stage 'column': a "
                       "path has no mirrors",
                       state->mapping.n_slices);
    state->network = (struct network){.n_rows = (size_t)array->rows,
                                      .n_columns = (size_t)array->columns,
                                      .r_word_line_ohm = array->r_word_line_ohm,
                                      .r_bit_line_ohm = isnan(array->r_bit_line_ohm) ? array->r_word_line_ohm
                                                                                     : array->r_bit_line_ohm,
                                      .r_driver_ohm = array->r_driver_ohm,
                                      .r_sense_ohm = array->r_sense_ohm};
    return status;
}

static enum rs_status start(struct stage_run *run, struct rs_error *err)
{
    const struct column_options *options = run->options;
    struct state *state = memory_allocate(1, sizeof *state, err);
    run->state = state;
    if (state == NULL)
        return RS_INTERNAL;
    if (!path_request_has_thresholds(&run->plan->circuit))
        return RS_OK;
    enum rs_status status = settle_circuit(run, state, err);
    if (status != RS_OK)
        return status;
    state->tolerance_amperes =
        isnan(options->tolerance_amperes) ? 0.5 * state->mapping.unit_amperes : options->tolerance_amperes;
    state->n_sets = (size_t)options->n_key_sets;
    state->sets = memory_allocate(state->n_sets, sizeof *state->sets, err);
    if (state->sets == NULL) {
        state->n_sets = 0;
        return RS_INTERNAL;
    }
    for (size_t s = 0; s < state->n_sets && status == RS_OK; s++)
        status = add_set(run, s, err);
    return status;
}

/* --- answers --- */

static enum rs_status read_set(const struct state *state, size_t s, bool rest, struct observations *data,
                               struct rs_error *err)
{
    const struct set *set = &state->sets[s];
    const struct column_search *search = &set->search;
    if (search->failed)
        return rs_fail(err, RS_INCOMPLETE, "keys %zu: %s", s, search->reason.text);
    for (size_t at = 0; at < search->n_queries * search->n_slots; at++) {
        double trip = search->trip_amperes[at], from = set->ideal_amperes[at];
        size_t slot = at % search->n_slots;
        if (isnan(trip))
            return rs_fail(err, RS_INCOMPLETE,
                           "column.reach: the latch of key slot %zu, keys %zu, query %zu, trips farther than "
                           "%g V from input 0",
                           slot, s, at / search->n_slots, search->reach_volts);
        observations_add(
            data, &(struct observation){.inputs = {[RELATIONS_COLUMN_SLOT] = (double)slot,
                                                   [RELATIONS_COLUMN_LOAD_AMPERES] = set->load_amperes[at],
                                                   [RELATIONS_COLUMN_IDEAL_AMPERES] = from},
                                        .value = (rest ? search->expected_amperes[at] : from) - trip,
                                        .sigma = state->tolerance_amperes,
                                        .load_amperes = set->load_amperes[at],
                                        .deck = (int32_t)s,
                                        .column = (int32_t)slot});
    }
    return RS_OK;
}

static enum rs_status read_answers(struct stage_run *run, size_t i_relation, struct observations *data,
                                   const void **context, struct rs_error *err)
{
    const struct state *state = run->state;
    enum rs_status status = RS_OK;
    *context = NULL;
    for (size_t s = 0; s < state->n_sets && status == RS_OK; s++)
        if (run->decks.decks[s].good)
            status = read_set(state, s, i_relation == REST, data, err);
    return status;
}

/* a + b j, where the relation was estimated. */
static enum rs_status tabulate(const struct stage_run *run, size_t *n_slots, double **amperes,
                               struct rs_error *err)
{
    const struct state *state = run->state;
    double values[RELATION_PARAMETERS_MAX];
    struct rs_error ignored;
    for (size_t k = 0; k < relations_column.n_parameters; k++)
        if (state->n_sets == 0 ||
            stage_get_known(run, relations_column.parameters[k].name, &values[k], &ignored) != RS_OK)
            return RS_OK;
    *n_slots = state->mapping.n_keys_per_array;
    *amperes = memory_allocate(*n_slots, sizeof **amperes, err);
    if (*amperes == NULL)
        return RS_INTERNAL;
    relations_column_shifts(values, *n_slots, *amperes);
    return RS_OK;
}

extern const struct stage stage_column;
const struct stage stage_column = {
    .name = "column",
    .summary =
        "effective thresholds of key slots against position, load and threshold, by trip points of full "
        "paths",
    .options = &options_table,
    .n_relations = N_RELATIONS,
    .relations = relations,
    .start = start,
    .read = read_answers,
    .tabulate = tabulate,
    .finish = finish,
};
