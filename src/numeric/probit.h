/*
 * Probit regression: decisions that come out as 1 with probability Phi(sum_k design[k] b[k] + offset), by
 * maximum likelihood, which is concave (Newton's method). Counts of 0 and of n are data like any other.
 */
#ifndef NUMERIC_PROBIT_H
#define NUMERIC_PROBIT_H

#include <stdbool.h>
#include <stddef.h>

enum { PROBIT_PARAMS_MAX = 4 };

/* kept[i] of trials[i] decisions came out as 1. */
struct probit_data {
    size_t n, n_params;
    const double *design;        /* [n][n_params] */
    const double *offset;        /* [n], or NULL: 0 */
    const double *kept, *trials; /* [n] */
};

struct probit_report {
    double log_likelihood;
    double deviance;      /* twice what the likelihood lacks to that of the counts themselves */
    bool separated;       /* some b explains every decision: the likelihood rises without end */
    size_t n_evaluations; /* Newton steps */
};

/*
 * b [n_params] (whose values on entry do not count) and covariance [n_params][n_params], the inverse of the
 * information. False when a column of the design has no effect or depends on others. For separated data b is
 * where the likelihood has come to within 1e-9 of its limit, and covariance is not to be used.
 */
bool probit_regress(const struct probit_data *data, double *b, double *covariance,
                    struct probit_report *report);

/* A threshold and a noise: P(1) = Phi((x - threshold) / sigma), in the units of x. */
struct probit_curve {
    double threshold, threshold_error, threshold_low, threshold_high;
    double sigma, sigma_error, sigma_low, sigma_high;
    double correlation;
    double deviance;
    bool separated; /* sigma 0 explains the data: then the errors are NAN */
    size_t n_evaluations;
};

/*
 * Standard errors from the information; the intervals are those of the profile likelihood, open ends
 * INFINITY (sigma: 0). Separated data: the threshold is midway between the highest x that gives 0 and the
 * lowest that gives 1, sigma 0 with an upper bound. False where all decisions are equal, x does not vary, or
 * P(1) falls with x.
 */
bool probit_curve_fit(size_t n, const double *x, const double *kept, const double *trials, double confidence,
                      struct probit_curve *curve);

#endif
