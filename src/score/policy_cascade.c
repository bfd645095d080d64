#include "score/policy_cascade.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "digital/cascade.h"
#include "digital/progressive.h"
#include "numeric/softmax.h"
#include "score/policies.h"

enum { ANALOG, EXACT, N_SIDES };

/* One set of tokens and heads per query of a causal layer, else one for all. */
struct side {
    bool *tokens;        /* [n_sets_max][n_keys_max] not pruned */
    int64_t *importance; /* [n_sets_max][n_keys_max] added by the set's queries */
    bool *heads;         /* [n_sets_max][n_heads] */
    double *head_importance;
};

struct policy_cascade {
    struct policy_cascade_shape shape;
    double *token_ratios, *head_ratios; /* [n_layers] shares pruned */
    double value_ratio, progressive_bound;
    bool progressive;
    int layer; /* -1: the sample has none yet */
    size_t n_queries, n_keys, n_sets_max;
    struct side sides[N_SIDES];
    struct topk *topk;
    int64_t *sums; /* [n_keys_max]; below [n_keys_max or n_heads, whichever is more] */
    double *head_sums, *ranked;
    size_t *places;
    bool *chosen;
};

/* --- schedule --- */

static enum rs_status fill_list(const char *key, const struct option_reals *keep, int n_layers,
                                double *ratios, struct rs_error *err)
{
    if (keep->n != 1 && keep->n != n_layers)
        return rs_fail(err, RS_INPUT, "%s: %d numbers found, 1 or %d (one per layer) expected", key, keep->n,
                       n_layers);
    for (int layer = 0; layer < n_layers; layer++)
        ratios[layer] = 1 - keep->values[keep->n > 1 ? layer : 0];
    return RS_OK;
}

static void fill_line(double unpruned, double start, double end, int n_layers, double *ratios)
{
    for (int layer = 0; layer < n_layers; layer++)
        ratios[layer] = cascade_prune_ratio(layer, n_layers, unpruned, start, end);
}

/* SpAtten: start + end is twice the mean ratio. */
static enum rs_status fill_tokens(const struct prune_options *options, int n_layers, double *ratios,
                                  struct rs_error *err)
{
    double mean = 1 - prune_options_keep_ratio(options);
    double start = options->token_ratio_start, end = options->token_ratio_end;
    if (options->token_keep.n > 0)
        return fill_list("prune.token_keep", &options->token_keep, n_layers, ratios, err);
    if (isnan(start) && isnan(end))
        start = mean;
    if (isnan(start))
        start = 2 * mean - end;
    if (isnan(end))
        end = 2 * mean - start;
    if (!(start >= 0 && start <= 1 && end >= 0 && end <= 1))
        return rs_fail(err, RS_INPUT,
                       "prune.token_ratio_start and prune.token_ratio_end would be %g and %g with "
                       "prune.keep_ratio %g, 0 to 1 expected; the three fit where start + end is 2 (1 - "
                       "keep_ratio)",
                       start, end, 1 - mean);
    fill_line(options->token_unpruned_layers, start, end, n_layers, ratios);
    return RS_OK;
}

enum rs_status policy_cascade_schedule(const struct prune_options *options, int n_layers,
                                       double *token_ratios, double *head_ratios, struct rs_error *err)
{
    double start = options->head_ratio_start, end = options->head_ratio_end;
    enum rs_status status = fill_tokens(options, n_layers, token_ratios, err);
    if (status == RS_OK && options->head_keep.n > 0)
        status = fill_list("prune.head_keep", &options->head_keep, n_layers, head_ratios, err);
    else
        fill_line(options->head_unpruned_layers, start, isnan(end) ? start : end, n_layers, head_ratios);
    return status;
}

/* --- state --- */

static bool allocate_side(const struct policy_cascade *cascade, struct side *side, struct rs_error *err)
{
    size_t n_heads = (size_t)cascade->shape.n_heads, n_sets = cascade->n_sets_max;
    size_t n_places = n_sets * cascade->shape.n_keys_max;
    side->tokens = memory_allocate(n_places, sizeof *side->tokens, err);
    side->importance = memory_allocate(n_places, sizeof *side->importance, err);
    side->heads = memory_allocate(n_sets * n_heads, sizeof *side->heads, err);
    side->head_importance = memory_allocate(n_sets * n_heads, sizeof *side->head_importance, err);
    return side->tokens && side->importance && side->heads && side->head_importance;
}

static enum rs_status allocate(struct policy_cascade *cascade, enum kernel kernel, struct rs_error *err)
{
    size_t n_layers = (size_t)cascade->shape.n_layers, n_heads = (size_t)cascade->shape.n_heads;
    size_t n_keys = cascade->shape.n_keys_max, n_most = n_keys > n_heads ? n_keys : n_heads;
    cascade->token_ratios = memory_allocate(n_layers, sizeof(double), err);
    cascade->head_ratios = memory_allocate(n_layers, sizeof(double), err);
    cascade->sums = memory_allocate(n_keys, sizeof *cascade->sums, err);
    cascade->head_sums = memory_allocate(n_heads, sizeof(double), err);
    cascade->ranked = memory_allocate(n_most, sizeof(double), err);
    cascade->places = memory_allocate(n_most, sizeof *cascade->places, err);
    cascade->chosen = memory_allocate(n_most, sizeof(bool), err);
    bool all = cascade->token_ratios && cascade->head_ratios && cascade->sums && cascade->head_sums &&
               cascade->ranked && cascade->places && cascade->chosen &&
               allocate_side(cascade, &cascade->sides[ANALOG], err) &&
               allocate_side(cascade, &cascade->sides[EXACT], err);
    return all ? topk_create(n_most, kernel, &cascade->topk, err) : RS_INTERNAL;
}

enum rs_status policy_cascade_create(const struct prune_options *options,
                                     const struct policy_cascade_shape *shape, enum kernel kernel,
                                     struct policy_cascade **out, struct rs_error *err)
{
    struct policy_cascade *cascade = memory_allocate(1, sizeof *cascade, err);
    *out = NULL;
    if (cascade == NULL)
        return RS_INTERNAL;
    cascade->shape = *shape;
    cascade->n_sets_max = shape->causal ? shape->n_queries_max : 1;
    cascade->value_ratio = options->value_ratio;
    cascade->progressive = options->progressive_lsb_bits > 0;
    cascade->progressive_bound = options->progressive_bound;
    enum rs_status status = allocate(cascade, kernel, err);
    if (status == RS_OK)
        status = policy_cascade_schedule(options, shape->n_layers, cascade->token_ratios,
                                         cascade->head_ratios, err);
    policy_cascade_reset(cascade);
    if (status == RS_OK)
        *out = cascade;
    else
        policy_cascade_destroy(cascade);
    return status;
}

void policy_cascade_destroy(struct policy_cascade *cascade)
{
    if (cascade == NULL)
        return;
    for (int s = 0; s < N_SIDES; s++) {
        free(cascade->sides[s].tokens);
        free(cascade->sides[s].importance);
        free(cascade->sides[s].heads);
        free(cascade->sides[s].head_importance);
    }
    topk_destroy(cascade->topk);
    free(cascade->token_ratios);
    free(cascade->head_ratios);
    free(cascade->sums);
    free(cascade->head_sums);
    free(cascade->ranked);
    free(cascade->places);
    free(cascade->chosen);
    free(cascade);
}

void policy_cascade_reset(struct policy_cascade *cascade)
{
    cascade->layer = -1;
}

/* --- sets of a layer --- */

static size_t n_sets(const struct policy_cascade *cascade)
{
    return cascade->shape.causal ? cascade->n_queries : 1;
}

static void fill(struct policy_cascade *cascade, struct side *side)
{
    size_t sets = n_sets(cascade), n_heads = (size_t)cascade->shape.n_heads;
    size_t n_places = sets * cascade->shape.n_keys_max;
    memset(side->tokens, 1, n_places * sizeof *side->tokens);
    memset(side->importance, 0, n_places * sizeof *side->importance);
    memset(side->heads, 1, sets * n_heads * sizeof *side->heads);
    memset(side->head_importance, 0, sets * n_heads * sizeof *side->head_importance);
}

/* Of the n elements in `ranked`, whose places in `alive` are `places`, the k largest stay. Which pivots the
 * engine draws changes none of them. */
static void prune(struct policy_cascade *cascade, size_t n, size_t k, bool *alive)
{
    const struct topk_unit unit = {TOPK_PARALLELISM, 0};
    const struct random_key key = {.purpose = RANDOM_PIVOT};
    if (k >= n)
        return;
    topk_choose(cascade->topk, &unit, cascade->ranked, n, k, &key, cascade->chosen);
    for (size_t i = 0; i < n; i++)
        alive[cascade->places[i]] = cascade->chosen[i];
}

/* Keys 0 ... n_visible - 1 by `sums`; `own`, where it is one of them, stays. */
static void prune_tokens(struct policy_cascade *cascade, size_t n_visible, size_t own, double ratio,
                         bool *tokens)
{
    size_t k = cascade_keep_count(n_visible, ratio), n = 0;
    if (own < n_visible && k > 0)
        k--;
    for (size_t j = 0; j < n_visible; j++) {
        cascade->ranked[n] = (double)cascade->sums[j];
        cascade->places[n] = j;
        n += tokens[j] && j != own;
    }
    prune(cascade, n, k, tokens);
}

static void prune_heads(struct policy_cascade *cascade, double ratio, bool *heads)
{
    size_t n_heads = (size_t)cascade->shape.n_heads, n = 0;
    for (size_t h = 0; h < n_heads; h++) {
        cascade->ranked[n] = cascade->head_sums[h];
        cascade->places[n] = h;
        n += heads[h];
    }
    prune(cascade, n, cascade_keep_count(n_heads, ratio), heads);
}

static void prune_side(struct policy_cascade *cascade, struct side *side)
{
    size_t n_heads = (size_t)cascade->shape.n_heads, stride = cascade->shape.n_keys_max;
    memset(cascade->sums, 0, cascade->n_keys * sizeof *cascade->sums);
    memset(cascade->head_sums, 0, n_heads * sizeof *cascade->head_sums);
    for (size_t set = 0; set < n_sets(cascade); set++) {
        size_t n_visible = cascade->shape.causal ? set + 1 : cascade->n_keys;
        size_t own = cascade->shape.causal ? set : SIZE_MAX;
        for (size_t j = 0; j < n_visible; j++)
            cascade->sums[j] += side->importance[set * stride + j];
        for (size_t h = 0; h < n_heads; h++)
            cascade->head_sums[h] += side->head_importance[set * n_heads + h];
        prune_tokens(cascade, n_visible, own, cascade->token_ratios[cascade->layer],
                     side->tokens + set * stride);
        prune_heads(cascade, cascade->head_ratios[cascade->layer], side->heads + set * n_heads);
    }
}

void policy_cascade_begin(struct policy_cascade *cascade, int layer, size_t n_queries, size_t n_keys)
{
    rs_require(layer >= 0 && layer < cascade->shape.n_layers, "there is no such layer");
    rs_require(n_keys <= cascade->shape.n_keys_max && n_queries <= cascade->shape.n_queries_max,
               "more queries or keys than there is room for");
    if (layer == 0 && cascade->layer < 0) {
        cascade->n_queries = n_queries;
        cascade->n_keys = n_keys;
        for (int s = 0; s < N_SIDES; s++)
            fill(cascade, &cascade->sides[s]);
        cascade->layer = 0;
        return;
    }
    rs_require(n_queries == cascade->n_queries && n_keys == cascade->n_keys,
               "a layer's queries or keys are not those of the layers before");
    rs_require(layer == cascade->layer || layer == cascade->layer + 1, "layers do not come in order");
    if (layer == cascade->layer)
        return;
    cascade->layer = layer;
    for (int s = 0; s < N_SIDES; s++)
        prune_side(cascade, &cascade->sides[s]);
}

/* --- one query --- */

static size_t set_of(const struct policy_cascade *cascade, size_t i_query)
{
    return cascade->shape.causal ? i_query : 0;
}

static bool query_pruned(const struct policy_cascade *cascade, const struct side *side, size_t i_query)
{
    return cascade->shape.self && !cascade->shape.causal && !side->tokens[i_query];
}

static bool head_pruned(const struct policy_cascade *cascade, const struct side *side, size_t i_query,
                        int head)
{
    return !side->heads[set_of(cascade, i_query) * (size_t)cascade->shape.n_heads + (size_t)head];
}

/* Softmax of `scores` [n_keys] over the tokens that are left: keep and probabilities [n_keys], 0 where
 * pruned; adds to their importance. Returns how many are left. */
static size_t attend(struct policy_cascade *cascade, struct side *side, const struct policy_query *query,
                     const double *scores, bool *keep, double *probabilities)
{
    size_t at = set_of(cascade, query->i_query) * cascade->shape.n_keys_max, n = query->n_keys, n_left = 0;
    memcpy(keep, side->tokens + at, n * sizeof *keep);
    for (size_t j = 0; j < n; j++) {
        cascade->ranked[n_left] = scores[j];
        n_left += keep[j];
    }
    if (n_left > 0)
        softmax_compute(n_left, cascade->ranked);
    for (size_t j = 0, i = 0; j < n; j++)
        probabilities[j] = keep[j] ? cascade->ranked[i++] : 0;
    cascade_add_tokens(probabilities, n, side->importance + at);
    return n_left;
}

/* value [n_keys] of `keep`: the largest of the n_left probabilities that attend left in `ranked`. */
static struct topk_result choose_values(struct policy_cascade *cascade, const struct policy_query *query,
                                        size_t n_left, const bool *keep, bool *value)
{
    const struct topk_unit unit = {TOPK_PARALLELISM, TOPK_FIFO_ROWS};
    struct random_key key = *query->key;
    key.purpose = RANDOM_PIVOT;
    struct topk_result result =
        topk_choose(cascade->topk, &unit, cascade->ranked, n_left,
                    cascade_keep_count(n_left, cascade->value_ratio), &key, cascade->chosen);
    for (size_t j = 0, i = 0; j < query->n_keys; j++)
        value[j] = keep[j] && cascade->chosen[i++];
    return result;
}

static void decide(const struct policy_query *query, struct policy_room *room, struct policy_answer *answer)
{
    struct policy_cascade *cascade = room->cascade;
    struct side *side = &cascade->sides[ANALOG];
    struct policy_work *work = &answer->work;
    work->query_pruned = query_pruned(cascade, side, query->i_query);
    work->head_pruned = head_pruned(cascade, side, query->i_query, query->head);
    if (work->query_pruned || work->head_pruned) {
        memset(answer->keep, 0, query->n_keys * sizeof *answer->keep);
        return;
    }
    size_t n_left = attend(cascade, side, query, query->read_scores, answer->keep, room->reals);
    work->n_readouts = n_left;
    if (cascade->progressive && n_left > 0)
        work->precision = progressive_needs_lsb(cascade->ranked, n_left, cascade->progressive_bound)
                              ? POLICY_PRECISION_REFETCH
                              : POLICY_PRECISION_MSB;
    if (cascade->value_ratio > 0) {
        struct topk_result values = choose_values(cascade, query, n_left, answer->keep, answer->value);
        work->n_topk_cycles = values.cycles + values.stall_cycles + values.filter_cycles;
        work->n_topk_elements = values.n_compared;
    }
}

static void decide_exact(const struct policy_query *query, struct policy_room *room, bool *keep)
{
    struct policy_cascade *cascade = room->cascade;
    struct side *side = &cascade->sides[EXACT];
    room->exact_pruned = query_pruned(cascade, side, query->i_query) ||
                         head_pruned(cascade, side, query->i_query, query->head);
    if (room->exact_pruned) {
        memset(keep, 0, query->n_keys * sizeof *keep);
        return;
    }
    for (size_t j = 0; j < query->n_keys; j++)
        room->reals[j] = query->exact_unit * (double)query->exact_sums[j];
    size_t n_left = attend(cascade, side, query, room->reals, keep, room->reals);
    if (cascade->value_ratio > 0)
        choose_values(cascade, query, n_left, keep, room->exact_value);
}

void policy_cascade_add_outputs(struct policy_cascade *cascade, size_t i_query, int head, size_t d,
                                const double *output, const double *exact_output)
{
    const double *outputs[N_SIDES] = {output, exact_output};
    size_t at = set_of(cascade, i_query) * (size_t)cascade->shape.n_heads + (size_t)head;
    for (int s = 0; s < N_SIDES; s++)
        if (outputs[s] != NULL)
            cascade_add_head(outputs[s], 1, d, &cascade->sides[s].head_importance[at]);
}

const struct policy policy_cascade = {
    .name = "cascade",
    .summary = "tokens and heads of the largest importance, through all layers",
    .source = "SpAtten, HPCA 2021",
    .input = POLICY_INPUT_READOUT,
    .ranks = true,
    .cascades = true,
    .decide = decide,
    .decide_exact = decide_exact,
};
