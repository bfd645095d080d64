#include "numeric/goodness.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

double goodness_normal(double x)
{
    return gsl_cdf_ugaussian_P(x);
}

double goodness_normal_quantile(double p)
{
    return gsl_cdf_ugaussian_Pinv(p);
}

double goodness_chi_square(double chi_square, double degrees)
{
    return degrees > 0 ? gsl_cdf_chisq_Q(chi_square, degrees) : 1;
}

/* Kolmogorov's limit distribution: P(K > x). */
static double kolmogorov_tail(double x)
{
    double sum = 0, sign = 1;
    if (x < 0.2)
        return 1;
    for (int k = 1; k <= 100; k++, sign = -sign)
        sum += 2 * sign * exp(-2 * k * k * x * x);
    return fmin(fmax(sum, 0), 1);
}

struct goodness_test goodness_kolmogorov(const double *rising, size_t n)
{
    double root = sqrt((double)n), distance = 0;
    for (size_t i = 0; i < n; i++) {
        double below = goodness_normal(rising[i]);
        distance = fmax(distance, fmax((double)(i + 1) / (double)n - below, below - (double)i / (double)n));
    }
    return (struct goodness_test){distance, kolmogorov_tail((root + 0.12 + 0.11 / root) * distance)};
}

static double anderson_darling_p(double a)
{
    if (a >= 13)
        return 0;
    if (a >= 0.6)
        return exp(1.2937 - 5.709 * a + 0.0186 * a * a);
    if (a >= 0.34)
        return exp(0.9177 - 4.279 * a - 1.38 * a * a);
    if (a >= 0.2)
        return 1 - exp(-8.318 + 42.796 * a - 59.938 * a * a);
    return 1 - exp(-13.436 + 101.14 * a - 223.73 * a * a);
}

struct goodness_test goodness_anderson_darling(const double *rising, size_t n)
{
    double count = (double)n, mean = 0, squares = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        mean += rising[i] / count;
    for (size_t i = 0; i < n; i++)
        squares += (rising[i] - mean) * (rising[i] - mean);
    double sigma = sqrt(squares / (count - 1));
    if (!(sigma > 0))
        return (struct goodness_test){(double)INFINITY, 0};
    for (size_t i = 0; i < n; i++) {
        double low = gsl_cdf_ugaussian_P((rising[i] - mean) / sigma);
        double high = gsl_cdf_ugaussian_Q((rising[n - 1 - i] - mean) / sigma);
        sum += (2 * (double)i + 1) * (log(fmax(low, 1e-300)) + log(fmax(high, 1e-300)));
    }
    double a = (-count - sum / count) * (1 + 0.75 / count + 2.25 / (count * count));
    return (struct goodness_test){a, anderson_darling_p(a)};
}
