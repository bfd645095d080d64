#include "model/attention_hook.h"

#include <math.h>

#include "model/soft_threshold.h"
#include "numeric/softmax.h"

static double product(size_t d, const float *x, const float *y)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

static void score(const struct attention_call *call, size_t n_visible, const float *query)
{
    for (size_t j = 0; j < n_visible; j++)
        call->scratch[j] = call->score_scale * product(call->d, query, call->k + j * call->d);
}

static void attend(const struct attention_call *call, size_t n_visible, float *output)
{
    double *weights = call->scratch, *sums = call->scratch + call->n_keys;
    softmax_compute(n_visible, weights);
    for (size_t i = 0; i < call->d; i++)
        sums[i] = 0;
    for (size_t j = 0; j < n_visible; j++)
        for (size_t i = 0; i < call->d; i++)
            sums[i] += weights[j] * (double)call->v[j * call->d + i];
    for (size_t i = 0; i < call->d; i++)
        output[i] = (float)sums[i];
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
            score(call, n_visible, call->q + row);
            if (pruning != NULL) {
                int i_head = call->layer * pruning->n_heads + call->kv_head * call->n_query_heads + head;
                pruning->n_visible += (int64_t)n_visible;
                pruning->n_kept += (int64_t)prune(pruning->thresholds[i_head], n_visible, call->scratch);
            }
            attend(call, n_visible, call->output + row);
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
