#include "learn/thresholds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum rs_status thresholds_init(const struct threshold_options *options, size_t n_layers, size_t n_heads,
                               struct thresholds *out, struct rs_error *err)
{
    size_t n = n_layers * n_heads;
    *out = (struct thresholds){.options = options, .n_layers = n_layers, .n_heads = n_heads};
    out->values = memory_allocate(n, sizeof *out->values, err);
    out->gradient = memory_allocate(n, sizeof *out->gradient, err);
    if (out->values != NULL && out->gradient != NULL && adam_init(&out->adam, n, err) == RS_OK)
        return RS_OK;
    thresholds_clear(out);
    return RS_INTERNAL;
}

void thresholds_clear(struct thresholds *thresholds)
{
    adam_clear(&thresholds->adam);
    free(thresholds->values);
    free(thresholds->gradient);
    *thresholds = (struct thresholds){0};
}

void thresholds_step(struct thresholds *thresholds, double rate, double factor)
{
    size_t n_heads = thresholds->n_heads, n = thresholds->n_layers * n_heads;
    double *gradient = thresholds->gradient;
    for (size_t layer = 0; thresholds->options->sharing == THRESHOLD_LAYER && layer < thresholds->n_layers;
         layer++) {
        double sum = 0, *own = gradient + layer * n_heads;
        for (size_t head = 0; head < n_heads; head++)
            sum += own[head];
        for (size_t head = 0; head < n_heads; head++)
            own[head] = sum;
    }
    adam_step(&thresholds->adam, rate, 0, factor, gradient, thresholds->values);
    memset(gradient, 0, n * sizeof *gradient);
}

enum rs_status thresholds_scores_init(size_t n_layers, size_t n_heads, struct thresholds_scores *out,
                                      struct rs_error *err)
{
    *out = (struct thresholds_scores){.n_heads = (int)n_heads, .n_lists = n_layers * n_heads};
    out->lists = memory_allocate(out->n_lists, sizeof *out->lists, err);
    return out->lists != NULL ? RS_OK : RS_INTERNAL;
}

void thresholds_scores_clear(struct thresholds_scores *scores)
{
    for (size_t i = 0; scores->lists != NULL && i < scores->n_lists; i++)
        free(scores->lists[i].scores);
    free(scores->lists);
    *scores = (struct thresholds_scores){0};
}

static double product(size_t d, const float *x, const float *y)
{
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

static enum rs_status reserve(struct thresholds_list *list, size_t n_more, struct rs_error *err)
{
    if (list->n + n_more <= list->capacity)
        return RS_OK;
    size_t capacity = 2 * list->capacity + n_more + 1024;
    double *scores = realloc(list->scores, capacity * sizeof *scores);
    if (scores == NULL)
        return rs_fail(err, RS_INTERNAL, "out of memory: %zu calibration scores", capacity);
    list->scores = scores;
    list->capacity = capacity;
    return RS_OK;
}

enum rs_status thresholds_collect(void *context, const struct attention_call *call, struct rs_error *err)
{
    struct thresholds_scores *scores = context;
    for (int head = 0; head < call->n_query_heads; head++)
        for (size_t query = 0; query < call->n_queries; query++) {
            size_t n_visible = call->causal ? query + 1 : call->n_keys;
            const float *q = call->q + ((size_t)head * call->n_queries + query) * call->d;
            struct thresholds_list *list =
                &scores->lists[call->layer * scores->n_heads + call->kv_head * call->n_query_heads + head];
            enum rs_status status = reserve(list, n_visible, err);
            if (status != RS_OK)
                return status;
            for (size_t j = 0; j < n_visible; j++)
                list->scores[list->n++] = call->score_scale * product(call->d, q, call->k + j * call->d);
        }
    return attention_hook_exact(NULL, call, err);
}

static int descending(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a < b) - (a > b);
}

/* Midway between neighbours: just below its threshold a score has the steepest slope of all. */
static double quantile(double keep, struct thresholds_list *list)
{
    if (list->n == 0)
        return 0;
    qsort(list->scores, list->n, sizeof *list->scores, descending);
    size_t n_kept = (size_t)ceil(keep * (double)list->n);
    size_t at = n_kept > 0 ? n_kept - 1 : 0;
    return 0.5 * (list->scores[at] + list->scores[at + 1 < list->n ? at + 1 : at]);
}

void thresholds_start(struct thresholds *thresholds, const struct thresholds_scores *scores)
{
    const struct threshold_options *options = thresholds->options;
    for (size_t layer = 0; layer < thresholds->n_layers; layer++) {
        double sum = 0, *own = thresholds->values + layer * thresholds->n_heads;
        for (size_t head = 0; head < thresholds->n_heads; head++) {
            own[head] =
                options->start_keep == 0
                    ? 0
                    : quantile(options->start_keep, &scores->lists[layer * thresholds->n_heads + head]);
            sum += own[head];
        }
        for (size_t head = 0; options->sharing == THRESHOLD_LAYER && head < thresholds->n_heads; head++)
            own[head] = sum / (double)thresholds->n_heads;
    }
}
