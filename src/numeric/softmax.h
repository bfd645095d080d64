/*
 * Softmax with an exponential of our own, so that its bits depend on no libm. For x in [-708, 0] the
 * exponential's relative error is below 4e-16.
 */
#ifndef NUMERIC_SOFTMAX_H
#define NUMERIC_SOFTMAX_H

#include <stddef.h>

/*
 * Replaces the n >= 1 finite scores by probabilities that add up to 1. Returns ln of the sum of exp(score),
 * so that -ln(probability i) is that minus score i, however small the probability.
 */
double softmax_compute(size_t n, double *scores);

/* exp(x) for x <= 0, as softmax_compute uses it; 0 below -708. */
double softmax_exp(double x);

#endif
