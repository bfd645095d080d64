/*
 * How long decisions took, as counts in bins of t: 128 per factor of 2, from 2^-44 s to 2^-10 s. Whole
 * numbers, so a quantile does not depend on the order of decisions.
 */
#ifndef ATTENTION_DELAYS_H
#define ATTENTION_DELAYS_H

#include <stdint.h>

enum {
    DELAYS_EXPONENT_LOW = -43, /* of frexp: t = f 2^e, 0.5 <= f < 1 */
    DELAYS_EXPONENT_HIGH = -10,
    DELAYS_PER_OCTAVE = 128,
    DELAYS_BINS = (DELAYS_EXPONENT_HIGH - DELAYS_EXPONENT_LOW + 1) * DELAYS_PER_OCTAVE
};

/* Start from {0}. */
struct delays {
    int64_t n, n_below, n_above; /* all; shorter, longer than the bins (infinite ones too) */
    int64_t bins[DELAYS_BINS];
};

void delays_add(struct delays *delays, double seconds);

/*
 * The smallest delay that a share (0 ... 1) of all does not exceed, by the middle of its bin: within 1/256 of
 * it. Below the bins 0, above them infinite; NAN without any.
 */
double delays_quantile(const struct delays *delays, double share);

#endif
