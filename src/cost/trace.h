/*
 * What a run tells the cost systems: one sequence (sample, layer, head) after another, in each its queries in
 * order. Sets are packed bits (bits.h) of n_tokens keys; visible keys are keys 0 ... n_visible - 1. Pointers
 * are read during the call only.
 */
#ifndef COST_TRACE_H
#define COST_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cost_shape {
    size_t n_layers, n_heads, n_kv_heads, d_head;
    size_t max_tokens; /* longest sequence, padding included */
    int operand_bits;  /* of q, k and v with their sign (encoding.bits), 2 to 16 */
    int readout_bits;  /* of the converter, where n_readouts > 0; 0 = ideal, charged as 8 */
};

struct cost_sequence {
    size_t sample, layer, head;
    size_t n_tokens; /* keys */
    size_t n_padded; /* length with padding; 0 = n_tokens */
    bool causal;     /* what padded queries would see: keys up to their own place, or all */
    bool prefill;    /* the array reads all n_tokens columns for every query, not only the visible ones */
    bool separate; /* each query comes from a pass of its own (generation): nothing stays on chip between them
                    */
    bool pruned;   /* this head is not computed at all (cascade head pruning) */
};

enum cost_precision {
    COST_PRECISION_FULL,
    COST_PRECISION_MSB,    /* progressive quantisation: the MSBs sufficed */
    COST_PRECISION_REFETCH /* ... they did not; LSBs were fetched and the scores computed again */
};

struct cost_query {
    size_t n_visible;
    const uint64_t *keep;    /* decided to keep: key fetched and score recomputed; a subset of the visible */
    const uint64_t *survive; /* entering the softmax; subset of keep; NULL = keep */
    const uint64_t *value;   /* whose value vector is used; subset of survive; NULL = survive */
    const uint8_t
        *bits;   /* [n_visible] magnitude bits that a bit-serial unit processed; 0 = all; NULL = all */
    bool pruned; /* the query's token is pruned: not computed at all */
    enum cost_precision precision;
    uint64_t n_topk_cycles;   /* of the local top-k engine; 0 = expected cycles of the model (topk_model.h) */
    uint64_t n_topk_elements; /* ... and elements it compared */
    uint64_t n_search_rounds; /* iterations of A3's candidate search; 0 = A3_SEARCH_SHARE n_visible */
    uint64_t n_comparators;   /* per column; 2 where a pair decides prune, keep or uncertain; 0 without
                                 readouts counts as 1 */
    uint64_t n_readouts;      /* analog values converted */
    double array_joules;      /* solved read energy (cost_array_joules), NAN = unknown */
};

#endif
