/* Whether data agree with a law: p-values, and the normal distribution that they need. */
#ifndef NUMERIC_GOODNESS_H
#define NUMERIC_GOODNESS_H

#include <stddef.h>

/* P(z < x) of the standard normal distribution, and its inverse (0 < p < 1). */
double goodness_normal(double x);
double goodness_normal_quantile(double p);

/* Probability of a chi-square of at least that with so many degrees of freedom; 1 for none. */
double goodness_chi_square(double chi_square, double degrees);

struct goodness_test {
    double statistic, p;
};

/*
 * The `n` rising values against the standard normal distribution by Kolmogorov and Smirnov: largest distance
 * of the distribution functions; p after Stephens (J. R. Stat. Soc. B 32, 115, 1970). With parameters fitted
 * to the same values p is too large: the test then finds less, never more, than it should.
 */
struct goodness_test goodness_kolmogorov(const double *rising, size_t n);

/*
 * ... against normal distributions of any mean and width by Anderson and Darling; p after D'Agostino and
 * Stephens (Goodness-of-Fit Techniques, 1986, table 4.9), which allows for the fitted mean and width. n >= 8.
 */
struct goodness_test goodness_anderson_darling(const double *rising, size_t n);

#endif
