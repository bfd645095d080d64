/* Quantiles of delays from counts in bins, beside sorting. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/delays.h"
#include "numeric/random.h"

TestSuite(delays, .timeout = 30);

enum { N = 20000 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* t0 + tau ln(v1 / |d|) of normal inputs, as wide as it comes. */
static void draw(uint64_t seed, size_t n, double *seconds)
{
    const struct random_key key = {.seed = seed, .purpose = RANDOM_DECISION};
    const double t0 = 30e-12, tau = 9e-12 * pow(10, (double)(seed % 5)), v1_sigmas = 5;
    random_normals(&key, n, seconds);
    for (size_t i = 0; i < n; i++)
        seconds[i] = fmax(t0 + tau * log(v1_sigmas / fabs(seconds[i])), 1e-12);
}

Test(delays, a_quantile_is_that_of_sorting_to_half_a_bin)
{
    static double seconds[N];
    static struct delays delays;
    const double shares[] = {0, 0.01, 0.5, 0.9, 0.99, 0.999, 1}, bound = 1.0 / 256;
    const size_t counts[] = {1, 2, 99, 100, 101, 1000, N};
    for (uint64_t seed = 1; seed <= 20; seed++)
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            size_t n = counts[c];
            delays = (struct delays){0};
            draw(seed, n, seconds);
            for (size_t i = 0; i < n; i++)
                delays_add(&delays, seconds[i]);
            qsort(seconds, n, sizeof *seconds, compare);
            for (size_t s = 1; s < sizeof shares / sizeof shares[0]; s++) {
                double sorted = seconds[(size_t)ceil(shares[s] * (double)n) - 1];
                double found = delays_quantile(&delays, shares[s]);
                cr_assert_leq(fabs(found - sorted), bound * sorted * (1 + 1e-12),
                              "seed %llu, %zu delays, share %g: %g s, %g s expected",
                              (unsigned long long)seed, n, shares[s], found, sorted);
            }
        }
}

Test(delays, their_order_does_not_count)
{
    static double seconds[N];
    static struct delays forwards, backwards;
    draw(3, N, seconds);
    for (size_t i = 0; i < N; i++) {
        delays_add(&forwards, seconds[i]);
        delays_add(&backwards, seconds[N - 1 - i]);
    }
    cr_assert_eq(memcmp(&forwards, &backwards, sizeof forwards), 0);
}

Test(delays, what_no_bin_holds_is_counted_at_its_end)
{
    static struct delays delays;
    cr_assert(isnan(delays_quantile(&delays, 0.99)), "there is none");
    for (int i = 0; i < 98; i++)
        delays_add(&delays, 0);
    delays_add(&delays, 1e-9);
    delays_add(&delays, (double)INFINITY);
    cr_assert_eq(delays.n, 100);
    cr_assert_eq(delays_quantile(&delays, 0.98), 0);
    cr_assert_float_eq(delays_quantile(&delays, 0.99), 1e-9, 1e-9 / 256);
    cr_assert(isinf(delays_quantile(&delays, 0.995)));
    delays_add(&delays, 1);
    delays_add(&delays, 1e-15);
    cr_assert(isinf(delays_quantile(&delays, 0.99)));
    cr_assert_eq(delays.n_below, 99);
    cr_assert_eq(delays.n_above, 2);
}
