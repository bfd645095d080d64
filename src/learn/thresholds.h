/*
 * Thresholds on their way through fine-tuning, for models of any kind: their gradients, steps (Adam without
 * decay) and starting values. [layer][head]; with THRESHOLD_LAYER the heads of a layer share one.
 */
#ifndef LEARN_THRESHOLDS_H
#define LEARN_THRESHOLDS_H

#include "learn/adam.h"
#include "model/attention_hook.h"
#include "model/threshold_options.h"

struct thresholds {
    const struct threshold_options *options; /* borrowed */
    size_t n_layers, n_heads;
    double *values;   /* [n_layers][n_heads], score units */
    double *gradient; /* [n_layers][n_heads] */
    struct adam adam;
};

/* All 0. The caller clears it. */
enum rs_status thresholds_init(const struct threshold_options *options, size_t n_layers, size_t n_heads,
                               struct thresholds *out, struct rs_error *err) RS_MUST_CHECK;
void thresholds_clear(struct thresholds *thresholds);

/*
 * One step along `gradient` times `factor`; the gradients of heads that share a threshold are added. Then
 * `gradient` is 0.
 */
void thresholds_step(struct thresholds *thresholds, double rate, double factor);

/* Scores of calibration inputs, for thresholds_start: the context of thresholds_collect. */
struct thresholds_scores {
    int n_heads;
    size_t n_lists; /* n_layers * n_heads */
    struct thresholds_list {
        size_t n, capacity;
        double *scores;
    } * lists; /* [layer][head] */
};

enum rs_status thresholds_scores_init(size_t n_layers, size_t n_heads, struct thresholds_scores *out,
                                      struct rs_error *err) RS_MUST_CHECK;
void thresholds_scores_clear(struct thresholds_scores *scores);

/* A hook: notes the scores of visible keys and attends exactly. RS_INTERNAL where memory ends. */
attention_hook thresholds_collect;

/*
 * Each head's value that learned.start_keep of its scores reach, or the mean of these over heads that share a
 * threshold; 0 where the option is 0. Sorts the scores.
 */
void thresholds_start(struct thresholds *thresholds, const struct thresholds_scores *scores);

#endif
