/* Least squares with standard errors: linear ones, and nonlinear ones of few parameters. */
#ifndef NUMERIC_LEAST_SQUARES_H
#define NUMERIC_LEAST_SQUARES_H

#include <stdbool.h>
#include <stddef.h>

enum { LEAST_SQUARES_PARAMS_MAX = 16 };

/*
 * Minimises sum_i weights[i] (y[i] - sum_k design[i][k] c[k])^2. design [n][n_params]; `c` [n_params] and
 * covariance [n_params][n_params], for weights that are 1 / variance; n_params <= LEAST_SQUARES_PARAMS_MAX
 * and n >= n_params. False when memory runs out or a number is not finite.
 */
bool least_squares_linear(size_t n, size_t n_params, const double *design, const double *y,
                          const double *weights, double *c, double *covariance, double *chi_square);

/* Fills the n residuals, each in units of its standard deviation. */
typedef void least_squares_residuals(void *context, const double *params, double *residuals);

/*
 * Minimises the sum of squared residuals from `params` on (Levenberg and Marquardt, slopes by differences;
 * parameters should be scaled to about 1). Same covariance. False when it does not converge.
 */
bool least_squares_nonlinear(least_squares_residuals *residuals, void *context, size_t n, size_t n_params,
                             double *params, double *covariance, double *chi_square);

/* What a fit says about its parameters. */
struct least_squares_report {
    double chi_square;
    double condition; /* of the matrix of slopes, its columns scaled to length 1; INFINITY where one is 0 */
    size_t n_evaluations; /* of all residuals, those for slopes included */
};

/*
 * The same minimisation, slopes by central differences of 1e-4, for data that may not determine the
 * parameters: it still ends, and covariance [n_params][n_params] then has a correlation of 1 or -1 between
 * those that only count together (singular values below 1e-9 of the largest count as that), INFINITY on the
 * diagonal of one without any effect. False when it does not converge or memory runs out.
 */
bool least_squares_examine(least_squares_residuals *residuals, void *context, size_t n, size_t n_params,
                           double *params, double *covariance, struct least_squares_report *report);

#endif
