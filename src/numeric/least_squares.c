/* Least squares by GSL's multifit. */
#include "numeric/least_squares.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdlib.h>

#include "base/require.h"

bool least_squares_linear(size_t n, size_t n_params, const double *design, const double *y,
                          const double *weights, double *c, double *covariance, double *chi_square)
{
    rs_require(n >= n_params && n_params <= LEAST_SQUARES_PARAMS_MAX, "more data than parameters");
    gsl_error_handler_t *aborting = gsl_set_error_handler_off();
    gsl_multifit_linear_workspace *space = gsl_multifit_linear_alloc(n, n_params);
    int code = GSL_ENOMEM;
    gsl_matrix_const_view x = gsl_matrix_const_view_array(design, n, n_params);
    gsl_vector_const_view w = gsl_vector_const_view_array(weights, n);
    gsl_vector_const_view right = gsl_vector_const_view_array(y, n);
    gsl_vector_view solution = gsl_vector_view_array(c, n_params);
    gsl_matrix_view spread = gsl_matrix_view_array(covariance, n_params, n_params);
    if (space != NULL)
        code = gsl_multifit_wlinear(&x.matrix, &w.vector, &right.vector, &solution.vector, &spread.matrix,
                                    chi_square, space);
    gsl_multifit_linear_free(space);
    gsl_set_error_handler(aborting);
    return code == 0 && isfinite(*chi_square);
}

struct problem {
    least_squares_residuals *residuals;
    void *context;
    double *scratch; /* [n]: GSL also asks for residuals with a stride */
};

static int evaluate(const gsl_vector *x, void *context, gsl_vector *f)
{
    const struct problem *problem = context;
    double params[LEAST_SQUARES_PARAMS_MAX];
    for (size_t i = 0; i < x->size; i++)
        params[i] = gsl_vector_get(x, i);
    problem->residuals(problem->context, params, problem->scratch);
    for (size_t i = 0; i < f->size; i++) /* a step out of the law's domain is one to take back */
        gsl_vector_set(f, i, isfinite(problem->scratch[i]) ? problem->scratch[i] : 1e100);
    return GSL_SUCCESS;
}

static bool minimise(gsl_multifit_nlinear_workspace *space, gsl_multifit_nlinear_fdf *function,
                     const gsl_vector *start, gsl_matrix *spread)
{
    enum { ITERATIONS = 200 };
    const double tolerance = 1e-9;
    int why = 0;
    if (gsl_multifit_nlinear_init(start, function, space) != GSL_SUCCESS)
        return false;
    /* No further progress in double precision is an end like any other. */
    int code = gsl_multifit_nlinear_driver(ITERATIONS, tolerance, tolerance, 0, NULL, NULL, &why, space);
    if (code != GSL_SUCCESS && code != GSL_ENOPROG)
        return false;
    return gsl_multifit_nlinear_covar(gsl_multifit_nlinear_jac(space), 0, spread) == GSL_SUCCESS;
}

bool least_squares_nonlinear(least_squares_residuals *residuals, void *context, size_t n, size_t n_params,
                             double *params, double *covariance, double *chi_square)
{
    struct problem problem = {residuals, context, malloc(n * sizeof(double))};
    gsl_multifit_nlinear_parameters settings = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_fdf function = {.f = evaluate, .n = n, .p = n_params, .params = &problem};
    gsl_vector_view start = gsl_vector_view_array(params, n_params);
    gsl_matrix_view spread = gsl_matrix_view_array(covariance, n_params, n_params);
    rs_require(n >= n_params && n_params <= LEAST_SQUARES_PARAMS_MAX, "more data than parameters");
    settings.fdtype = GSL_MULTIFIT_NLINEAR_CTRDIFF;
    settings.h_df = 1e-5;
    gsl_error_handler_t *aborting = gsl_set_error_handler_off();
    gsl_multifit_nlinear_workspace *space =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &settings, n, n_params);
    bool good =
        space != NULL && problem.scratch != NULL && minimise(space, &function, &start.vector, &spread.matrix);
    *chi_square = 0;
    for (size_t i = 0; good && i < n; i++) {
        double r = gsl_vector_get(gsl_multifit_nlinear_residual(space), i);
        *chi_square += r * r;
    }
    for (size_t i = 0; good && i < n_params; i++)
        params[i] = gsl_vector_get(gsl_multifit_nlinear_position(space), i);
    gsl_multifit_nlinear_free(space);
    free(problem.scratch);
    gsl_set_error_handler(aborting);
    return good && isfinite(*chi_square);
}
