#include "numeric/statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_version.h>
#include <math.h>

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

const char *statistics_library_version(void)
{
    return gsl_version;
}
