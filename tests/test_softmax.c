/* Exponential, logarithm and softmax against the C library in long double. */
#include <criterion/criterion.h>
#include <math.h>

#include "numeric/exponential.h"
#include "numeric/random.h"
#include "numeric/softmax.h"

TestSuite(softmax, .timeout = 20);

enum { N_MAX = 67 };

Test(softmax, exponential_is_within_two_units_of_its_last_place)
{
    const struct random_key key = {.seed = 71, .purpose = RANDOM_PROBE};
    static double uniforms[4096];
    random_uniforms(&key, 4096, uniforms);
    for (size_t i = 0; i < 4096; i++) {
        double x = -700 * pow(uniforms[i], 4), expected = (double)expl((long double)x);
        cr_assert_leq(fabs(exponential_of(x) - expected), 2 * (nextafter(expected, 2) - expected), "%.17g",
                      x);
    }
    cr_assert_eq(exponential_of(0), 1);
    cr_assert_eq(exponential_of(-709), 0);
    cr_assert_eq(exponential_of(-(double)INFINITY), 0);
    cr_assert(isnan(exponential_of((double)NAN)));
}

Test(softmax, logarithm_is_within_4e_16)
{
    const struct random_key key = {.seed = 72, .purpose = RANDOM_PROBE};
    static double uniforms[4096];
    random_uniforms(&key, 4096, uniforms);
    for (size_t i = 0; i < 4096; i++) {
        double x = exp(600 * pow(2 * uniforms[i] - 1, 5)), expected = (double)logl((long double)x);
        cr_assert_leq(fabs(exponential_log(x) - expected), 4e-16 * fmax(1, fabs(expected)), "%.17g", x);
    }
    cr_assert_eq(exponential_log(1), 0);
}

Test(softmax, probabilities_are_those_of_long_double)
{
    for (size_t n = 1; n <= N_MAX; n++) {
        const struct random_key key = {.seed = 73, .purpose = RANDOM_PROBE, .draw = (uint32_t)n};
        double scores[N_MAX], weights[N_MAX];
        long double expected[N_MAX], top = -INFINITY, sum = 0;
        random_normals(&key, n, scores);
        for (size_t i = 0; i < n; i++) {
            weights[i] = scores[i] *= 3;
            top = scores[i] > top ? scores[i] : top;
        }
        for (size_t i = 0; i < n; i++)
            sum += expected[i] = expl(scores[i] - top);
        double norm = softmax_compute(n, weights);
        cr_assert_leq(fabs(norm - (double)(top + logl(sum))), 1e-14, "%zu", n);
        for (size_t i = 0; i < n; i++)
            cr_assert_leq(fabs(weights[i] - (double)(expected[i] / sum)), 5e-15 * weights[i], "%zu of %zu", i,
                          n);
    }
}

Test(softmax, the_largest_is_found_wherever_it_stands)
{
    double values[N_MAX];
    for (size_t n = 1; n <= N_MAX; n++)
        for (size_t at = 0; at < n; at++) {
            for (size_t i = 0; i < n; i++)
                values[i] = -5 - (double)i;
            values[at] = -4;
            cr_assert_eq(softmax_largest(n, values), -4, "%zu of %zu", at, n);
        }
}
