/* Means and Student t intervals. */
#include <criterion/criterion.h>
#include <math.h>

#include "numeric/random.h"
#include "numeric/statistics.h"

TestSuite(statistics, .timeout = 20);

static const double pi = 3.14159265358979323846;

struct quantile {
    size_t n;
    double confidence, t;
};

/* Tables of Student's t, two-sided, n - 1 degrees of freedom (for 1 and 2 also in closed form). */
Test(statistics, half_widths_are_those_of_the_tables)
{
    const struct quantile cases[] = {
        {2, 0.95, 12.7062047}, {3, 0.95, 4.3026527},   {5, 0.95, 2.7764451},  {11, 0.95, 2.2281389},
        {31, 0.95, 2.0422725}, {121, 0.95, 1.9799304}, {2, 0.99, 63.6567412}, {6, 0.99, 4.0321430},
        {11, 0.90, 1.8124611}, {2, 0.50, 1.0},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        double values[121], mean, half_width, n = (double)cases[c].n;
        for (size_t i = 0; i < cases[c].n; i++)
            values[i] = 7 + (double)i; /* mean 7 + (n-1)/2, variance n (n+1) / 12 */
        statistics_interval(values, cases[c].n, cases[c].confidence, &mean, &half_width);
        cr_assert_float_eq(mean, 7 + (n - 1) / 2, 1e-12);
        cr_assert_float_eq(half_width / (cases[c].t * sqrt((n + 1) / 12)), 1, 1e-7, "n %zu: %.9g", cases[c].n,
                           half_width);
    }
}

Test(statistics, degrees_of_freedom_1_and_2_have_closed_forms)
{
    const double values[] = {1, 2, 4};
    for (double confidence = 0.1; confidence < 0.99; confidence += 0.1) {
        double mean, half_width;
        statistics_interval(values, 2, confidence, &mean, &half_width);
        cr_assert_float_eq(half_width, 0.5 * tan(pi / 2 * confidence), 1e-9);
        statistics_interval(values, 3, confidence, &mean, &half_width);
        double t = confidence * sqrt(2 / (1 - confidence * confidence));
        cr_assert_float_eq(half_width, t * sqrt(7.0 / 9), 1e-9); /* squares 42 / 9, over 2 x 3 */
    }
}

Test(statistics, few_values_have_no_width)
{
    double mean, half_width, one[] = {3.5};
    statistics_interval(one, 1, 0.95, &mean, &half_width);
    cr_assert_eq(mean, 3.5);
    cr_assert(isnan(half_width));
    statistics_interval(one, 0, 0.95, &mean, &half_width);
    cr_assert(isnan(mean) && isnan(half_width));
}

Test(statistics, equal_values_have_width_0_and_a_nan_spreads)
{
    double mean, half_width, values[] = {0.1, 0.1, 0.1, 0.1};
    statistics_interval(values, 4, 0.95, &mean, &half_width);
    cr_assert_eq(mean, 0.1);
    cr_assert_eq(half_width, 0.0);
    values[2] = (double)NAN;
    statistics_interval(values, 4, 0.95, &mean, &half_width);
    cr_assert(isnan(mean) && isnan(half_width));
}

/* 2000 cases of 8 normals: the share covered has a standard error of 0.5 %. */
Test(statistics, an_interval_of_95_percent_covers_95_percent)
{
    enum { CASES = 2000, N = 8 };
    const double truth = -3;
    int covered = 0;
    for (uint32_t trial = 0; trial < CASES; trial++) {
        struct random_key key = {.seed = 4, .purpose = RANDOM_PROBE, .trial = trial};
        double values[N], mean, half_width;
        random_normals(&key, N, values);
        for (int i = 0; i < N; i++)
            values[i] = truth + 2.5 * values[i];
        statistics_interval(values, N, 0.95, &mean, &half_width);
        covered += fabs(mean - truth) <= half_width;
    }
    cr_assert(covered > 0.93 * CASES && covered < 0.97 * CASES, "%d of %d covered", covered, CASES);
}
