#include "model/code_range.h"

#include <math.h>

static void raise_to_largest(const float *values, size_t n, double *largest)
{
    for (size_t i = 0; i < n; i++)
        if (fabs((double)values[i]) > *largest)
            *largest = fabs((double)values[i]);
}

enum rs_status code_range_hook(void *context, const struct attention_call *call, struct rs_error *err)
{
    struct code_range *range = context;
    size_t n_query = call->n_queries * call->d, n_key = call->n_keys * call->d;
    double *query = range->query + call->layer * range->n_heads + call->kv_head * call->n_query_heads;
    int kv = call->layer * range->n_kv_heads + call->kv_head;
    for (int head = 0; head < call->n_query_heads; head++)
        raise_to_largest(call->q + (size_t)head * n_query, n_query, query + head);
    raise_to_largest(call->k, n_key, range->key + kv);
    raise_to_largest(call->v, n_key, range->value + kv);
    return attention_hook_exact(NULL, call, err);
}
