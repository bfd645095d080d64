#include "model/attention_hook.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "model/soft_threshold.h"
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

/* Scores of pruned keys become minus infinity; returns how many are kept. */
static size_t prune(double threshold, size_t n, double *scores)
{
    size_t best = soft_threshold_best(n, scores), n_kept = 0;
    double top = scores[best];
    for (size_t j = 0; j < n; j++) {
        if (scores[j] >= threshold)
            n_kept++;
        else
            scores[j] = -(double)INFINITY;
    }
    scores[best] = top;
    return n_kept;
}

static void run(struct attention_pruning *pruning, const struct attention_call *call)
{
    for (int head = 0; head < call->n_query_heads; head++)
        for (size_t query = 0; query < call->n_queries; query++) {
            size_t row = ((size_t)head * call->n_queries + query) * call->d;
            size_t n_visible = call->causal ? query + 1 : call->n_keys;
            score(n_visible, call->d, call->score_scale, call->q + row, call->k, call->scratch);
            if (pruning != NULL) {
                int i_head = call->layer * pruning->n_heads + call->kv_head * call->n_query_heads + head;
                pruning->n_visible += (int64_t)n_visible;
                pruning->n_kept += (int64_t)prune(pruning->thresholds[i_head], n_visible, call->scratch);
            }
            softmax_probabilities(n_visible, call->scratch);
            weigh(n_visible, call->d, call->scratch, call->v, call->output + row);
        }
}

enum rs_status attention_hook_exact(void *context, const struct attention_call *call, struct rs_error *err)
{
    (void)context;
    (void)err;
    run(NULL, call);
    return RS_OK;
}

enum rs_status attention_hook_pruned(void *context, const struct attention_call *call, struct rs_error *err)
{
    (void)err;
    run(context, call);
    return RS_OK;
}
