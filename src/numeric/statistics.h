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

/*
 * A share from n samples, each a share of its own in 0 ... 1 that add up to `sum` (0 or 1: plain counts):
 * both ends of the score interval (Wilson, JASA 22, 209, 1927). Never wider than [0, 1]; those for n = 0.
 */
void statistics_wilson(double sum, double n, double confidence, double *low, double *high);

/*
 * The mean of n paired differences in -1 ... 1, such as right before - right after: both ends of the score
 * interval for paired proportions (Tango, Statistics in Medicine 17, 891, 1998), which has a width also where
 * no pair differs: then +-z^2 / (n + z^2). Differences that are averages over trials count for more than n
 * samples, by sum(|difference|) / sum(difference^2), both with two full differences added so that few of them
 * do not. NAN for n = 0 and where a value is NAN.
 */
void statistics_paired(const double *differences, size_t n, double confidence, double *low, double *high);

/* Version of the library behind these. */
const char *statistics_library_version(void);

#endif
