/*
 * LeOPArd's soft threshold (Li et al., ISCA 2022, arXiv:2204.03227; form and constants as an independent
 * implementation has them: secondary) and the surrogate of the number of kept keys (remembered: assumed),
 * with their derivatives. In training it stands for the hard compare x >= Th of a run.
 *
 *     soft(x) = x tanh(s (x - Th))   x >= Th        s: sharpness, per score unit
 *             = c tanh(s (x - Th))   x <  Th        c: depth; softmax makes 0 of -c
 *     count   = sigmoid(k (soft(x) + c - alpha))    near 1 of a kept key, near 0 of a pruned one
 *
 * soft is 0 on both sides of Th, also where Th is below 0. The count's slope lies where c + soft(x) is about
 * alpha: on keys that are pruned, ln(2 c / alpha) / (2 s) below Th.
 *
 * The largest score of each query is spared (soft_threshold_spared): its value is the score itself, whatever
 * the threshold, and it counts as 1. That is the set of keys which a run with `prune.empty: best` attends to.
 *
 * The penalty of a model: `learned.weight` times the sum over layers of the mean over heads and queries of
 * the mean of `count` over the visible keys.
 *
 * All in double; a caller in single precision rounds what comes back. Inputs are finite; c, k, s above 0.
 */
#ifndef MODEL_SOFT_THRESHOLD_H
#define MODEL_SOFT_THRESHOLD_H

#include <stddef.h>

#include "numeric/softmax.h"

struct soft_threshold_law {
    double sharpness, depth, steepness, shift; /* s, c, k, alpha */
};

struct soft_threshold_point {
    double value;                  /* soft(x), what enters the softmax */
    double by_score, by_threshold; /* its derivatives by x and Th; on Th itself those of x >= Th */
    double count, count_by_value;  /* of the penalty, and its derivative by `value` */
};

/* Of the largest score of a query. */
static inline struct soft_threshold_point soft_threshold_spared(double score)
{
    return (struct soft_threshold_point){.value = score, .by_score = 1, .count = 1};
}

/*
 * Of any other score. `signal` meets the threshold in place of the score, which is what a kept key goes on
 * with, as an analog decision before an exact recompute: soft = x tanh(s (signal - Th)), and so below. What
 * the signal adds to the score is held fixed in the derivatives.
 */
static inline struct soft_threshold_point soft_threshold_seen(const struct soft_threshold_law *law,
                                                              double score, double signal, double threshold)
{
    double u = law->sharpness * (signal - threshold);
    /* tanh |u| = (1 - e) / (1 + e), 1 - tanh^2 = 4 e / (1 + e)^2; c + soft(x) of a pruned key without
     * cancellation. */
    double e = softmax_exp(u >= 0 ? -2 * u : 2 * u), inverse = 1 / (1 + e);
    double slope = law->sharpness * 4 * e * inverse * inverse, tangent = (1 - e) * inverse;
    struct soft_threshold_point point;
    double above_floor;
    if (u >= 0) {
        point.value = score * tangent;
        point.by_score = tangent + score * slope;
        point.by_threshold = -score * slope;
        above_floor = law->depth + point.value;
    } else {
        point.value = -law->depth * tangent;
        point.by_score = law->depth * slope;
        point.by_threshold = -point.by_score;
        above_floor = law->depth * 2 * e * inverse;
    }
    double v = law->steepness * (above_floor - law->shift), f = softmax_exp(v >= 0 ? -v : v), g = 1 / (1 + f);
    point.count = v >= 0 ? g : f * g;
    point.count_by_value = law->steepness * f * g * g;
    return point;
}

/* The same where scores themselves decide. */
static inline struct soft_threshold_point soft_threshold_at(const struct soft_threshold_law *law,
                                                            double score, double threshold)
{
    return soft_threshold_seen(law, score, score, threshold);
}

/* The first of the largest of n >= 1 scores. */
static inline size_t soft_threshold_best(size_t n, const double *scores)
{
    size_t best = 0;
    for (size_t j = 1; j < n; j++)
        if (scores[j] > scores[best])
            best = j;
    return best;
}

#endif
