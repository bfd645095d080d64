/* Intervals over samples: closed forms, and how often they hold the truth. */
#include <criterion/criterion.h>
#include <math.h>

#include "numeric/bootstrap.h"
#include "numeric/random.h"
#include "numeric/statistics.h"

TestSuite(bootstrap, .timeout = 120);

enum { SAMPLES = 400 };

static struct bootstrap_interval run(size_t n, const double *weights, const double *values, uint64_t seed)
{
    struct rs_error err;
    struct bootstrap_interval interval;
    cr_assert(bootstrap_ratios(seed, n, weights, 1, values, 0.95, &interval, &err) == RS_OK);
    return interval;
}

/* Many equal weights, normal values: mean +- 1.96 standard errors. */
Test(bootstrap, of_many_normal_samples_is_that_of_the_normal_law)
{
    double weights[SAMPLES], values[SAMPLES], mean = 0, squares = 0;
    struct random_key key = {.seed = 3, .purpose = RANDOM_RESAMPLE, .trial = 1};
    random_normals(&key, SAMPLES, values);
    for (int i = 0; i < SAMPLES; i++) {
        weights[i] = 1;
        mean += values[i] / SAMPLES;
    }
    for (int i = 0; i < SAMPLES; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    double error = sqrt(squares) / SAMPLES;
    struct bootstrap_interval interval = run(SAMPLES, weights, values, 1);
    cr_assert(fabs(interval.low - (mean - 1.96 * error)) < 0.15 * error, "%g", interval.low);
    cr_assert(fabs(interval.high - (mean + 1.96 * error)) < 0.15 * error, "%g", interval.high);
}

Test(bootstrap, knows_what_has_no_spread_and_what_has_no_interval)
{
    double weights[] = {3, 1, 0, 2, 5}, constant[] = {6, 2, 40, 4, 10}, missing[] = {1, 2, 3, (double)NAN, 5};
    struct bootstrap_interval interval = run(5, weights, constant, 1);
    cr_assert(interval.low == 2 && interval.high == 2);
    interval = run(5, weights, missing, 1);
    cr_assert(isnan(interval.low) && isnan(interval.high));
    interval = run(3, (const double[]){0, 1, 0}, constant, 1);
    cr_assert(isnan(interval.low) && isnan(interval.high));
    interval = run(0, weights, constant, 1);
    cr_assert(isnan(interval.low) && isnan(interval.high));
}

/* Texts of 1 to 12 words, whose words share half their variance: words drawn alone would give far too narrow
 * an interval. */
static int count_hits(size_t n, int n_runs, bool skewed)
{
    int n_hits = 0;
    for (int r = 0; r < n_runs; r++) {
        double weights[SAMPLES], values[SAMPLES];
        struct random_key key = {
            .seed = 11, .purpose = RANDOM_RESAMPLE, .trial = 2, .write = (uint32_t)r, .array = (uint32_t)n};
        for (size_t i = 0; i < n; i++) {
            double normals[14];
            key.draw = (uint32_t)i;
            random_normals(&key, 14, normals);
            size_t n_words = 1 + random_integer(&key, 20, 12);
            weights[i] = (double)n_words;
            values[i] = 0;
            for (size_t w = 0; w < n_words; w++) {
                double x = sqrt(0.5) * (normals[w] + normals[13]);
                values[i] += skewed ? x * x : x + 1;
            }
        }
        struct bootstrap_interval interval = run(n, weights, values, 5);
        n_hits += interval.low <= 1 && 1 <= interval.high;
    }
    return n_hits;
}

/* 0.95 of 300 runs is 285, with a standard error of 3.8; few skewed samples are known to fall short. */
Test(bootstrap, covers_the_mean_over_words_of_clustered_texts)
{
    const struct {
        size_t n;
        bool skewed;
        int least, most;
    } cases[] = {{30, false, 274, 297}, {200, false, 274, 297}, {30, true, 267, 297}, {200, true, 272, 297}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        int n_hits = count_hits(cases[c].n, 300, cases[c].skewed);
        cr_assert(n_hits >= cases[c].least && n_hits <= cases[c].most, "n %zu, skewed %d: %d of 300",
                  cases[c].n, cases[c].skewed, n_hits);
    }
}

/* Published examples: Wilson's 15 of 148 (Newcombe, Stat. Med. 17, 857, 1998, table I). */
Test(bootstrap, shares_have_the_published_score_intervals)
{
    const struct {
        double sum, n, low, high;
    } cases[] = {
        {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        double low, high;
        statistics_wilson(cases[c].sum, cases[c].n, 0.95, &low, &high);
        cr_assert(fabs(low - cases[c].low) < 6e-5 && fabs(high - cases[c].high) < 6e-5, "%g: %g %g",
                  cases[c].sum, low, high);
    }
}

static void pair(size_t better, size_t worse, size_t n, double *low, double *high)
{
    double differences[SAMPLES] = {0};
    for (size_t i = 0; i < better + worse; i++)
        differences[i] = i < better ? 1 : -1;
    statistics_paired(differences, n, 0.95, low, high);
}

/* Without a pair that differs: +-z^2 / (n + z^2). The score test of no difference is McNemar's: an end of the
 * interval is 0 where (better - worse)^2 = z^2 (better + worse). */
Test(bootstrap, paired_shares_have_the_score_interval)
{
    double low, high, z2 = 1.959963984540054 * 1.959963984540054;
    for (size_t n = 1; n <= 300; n += 23) {
        pair(0, 0, n, &low, &high);
        cr_assert(fabs(high - z2 / ((double)n + z2)) < 1e-12 && fabs(low + high) < 1e-12, "%zu: %g", n, high);
    }
    for (size_t n_better = 0; n_better < 30; n_better++)
        for (size_t n_worse = 0; n_worse < 12; n_worse++) {
            double off = (double)n_better - (double)n_worse, all = (double)(n_better + n_worse),
                   mean = off / 60;
            pair(n_better, n_worse, 60, &low, &high);
            cr_assert((low <= 0 && 0 <= high) == (off * off <= z2 * all), "%zu %zu: %g %g", n_better, n_worse,
                      low, high);
            cr_assert(low <= mean + 1e-12 && mean <= high + 1e-12);
            double mirrored_low, mirrored_high;
            pair(n_worse, n_better, 60, &mirrored_low, &mirrored_high);
            cr_assert(fabs(low + mirrored_high) < 1e-12 && fabs(high + mirrored_low) < 1e-12);
        }
}

/* Each sample has its own chance to be lost or won in a trial; differences are averaged over the trials. */
static int count_paired_hits(size_t n, size_t n_trials, double lost, double won)
{
    int n_hits = 0;
    for (uint32_t r = 0; r < 400; r++) {
        double differences[SAMPLES] = {0}, low, high, truth = lost - won;
        for (size_t i = 0; i < n; i++) {
            struct random_key key = {
                .seed = 17, .purpose = RANDOM_RESAMPLE, .trial = 3, .write = r, .array = (uint32_t)n};
            double uniforms[80];
            key.draw = (uint32_t)i;
            random_uniforms(&key, n_trials + 1, uniforms);
            double own = uniforms[n_trials] < 0.5 ? 0.2 : 1.8; /* half of the items hardly ever change */
            for (size_t t = 0; t < n_trials; t++)
                differences[i] +=
                    ((uniforms[t] < own * lost) - (uniforms[t] > 1 - own * won)) / (double)n_trials;
        }
        statistics_paired(differences, n, 0.95, &low, &high);
        n_hits += low <= truth && truth <= high;
    }
    return n_hits;
}

/* 380 of 400, standard error 4.4. Many trials: too wide rather than too narrow. */
Test(bootstrap, paired_intervals_hold_the_truth)
{
    const struct {
        size_t n, n_trials;
        double lost, won;
        int least;
    } cases[] = {{30, 1, 0.02, 0.01}, {30, 1, 0.2, 0.1},   {100, 1, 0.05, 0.02}, {300, 1, 0.01, 0},
                 {30, 8, 0.05, 0},    {100, 8, 0.1, 0.05}, {300, 8, 0.02, 0.01}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        int n_hits = count_paired_hits(cases[c].n, cases[c].n_trials, cases[c].lost, cases[c].won);
        cr_assert(n_hits >= 367, "case %zu: %d of 400", c, n_hits);
    }
}
