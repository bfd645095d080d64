#include "model/attention_hook.h"

#include "base/clones.h"
#include "numeric/softmax.h"

/* Sums run in this many interleaved parts. */
enum { LANES = 8 };

/* scores [n_keys] = scale query . keys */
CLONES
static void score(size_t n_keys, size_t d, double scale, const float *query, const float *keys,
                  double *scores)
{
    for (size_t j = 0; j < n_keys; j++, keys += d) {
        double part[LANES] = {0};
        size_t i = 0;
        for (; i + LANES <= d; i += LANES)
            for (size_t l = 0; l < LANES; l++)
                part[l] += (double)query[i + l] * (double)keys[i + l];
        for (size_t l = 0; i < d; i++, l++)
            part[l] += (double)query[i] * (double)keys[i];
        scores[j] =
            scale * ((part[0] + part[4]) + (part[1] + part[5]) + ((part[2] + part[6]) + (part[3] + part[7])));
    }
}

/* sums [d] = weights values */
CLONES
static void weigh(size_t n_keys, size_t d, const double *restrict weights, const float *restrict values,
                  double *restrict sums)
{
    for (size_t i = 0; i < d; i++)
        sums[i] = 0;
    for (size_t j = 0; j < n_keys; j++)
        for (size_t i = 0; i < d; i++)
            sums[i] += weights[j] * (double)values[j * d + i];
}

static void attend(const struct attention_call *call, size_t n_visible, const float *query, float *output)
{
    double *weights = call->scratch, *sums = call->scratch + call->n_keys;
    score(n_visible, call->d, call->score_scale, query, call->k, weights);
    softmax_compute(n_visible, weights);
    weigh(n_visible, call->d, weights, call->v, sums);
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
