/* Probit regression: closed forms of few points, profile intervals, data that determine little. */
#include <criterion/criterion.h>
#include <math.h>

#include "numeric/goodness.h"
#include "numeric/probit.h"
#include "numeric/random.h"

TestSuite(probit, .timeout = 60);

static double log_likelihood(size_t n, const double *x, const double *kept, const double *trials,
                             double threshold, double sigma)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double eta = (x[i] - threshold) / sigma, pruned = trials[i] - kept[i];
        sum += (kept[i] > 0 ? kept[i] * log(goodness_normal(eta)) : 0) +
               (pruned > 0 ? pruned * log(goodness_normal(-eta)) : 0);
    }
    return sum;
}

/* Two shares are met exactly by two parameters. */
Test(probit, two_points_have_the_quantiles_of_their_shares)
{
    const double x[] = {1e-3, 3e-3}, kept[] = {20, 70}, trials[] = {100, 100};
    struct probit_curve curve;
    cr_assert(probit_curve_fit(2, x, kept, trials, 0.95, &curve));
    double low = goodness_normal_quantile(0.2), high = goodness_normal_quantile(0.7);
    double sigma = 2e-3 / (high - low), threshold = 1e-3 - low * sigma;
    cr_assert_float_eq(curve.sigma / sigma, 1, 1e-9);
    cr_assert_float_eq(curve.threshold / threshold, 1, 1e-9);
    cr_assert_lt(curve.deviance, 1e-9);
    cr_assert_not(curve.separated);
}

/* The ends of a profile: best likelihood over the other parameter, 1.92 below the best of all. */
Test(probit, intervals_end_where_the_profile_is_1_92_lower)
{
    const double x[] = {-2, -1, -0.5, 0, 0.5, 1, 2}, kept[] = {0, 31, 51, 106, 137, 159, 198};
    double trials[7];
    struct probit_curve curve;
    for (int i = 0; i < 7; i++)
        trials[i] = 200;
    cr_assert(probit_curve_fit(7, x, kept, trials, 0.95, &curve));
    double best = log_likelihood(7, x, kept, trials, curve.threshold, curve.sigma);
    const double ends[] = {curve.sigma_low, curve.sigma_high};
    for (int e = 0; e < 2; e++) {
        double most = -INFINITY;
        for (double t = curve.threshold - 0.5; t < curve.threshold + 0.5; t += 1e-3)
            most = fmax(most, log_likelihood(7, x, kept, trials, t, ends[e]));
        cr_assert_float_eq(best - most, 1.9207294, 1e-4, "end %d: %.6f", e, best - most);
    }
    const double sides[] = {curve.threshold_low, curve.threshold_high};
    for (int e = 0; e < 2; e++) {
        double most = -INFINITY;
        for (double s = curve.sigma * 0.5; s < curve.sigma * 2; s += 1e-3)
            most = fmax(most, log_likelihood(7, x, kept, trials, sides[e], s));
        cr_assert_float_eq(best - most, 1.9207294, 1e-4, "side %d: %.6f", e, best - most);
    }
    cr_assert_float_eq(curve.sigma_high - curve.sigma_low, 4 * curve.sigma_error, 0.1 * curve.sigma_error);
}

Test(probit, separated_decisions_give_a_gap_and_an_upper_bound)
{
    const double x[] = {-2, -1, 1, 2}, kept[] = {0, 0, 50, 50}, trials[] = {50, 50, 50, 50};
    struct probit_curve curve;
    cr_assert(probit_curve_fit(4, x, kept, trials, 0.95, &curve));
    cr_assert(curve.separated);
    cr_assert_eq(curve.sigma, 0);
    cr_assert_eq(curve.sigma_low, 0);
    cr_assert_float_eq(curve.threshold, 0, 1e-12);
    cr_assert(curve.sigma_high > 0.3 && curve.sigma_high < 1, "%.4f", curve.sigma_high);
    /* Any threshold within the gap explains everything; one beyond it, 50 decisions less. */
    cr_assert_float_eq(curve.threshold_low, -1, 1e-6, "%.9f", curve.threshold_low);
    cr_assert_float_eq(curve.threshold_high, 1, 1e-6, "%.9f", curve.threshold_high);
}

Test(probit, data_that_say_nothing_are_refused)
{
    const double x[] = {-1, 0, 1}, same[] = {2, 2, 2}, none[] = {0, 0, 0}, all[] = {9, 9, 9};
    const double trials[] = {9, 9, 9}, some[] = {2, 4, 7}, falling[] = {7, 4, 2};
    struct probit_curve curve;
    cr_assert_not(probit_curve_fit(3, x, none, trials, 0.95, &curve));
    cr_assert_not(probit_curve_fit(3, x, all, trials, 0.95, &curve));
    cr_assert_not(probit_curve_fit(3, same, some, trials, 0.95, &curve));
    cr_assert_not(probit_curve_fit(3, x, falling, trials, 0.95, &curve));
    const double twice[] = {1, -1, 2, 1, 0, 0, 1, 1, 2};
    const double dependent[] = {1, -1, -1, 1, 0, 0, 1, 1, 1};
    const struct probit_data bad = {3, 3, dependent, NULL, some, trials},
                             good = {3, 3, twice, NULL, some, trials};
    double b[3], covariance[9];
    struct probit_report report;
    cr_assert_not(probit_regress(&bad, b, covariance, &report));
    cr_assert(probit_regress(&good, b, covariance, &report));
}

/* 300 experiments of 7 points: each interval holds the truth in 95 % of them (3 standard errors: 91 to 99 %),
 * and the errors are those of the estimates. */
Test(probit, intervals_hold_the_truth_as_often_as_they_say)
{
    enum { EXPERIMENTS = 300, POINTS = 7, DECISIONS = 40 };
    const double threshold = 0.3, sigma = 0.8;
    int held_threshold = 0, held_sigma = 0;
    double pull = 0;
    for (uint32_t e = 0; e < EXPERIMENTS; e++) {
        double x[POINTS], kept[POINTS] = {0}, trials[POINTS], uniform[DECISIONS];
        struct probit_curve curve;
        for (uint32_t i = 0; i < POINTS; i++) {
            x[i] = -1.8 + 0.6 * i;
            trials[i] = DECISIONS;
            random_uniforms(&(struct random_key){.seed = 5, .trial = e, .draw = i}, DECISIONS, uniform);
            for (int k = 0; k < DECISIONS; k++)
                kept[i] += uniform[k] < goodness_normal((x[i] - threshold) / sigma);
        }
        cr_assert(probit_curve_fit(POINTS, x, kept, trials, 0.95, &curve), "experiment %u", e);
        held_threshold += curve.threshold_low <= threshold && threshold <= curve.threshold_high;
        held_sigma += curve.sigma_low <= sigma && sigma <= curve.sigma_high;
        pull += pow((curve.threshold - threshold) / curve.threshold_error, 2) / EXPERIMENTS;
    }
    cr_assert(held_threshold >= 0.91 * EXPERIMENTS && held_threshold <= 0.99 * EXPERIMENTS, "%d",
              held_threshold);
    cr_assert(held_sigma >= 0.91 * EXPERIMENTS && held_sigma <= 0.99 * EXPERIMENTS, "%d", held_sigma);
    cr_assert(pull > 0.75 && pull < 1.25, "%.3f", pull);
}
