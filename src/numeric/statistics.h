/* Means and intervals. */
#ifndef NUMERIC_STATISTICS_H
#define NUMERIC_STATISTICS_H

#include <stddef.h>

/*
 * Mean of `n` values and half the width of its two-sided Student t interval at `confidence` (0.95). n = 1
 * gives a width of NAN; a NAN among the values gives NAN. Values are added in order.
 */
void statistics_interval(const double *values, size_t n, double confidence, double *mean, double *half_width);

/* Version of the library behind these. */
const char *statistics_library_version(void);

#endif
