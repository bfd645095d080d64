#include "numeric/bootstrap.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/random.h"

/* One call's work: the samples that count, packed. */
struct bootstrap {
    size_t n, n_series;
    double *weights, *values; /* [n], [n_series][n] */
    double *draws;            /* [n] how often each sample is drawn */
    double *ratios;           /* [n_series][BOOTSTRAP_RESAMPLES] */
};

static double dot(size_t n, const double *a, const double *b)
{
    double sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sums[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sums[0] += a[i] * b[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

static double total(size_t n, const double *values)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

/* Four of n draws come from each block; the bias of an index is below n / 2^32. */
static void draw(struct bootstrap *bootstrap, uint64_t seed, uint32_t resample)
{
    struct random_key key = {.seed = seed, .purpose = RANDOM_RESAMPLE, .draw = resample};
    size_t n = bootstrap->n;
    memset(bootstrap->draws, 0, n * sizeof *bootstrap->draws);
    for (size_t i = 0; i < n; i += 4) {
        uint32_t words[4];
        random_block(&key, (uint32_t)(i / 4), words);
        for (size_t k = 0; k < 4 && i + k < n; k++)
            bootstrap->draws[(uint64_t)words[k] * n >> 32] += 1;
    }
}

static void resample_all(struct bootstrap *bootstrap, uint64_t seed)
{
    size_t n = bootstrap->n;
    for (uint32_t r = 0; r < BOOTSTRAP_RESAMPLES; r++) {
        draw(bootstrap, seed, r);
        double weight = dot(n, bootstrap->draws, bootstrap->weights);
        for (size_t s = 0; s < bootstrap->n_series; s++)
            bootstrap->ratios[s * BOOTSTRAP_RESAMPLES + r] =
                dot(n, bootstrap->draws, bootstrap->values + s * n) / weight;
    }
}

/* From the ratios without one sample each. */
static double acceleration(size_t n, const double *weights, const double *values)
{
    double weight = total(n, weights), value = total(n, values), mean = 0, squares = 0, cubes = 0;
    for (size_t i = 0; i < n; i++)
        mean += (value - values[i]) / (weight - weights[i]);
    mean /= (double)n;
    for (size_t i = 0; i < n; i++) {
        double off = mean - (value - values[i]) / (weight - weights[i]);
        squares += off * off;
        cubes += off * off * off;
    }
    return squares > 0 ? cubes / (6 * squares * sqrt(squares)) : 0;
}

static int by_size(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* The value below which a share of the sorted ratios lies. */
static double quantile(const double *sorted, double share)
{
    double at = share * (BOOTSTRAP_RESAMPLES + 1);
    if (!(at >= 1))
        return sorted[0];
    return sorted[at >= BOOTSTRAP_RESAMPLES ? BOOTSTRAP_RESAMPLES - 1 : (size_t)at - 1];
}

/* Sorts the series' ratios. */
static struct bootstrap_interval interval_of(struct bootstrap *bootstrap, size_t series, double confidence)
{
    double *ratios = bootstrap->ratios + series * BOOTSTRAP_RESAMPLES;
    const double *values = bootstrap->values + series * bootstrap->n;
    double n = (double)bootstrap->n, n_below = 0,
           own = total(bootstrap->n, values) / total(bootstrap->n, bootstrap->weights);
    if (bootstrap->n < 2 || isnan(own))
        return (struct bootstrap_interval){(double)NAN, (double)NAN};
    qsort(ratios, BOOTSTRAP_RESAMPLES, sizeof *ratios, by_size);
    if (ratios[0] == ratios[BOOTSTRAP_RESAMPLES - 1])
        return (struct bootstrap_interval){ratios[0], ratios[0]};
    for (size_t r = 0; r < BOOTSTRAP_RESAMPLES; r++)
        n_below += ratios[r] < own ? 1 : ratios[r] == own ? 0.5 : 0;
    double share = fmin(fmax(n_below, 0.5), BOOTSTRAP_RESAMPLES - 0.5) / BOOTSTRAP_RESAMPLES;
    double bias = gsl_cdf_ugaussian_Pinv(share);
    double skew = acceleration(bootstrap->n, bootstrap->weights, values);
    double reach = gsl_cdf_tdist_Pinv(0.5 + 0.5 * confidence, n - 1) * sqrt(n / (n - 1));
    double ends[2];
    for (int end = 0; end < 2; end++) {
        double z = bias + (end == 0 ? -reach : reach), left = 1 - skew * z;
        double tail = left > 0 ? bias + z / left : end == 0 ? -(double)INFINITY : (double)INFINITY;
        ends[end] = quantile(ratios, gsl_cdf_ugaussian_P(tail));
    }
    return (struct bootstrap_interval){ends[0], ends[1]};
}

static void pack(struct bootstrap *bootstrap, size_t n, const double *weights, const double *values)
{
    for (size_t i = 0; i < n; i++)
        if (weights[i] > 0)
            bootstrap->weights[bootstrap->n++] = weights[i];
    for (size_t s = 0; s < bootstrap->n_series; s++) {
        double *to = bootstrap->values + s * bootstrap->n;
        for (size_t i = 0; i < n; i++)
            if (weights[i] > 0)
                *to++ = values[s * n + i];
    }
}

enum rs_status bootstrap_ratios(uint64_t seed, size_t n, const double *weights, size_t n_series,
                                const double *values, double confidence, struct bootstrap_interval *intervals,
                                struct rs_error *err)
{
    struct bootstrap bootstrap = {
        .n_series = n_series,
        .weights = memory_allocate(n, sizeof(double), err),
        .values = memory_allocate(n_series * n, sizeof(double), err),
        .draws = memory_allocate(n, sizeof(double), err),
        .ratios = memory_allocate(n_series * BOOTSTRAP_RESAMPLES, sizeof(double), err),
    };
    bool enough = bootstrap.weights && bootstrap.values && bootstrap.draws && bootstrap.ratios;
    if (enough) {
        pack(&bootstrap, n, weights, values);
        resample_all(&bootstrap, seed);
        for (size_t s = 0; s < n_series; s++)
            intervals[s] = interval_of(&bootstrap, s, confidence);
    }
    free(bootstrap.weights);
    free(bootstrap.values);
    free(bootstrap.draws);
    free(bootstrap.ratios);
    return enough ? RS_OK : RS_INTERNAL;
}
