/*
 * Keyed decision bits with stated statistics, for tests and benches: each key is a two-state chain over the
 * queries. Of the keys kept by a query, `shared_ratio` (expected) were kept by the one before; every query
 * keeps `keep_ratio` of its visible keys (expected). The draws depend on (seed, layer, head, query, key)
 * alone.
 */
#ifndef COST_SYNTHETIC_H
#define COST_SYNTHETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cost/cost.h"

struct synthetic {
    uint64_t seed;
    size_t n_layers, n_heads, n_tokens, n_padded;
    bool causal;
    double keep_ratio, shared_ratio; /* shared_ratio >= 2 - 1 / keep_ratio, or the chain does not exist */
    double value_ratio;              /* of the kept, whose value is used; 1 = all */
    int operand_bits; /* pruned keys stop after 1 ... operand_bits - 1 magnitude bits, uniform */
};

/* RS_INPUT: ratios out of range. */
enum rs_status synthetic_check(const struct synthetic *synthetic, struct rs_error *err) RS_MUST_CHECK;

/*
 * The sets of one query; keep [words of n_tokens] holds those of the query before (unread for query 0), value
 * [words] and bits [n_tokens] may be NULL; scratch [n_tokens].
 */
void synthetic_query(const struct synthetic *synthetic, size_t layer, size_t head, size_t i_query,
                     uint64_t *keep, uint64_t *value, uint8_t *bits, double *scratch);

/* Feeds the whole of it to `cost`, of one sample. */
enum rs_status synthetic_feed(const struct synthetic *synthetic, struct cost *cost,
                              struct rs_error *err) RS_MUST_CHECK;

/*
 * Keep rates by layer of SpAtten's released GPT-2 traces (authors' data; the arithmetic is ours): part of the
 * keys and values fetched per layer, and heads left.
 */
struct synthetic_schedule {
    const char *name;
    size_t n_layers, n_heads;
    double key_ratio[24], value_ratio[24];
    size_t n_heads_left[24];
};

extern const struct synthetic_schedule synthetic_gpt2_small, synthetic_gpt2_medium;

#endif
