#include "attention/costing.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cost/bits.h"

/* The sets of one query. */
enum { KEEP, SURVIVE, VALUE, EXACT, N_SETS };

struct costing {
    const struct attention_setup *setup;
    size_t n_words;
    struct cost *costs[COST_SECTION_SYSTEMS_MAX], *exact[COST_SECTION_SYSTEMS_MAX]; /* NULL until a call */
    struct cost_query *queries; /* [n_query_heads][n_queries_max]; bits and sets point below */
    uint64_t *sets;             /* [n_query_heads][n_queries_max][N_SETS][n_words] */
    bool *heads_pruned;         /* [n_query_heads], by all queries of the call */
    uint8_t *bits;              /* [n_query_heads][n_queries_max][n_keys_max], or NULL */
};

static size_t place(const struct costing *costing, size_t i_query, size_t i_head)
{
    return i_head * costing->setup->shape.n_queries_max + i_query;
}

enum rs_status costing_create(const struct attention_setup *setup, struct costing **out, struct rs_error *err)
{
    *out = NULL;
    if (setup->n_cost_systems == 0)
        return RS_OK;
    struct costing *costing = memory_allocate(1, sizeof *costing, err);
    if (costing == NULL)
        return RS_INTERNAL;
    costing->setup = setup;
    costing->n_words = bits_words(setup->shape.n_keys_max);
    size_t n = setup_reads_max(setup);
    costing->queries = memory_allocate(n, sizeof *costing->queries, err);
    costing->sets = memory_allocate(n * N_SETS * costing->n_words, sizeof *costing->sets, err);
    costing->heads_pruned = memory_allocate((size_t)setup->shape.n_heads, sizeof(bool), err);
    if (setup->counts_bits)
        costing->bits = memory_allocate(n * setup->shape.n_keys_max, 1, err);
    if (costing->queries == NULL || costing->sets == NULL || costing->heads_pruned == NULL ||
        (setup->counts_bits && costing->bits == NULL)) {
        costing_destroy(costing);
        return RS_INTERNAL;
    }
    *out = costing;
    return RS_OK;
}

void costing_reset(struct costing *costing)
{
    for (size_t i = 0; i < COST_SECTION_SYSTEMS_MAX; i++) {
        cost_destroy(costing->costs[i]);
        cost_destroy(costing->exact[i]);
        costing->costs[i] = costing->exact[i] = NULL;
    }
}

void costing_destroy(struct costing *costing)
{
    if (costing == NULL)
        return;
    costing_reset(costing);
    free(costing->queries);
    free(costing->sets);
    free(costing->heads_pruned);
    free(costing->bits);
    free(costing);
}

/* All nine, when the first call of a trial comes. */
static enum rs_status open_systems(struct costing *costing, struct rs_error *err)
{
    const struct attention_setup *setup = costing->setup;
    const struct attention_shape *shape = &setup->shape;
    size_t padded = (size_t)setup->cost.padded_length;
    const struct cost_shape cost_shape = {.n_layers = (size_t)shape->n_layers,
                                          .n_heads = (size_t)shape->n_heads,
                                          .n_kv_heads = (size_t)shape->n_kv_heads,
                                          .d_head = shape->d,
                                          .max_tokens =
                                              padded > shape->n_keys_max ? padded : shape->n_keys_max,
                                          .operand_bits = (int)setup->encoding.bits,
                                          .readout_bits = setup->readout_bits};
    struct cost_options options = setup->cost.options;
    enum rs_status status = RS_OK;
    options.bits_per_cycle = setup->recompute.bits_per_cycle;
    options.unpruned = setup->keeps_all;
    for (size_t i = 0; i < setup->n_cost_systems && status == RS_OK; i++) {
        const struct cost_system *system = setup->cost_systems[i];
        options.alone = false;
        status = cost_create(system->name, &cost_shape, &options, &costing->costs[i], err);
        options.alone = true;
        if (status == RS_OK && system->prunes && system->requests_kept)
            status = cost_create(system->name, &cost_shape, &options, &costing->exact[i], err);
    }
    return status;
}

/* set [n_words] of the flags [n]. */
static void pack(const bool *flags, size_t n, size_t n_words, uint64_t *set)
{
    memset(set, 0, n_words * sizeof *set);
    for (size_t j = 0; j < n; j++)
        set[j / 64] |= (uint64_t)flags[j] << (j % 64);
}

static const enum cost_precision precisions[] = {[POLICY_PRECISION_FULL] = COST_PRECISION_FULL,
                                                 [POLICY_PRECISION_MSB] = COST_PRECISION_MSB,
                                                 [POLICY_PRECISION_REFETCH] = COST_PRECISION_REFETCH};

void costing_note(struct costing *costing, size_t i_query, size_t i_head, const struct query *query,
                  struct query_scratch *scratch, double array_joules)
{
    size_t at = place(costing, i_query, i_head), n_words = costing->n_words;
    uint64_t *sets = costing->sets + at * N_SETS * n_words;
    const struct policy_work *work = &scratch->work;
    costing->heads_pruned[i_head] = work->head_pruned && (i_query == 0 || costing->heads_pruned[i_head]);
    pack(scratch->fetched, query->n_keys, n_words, sets + KEEP * n_words);
    pack(scratch->final, query->n_keys, n_words, sets + SURVIVE * n_words);
    pack(scratch->value, query->n_keys, n_words, sets + VALUE * n_words);
    pack(scratch->exact_keep, query->n_keys, n_words, sets + EXACT * n_words);
    uint8_t *bits = costing->bits != NULL ? costing->bits + at * costing->setup->shape.n_keys_max : NULL;
    if (bits != NULL)
        query_count_bits(costing->setup, query, scratch, bits);
    costing->queries[at] = (struct cost_query){.n_visible = query->n_keys,
                                               .keep = sets + KEEP * n_words,
                                               .survive = sets + SURVIVE * n_words,
                                               .value = sets + VALUE * n_words,
                                               .bits = bits,
                                               .pruned = work->query_pruned || work->head_pruned,
                                               .precision = precisions[work->precision],
                                               .n_topk_cycles = work->n_topk_cycles,
                                               .n_topk_elements = work->n_topk_elements,
                                               .n_search_rounds = work->n_search_rounds,
                                               .n_comparators = work->n_comparators,
                                               .n_readouts = work->n_readouts,
                                               .array_joules = array_joules};
}

static enum rs_status feed(struct cost *cost, const struct cost_sequence *sequence, size_t n_queries,
                           const struct cost_query *queries, const uint64_t *exact, size_t stride,
                           struct rs_error *err)
{
    enum rs_status status = cost_begin(cost, sequence, err);
    for (size_t i = 0; i < n_queries && status == RS_OK; i++) {
        struct cost_query query = queries[i];
        if (exact != NULL) {
            query.keep = exact + i * stride;
            query.survive = query.value = NULL;
            query.pruned = false;
        }
        status = cost_query(cost, &query, err);
    }
    return status;
}

enum rs_status costing_take(struct costing *costing, const struct costing_call *call, struct rs_error *err)
{
    const struct attention_setup *setup = costing->setup;
    size_t stride = N_SETS * costing->n_words, padded = (size_t)setup->cost.padded_length;
    enum rs_status status = costing->costs[0] == NULL ? open_systems(costing, err) : RS_OK;
    for (size_t h = 0; h < call->n_query_heads && status == RS_OK; h++) {
        struct cost_sequence sequence = {.sample = call->sample,
                                         .layer = call->layer,
                                         .head = call->kv_head * call->n_query_heads + h,
                                         .n_tokens = call->n_keys,
                                         .n_padded = padded,
                                         .causal = call->causal,
                                         .prefill = setup->array.fill == ARRAY_FILL_PREFILL};
        size_t at = place(costing, 0, h);
        const uint64_t *exact = costing->sets + at * stride + EXACT * costing->n_words;
        for (size_t i = 0; i < setup->n_cost_systems && status == RS_OK; i++) {
            sequence.pruned = costing->heads_pruned[h];
            status = feed(costing->costs[i], &sequence, call->n_queries, costing->queries + at, NULL, 0, err);
            sequence.pruned = false;
            if (status == RS_OK && costing->exact[i] != NULL)
                status = feed(costing->exact[i], &sequence, call->n_queries, costing->queries + at, exact,
                              stride, err);
        }
    }
    return status;
}

void costing_answer(struct costing *costing, size_t i, struct cost_answer *answer, double *exact_bits_read)
{
    struct cost_answer exact;
    cost_end(costing->costs[i], answer);
    *exact_bits_read = answer->memory_bits_read;
    if (costing->exact[i] == NULL)
        return;
    cost_end(costing->exact[i], &exact);
    *exact_bits_read = exact.memory_bits_read;
}
