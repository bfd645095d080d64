/*
 * Softmax with an exponential of our own (exponential.h). Sums run in LANES interleaved parts, so bits depend
 * on the number of scores and on no processor.
 */
#ifndef NUMERIC_SOFTMAX_H
#define NUMERIC_SOFTMAX_H

#include <stddef.h>

/*
 * Replaces the n >= 1 finite scores by probabilities that add up to 1. Returns ln of the sum of exp(score),
 * so that -ln(probability i) is that minus score i, however small the probability.
 */
double softmax_compute(size_t n, double *scores);

/* The same without the logarithm. */
void softmax_probabilities(size_t n, double *scores);

/* exp(x) for x <= 0, to 4e-16 of itself; 0 below -708. */
double softmax_exp(double x);

/* The largest of n >= 1 numbers. */
double softmax_largest(size_t n, const double *values);

#endif
