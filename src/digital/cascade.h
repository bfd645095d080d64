/*
 * SpAtten's importance scores and schedules (HPCA 2021, cascade token and head pruning). Which tokens and
 * heads stay is then a top-k (digital/topk.h) of the scores, local value pruning one of a query's
 * probabilities.
 */
#ifndef DIGITAL_CASCADE_H
#define DIGITAL_CASCADE_H

#include <stddef.h>
#include <stdint.h>

/* Importance of tokens: in whole units of 2^-30 (the published circuit's probabilities are fixed-point too),
 * so that a sum does not depend on its order, and rounding of a probability parts no ties. */
enum { CASCADE_FRACTION_BITS = 30 };

/* Shares of the layers that prune nothing: SpAtten's for tokens and for heads. */
#define CASCADE_UNPRUNED_TOKEN_LAYERS 0.15
#define CASCADE_UNPRUNED_HEAD_LAYERS 0.30

/* importance [n_keys] += the probabilities [n_keys] of one query of one head; over queries, heads, layers and
 * generated tokens. */
void cascade_add_tokens(const double *probabilities, size_t n_keys, int64_t *importance);

/* *head_score += sum |output| over outputs [n_queries][d] of one head of one layer. */
void cascade_add_head(const double *outputs, size_t n_queries, size_t d, double *head_score);

/*
 * The share that layer 0 ... n_layers - 1 prunes: 0 in layers below unpruned_share n_layers (rounded up:
 * chosen here), then from ratio_start in a straight line to ratio_end in the last layer. All shares 0 to 1.
 */
double cascade_prune_ratio(int layer, int n_layers, double unpruned_share, double ratio_start,
                           double ratio_end);

/* ceil((1 - prune_ratio) n): how many stay. Rounding of 1e-9 elements does not add one. */
size_t cascade_keep_count(size_t n, double prune_ratio);

#endif
