/* A pass of the top-k engine's comparators and zero eliminators, and its filter. The includer's compiler
 * flags decide the instruction set. */
#ifndef DIGITAL_TOPK_LANES_H
#define DIGITAL_TOPK_LANES_H

#include <stdint.h>

#include "digital/topk_kernels.h"

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)

enum { LANES = 8 };

static inline void part_lanes(__m512d value, __mmask8 lanes, double pivot, double *below, double *above,
                              struct topk_parts *parts)
{
    __m512d all = _mm512_set1_pd(pivot);
    __mmask8 less = _mm512_mask_cmp_pd_mask(lanes, value, all, _CMP_LT_OQ);
    __mmask8 more = _mm512_mask_cmp_pd_mask(lanes, value, all, _CMP_GT_OQ);
    _mm512_storeu_pd(below + parts->n_below, _mm512_maskz_compress_pd(less, value));
    _mm512_storeu_pd(above + parts->n_above, _mm512_maskz_compress_pd(more, value));
    parts->n_below += (size_t)__builtin_popcount(less);
    parts->n_above += (size_t)__builtin_popcount(more);
}

/* LANES elements. */
static inline void part_vector(const double *from, double pivot, double *below, double *above,
                               struct topk_parts *parts)
{
    part_lanes(_mm512_loadu_pd(from), 0xff, pivot, below, above, parts);
}

/* The n < LANES last ones. Branches on single values would be guessed wrong half the time. */
static inline void part_rest(const double *from, size_t n, double pivot, double *below, double *above,
                             struct topk_parts *parts)
{
    __mmask8 lanes = (__mmask8)((1U << n) - 1);
    part_lanes(_mm512_maskz_loadu_pd(lanes, from), lanes, pivot, below, above, parts);
}

#elif defined(__AVX2__)

enum { LANES = 4 };

/* Which halves of doubles close the gaps of a mask's set lanes. */
#define HALVES(a, b, c, d)                                                                                   \
    {                                                                                                        \
        2 * (a), 2 * (a) + 1, 2 * (b), 2 * (b) + 1, 2 * (c), 2 * (c) + 1, 2 * (d), 2 * (d) + 1               \
    }
static const int32_t orders[16][8] = {
    HALVES(0, 1, 2, 3), HALVES(0, 1, 2, 3), HALVES(1, 0, 2, 3), HALVES(0, 1, 2, 3),
    HALVES(2, 0, 1, 3), HALVES(0, 2, 1, 3), HALVES(1, 2, 0, 3), HALVES(0, 1, 2, 3),
    HALVES(3, 0, 1, 2), HALVES(0, 3, 1, 2), HALVES(1, 3, 0, 2), HALVES(0, 1, 3, 2),
    HALVES(2, 3, 0, 1), HALVES(0, 2, 3, 1), HALVES(1, 2, 3, 0), HALVES(0, 1, 2, 3)};

static inline size_t store_dense(double *at, __m256d value, int mask)
{
    __m256i order = _mm256_loadu_si256((const __m256i *)(const void *)orders[mask]);
    __m256 dense = _mm256_permutevar8x32_ps(_mm256_castpd_ps(value), order);
    _mm256_storeu_pd(at, _mm256_castps_pd(dense));
    return (size_t)__builtin_popcount((unsigned)mask);
}

static inline void part_lanes(__m256d value, int lanes, double pivot, double *below, double *above,
                              struct topk_parts *parts)
{
    __m256d all = _mm256_set1_pd(pivot);
    int less = _mm256_movemask_pd(_mm256_cmp_pd(value, all, _CMP_LT_OQ)) & lanes;
    int more = _mm256_movemask_pd(_mm256_cmp_pd(value, all, _CMP_GT_OQ)) & lanes;
    parts->n_below += store_dense(below + parts->n_below, value, less);
    parts->n_above += store_dense(above + parts->n_above, value, more);
}

static inline void part_vector(const double *from, double pivot, double *below, double *above,
                               struct topk_parts *parts)
{
    part_lanes(_mm256_loadu_pd(from), 0xf, pivot, below, above, parts);
}

static const int64_t first_lanes[2 * LANES] = {-1, -1, -1, -1};

static inline void part_rest(const double *from, size_t n, double pivot, double *below, double *above,
                             struct topk_parts *parts)
{
    __m256i lanes = _mm256_loadu_si256((const __m256i *)(const void *)(first_lanes + LANES - n));
    part_lanes(_mm256_maskload_pd(from, lanes), (1 << n) - 1, pivot, below, above, parts);
}

#else

enum { LANES = 1 };

static inline void part_vector(const double *from, double pivot, double *below, double *above,
                               struct topk_parts *parts)
{
    double value = *from;
    below[parts->n_below] = value;
    above[parts->n_above] = value;
    parts->n_below += value < pivot;
    parts->n_above += value > pivot;
}

static inline void part_rest(const double *from, size_t n, double pivot, double *below, double *above,
                             struct topk_parts *parts)
{
    (void)from, (void)n, (void)pivot, (void)below, (void)above, (void)parts;
}

#endif

/* In place too: what is written lies at or before what has been read. */
static struct topk_parts part(const double *from, size_t n, double pivot, double *below, double *above)
{
    struct topk_parts parts = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        part_vector(from + i, pivot, below, above, &parts);
    if (i < n)
        part_rest(from + i, n - i, pivot, below, above, &parts);
    return parts;
}

static size_t filter(const double *values, size_t n, double kth, bool *chosen)
{
    int64_t n_numbers = 0;
    for (size_t i = 0; i < n; i++) {
        chosen[i] = values[i] > kth;
        n_numbers += values[i] == values[i];
    }
    return (size_t)n_numbers;
}

#endif
