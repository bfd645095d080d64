/*
 * Intervals of ratios sum(value) / sum(weight) over samples that are whole clusters (texts, questions):
 * samples are drawn again with replacement, never the words within them, and the interval is bias-corrected
 * and accelerated (BCa; Efron, JASA 82, 171, 1987). Its nominal level is widened for few samples by Student's
 * t and sqrt(n / (n - 1)) (Hesterberg, The American Statistician 69, 371, 2015, section 3.2). Draws are keyed
 * (numeric/random.h, RANDOM_RESAMPLE), so that all series and points see the same resamples.
 */
#ifndef NUMERIC_BOOTSTRAP_H
#define NUMERIC_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

enum { BOOTSTRAP_RESAMPLES = 2000 };

struct bootstrap_interval {
    double low, high;
};

/*
 * weights [n] >= 0, values [n_series][n], intervals [n_series]. Samples of weight 0 are left out. NAN ends
 * where fewer than two samples are left, or a value is NAN; equal ends where every resample gives the same.
 */
enum rs_status bootstrap_ratios(uint64_t seed, size_t n, const double *weights, size_t n_series,
                                const double *values, double confidence, struct bootstrap_interval *intervals,
                                struct rs_error *err) RS_MUST_CHECK;

#endif
