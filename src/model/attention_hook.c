#include "model/attention_hook.h"

#include "numeric/softmax.h"

static double product(size_t d, const float *x, const float *y)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

static void attend(const struct attention_call *call, size_t n_visible, const float *query, float *output)
{
    double *weights = call->scratch, *sums = call->scratch + call->n_keys;
    for (size_t j = 0; j < n_visible; j++)
        weights[j] = call->score_scale * product(call->d, query, call->k + j * call->d);
    softmax_compute(n_visible, weights);
    for (size_t i = 0; i < call->d; i++)
        sums[i] = 0;
    for (size_t j = 0; j < n_visible; j++)
        for (size_t i = 0; i < call->d; i++)
            sums[i] += weights[j] * (double)call->v[j * call->d + i];
    for (size_t i = 0; i < call->d; i++)
        output[i] = (float)sums[i];
}

enum rs_status attention_hook_exact(void *context, const struct attention_call *call, struct rs_error *err)
{
    (void)context;
    (void)err;
    for (int head = 0; head < call->n_query_heads; head++)
        for (size_t query = 0; query < call->n_queries; query++) {
            size_t row = ((size_t)head * call->n_queries + query) * call->d;
            attend(call, call->causal ? query + 1 : call->n_keys, call->q + row, call->output + row);
        }
    return RS_OK;
}
