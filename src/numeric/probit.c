#include "numeric/probit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>
#include <stdlib.h>

#include "base/require.h"

/* ln Phi(x), also far below 0. */
static double log_normal(double x)
{
    const double half_root = 0.70710678118654752440, log_two = 0.69314718055994530942;
    return gsl_sf_log_erfc(-x * half_root) - log_two;
}

/* phi(x) / Phi(-x). */
static double hazard(double x)
{
    const double log_root = 0.91893853320467274178; /* ln sqrt(2 pi) */
    return exp(-0.5 * x * x - log_root - log_normal(-x));
}

static double predict(const struct probit_data *data, const double *b, size_t i)
{
    double eta = data->offset != NULL ? data->offset[i] : 0;
    for (size_t k = 0; k < data->n_params; k++)
        eta += data->design[i * data->n_params + k] * b[k];
    return eta;
}

static double likelihood(const struct probit_data *data, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < data->n; i++) {
        double eta = predict(data, b, i), pruned = data->trials[i] - data->kept[i];
        sum += (data->kept[i] > 0 ? data->kept[i] * log_normal(eta) : 0) +
               (pruned > 0 ? pruned * log_normal(-eta) : 0);
    }
    return sum;
}

/* That of a law which gives each count its own share. */
static double saturated(const struct probit_data *data)
{
    double sum = 0;
    for (size_t i = 0; i < data->n; i++) {
        double kept = data->kept[i], pruned = data->trials[i] - kept;
        sum += (kept > 0 ? kept * log(kept / data->trials[i]) : 0) +
               (pruned > 0 ? pruned * log(pruned / data->trials[i]) : 0);
    }
    return sum;
}

/* Slope and negative curvature of the likelihood; hazard h(x) = phi(x) / Phi(-x). */
static void differentiate(const struct probit_data *data, const double *b, double *slope, double *curvature)
{
    size_t p = data->n_params;
    for (size_t a = 0; a < p; a++)
        slope[a] = 0;
    for (size_t a = 0; a < p * p; a++)
        curvature[a] = 0;
    for (size_t i = 0; i < data->n; i++) {
        const double *row = data->design + i * p;
        double eta = predict(data, b, i), kept = data->kept[i], pruned = data->trials[i] - kept;
        double rise = hazard(-eta), fall = hazard(eta);
        double first = kept * rise - pruned * fall;
        double second = kept * rise * (eta + rise) + pruned * fall * (fall - eta);
        for (size_t a = 0; a < p; a++) {
            slope[a] += first * row[a];
            for (size_t c = 0; c < p; c++)
                curvature[a * p + c] += second * row[a] * row[c];
        }
    }
}

/* The inverse of a positive definite matrix by elimination without pivots; false where it is singular. */
static bool invert(size_t p, const double *matrix, double *inverse)
{
    double left[PROBIT_PARAMS_MAX * PROBIT_PARAMS_MAX];
    const double smallest = 1e-13; /* of the diagonal: what is left of dependent columns */
    for (size_t a = 0; a < p * p; a++) {
        left[a] = matrix[a];
        inverse[a] = a % (p + 1) == 0 ? 1 : 0;
    }
    for (size_t k = 0; k < p; k++) {
        double pivot = left[k * p + k];
        if (!(pivot > smallest * matrix[k * p + k]))
            return false;
        for (size_t c = 0; c < p; c++) {
            left[k * p + c] /= pivot;
            inverse[k * p + c] /= pivot;
        }
        for (size_t a = 0; a < p; a++) {
            double factor = left[a * p + k];
            for (size_t c = 0; c < p && a != k; c++) {
                left[a * p + c] -= factor * left[k * p + c];
                inverse[a * p + c] -= factor * inverse[k * p + c];
            }
        }
    }
    return true;
}

/* One Newton step, halved until the likelihood rises; the rise in `gain`. False: singular. */
static bool step(const struct probit_data *data, double *b, double *value, double *covariance, double *gain)
{
    enum { HALVINGS = 40 };
    size_t p = data->n_params;
    double slope[PROBIT_PARAMS_MAX], curvature[PROBIT_PARAMS_MAX * PROBIT_PARAMS_MAX];
    double tried[PROBIT_PARAMS_MAX], way[PROBIT_PARAMS_MAX] = {0};
    differentiate(data, b, slope, curvature);
    if (!invert(p, curvature, covariance))
        return false;
    for (size_t a = 0; a < p; a++)
        for (size_t c = 0; c < p; c++)
            way[a] += covariance[a * p + c] * slope[c];
    *gain = 0;
    double share = 1;
    for (int h = 0; h < HALVINGS; h++, share /= 2) {
        for (size_t a = 0; a < p; a++)
            tried[a] = b[a] + share * way[a];
        double reached = likelihood(data, tried);
        if (!(reached > *value))
            continue;
        *gain = reached - *value;
        *value = reached;
        for (size_t a = 0; a < p; a++)
            b[a] = tried[a];
        return true;
    }
    return true; /* no rise left in double precision */
}

static double largest_prediction(const struct probit_data *data, const double *b)
{
    double most = 0;
    for (size_t i = 0; i < data->n; i++)
        most = fmax(most, fabs(predict(data, b, i)));
    return most;
}

bool probit_regress(const struct probit_data *data, double *b, double *covariance,
                    struct probit_report *report)
{
    enum { STEPS = 200 };
    const double settled = 1e-12, separated_eta = 7; /* beyond it one decision is worth 1e-12 */
    rs_require(data->n_params >= 1 && data->n_params <= PROBIT_PARAMS_MAX, "1 to 4 parameters");
    *report = (struct probit_report){0};
    for (size_t k = 0; k < data->n_params; k++)
        b[k] = 0;
    double value = likelihood(data, b), gain = 1;
    for (int s = 0; s < STEPS && gain > settled; s++) {
        report->n_evaluations++;
        if (!step(data, b, &value, covariance, &gain)) {
            if (s == 0 && saturated(data) - value > 1e-9)
                return false;
            report->separated = true; /* the curvature has run out */
            break;
        }
    }
    report->separated = report->separated || gain > settled ||
                        (saturated(data) - value < 1e-9 && largest_prediction(data, b) > separated_eta);
    report->log_likelihood = value;
    report->deviance = 2 * (saturated(data) - value);
    return isfinite(value);
}

/* --- threshold and sigma --- */

/* What a profile is made of: the curve's data and two columns of scratch, x scaled to about 1. */
struct profile {
    size_t n;
    const double *x, *kept, *trials;
    double *design, *offset; /* [n] */
    double best, allowed;    /* log-likelihoods */
    size_t n_evaluations;
};

/* The best likelihood for a threshold, over all slopes. */
static double at_threshold(struct profile *profile, double threshold)
{
    double b, covariance;
    struct probit_report report;
    const struct probit_data data = {profile->n, 1, profile->design, NULL, profile->kept, profile->trials};
    for (size_t i = 0; i < profile->n; i++)
        profile->design[i] = profile->x[i] - threshold;
    bool good = probit_regress(&data, &b, &covariance, &report);
    profile->n_evaluations += report.n_evaluations;
    b = 0;
    return good ? report.log_likelihood : likelihood(&data, &b);
}

/* ... for the logarithm of sigma, over all thresholds. */
static double at_sigma(struct profile *profile, double log_sigma)
{
    double b, covariance, sigma = exp(log_sigma);
    struct probit_report report;
    const struct probit_data data = {profile->n,     1, profile->design, profile->offset, profile->kept,
                                     profile->trials};
    double middle = 0;
    for (size_t i = 0; i < profile->n; i++)
        middle += profile->x[i] / (double)profile->n;
    for (size_t i = 0; i < profile->n; i++) {
        profile->design[i] = 1;
        profile->offset[i] = (profile->x[i] - middle) / sigma;
    }
    bool good = probit_regress(&data, &b, &covariance, &report);
    profile->n_evaluations += report.n_evaluations;
    return good ? report.log_likelihood : -(double)INFINITY;
}

typedef double profile_value(struct profile *profile, double at);

/* Where the profile falls to the allowed value, from `from` (above it) in steps of `stride`; INFINITY with
 * its sign where it does not. */
static double find_end(struct profile *profile, profile_value *value, double from, double stride)
{
    enum { WIDENINGS = 24, BISECTIONS = 50 };
    double inside = from, outside = from + stride;
    for (int w = 0; value(profile, outside) > profile->allowed; w++, stride *= 2) {
        if (w == WIDENINGS)
            return copysign((double)INFINITY, stride);
        inside = outside;
        outside += stride;
    }
    for (int k = 0; k < BISECTIONS; k++) {
        double middle = 0.5 * (inside + outside);
        if (value(profile, middle) > profile->allowed)
            inside = middle;
        else
            outside = middle;
    }
    return 0.5 * (inside + outside);
}

/* The two parameters with errors from b0 + b1 x; false where b1 <= 0. */
static bool convert(const double b[2], const double covariance[4], struct probit_curve *curve)
{
    if (!(b[1] > 0))
        return false;
    double sigma = 1 / b[1], threshold = -b[0] / b[1];
    double variance = sigma * sigma *
                      (covariance[0] + 2 * threshold * covariance[1] + threshold * threshold * covariance[3]);
    double mixed = sigma * sigma * sigma * (covariance[1] + threshold * covariance[3]);
    curve->threshold = threshold;
    curve->sigma = sigma;
    curve->threshold_error = sqrt(variance);
    curve->sigma_error = sigma * sigma * sqrt(covariance[3]);
    curve->correlation = mixed / (curve->threshold_error * curve->sigma_error);
    return true;
}

/* Where all decisions below some x are 0 and above it 1: the middle of that gap; NAN where it is not so. */
static double find_gap(size_t n, const double *x, const double *kept, const double *trials)
{
    double zero = -(double)INFINITY, one = (double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (kept[i] < trials[i])
            zero = fmax(zero, x[i]);
        if (kept[i] > 0)
            one = fmin(one, x[i]);
    }
    return one >= zero ? 0.5 * (zero + one) : (double)NAN;
}

static bool fit_scaled(struct profile *profile, double *two_columns, double confidence,
                       struct probit_curve *curve)
{
    const double narrowest = log(1e-6);
    double b[2], covariance[4];
    struct probit_report report;
    const struct probit_data data = {profile->n, 2, two_columns, NULL, profile->kept, profile->trials};
    for (size_t i = 0; i < profile->n; i++) {
        two_columns[2 * i] = 1;
        two_columns[2 * i + 1] = profile->x[i];
    }
    if (!probit_regress(&data, b, covariance, &report) || !convert(b, covariance, curve))
        return false;
    double gap = find_gap(profile->n, profile->x, profile->kept, profile->trials);
    profile->best = report.log_likelihood;
    profile->allowed = report.log_likelihood - 0.5 * gsl_cdf_chisq_Pinv(confidence, 1);
    profile->n_evaluations = report.n_evaluations;
    curve->deviance = fmax(report.deviance, 0);
    curve->separated = !isnan(gap);
    double stride = 0.5 * fmax(curve->threshold_error, 1e-3), from = log(curve->sigma);
    if (curve->separated) {
        curve->threshold = gap;
        curve->sigma = 0;
        curve->threshold_error = curve->sigma_error = curve->correlation = (double)NAN;
        stride = 0.1;
        from = narrowest;
    }
    curve->threshold_low = find_end(profile, at_threshold, curve->threshold, -stride);
    curve->threshold_high = find_end(profile, at_threshold, curve->threshold, stride);
    curve->sigma_high = exp(find_end(profile, at_sigma, from, 0.1));
    double low = curve->separated || at_sigma(profile, narrowest) > profile->allowed
                     ? -(double)INFINITY
                     : find_end(profile, at_sigma, from, -0.1);
    curve->sigma_low = exp(low);
    return true;
}

/* Whether both decisions occur, at more than one x. */
static bool varies(size_t n, const double *x, const double *kept, const double *trials)
{
    bool zero = false, one = false, moves = false;
    for (size_t i = 0; i < n; i++) {
        zero = zero || kept[i] < trials[i];
        one = one || kept[i] > 0;
        moves = moves || x[i] != x[0];
    }
    return zero && one && moves;
}

bool probit_curve_fit(size_t n, const double *x, const double *kept, const double *trials, double confidence,
                      struct probit_curve *curve)
{
    if (n < 2 || !varies(n, x, kept, trials))
        return false;
    double low = x[0], high = x[0], *scratch = malloc(5 * n * sizeof *scratch);
    if (scratch == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, x[i]);
        high = fmax(high, x[i]);
    }
    double middle = 0.5 * (low + high), scale = 0.5 * (high - low);
    for (size_t i = 0; i < n; i++)
        scratch[i] = (x[i] - middle) / scale;
    struct profile profile = {.n = n,
                              .x = scratch,
                              .kept = kept,
                              .trials = trials,
                              .design = scratch + n,
                              .offset = scratch + 2 * n};
    bool good = fit_scaled(&profile, scratch + 3 * n, confidence, curve);
    curve->threshold = middle + scale * curve->threshold;
    curve->threshold_low = middle + scale * curve->threshold_low;
    curve->threshold_high = middle + scale * curve->threshold_high;
    curve->threshold_error *= scale;
    curve->sigma *= scale;
    curve->sigma_low *= scale;
    curve->sigma_high *= scale;
    curve->sigma_error *= scale;
    curve->n_evaluations = profile.n_evaluations;
    free(scratch);
    return good;
}
