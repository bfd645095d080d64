/*
 * The place where hardware takes over from a model: one call for all queries that meet the keys of one
 * (layer, kv head). A model hands its queries, keys and values to the hook and goes on with what comes back,
 * so the errors of one layer reach the next. NULL in place of a hook means attention_hook_exact.
 */
#ifndef MODEL_ATTENTION_HOOK_H
#define MODEL_ATTENTION_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

struct attention_call {
    int layer, kv_head, n_query_heads; /* the query heads that share this kv head */
    size_t n_queries, n_keys, d;       /* d: width of queries, keys and values */
    bool causal;                       /* query i sees keys 0 ... i; then n_queries = n_keys */
    double score_scale;                /* factor on q.k */
    const float *q;                    /* [n_query_heads][n_queries][d] */
    const float *k, *v;                /* [n_keys][d] */
    float *output;                     /* [n_query_heads][n_queries][d] */
    double *scratch;                   /* [n_keys + d], the hook's to use */
};

typedef enum rs_status attention_hook(void *context, const struct attention_call *call, struct rs_error *err);

/* output = sum over visible keys of softmax(score_scale q.k) v, in double. `context` is not used. Never
 * fails. */
attention_hook attention_hook_exact;

/* The context of attention_hook_pruned; counts are added to. */
struct attention_pruning {
    int n_heads;              /* query heads of a layer */
    const double *thresholds; /* [layer][query head], score units */
    int64_t n_kept, n_visible;
};

/*
 * The same over the keys whose score is at least the threshold, in floating point; a query that keeps nothing
 * attends to its largest score (of equal ones the first), which is not counted as kept. Never fails.
 */
attention_hook attention_hook_pruned;

#endif
