/* The examined fit: its errors, and data that do not determine its parameters. */
#include <criterion/criterion.h>
#include <math.h>

#include "numeric/least_squares.h"
#include "numeric/random.h"

TestSuite(least_squares, .timeout = 60);

enum { POINTS = 40 };

struct decay {
    double y[POINTS];
    bool shared; /* the amplitude is the product of two parameters */
};

/* y = a exp(-t / tau) + c, errors of 0.01; with `shared`, c multiplies a. */
static void residuals(void *context, const double *params, double *r)
{
    const struct decay *decay = context;
    for (int i = 0; i < POINTS; i++) {
        double t = 0.1 * i, shape = exp(-t / params[1]);
        double fitted = decay->shared ? params[0] * params[2] * shape : params[0] * shape + params[2];
        r[i] = (fitted - decay->y[i]) / 0.01;
    }
}

static void draw(struct decay *decay, uint32_t trial)
{
    for (uint32_t i = 0; i < POINTS; i++)
        decay->y[i] = 2 * exp(-0.1 * i / 0.7) + 0.5 +
                      0.01 * random_normal(&(struct random_key){.seed = 3, .trial = trial}, i);
}

/* 200 experiments; the spread of the estimates within 3 of its standard errors (15 %). */
Test(least_squares, standard_errors_are_the_spread_of_the_estimates)
{
    enum { EXPERIMENTS = 200 };
    double pulls[3] = {0}, chi_square = 0;
    const double truth[] = {2, 0.7, 0.5};
    for (uint32_t e = 0; e < EXPERIMENTS; e++) {
        struct decay decay = {.shared = false};
        double params[] = {1, 1, 0}, covariance[9];
        struct least_squares_report report;
        draw(&decay, e);
        cr_assert(least_squares_examine(residuals, &decay, POINTS, 3, params, covariance, &report), "%u", e);
        for (int k = 0; k < 3; k++)
            pulls[k] += pow(params[k] - truth[k], 2) / covariance[4 * k] / EXPERIMENTS;
        chi_square += report.chi_square / EXPERIMENTS;
        cr_assert(report.condition > 1 && report.condition < 100);
        cr_assert(report.n_evaluations > 6);
    }
    for (int k = 0; k < 3; k++)
        cr_assert(pulls[k] > 0.7 && pulls[k] < 1.3, "parameter %d: %.3f", k, pulls[k]);
    cr_assert_float_eq(chi_square, POINTS - 3, 3 * sqrt(2.0 * (POINTS - 3) / EXPERIMENTS));
}

Test(least_squares, parameters_that_only_count_together_are_fully_correlated)
{
    struct decay decay = {.shared = true};
    double params[] = {1, 1, 1.5}, covariance[9];
    struct least_squares_report report;
    draw(&decay, 0);
    cr_assert(least_squares_examine(residuals, &decay, POINTS, 3, params, covariance, &report));
    cr_assert_gt(report.condition, 1e6);
    double correlation = covariance[2] / sqrt(covariance[0] * covariance[8]);
    cr_assert_float_eq(correlation, -1, 1e-6);
    cr_assert_lt(fabs(covariance[1]) / sqrt(covariance[0] * covariance[4]), 0.9);
}

static void ignore_second(void *context, const double *params, double *r)
{
    const struct decay *decay = context;
    for (int i = 0; i < POINTS; i++)
        r[i] = params[0] - decay->y[i];
}

Test(least_squares, a_parameter_without_effect_has_no_finite_error)
{
    struct decay decay = {.shared = false};
    double params[] = {1, 3}, covariance[4];
    struct least_squares_report report;
    draw(&decay, 1);
    cr_assert(least_squares_examine(ignore_second, &decay, POINTS, 2, params, covariance, &report));
    cr_assert(isinf(covariance[3]) && isinf(report.condition));
    cr_assert_float_eq(covariance[0], 1.0 / POINTS, 1e-6);
}
