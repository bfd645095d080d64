/* Means and intervals. */
#ifndef NUMERIC_STATISTICS_H
#define NUMERIC_STATISTICS_H

#include <stddef.h>

/*
 * Mean of `n` values and half the width of its two-sided Student t interval at `confidence` (0.95). n = 1
 * gives a width of NAN; a NAN among the values gives NAN. Values are added in order.
 */
void statistics_interval(const double *values, size_t n, double confidence, double *mean, double *half_width);

/* Of draws from one normal distribution. */
struct statistics_spread {
    double mean, mean_error, mean_low, mean_high;
    double sigma, sigma_error, sigma_low, sigma_high; /* error: sigma / sqrt(2 (n - 1)); ends by chi-square */
};

/* n >= 2; else everything but the mean is NAN. */
void statistics_spread(const double *values, size_t n, double confidence, struct statistics_spread *out);

/* What a two-sided interval of Student's t reaches, in standard errors; degrees > 0. */
double statistics_student(double confidence, double degrees);

/* The share behind k of n independent decisions: both ends of its exact interval (Clopper and Pearson,
 * Biometrika 26, 404, 1934); 0 and 1 for n = 0. */
void statistics_share(size_t k, size_t n, double confidence, double *low, double *high);

/* Version of the library behind these. */
const char *statistics_library_version(void);

#endif
