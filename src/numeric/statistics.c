#include "numeric/statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_version.h>
#include <math.h>
#include <stdbool.h>

void statistics_interval(const double *values, size_t n, double confidence, double *mean, double *half_width)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    *mean = n > 0 ? sum / (double)n : (double)NAN;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - *mean) * (values[i] - *mean);
    *half_width = (double)NAN;
    if (n < 2)
        return;
    double error = sqrt(squares / (double)(n - 1) / (double)n);
    *half_width = gsl_cdf_tdist_Pinv(0.5 + 0.5 * confidence, (double)(n - 1)) * error;
}

/* x where the beta distribution has so much below; GSL's own inverse does not always converge. */
static double beta_quantile(double share, double a, double b)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (gsl_cdf_beta_P(middle, a, b) < share)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

void statistics_share(size_t k, size_t n, double confidence, double *low, double *high)
{
    double tail = 0.5 - 0.5 * confidence, yes = (double)k, no = (double)n - (double)k;
    *low = k > 0 ? beta_quantile(tail, yes, no + 1) : 0;
    *high = k < n ? beta_quantile(1 - tail, yes + 1, no) : 1;
}

double statistics_student(double confidence, double degrees)
{
    return gsl_cdf_tdist_Pinv(0.5 + 0.5 * confidence, degrees);
}

void statistics_spread(const double *values, size_t n, double confidence, struct statistics_spread *out)
{
    double half_width, squares = 0, degrees = (double)n - 1, tail = 0.5 - 0.5 * confidence;
    statistics_interval(values, n, confidence, &out->mean, &half_width);
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - out->mean) * (values[i] - out->mean);
    bool enough = n >= 2;
    out->sigma = enough ? sqrt(squares / degrees) : (double)NAN;
    out->mean_error = out->sigma / sqrt((double)n);
    out->mean_low = out->mean - half_width;
    out->mean_high = out->mean + half_width;
    out->sigma_error = enough ? out->sigma / sqrt(2 * degrees) : (double)NAN;
    out->sigma_low = enough ? sqrt(squares / gsl_cdf_chisq_Qinv(tail, degrees)) : (double)NAN;
    out->sigma_high = enough ? sqrt(squares / gsl_cdf_chisq_Pinv(tail, degrees)) : (double)NAN;
}

const char *statistics_library_version(void)
{
    return gsl_version;
}
