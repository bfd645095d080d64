/* Integer codes, their most significant bits, and thresholds on integer sums (definitions 1). */
#include <criterion/criterion.h>
#include <math.h>

#include "numeric/random.h"
#include "tensor/code.h"

TestSuite(code, .timeout = 20);

Test(code, limits_and_steps)
{
    cr_assert_eq(code_limit(2), 1);
    cr_assert_eq(code_limit(4), 7);
    cr_assert_eq(code_limit(8), 127);
    cr_assert_eq(code_limit(16), 32767);
    cr_assert_eq(code_step(254, 8), 2.0);
    cr_assert_eq(code_step(0, 8), 0.0);
}

Test(code, values_round_half_to_even)
{
    const float values[] = {0, 0.5f, 1.5f, 2.5f, 2.4375f, 2.5625f, -0.5f, -1.5f, -2.5f, -3.5f, 126.5f};
    const int16_t expected[] = {0, 0, 2, 2, 2, 3, 0, -2, -2, -4, 126};
    enum { N = sizeof values / sizeof values[0] };
    int16_t codes[N];
    cr_assert_eq(code_quantise(values, N, 1, 8, codes), 0);
    for (int i = 0; i < N; i++)
        cr_assert_eq(codes[i], expected[i], "%g gave %d", (double)values[i], codes[i]);
    float scaled[N];
    for (int i = 0; i < N; i++)
        scaled[i] = values[i] * 0.125f;
    code_quantise(scaled, N, 0.125, 8, codes);
    for (int i = 0; i < N; i++)
        cr_assert_eq(codes[i], expected[i]);
}

Test(code, values_beyond_the_range_are_clamped_and_counted)
{
    const float values[] = {7, 7.49f, 7.51f, 8, 1e30f, INFINITY, -7, -7.51f, -INFINITY};
    const int16_t expected[] = {7, 7, 7, 7, 7, 7, -7, -7, -7};
    enum { N = sizeof values / sizeof values[0] };
    int16_t codes[N];
    cr_assert_eq(code_quantise(values, N, 1, 4, codes), 6);
    for (int i = 0; i < N; i++)
        cr_assert_eq(codes[i], expected[i], "%g gave %d", (double)values[i], codes[i]);
}

Test(code, the_largest_magnitude_gets_the_largest_code)
{
    double uniforms[2000];
    struct random_key key = {.seed = 5, .purpose = RANDOM_PROBE};
    random_uniforms(&key, 2000, uniforms);
    for (int bits = CODE_BITS_MIN; bits <= CODE_BITS_MAX; bits++)
        for (int i = 0; i < 2000; i++) {
            float ends[2] = {(float)ldexp(uniforms[i], i % 40 - 20), 0};
            int16_t codes[2];
            ends[1] = -ends[0];
            cr_assert_eq(code_quantise(ends, 2, code_step((double)ends[0], bits), bits, codes), 0);
            cr_assert(codes[0] == code_limit(bits) && codes[1] == -code_limit(bits));
        }
}

Test(code, a_step_of_0_gives_codes_of_0)
{
    const float values[] = {0, 1, -3};
    int16_t codes[3] = {1, 1, 1};
    cr_assert_eq(code_quantise(values, 3, 0, 8, codes), 0);
    cr_assert(codes[0] == 0 && codes[1] == 0 && codes[2] == 0);
}

struct msb_case {
    int code, bits, msb_bits, rounded, truncated;
};

Test(code, the_upper_bits_are_rounded_or_cut)
{
    const struct msb_case cases[] = {
        {0, 8, 4, 0, 0},
        {7, 8, 4, 0, 0},
        {8, 8, 4, 0, 0},
        {9, 8, 4, 1, 0},
        {15, 8, 4, 1, 0},
        {16, 8, 4, 1, 1},
        {24, 8, 4, 2, 1},
        {25, 8, 4, 2, 1},
        {40, 8, 4, 2, 2},
        {41, 8, 4, 3, 2},
        {119, 8, 4, 7, 7},
        {120, 8, 4, 7, 7},
        {127, 8, 4, 7, 7},
        {-8, 8, 4, 0, 0},
        {-9, 8, 4, -1, 0},
        {-24, 8, 4, -2, -1},
        {-40, 8, 4, -2, -2},
        {-120, 8, 4, -7, -7},
        {-127, 8, 4, -7, -7},
        {127, 8, 8, 127, 127},
        {-77, 8, 8, -77, -77},
        {127, 8, 2, 1, 1},
        {32, 8, 2, 0, 0},
        {33, 8, 2, 1, 0},
        {-96, 8, 2, -1, -1},
        {63, 8, 7, 32, 31},
        {61, 8, 7, 30, 30},
        {32767, 16, 4, 7, 7},
        {-32767, 16, 15, -16383, -16383},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct msb_case *c = &cases[i];
        cr_assert_eq(code_msb(c->code, c->bits, c->msb_bits, false), c->rounded, "%d to %d bits", c->code,
                     c->msb_bits);
        cr_assert_eq(code_msb(c->code, c->bits, c->msb_bits, true), c->truncated, "%d cut to %d", c->code,
                     c->msb_bits);
    }
}

/* In integers: twice the remainder against the divisor, ties to the even quotient. */
Test(code, upper_bits_equal_integer_arithmetic_for_every_code)
{
    for (int bits = 2; bits <= 10; bits++)
        for (int msb_bits = 2; msb_bits <= bits; msb_bits++)
            for (int code = -code_limit(bits); code <= code_limit(bits); code++) {
                int magnitude = code < 0 ? -code : code, divisor = 1 << (bits - msb_bits),
                    sign = code < 0 ? -1 : 1;
                int cut = magnitude / divisor, twice = 2 * (magnitude % divisor);
                int rounded = cut + (twice > divisor || (twice == divisor && cut % 2 == 1));
                int limit = code_limit(msb_bits);
                cr_assert_eq(code_msb(code, bits, msb_bits, true), sign * cut);
                cr_assert_eq(code_msb(code, bits, msb_bits, false),
                             sign * (rounded < limit ? rounded : limit));
            }
}

Test(code, products_do_not_overflow)
{
    enum { D = 4096 };
    int16_t one[D], other[D];
    for (int i = 0; i < D; i++) {
        one[i] = 32767;
        other[i] = (int16_t)(i % 4 == 3 ? 32767 : -32767);
    }
    cr_assert_eq(code_product(one, other, D), (int64_t)-D / 2 * 32767 * 32767);
    cr_assert_eq(code_product(one, other, 0), 0);
}

static void check_threshold(double threshold, double unit)
{
    int64_t n = code_threshold(threshold, unit);
    cr_assert_geq(unit * (double)n, threshold, "%.17g with unit %.17g gave %lld", threshold, unit,
                  (long long)n);
    cr_assert_lt(unit * (double)(n - 1), threshold, "%.17g with unit %.17g gave %lld", threshold, unit,
                 (long long)n);
}

Test(code, a_threshold_is_the_smallest_sum_that_reaches_it)
{
    enum { CASES = 100000 };
    static double u[3 * CASES];
    struct random_key key = {.seed = 6, .purpose = RANDOM_PROBE};
    random_uniforms(&key, 3 * CASES, u);
    for (int i = 0; i < CASES; i++) {
        double unit = ldexp(0.5 + u[3 * i], i % 60 - 50), n = floor(ldexp(u[3 * i + 1] - 0.5, 1 + i % 45));
        check_threshold(unit * n, unit); /* on a score */
        check_threshold(nextafter(unit * n, (double)INFINITY), unit);
        check_threshold(nextafter(unit * n, -(double)INFINITY), unit);
        check_threshold(unit * (n + u[3 * i + 2]), unit); /* between two */
    }
}

Test(code, thresholds_on_whole_scores_are_met_exactly)
{
    cr_assert_eq(code_threshold(5, 1), 5);
    cr_assert_eq(code_threshold(5.0001, 1), 6);
    cr_assert_eq(code_threshold(-5, 1), -5);
    cr_assert_eq(code_threshold(-5.5, 1), -5);
    cr_assert_eq(code_threshold(0, 1e-300), 0);
    cr_assert_eq(code_threshold(0.3, 0.1), 3); /* 0.1 x 3 lies above 0.3 in double, 0.3 / 0.1 below 3 */
}

/* Beyond every sum: nothing or everything is kept. */
Test(code, thresholds_that_no_sum_reaches_are_limited)
{
    const int64_t largest_sum = (int64_t)32767 * 32767 << 20;
    const double far[] = {(double)INFINITY, 1e300,      1e30,       1e18,  9e15, 1e16, 3e16,
                          4.7e18,           0x1p53 + 2, 0x1p54 + 4, 0x1p61};
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        cr_assert_gt(code_threshold(far[i], 1), largest_sum, "%g", far[i]);
        cr_assert_lt(code_threshold(-far[i], 1), -largest_sum, "%g", -far[i]);
        cr_assert_gt(code_threshold(far[i] * 1e-3, 1e-3), largest_sum, "%g", far[i]);
        cr_assert_lt(code_threshold(-far[i] * 1e-3, 1e-3), -largest_sum, "%g", -far[i]);
        cr_assert_gt((double)code_threshold(far[i], 1) - 0.5, (double)largest_sum);
    }
}

/* unit 0: every score is 0. */
Test(code, without_a_unit_all_scores_are_0)
{
    cr_assert_leq(code_threshold(0, 0), 0);
    cr_assert_leq(code_threshold(-1, 0), 0);
    cr_assert_leq(code_threshold(-(double)INFINITY, 0), 0);
    cr_assert_gt(code_threshold(1e-300, 0), 0);
    cr_assert_gt(code_threshold((double)INFINITY, 0), 0);
}
