/* Single-precision normals: the words of random.h at the documented places, libm's Box-Muller, the same bits
 * from every kernel. */
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/random_f32.h"

TestSuite(random_f32, .timeout = 60);

static const double pi = 3.14159265358979323846;

static const struct random_key plain = {
    .seed = 20240917, .purpose = RANDOM_READ, .trial = 3, .array = 5, .write = 7, .draw = 11};

/* The normal of one cell as random_f32.h describes it, with libm, and its radius. */
static double described(const struct random_key *key, uint32_t cell, double *r)
{
    uint32_t words[4], group = cell / 64, p = cell % 64 / 16, lane = cell % 16;
    random_block(key, 16 * group + lane, words);
    uint32_t w = words[p / 2 * 2 + 1];
    double radius = sqrt(-2 * log(((words[p / 2 * 2] >> 1) + 0.5) / 2147483648.0));
    double angle = pi / 4 * (w & 0x1fffffff) / 536870912.0;
    double c = w >> 29 & 1 ? sin(angle) : cos(angle), s = w >> 29 & 1 ? cos(angle) : sin(angle);
    *r = radius;
    return radius * (p % 2 == 0 ? (w >> 31 ? -c : c) : (w >> 30 & 1 ? -s : s));
}

Test(random_f32, normals_are_box_muller_of_the_documented_words)
{
    enum { CELLS = 100000 };
    float *normals = malloc(CELLS * sizeof *normals);
    cr_assert_not_null(normals);
    random_f32_of(KERNEL_BASELINE)(&plain, CELLS, normals);
    for (uint32_t i = 0; i < CELLS; i++) {
        double radius, expected = described(&plain, i, &radius);
        /* The word becomes a float, 3e-8 of 1, which a radius near 0 feels. */
        double tolerance = 5e-7 * (1 + fabs(expected)) + 6e-8 / radius;
        cr_assert_float_eq((double)normals[i], expected, tolerance, "cell %u: %g, not %g", i,
                           (double)normals[i], expected);
    }
    free(normals);
}

Test(random_f32, every_kernel_gives_the_same_bits_for_any_count_and_key)
{
    enum { CELLS = 1000 };
    float expected[CELLS], normals[CELLS];
    struct random_key key = plain;
    for (uint32_t draw = 0; draw < 200; draw++) {
        key.draw = draw * 0x01234567u;
        key.seed = plain.seed * (draw + 1);
        key.trial = draw % 2 ? RANDOM_TRIALS_MAX - 1 - draw : draw;
        key.array = draw % 3 ? RANDOM_ARRAYS_MAX - 1 : draw;
        key.write = draw % 5 ? RANDOM_WRITES_MAX - 1 : draw;
        size_t n = draw % 4 ? CELLS - 4 * draw - draw % 4 : CELLS;
        random_f32_of(KERNEL_BASELINE)(&key, CELLS, expected);
        for (int k = 0; k < N_KERNELS; k++) {
            if (!kernel_runs((enum kernel)k))
                continue;
            memset(normals, 0x7f, sizeof normals);
            random_f32_of((enum kernel)k)(&key, n, normals);
            cr_assert_eq(memcmp(normals, expected, n * sizeof *normals), 0, "%s, draw %u",
                         kernel_name((enum kernel)k), draw);
            for (size_t i = n; i < CELLS; i++)
                cr_assert_eq(memcmp(&normals[i], "\x7f\x7f\x7f\x7f", 4), 0, "more than %zu written", n);
        }
    }
}

static int rising(const void *one, const void *other)
{
    float a = *(const float *)one, b = *(const float *)other;
    return (a > b) - (a < b);
}

Test(random_f32, normals_have_the_moments_tails_and_distribution_of_a_normal)
{
    enum { N = 1000000 };
    const double n = N;
    float *z = malloc(N * sizeof *z);
    double sums[5] = {0};
    cr_assert_not_null(z);
    random_f32_of(kernel_chosen())(&plain, N, z);
    for (size_t i = 0; i < N; i++) {
        double power = 1;
        for (int k = 1; k <= 4; k++)
            sums[k] += power *= (double)z[i];
    }
    /* Variances of the sample moments of a normal: 1, 2, 15, 96 (over n). */
    cr_assert_lt(fabs(sums[1] / n), 4.5 * sqrt(1 / n));
    cr_assert_lt(fabs(sums[2] / n - 1), 4.5 * sqrt(2 / n));
    cr_assert_lt(fabs(sums[3] / n), 4.5 * sqrt(15 / n));
    cr_assert_lt(fabs(sums[4] / n - 3), 4.5 * sqrt(96 / n));
    for (double border = 1; border <= 4; border++) {
        double above = 0, below = 0, expected = n * gsl_cdf_ugaussian_Q(border);
        for (size_t i = 0; i < N; i++) {
            above += (double)z[i] > border;
            below += (double)z[i] < -border;
        }
        cr_assert_lt(fabs(above - expected), 4.5 * sqrt(expected), "above %g: %g", border, above);
        cr_assert_lt(fabs(below - expected), 4.5 * sqrt(expected), "below %g: %g", border, below);
    }
    qsort(z, N, sizeof *z, rising);
    double distance = 0;
    for (size_t i = 0; i < N; i++) {
        double cdf = gsl_cdf_ugaussian_P((double)z[i]);
        distance = fmax(distance, fmax(((double)i + 1) / n - cdf, cdf - (double)i / n));
    }
    cr_assert_lt(distance * sqrt(n), 1.95, "Kolmogorov-Smirnov at 0.1 %%: %g", distance * sqrt(n));
    free(z);
}

/* The partners of Box-Muller are 16 cells apart, blocks one, groups 64. */
Test(random_f32, cells_and_draws_are_not_correlated)
{
    enum { N = 200000, REACH = 128 };
    static float z[N + REACH], other[N + REACH];
    struct random_key next = plain;
    next.draw++;
    random_f32_of(kernel_chosen())(&plain, N + REACH, z);
    random_f32_of(kernel_chosen())(&next, N + REACH, other);
    for (size_t lag = 0; lag <= REACH; lag += lag < 2 ? 1 : lag - 1) {
        double product = 0, squares = 0;
        for (size_t i = 0; i < N; i++) {
            double a = (double)z[i], b = (double)(lag == 0 ? other[i] : z[i + lag]);
            product += a * b;
            squares += (a * a - 1) * (b * b - 1);
        }
        cr_assert_lt(fabs(product / sqrt((double)N)), 4.5, "%zu apart", lag);
        cr_assert_lt(fabs(squares / 2 / sqrt((double)N)), 4.5, "squares %zu apart", lag);
    }
}
