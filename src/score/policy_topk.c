/*
 * The k largest of a query's visible keys, k = ceil(prune.keep_ratio x keys), ties to the lower index. In
 * analog: a ramp on the common reference falls from above every signal, and the first k keys that fire are
 * kept. Top-k per query is SpAtten's (HPCA 2021); its engine (digital/topk.h) ranks here, so that its cycles
 * and comparisons on the same values are known. A ramp that stops after k crossings: Topkima-Former
 * (arXiv:2411.13050, abstract).
 */
#include "score/policies.h"
#include "score/threshold.h"

static struct topk_result choose(const struct policy_query *query, struct policy_room *room, bool *keep)
{
    const struct topk_unit unit = {TOPK_PARALLELISM, TOPK_FIFO_ROWS};
    size_t k = threshold_count(prune_options_keep_ratio(query->options), query->n_keys);
    struct random_key key = *query->key;
    key.purpose = RANDOM_PIVOT;
    return topk_choose(room->topk, &unit, room->reals, query->n_keys, k, &key, keep);
}

static void decide(const struct policy_query *query, struct policy_room *room, struct policy_answer *answer)
{
    for (size_t j = 0; j < query->n_keys; j++)
        room->reals[j] = policy_snap(query->comparator_units[j]);
    struct topk_result result = choose(query, room, answer->keep);
    answer->work.n_comparators = 1;
    answer->work.n_topk_cycles = result.cycles + result.filter_cycles + result.stall_cycles;
    answer->work.n_topk_elements = result.n_compared;
}

static void decide_exact(const struct policy_query *query, struct policy_room *room, bool *keep)
{
    for (size_t j = 0; j < query->n_keys; j++)
        room->reals[j] = (double)query->exact_sums[j];
    (void)choose(query, room, keep);
}

const struct policy policy_topk = {
    .name = "topk",
    .summary = "the first keys to fire as a common reference ramps down",
    .source = "SpAtten, HPCA 2021 (top-k); Topkima-Former, arXiv:2411.13050 (ramp)",
    .input = POLICY_INPUT_RAMP,
    .ranks = true,
    .decide = decide,
    .decide_exact = decide_exact,
};
