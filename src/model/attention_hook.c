#include "model/attention_hook.h"

#include <string.h>

#include "base/clones.h"
#include "numeric/lanes.h"
#include "numeric/softmax.h"

/* scores [n_keys] = scale query . keys */
CLONES
static void score(size_t n_keys, size_t d, double scale, const float *query, const float *keys,
                  double *scores)
{
    for (size_t j = 0; j < n_keys; j++, keys += d) {
        lanes_f64 part = {0};
        size_t i = 0;
        for (; i + LANES <= d; i += LANES) {
            lanes_f32 x, y;
            memcpy(&x, query + i, sizeof x);
            memcpy(&y, keys + i, sizeof y);
            part += __builtin_convertvector(x, lanes_f64) * __builtin_convertvector(y, lanes_f64);
        }
        for (size_t l = 0; i < d; i++, l++)
            part[l] += (double)query[i] * (double)keys[i];
        scores[j] = scale * LANES_SUM(part);
    }
}

/* output [d] = weights values */
CLONES
static void weigh(size_t n_keys, size_t d, const double *weights, const float *values, float *output)
{
    size_t i = 0;
    for (; i + LANES <= d; i += LANES) {
        lanes_f64 sum = {0};
        for (size_t j = 0; j < n_keys; j++) {
            lanes_f32 value;
            memcpy(&value, values + j * d + i, sizeof value);
            sum += weights[j] * __builtin_convertvector(value, lanes_f64);
        }
        lanes_f32 rounded = __builtin_convertvector(sum, lanes_f32);
        memcpy(output + i, &rounded, sizeof rounded);
    }
    for (; i < d; i++) {
        double sum = 0;
        for (size_t j = 0; j < n_keys; j++)
            sum += weights[j] * (double)values[j * d + i];
        output[i] = (float)sum;
    }
}

static void attend(const struct attention_call *call, size_t n_visible, const float *query, float *output)
{
    score(n_visible, call->d, call->score_scale, query, call->k, call->scratch);
    softmax_probabilities(n_visible, call->scratch);
    weigh(n_visible, call->d, call->scratch, call->v, output);
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
