/* LeOPArd's soft threshold: its limits, its derivatives on both sides, what the penalty counts, options. */
#include <criterion/criterion.h>
#include <math.h>

#include "model/soft_threshold.h"
#include "model/threshold_options.h"

TestSuite(soft_threshold, .timeout = 20);

static const struct soft_threshold_law published = {10, 1000, 100, 1}, wide = {2, 30, 0.5, 4};

/* The formula in long double, by the C library's functions. */
static long double reference(const struct soft_threshold_law *law, double x, double threshold)
{
    long double t = tanhl((long double)law->sharpness * ((long double)x - threshold));
    return (x >= threshold ? (long double)x : (long double)law->depth) * t;
}

static long double reference_count(const struct soft_threshold_law *law, double x, double threshold)
{
    long double u = (long double)law->sharpness * ((long double)x - threshold);
    /* c + c tanh u without cancellation */
    long double above_floor = x >= threshold ? law->depth + reference(law, x, threshold)
                                             : 2 * law->depth * expl(2 * u) / (1 + expl(2 * u));
    return 1 / (1 + expl(-(long double)law->steepness * (above_floor - law->shift)));
}

Test(soft_threshold, values_and_counts_are_those_of_the_formula)
{
    const struct soft_threshold_law *laws[] = {&published, &wide};
    for (int i = 0; i < 2; i++)
        for (double threshold = -3; threshold <= 3; threshold += 0.75)
            for (double x = threshold - 2.5; x < threshold + 2.5; x += 0.00371) {
                struct soft_threshold_point point = soft_threshold_at(laws[i], x, threshold);
                double value = (double)reference(laws[i], x, threshold);
                double count = (double)reference_count(laws[i], x, threshold);
                /* x - Th is rounded: an error of 1e-15 of x in the argument of tanh */
                double slip = 2e-15 * laws[i]->sharpness * fmax(fabs(x), laws[i]->depth) + 1e-15;
                cr_assert_float_eq(point.value, value, slip, "law %d, threshold %g, x %.17g", i, threshold,
                                   x);
                cr_assert_float_eq(point.count, count, 1e-9, "law %d, threshold %g, x %.17g", i, threshold,
                                   x);
            }
}

Test(soft_threshold, far_above_it_is_the_score_and_far_below_the_floor)
{
    struct soft_threshold_point above = soft_threshold_at(&published, 7.25, 3);
    struct soft_threshold_point below = soft_threshold_at(&published, -1.5, 3);
    cr_assert_eq(above.value, 7.25);
    cr_assert_float_eq(above.by_score, 1, 1e-15);
    cr_assert_float_eq(above.by_threshold, 0, 1e-15);
    cr_assert_float_eq(above.count, 1, 1e-15);
    cr_assert_eq(below.value, -1000);
    cr_assert_float_eq(below.by_score, 0, 1e-15);
    cr_assert_float_eq(below.by_threshold, 0, 1e-15);
    cr_assert_lt(below.count, 1e-40);
}

/* Both branches meet at 0, also where the threshold is negative and scores just above it rise to 0. */
Test(soft_threshold, both_sides_meet_at_zero)
{
    for (double threshold = -2; threshold <= 2; threshold += 0.5) {
        cr_assert_eq(soft_threshold_at(&published, threshold, threshold).value, 0);
        cr_assert_float_eq(soft_threshold_at(&published, threshold - 1e-13, threshold).value, 0, 1.2e-9);
    }
}

Test(soft_threshold, derivatives_are_those_of_finite_differences_on_both_sides)
{
    const double h = 1e-6, offsets[] = {-0.45, -0.38, -0.2, -0.02, -0.003, 0.003, 0.04, 0.15, 0.4};
    const struct soft_threshold_law *laws[] = {&published, &wide};
    for (int i = 0; i < 2; i++)
        for (size_t j = 0; j < sizeof offsets / sizeof offsets[0]; j++)
            for (double threshold = -1.5; threshold <= 1.5; threshold += 1.5) {
                const struct soft_threshold_law *law = laws[i];
                double x = threshold + offsets[j];
                struct soft_threshold_point at = soft_threshold_at(law, x, threshold);
                struct soft_threshold_point right = soft_threshold_at(law, x + h, threshold);
                struct soft_threshold_point left = soft_threshold_at(law, x - h, threshold);
                struct soft_threshold_point up = soft_threshold_at(law, x, threshold + h);
                struct soft_threshold_point down = soft_threshold_at(law, x, threshold - h);
                const double pairs[][2] = {
                    {at.by_score, (right.value - left.value) / (2 * h)},
                    {at.by_threshold, (up.value - down.value) / (2 * h)},
                    {at.count_by_value * at.by_score, (right.count - left.count) / (2 * h)},
                    {at.count_by_value * at.by_threshold, (up.count - down.count) / (2 * h)}};
                for (size_t p = 0; p < 4; p++)
                    cr_assert_float_eq(pairs[p][0], pairs[p][1], 2e-6 * (1 + fabs(pairs[p][0])),
                                       "law %d, threshold %g, offset %g, derivative %zu: %.12g, %.12g", i,
                                       threshold, offsets[j], p, pairs[p][0], pairs[p][1]);
            }
}

Test(soft_threshold, a_sharp_one_is_the_hard_compare)
{
    const struct soft_threshold_law sharp = {1e6, 1000, 100, 1};
    for (double x = -4; x <= 4; x += 0.0313) {
        struct soft_threshold_point point = soft_threshold_at(&sharp, x, 0.5);
        cr_assert_eq(point.value, x >= 0.5 ? x : -1000, "%g", x);
        cr_assert_float_eq(point.count, x >= 0.5, 1e-12, "%g", x);
    }
}

Test(soft_threshold, the_penalty_counts_kept_keys)
{
    const double scores[] = {-3, -0.6, 0.4, 1.9, 2.5, 8};
    double counted = 0;
    for (size_t j = 0; j < 6; j++)
        counted += soft_threshold_at(&published, scores[j], 1).count;
    cr_assert_float_eq(counted, 3, 1e-12);
}

Test(soft_threshold, the_best_key_is_spared)
{
    const double scores[] = {-3, -0.5, -0.25, -0.25};
    cr_assert_eq(soft_threshold_best(4, scores), 2);
    struct soft_threshold_point point = soft_threshold_spared(-0.25);
    cr_assert_eq(point.value, -0.25);
    cr_assert_eq(point.by_score, 1);
    cr_assert_eq(point.by_threshold, 0);
    cr_assert_eq(point.count, 1);
    cr_assert_eq(point.count_by_value, 0);
}

Test(soft_threshold, fine_tuning_is_a_share_of_training)
{
    struct threshold_options options;
    option_fill_defaults(&threshold_options_table, &options);
    cr_assert_eq(options.sharing, THRESHOLD_LAYER);
    options.length = 0.25;
    cr_assert_eq(threshold_options_length(&options, 32), 8);
    cr_assert_eq(threshold_options_length(&options, 33), 9);
    cr_assert_eq(threshold_options_length(&options, 1), 1);
    options.sharing = THRESHOLD_NONE;
    cr_assert_eq(threshold_options_length(&options, 32), 0);
    struct soft_threshold_law law = threshold_options_law(&options);
    cr_assert_eq(law.sharpness, 10);
    cr_assert_eq(law.depth, 1000);
}
