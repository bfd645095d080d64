/* Least squares with standard errors: linear ones, and nonlinear ones of few parameters. */
#ifndef NUMERIC_LEAST_SQUARES_H
#define NUMERIC_LEAST_SQUARES_H

#include <stdbool.h>
#include <stddef.h>

enum { LEAST_SQUARES_PARAMS_MAX = 8 };

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

#endif
