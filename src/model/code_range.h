/*
 * The largest magnitudes of q, k and v per layer and head, from which code scales follow (definitions 1): a
 * hook that notes them and attends exactly, for one exact float pass over calibration inputs.
 */
#ifndef MODEL_CODE_RANGE_H
#define MODEL_CODE_RANGE_H

#include "model/attention_hook.h"

/* The hook's context. Arrays are the caller's and start at 0: query [layer][head], key and value [layer][kv
 * head]. */
struct code_range {
    int n_heads, n_kv_heads;
    double *query, *key, *value;
};

attention_hook code_range_hook;

#endif
