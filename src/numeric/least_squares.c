/* Least squares by GSL's multifit. */
#include "numeric/least_squares.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
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
    size_t n_evaluations;
};

static int evaluate(const gsl_vector *x, void *context, gsl_vector *f)
{
    struct problem *problem = context;
    double params[LEAST_SQUARES_PARAMS_MAX];
    for (size_t i = 0; i < x->size; i++)
        params[i] = gsl_vector_get(x, i);
    problem->residuals(problem->context, params, problem->scratch);
    problem->n_evaluations++;
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
    struct problem problem = {residuals, context, malloc(n * sizeof(double)), 0};
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

/* --- the examined fit --- */

static int find_slopes(const gsl_vector *x, void *context, gsl_matrix *slopes)
{
    const double step = 1e-4;
    double moved[LEAST_SQUARES_PARAMS_MAX];
    gsl_vector_view place = gsl_vector_view_array(moved, x->size);
    gsl_vector *low = gsl_vector_alloc(slopes->size1), *high = gsl_vector_alloc(slopes->size1);
    int code = low != NULL && high != NULL ? GSL_SUCCESS : GSL_ENOMEM;
    for (size_t k = 0; k < x->size && code == GSL_SUCCESS; k++) {
        for (size_t i = 0; i < x->size; i++)
            moved[i] = gsl_vector_get(x, i);
        moved[k] = gsl_vector_get(x, k) - step;
        evaluate(&place.vector, context, low);
        moved[k] = gsl_vector_get(x, k) + step;
        evaluate(&place.vector, context, high);
        for (size_t i = 0; i < slopes->size1; i++)
            gsl_matrix_set(slopes, i, k, (gsl_vector_get(high, i) - gsl_vector_get(low, i)) / (2 * step));
    }
    gsl_vector_free(low);
    gsl_vector_free(high);
    return code;
}

/* Scales the columns to length 1; 0 stays. */
static void scale_columns(gsl_matrix *slopes, double *lengths)
{
    for (size_t k = 0; k < slopes->size2; k++) {
        double sum = 0;
        for (size_t i = 0; i < slopes->size1; i++)
            sum += gsl_matrix_get(slopes, i, k) * gsl_matrix_get(slopes, i, k);
        lengths[k] = sqrt(sum);
        for (size_t i = 0; i < slopes->size1 && lengths[k] > 0; i++)
            gsl_matrix_set(slopes, i, k, gsl_matrix_get(slopes, i, k) / lengths[k]);
    }
}

/* (J^T J)^-1 from J = U S V^T; `slopes` is overwritten. */
static bool invert(gsl_matrix *slopes, double *covariance, double *condition)
{
    const double floor = 1e-9;
    size_t p = slopes->size2;
    double lengths[LEAST_SQUARES_PARAMS_MAX], right[LEAST_SQUARES_PARAMS_MAX * LEAST_SQUARES_PARAMS_MAX];
    double singular[LEAST_SQUARES_PARAMS_MAX];
    gsl_matrix_view v = gsl_matrix_view_array(right, p, p);
    gsl_vector_view s = gsl_vector_view_array(singular, p);
    scale_columns(slopes, lengths);
    if (gsl_linalg_SV_decomp_jacobi(slopes, &v.matrix, &s.vector) != GSL_SUCCESS)
        return false;
    *condition = singular[p - 1] > 0 ? singular[0] / singular[p - 1] : (double)INFINITY;
    for (size_t a = 0; a < p; a++)
        for (size_t b = 0; b < p; b++) {
            double sum = 0;
            for (size_t k = 0; k < p; k++) {
                double size = fmax(singular[k], floor * singular[0]);
                sum += right[a * p + k] * right[b * p + k] / (size * size);
            }
            bool idle = !(lengths[a] > 0) || !(lengths[b] > 0);
            covariance[a * p + b] = idle ? (a == b ? (double)INFINITY : 0) : sum / (lengths[a] * lengths[b]);
        }
    return singular[0] > 0;
}

static bool examine(struct problem *problem, size_t n, size_t n_params, double *params, double *covariance,
                    struct least_squares_report *report)
{
    gsl_multifit_nlinear_parameters settings = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_fdf function = {
        .f = evaluate, .df = find_slopes, .n = n, .p = n_params, .params = problem};
    double ignored[LEAST_SQUARES_PARAMS_MAX * LEAST_SQUARES_PARAMS_MAX];
    gsl_vector_view start = gsl_vector_view_array(params, n_params);
    gsl_matrix_view spread = gsl_matrix_view_array(ignored, n_params, n_params);
    gsl_multifit_nlinear_workspace *space =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &settings, n, n_params);
    gsl_matrix *slopes = gsl_matrix_alloc(n, n_params);
    bool good = space != NULL && slopes != NULL && minimise(space, &function, &start.vector, &spread.matrix);
    if (good) {
        gsl_blas_ddot(gsl_multifit_nlinear_residual(space), gsl_multifit_nlinear_residual(space),
                      &report->chi_square);
        for (size_t i = 0; i < n_params; i++)
            params[i] = gsl_vector_get(gsl_multifit_nlinear_position(space), i);
        good = find_slopes(gsl_multifit_nlinear_position(space), problem, slopes) == GSL_SUCCESS &&
               invert(slopes, covariance, &report->condition);
    }
    gsl_matrix_free(slopes);
    gsl_multifit_nlinear_free(space);
    return good && isfinite(report->chi_square);
}

bool least_squares_examine(least_squares_residuals *residuals, void *context, size_t n, size_t n_params,
                           double *params, double *covariance, struct least_squares_report *report)
{
    rs_require(n >= n_params && n_params >= 1 && n_params <= LEAST_SQUARES_PARAMS_MAX,
               "more data than parameters");
    struct problem problem = {residuals, context, malloc(n * sizeof(double)), 0};
    *report = (struct least_squares_report){0};
    gsl_error_handler_t *aborting = gsl_set_error_handler_off();
    bool good = problem.scratch != NULL && examine(&problem, n, n_params, params, covariance, report);
    gsl_set_error_handler(aborting);
    report->n_evaluations = problem.n_evaluations;
    free(problem.scratch);
    return good;
}
