/*
 * SpAtten's cascade (HPCA 2021, Algorithm 1 and its sections on cascade token and head pruning, local value
 * pruning and progressive quantisation) as the policy `cascade`: what is remembered from query to query. Two
 * sides are kept next to each other: the analog one, which adds probabilities of read-out scores, and the
 * exact one, which adds those of the exact scores of the same q and k.
 *
 *     tokens   importance += probabilities, over queries, heads and layers; before its first query a layer
 *              keeps the top k of the tokens that are left, k = ceil((1 - ratio) n), ties to the lower index
 *     heads    importance += sum |output|, over queries and layers; the same with the query heads
 *     values   of a query's kept keys, those of the smallest probabilities are not used
 *     LSBs     of k are fetched where the query's largest probability is below a bound
 *
 * Where keys come with queries (self-attention) a pruned token's query is not computed either; its output is
 * 0, so that a model's residual passes its row on, which nothing reads any more. A pruned head's output is 0.
 *
 * Causal layers are generation: every query is a step of its own and has its own sets, from the importance
 * that queries up to itself have added in the layers before. Its own token always stays and counts among
 * the k: a token whose query is being computed is not pruned. Hardware goes from token to token and so knows
 * all layers of earlier tokens; here a layer is computed for all queries before the next.
 */
#ifndef SCORE_POLICY_CASCADE_H
#define SCORE_POLICY_CASCADE_H

#include "base/kernel.h"
#include "score/policy.h"

struct policy_cascade_shape {
    int n_layers, n_heads; /* query heads */
    size_t n_keys_max, n_queries_max;
    bool causal;
    bool self; /* queries and keys are the same tokens */
};

/*
 * The shares that layers 0 ... n_layers - 1 prune of tokens and of heads, [n_layers] each; keep_ratio: mean
 * share of tokens kept where the options leave it open. RS_INPUT, naming keys: lists that do not fit the
 * layers, ratios that leave 0 to 1.
 */
enum rs_status policy_cascade_schedule(const struct prune_options *options, int n_layers,
                                       double *token_ratios, double *head_ratios,
                                       struct rs_error *err) RS_MUST_CHECK;

/* RS_INPUT as policy_cascade_schedule. The state belongs to one thread. */
enum rs_status policy_cascade_create(const struct prune_options *options,
                                     const struct policy_cascade_shape *shape, enum kernel kernel,
                                     struct policy_cascade **out, struct rs_error *err) RS_MUST_CHECK;
void policy_cascade_destroy(struct policy_cascade *cascade);

/* A sample begins: everything is there again, of no importance. */
void policy_cascade_reset(struct policy_cascade *cascade);

/* Queries of `layer` follow; the first call of a layer decides what it keeps. Layers come in order from 0,
 * each with the same numbers of queries and keys. */
void policy_cascade_begin(struct policy_cascade *cascade, int layer, size_t n_queries, size_t n_keys);

/* The outputs [d] of query i_query of a query head, for the heads' importance; NULL: that side has none. */
void policy_cascade_add_outputs(struct policy_cascade *cascade, size_t i_query, int head, size_t d,
                                const double *output, const double *exact_output);

#endif
