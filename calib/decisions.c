#include "calib/decisions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/random.h"
#include "spice/path_request.h"
#include "tensor/code.h"

static const double default_drive_volts = 0.1;

/* Draws of one deck, by `draw` of the random key. */
enum { DRAW_KEYS, DRAW_QUERIES, DRAW_IS_NEAR, DRAW_DISTANCE };

/* Seeds of mismatch: beyond all that a plan of a fit can name. */
#define MISMATCH_SEED ((uint64_t)1 << 40)

/* One deck, from its drawing to its answer. */
struct instance {
    struct array_file array; /* wires and law of the file; own conductances */
    struct path path;
    double *conductance, *volts, *amperes, *threshold_amperes, *mismatch_volts;
    struct prediction_decision *predicted;
    struct decisions_row *rows; /* [n_queries][n_slots], of `decisions` */
    size_t n_slots;
    bool good;
    struct rs_error reason;
};

struct work {
    struct decisions *decisions;
    const struct array_file *array;
    const struct path_plan *plan;
    struct array_file replica;
    double *replica_amperes; /* [columns of the replica], or NULL */
    struct instance *instances;
    struct decks decks;
    const struct decisions_hooks *hooks;
};

/* --- the circuit --- */

static void find_window(const struct array_file *array, double *low, double *high)
{
    size_t n = array->network.n_rows * array->network.n_columns;
    *low = (double)INFINITY;
    *high = 0;
    for (size_t i = 0; i < n; i++)
        if (array->conductance[i] > 0) {
            *low = fmin(*low, array->conductance[i]);
            *high = fmax(*high, array->conductance[i]);
        }
}

static double find_drive(const struct array_file *array, const struct decisions_options *options)
{
    double largest = 0;
    if (!isnan(options->drive_volts))
        return options->drive_volts;
    for (size_t i = 0; i < array->n_vectors * array->network.n_rows; i++)
        largest = fmax(largest, fabs(array->voltage[i]));
    return largest > 0 ? largest : default_drive_volts;
}

static size_t count_bias_rows(const struct path_plan *plan)
{
    return plan->reference.kind == PATH_BIAS_ROWS ? (size_t)plan->reference.bias_rows : 0;
}

static enum rs_status make_mapping(struct work *work, struct mapping *mapping, struct rs_error *err)
{
    struct decisions *d = work->decisions;
    const struct network *network = &work->array->network;
    size_t n_bias = count_bias_rows(work->plan);
    struct encoding_options encoding;
    const struct array_options array = {.rows = (int64_t)network->n_rows,
                                        .columns = (int64_t)network->n_columns};
    find_window(work->array, &d->g_min_siemens, &d->g_max_siemens);
    d->drive_volts = find_drive(work->array, d->options);
    if (!(d->g_min_siemens < d->g_max_siemens))
        return rs_fail(err, RS_INPUT,
                       "/conductance: two different values above 0 expected, which bound the "
                       "window of random keys");
    if (n_bias >= network->n_rows)
        return rs_fail(err, RS_INPUT,
                       "reference.bias_rows: %zu found, fewer than the array's %zu rows expected", n_bias,
                       network->n_rows);
    option_fill_defaults(&frontend_options_encoding, &encoding);
    encoding.analog_bits = encoding.query_bits = d->options->bits;
    encoding.cell_bits = 0;
    encoding.sign = work->plan->path.sign == PATH_DIFFERENTIAL ? ENCODING_DIFFERENTIAL : ENCODING_OFFSET;
    encoding.v_read_volts = d->drive_volts;
    enum rs_status status = mapping_init(&array, &encoding, d->g_min_siemens, d->g_max_siemens,
                                         network->n_rows - n_bias, mapping, err);
    if (status == RS_OK)
        mapping_reserve(mapping, n_bias);
    return status;
}

static enum rs_status solve_replica(struct work *work, struct rs_error *err)
{
    if (work->plan->reference.kind != PATH_REPLICA)
        return RS_OK;
    enum rs_status status = array_file_read(work->plan->reference.replica, true, &work->replica, err);
    if (status != RS_OK)
        return status;
    work->replica_amperes = memory_allocate(work->replica.network.n_columns, sizeof(double), err);
    if (work->replica_amperes == NULL)
        return RS_INTERNAL;
    return prediction_solve(&work->replica, 1, work->replica.voltage, work->replica_amperes, err);
}

/* --- drawing --- */

static struct random_key key_of(const struct work *work, size_t i_deck, uint32_t draw)
{
    return (struct random_key){.seed = (uint64_t)work->decisions->options->seed,
                               .purpose = RANDOM_CALIBRATION,
                               .trial = 1, /* 0: decks of the fit */
                               .array = (uint32_t)i_deck,
                               .draw = draw};
}

static void draw_codes(const struct random_key *key, int limit, size_t n, int16_t *codes)
{
    for (size_t i = 0; i < n; i++)
        codes[i] = (int16_t)((int)random_integer(key, (uint32_t)i, (uint32_t)(2 * limit + 1)) - limit);
}

/* Of a reference that stays where it is, queries are chosen: so many are drawn for each. */
enum { N_CANDIDATES = 32 };

/* Keys. Bias rows keep what the file has. */
static enum rs_status draw_keys(struct work *work, size_t i_deck, struct instance *x, struct rs_error *err)
{
    const struct mapping *m = &work->decisions->prediction.mapping;
    struct random_key key = key_of(work, i_deck, DRAW_KEYS);
    int16_t *codes = memory_allocate(m->d * m->n_keys_per_array, sizeof *codes, err);
    if (codes == NULL)
        return RS_INTERNAL;
    draw_codes(&key, m->key_limit, m->d * m->n_keys_per_array, codes);
    mapping_targets(m, 0, 0, m->n_keys_per_array, codes, x->conductance);
    free(codes);
    for (size_t i = m->n_rows - count_bias_rows(work->plan); i < m->n_rows; i++)
        memcpy(x->conductance + i * m->n_columns, work->array->conductance + i * m->n_columns,
               m->n_columns * sizeof(double));
    return RS_OK;
}

/* One candidate of every query: volts [n_queries][n_rows]. */
static enum rs_status draw_queries(struct work *work, size_t i_deck, uint32_t candidate, double *volts,
                                   struct rs_error *err)
{
    const struct mapping *m = &work->decisions->prediction.mapping;
    size_t n_queries = work->decisions->n_queries, n_bias = count_bias_rows(work->plan);
    struct random_key key = key_of(work, i_deck, DRAW_QUERIES);
    int16_t *codes = memory_allocate(m->d * n_queries, sizeof *codes, err);
    if (codes == NULL)
        return RS_INTERNAL;
    key.write = candidate;
    draw_codes(&key, m->query_limit, m->d * n_queries, codes);
    for (size_t v = 0; v < n_queries; v++) {
        mapping_volts(m, 0, codes + v * m->d, volts + v * m->n_rows);
        for (size_t i = m->n_rows - n_bias; i < m->n_rows; i++)
            volts[v * m->n_rows + i] = work->array->voltage != NULL ? work->array->voltage[i] : 0;
    }
    free(codes);
    return RS_OK;
}

static double plan_threshold(const struct path_plan *plan, size_t j)
{
    const struct option_reals *given = &plan->reference.threshold_amperes;
    return given->n == 1 ? given->values[0] : j < (size_t)given->n ? given->values[j] : 0;
}

/* The signal of one slot; that of the array alone, whatever stands behind it. */
static double signal_amperes(const struct mapping *mapping, const double *amperes, size_t j)
{
    size_t plus, minus;
    mapping_lines(mapping, j, &plus, &minus);
    return amperes[plus] - amperes[minus];
}

/* Whether each slot's reference can be put where it is wanted. */
static bool is_movable(const struct path_plan *plan)
{
    int kind = plan->reference.kind;
    return (kind == PATH_IDEAL || kind == PATH_CURRENT) && plan->reference.sharing == PATH_PER_COMPARATOR;
}

static double draw_uniform(const struct random_key *key, size_t cell)
{
    return (random_integer(key, (uint32_t)cell, 1 << 24) + 0.5) / (1 << 24);
}

/* Near: the signal less a distance in standard deviations of the offset. */
static void draw_thresholds(struct work *work, size_t i_deck, struct instance *x)
{
    struct decisions *d = work->decisions;
    const struct prediction *p = &d->prediction;
    struct random_key is_near = key_of(work, i_deck, DRAW_IS_NEAR),
                      distance = key_of(work, i_deck, DRAW_DISTANCE);
    double span =
        d->options->near_sigmas * p->sigma_volts / p->comparator.volts_per_unit * p->mapping.unit_amperes;
    for (size_t v = 0; v < d->n_queries; v++) {
        is_near.write = distance.write = (uint32_t)v;
        for (size_t j = 0; j < d->n_slots; j++) {
            size_t at = v * d->n_slots + j;
            double signal = signal_amperes(&p->mapping, x->amperes + v * p->mapping.n_columns, j);
            x->rows[at].is_near = draw_uniform(&is_near, j) < d->options->near_ratio;
            x->threshold_amperes[at] = x->rows[at].is_near
                                           ? signal - (2 * draw_uniform(&distance, j) - 1) * span
                                           : plan_threshold(work->plan, j);
        }
    }
}

/* Where the circuit or the plan has it: [n_queries][n_slots]. */
static void place_thresholds(const struct work *work, size_t n_queries, double *amperes)
{
    size_t n_slots = work->decisions->n_slots;
    for (size_t at = 0; at < n_queries * n_slots; at++)
        amperes[at] = work->plan->reference.kind == PATH_REPLICA ? work->replica_amperes[0]
                                                                 : plan_threshold(work->plan, at % n_slots);
}

static bool lies_near(const struct decisions *d, const struct prediction_decision *decision)
{
    return fabs(decision->input_volts - decision->shift_volts) <=
           d->options->near_sigmas * d->prediction.sigma_volts;
}

/* Of the candidates of query v, predicted [N_CANDIDATES][n_queries][n_slots], that with most slots near. */
static size_t choose(const struct decisions *d, size_t v, const struct prediction_decision *predicted)
{
    size_t best = 0, most = 0;
    for (size_t c = 0; c < N_CANDIDATES; c++) {
        size_t n_near = 0;
        for (size_t j = 0; j < d->n_slots; j++)
            n_near += lies_near(d, &predicted[(c * d->n_queries + v) * d->n_slots + j]);
        if (n_near > most) {
            most = n_near;
            best = c;
        }
    }
    return best;
}

/* Queries near the reference as it is; the share of them that stays far is the first that is drawn. */
static enum rs_status choose_queries(struct work *work, size_t i_deck, struct instance *x,
                                     struct rs_error *err)
{
    struct decisions *d = work->decisions;
    const struct mapping *m = &d->prediction.mapping;
    struct random_key is_near = key_of(work, i_deck, DRAW_IS_NEAR);
    size_t n = N_CANDIDATES * d->n_queries, n_volts = d->n_queries * m->n_rows;
    double *volts = memory_allocate(n * (m->n_rows + m->n_columns + d->n_slots), sizeof *volts, err);
    struct prediction_decision *predicted = memory_allocate(n * d->n_slots, sizeof *predicted, err);
    enum rs_status status = volts == NULL || predicted == NULL ? RS_INTERNAL : RS_OK;
    double *amperes = volts + n * m->n_rows, *thresholds = amperes + n * m->n_columns;
    struct path path = {.plan = work->plan, .array = &x->array, .n_vectors = n, .volts = volts};
    for (uint32_t c = 0; c < N_CANDIDATES && status == RS_OK; c++)
        status = draw_queries(work, i_deck, c, volts + c * n_volts, err);
    if (status == RS_OK)
        status = prediction_solve(&x->array, n, volts, amperes, err);
    if (status == RS_OK) {
        place_thresholds(work, n, thresholds);
        status = prediction_compute(&d->prediction, &path, amperes, thresholds, NULL, predicted, err);
    }
    for (size_t v = 0; v < d->n_queries && status == RS_OK; v++) {
        bool near = draw_uniform(&is_near, v) < d->options->near_ratio;
        size_t c = near ? choose(d, v, predicted) : 0;
        memcpy(x->volts + v * m->n_rows, volts + c * n_volts + v * m->n_rows, m->n_rows * sizeof(double));
    }
    free(volts);
    free(predicted);
    return status;
}

static enum rs_status allocate_instance(struct work *work, size_t i_deck, struct instance *x,
                                        struct rs_error *err)
{
    struct decisions *d = work->decisions;
    const struct mapping *m = &d->prediction.mapping;
    size_t n_mismatch = path_n_mismatch(&work->plan->latch), n_decisions = d->n_queries * d->n_slots;
    x->n_slots = d->n_slots;
    x->rows = d->rows + i_deck * n_decisions;
    x->conductance = memory_allocate(m->n_rows * m->n_columns, sizeof(double), err);
    x->volts = memory_allocate(d->n_queries * m->n_rows, sizeof(double), err);
    x->amperes = memory_allocate(d->n_queries * m->n_columns, sizeof(double), err);
    x->threshold_amperes = memory_allocate(n_decisions, sizeof(double), err);
    x->mismatch_volts = memory_allocate(d->n_slots * n_mismatch, sizeof(double), err);
    x->predicted = memory_allocate(n_decisions, sizeof *x->predicted, err);
    return x->conductance != NULL && x->volts != NULL && x->amperes != NULL && x->threshold_amperes != NULL &&
                   x->mismatch_volts != NULL && x->predicted != NULL
               ? RS_OK
               : RS_INTERNAL;
}

/* Keys, mismatch, queries, thresholds of one array. */
static enum rs_status draw_instance(struct work *work, size_t i_deck, struct instance *x,
                                    struct rs_error *err)
{
    struct decisions *d = work->decisions;
    bool movable = is_movable(work->plan);
    enum rs_status status = draw_keys(work, i_deck, x, err);
    if (status == RS_OK)
        status = path_draw_mismatch(&work->plan->latch,
                                    MISMATCH_SEED + ((uint64_t)d->options->seed << 20) + i_deck, d->n_slots,
                                    x->mismatch_volts, err);
    if (status == RS_OK)
        status =
            movable ? draw_queries(work, i_deck, 0, x->volts, err) : choose_queries(work, i_deck, x, err);
    if (status == RS_OK)
        status = prediction_solve(&x->array, d->n_queries, x->volts, x->amperes, err);
    if (status == RS_OK && movable)
        draw_thresholds(work, i_deck, x);
    else if (status == RS_OK)
        place_thresholds(work, d->n_queries, x->threshold_amperes);
    return status;
}

static void fill_row(const struct work *work, size_t i_deck, size_t k, struct instance *x)
{
    const struct decisions *d = work->decisions;
    struct decisions_row *row = &x->rows[k];
    row->deck = (int32_t)i_deck;
    row->query = (int32_t)(k / d->n_slots);
    row->slot = (int32_t)(k % d->n_slots);
    row->threshold_amperes = x->threshold_amperes[k];
    row->engine = x->predicted[k];
    if (!is_movable(work->plan))
        row->is_near = lies_near(d, &row->engine);
    for (size_t pair = 0; pair < COMPARATOR_PAIRS; pair++) {
        const double *shifts = x->mismatch_volts + (size_t)row->slot * path_n_mismatch(&work->plan->latch);
        row->pair_volts[pair] =
            d->prediction.knows_pairs ? shifts[2 * pair] - shifts[2 * pair + 1] : (double)NAN;
    }
}

/* Draws one array and says what the engine expects of it. */
static enum rs_status predict(struct work *work, size_t i_deck, struct rs_error *err)
{
    struct decisions *d = work->decisions;
    struct instance *x = &work->instances[i_deck];
    enum rs_status status = allocate_instance(work, i_deck, x, err);
    if (status != RS_OK)
        return status;
    x->array = *work->array; /* borrowed, but for the conductances */
    x->array.conductance = x->conductance;
    x->array.n_vectors = d->n_queries;
    x->array.voltage = x->volts;
    x->path = (struct path){.plan = work->plan,
                            .array = &x->array,
                            .n_vectors = d->n_queries,
                            .volts = x->volts,
                            .replica = work->plan->reference.kind == PATH_REPLICA ? &work->replica : NULL,
                            .threshold_amperes = x->threshold_amperes,
                            .mismatch_volts = x->mismatch_volts};
    status = draw_instance(work, i_deck, x, err);
    if (status == RS_OK)
        status = prediction_compute(&d->prediction, &x->path, x->amperes, x->threshold_amperes,
                                    x->mismatch_volts, x->predicted, err);
    for (size_t k = 0; k < d->n_queries * d->n_slots && status == RS_OK; k++)
        fill_row(work, i_deck, k, x);
    return status;
}

/* --- ngspice --- */

static bool take(void *state, const struct worker_values *values, struct worker_run *next)
{
    struct instance *x = state;
    size_t n = x->path.n_vectors * x->n_slots;
    struct path_decision *decisions = memory_allocate(n, sizeof *decisions, &x->reason);
    (void)next;
    x->good = decisions != NULL && path_request_read(&x->path, values, decisions, &x->reason) == RS_OK;
    for (size_t k = 0; k < n && x->good; k++)
        x->rows[k].ngspice = decisions[k];
    free(decisions);
    return false;
}

static enum rs_status add_deck(struct work *work, size_t i_deck, struct rs_error *err)
{
    struct instance *x = &work->instances[i_deck];
    struct path_request request = {0};
    char name[DECKS_NAME_SIZE];
    enum rs_status status = path_request_fill(&x->path, &request, err);
    if (status != RS_OK) {
        path_request_clear(&request);
        return status;
    }
    snprintf(name, sizeof name, "path %zu", i_deck);
    struct deck *deck = decks_add(&work->decks, name, request.deck);
    request.deck = NULL; /* theirs now */
    for (size_t k = 0; deck != NULL && k < request.n_vectors; k++)
        decks_ask(&work->decks, deck, request.vectors[k].name, 0);
    if (deck != NULL) {
        decks_add_run(&work->decks, deck, request.transient);
        request.transient = NULL;
        deck->take = take;
        deck->state = x;
    }
    path_request_clear(&request);
    return work->decks.failed ? rs_fail(err, RS_INTERNAL, "out of memory") : RS_OK;
}

static void show(void *context, size_t n_done, size_t n_failed)
{
    const struct work *work = context;
    (void)n_failed;
    if (work->hooks->show != NULL)
        work->hooks->show(work->hooks->context, n_done, work->decks.n);
}

static enum rs_status ask_ngspice(struct work *work, size_t n_workers, struct rs_error *err)
{
    struct decisions *d = work->decisions;
    const struct worker_options how = {.n_workers = n_workers,
                                       .program = work->hooks->program,
                                       .should_stop = work->hooks->should_stop,
                                       .stop_state = work->hooks->context};
    const struct decks_hooks hooks = {show, work};
    struct worker_pool *pool = NULL;
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < d->n_decks && status == RS_OK; i++)
        status = add_deck(work, i, err);
    if (status == RS_OK)
        status = worker_pool_create(&how, &pool, err);
    if (status != RS_OK)
        return status;
    snprintf(d->ngspice_version, sizeof d->ngspice_version, "%s (%s)", worker_pool_version(pool),
             worker_pool_way(pool));
    status = decks_run(&work->decks, pool, d->options->limit_seconds, &hooks, err);
    worker_pool_destroy(pool);
    for (size_t i = 0; i < d->n_decks && status == RS_OK; i++) {
        memcpy(d->deck_sha256[i], work->decks.decks[i].sha256, DIGEST_TEXT_SIZE);
        if (!work->instances[i].good)
            status = rs_fail(err, RS_IO, "path %zu: %s", i, work->instances[i].reason.text);
    }
    return status;
}

/* --- the whole --- */

static void clear_work(struct work *work)
{
    for (size_t i = 0; work->instances != NULL && i < work->decisions->n_decks; i++) {
        struct instance *x = &work->instances[i];
        free(x->conductance);
        free(x->volts);
        free(x->amperes);
        free(x->threshold_amperes);
        free(x->mismatch_volts);
        free(x->predicted);
    }
    free(work->instances);
    free(work->replica_amperes);
    array_file_clear(&work->replica);
    decks_clear(&work->decks);
}

static enum rs_status prepare(struct work *work, const struct calibration *calibration, struct rs_error *err)
{
    struct decisions *d = work->decisions;
    struct mapping mapping;
    enum rs_status status = make_mapping(work, &mapping, err);
    if (status == RS_OK)
        status =
            prediction_init(work->plan, &mapping, &work->array->network, calibration, &d->prediction, err);
    if (status == RS_OK)
        status = solve_replica(work, err);
    if (status != RS_OK)
        return status;
    d->n_decks = (size_t)d->options->n_decks;
    d->n_queries = (size_t)d->options->n_queries;
    d->n_slots = mapping.n_keys_per_array;
    d->rows = memory_allocate(d->n_decks * d->n_queries * d->n_slots, sizeof *d->rows, err);
    d->deck_sha256 = memory_allocate(d->n_decks, sizeof *d->deck_sha256, err);
    work->instances = memory_allocate(d->n_decks, sizeof *work->instances, err);
    return d->rows != NULL && d->deck_sha256 != NULL && work->instances != NULL ? RS_OK : RS_INTERNAL;
}

enum rs_status decisions_run(const struct array_file *array, const struct path_plan *plan,
                             const struct decisions_options *options, const struct calibration *calibration,
                             size_t n_workers, const struct decisions_hooks *hooks, struct decisions *out,
                             struct rs_error *err)
{
    struct work work = {.decisions = out, .array = array, .plan = plan, .hooks = hooks};
    *out = (struct decisions){.options = options};
    enum rs_status status = prepare(&work, calibration, err);
    for (size_t i = 0; i < out->n_decks && status == RS_OK; i++)
        status = predict(&work, i, err);
    if (status == RS_OK)
        status = ask_ngspice(&work, n_workers, err);
    clear_work(&work);
    return status;
}

void decisions_clear(struct decisions *decisions)
{
    prediction_clear(&decisions->prediction);
    free(decisions->rows);
    free(decisions->deck_sha256);
    *decisions = (struct decisions){0};
}
