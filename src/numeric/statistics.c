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

static double normal_reach(double confidence)
{
    return gsl_cdf_ugaussian_Pinv(0.5 + 0.5 * confidence);
}

void statistics_wilson(double sum, double n, double confidence, double *low, double *high)
{
    *low = 0;
    *high = 1;
    if (!(n > 0))
        return;
    double z = normal_reach(confidence), share = sum / n, centre = share + z * z / (2 * n);
    double half = z * sqrt(fmax(share * (1 - share), 0) / n + z * z / (4 * n * n)), whole = 1 + z * z / n;
    *low = sum > 0 ? fmax((centre - half) / whole, 0) : 0;
    *high = sum < n ? fmin((centre + half) / whole, 1) : 1;
}

/* Counts of pairs: better, worse, all. */
struct pairs {
    double better, worse, n;
};

/* Tango's score of a hypothetical difference: falls as it grows. */
static double paired_score(const struct pairs *pairs, double difference)
{
    double a = 2 * pairs->n,
           b = -pairs->better - pairs->worse + (a - pairs->better + pairs->worse) * difference,
           c = -pairs->worse * difference * (1 - difference);
    double likely = (sqrt(fmax(b * b - 4 * a * c, 0)) - b) / (2 * a);
    double variance = pairs->n * (2 * likely + difference * (1 - difference));
    double off = pairs->better - pairs->worse - pairs->n * difference;
    return variance > 0 ? off / sqrt(variance) : off > 0 ? (double)INFINITY : off < 0 ? -(double)INFINITY : 0;
}

static double paired_end(const struct pairs *pairs, double score)
{
    double low = -1, high = 1;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (paired_score(pairs, middle) > score)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

void statistics_paired(const double *differences, size_t n, double confidence, double *low, double *high)
{
    static const double full_added = 2;
    struct pairs pairs = {0};
    double squares = full_added;
    *low = *high = (double)NAN;
    for (size_t i = 0; i < n; i++) {
        pairs.better += fmax(differences[i], 0);
        pairs.worse += fmax(-differences[i], 0);
        squares += differences[i] * differences[i];
    }
    if (n == 0 || isnan(squares))
        return;
    double more = (pairs.better + pairs.worse + full_added) / squares, z = normal_reach(confidence);
    pairs.better *= more;
    pairs.worse *= more;
    pairs.n = (double)n * more;
    *low = paired_end(&pairs, z);
    *high = paired_end(&pairs, -z);
}

const char *statistics_library_version(void)
{
    return gsl_version;
}
