/*
 * Decisions of queries from their sums, compiled once per kernel under the name DECIDE. I + sqrt(var) z >=
 * threshold is decided without the root: var z |z| >= (threshold - I) |threshold - I|, and of z = r c only
 * r^2 is needed.
 */
#ifndef CROSSBAR_DECIDE_LANES_H
#define CROSSBAR_DECIDE_LANES_H

#include "crossbar/decide_kernels.h"
#include "numeric/product_vector.h"
#include "numeric/random_f32_lanes.h"

/* One bit per lane: a >= b. */
static inline uint64_t compare_lanes(random_reals a, random_reals b)
{
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
#elif defined(__AVX2__)
    return (uint64_t)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ));
#elif defined(__SSE2__)
    return (uint64_t)_mm_movemask_ps(_mm_cmpge_ps(a, b));
#else
    uint64_t bits = 0;
    for (int l = 0; l < RANDOM_LANES; l++)
        bits |= (uint64_t)(a[l] >= b[l]) << l;
    return bits;
#endif
}

static inline random_reals magnitude(random_reals a)
{
    return (random_reals)((random_words)a & 0x7fffffffu);
}

/* Of a and 0. */
static inline random_reals larger(random_reals a)
{
#if defined(__AVX512F__)
    return _mm512_max_ps(a, _mm512_setzero_ps());
#elif defined(__AVX2__)
    return _mm256_max_ps(a, _mm256_setzero_ps());
#else
    return (random_reals)((random_words)a & (random_words)(a > 0));
#endif
}

static inline random_reals load_lanes(const float *at)
{
    random_reals value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* Bits of the lanes at `at`, whose normals are sqrt(radius_squared) turn. */
static inline __attribute__((always_inline)) uint64_t
decide_lanes(const struct decide_sums *sums, size_t at, random_reals radius_squared, random_reals turn)
{
    random_reals amperes = load_lanes(sums->amperes + at);
    random_reals slope =
        multiply_add_f32(amperes, load_lanes(sums->f + at), load_lanes(sums->minus_2e_sum + at));
    random_reals variance = larger(multiply_add_f32(amperes, slope, load_lanes(sums->d_sum + at)));
    random_reals distance = load_lanes(sums->threshold_amperes + at) - amperes;
    return compare_lanes(variance * radius_squared * (turn * magnitude(turn)),
                         distance * magnitude(distance));
}

/* The bits of one whole group of columns, which is the group `group` of cells. */
static inline __attribute__((always_inline)) uint64_t
decide_group(const struct decide_sums *sums, size_t at, const struct random_key *key, uint32_t group)
{
    enum { BLOCKS = RANDOM_F32_GROUP / 4 };
    uint64_t bits = 0;
    for (int first = 0; first < BLOCKS; first += RANDOM_LANES) {
        random_words words[4];
        random_blocks(key, group * BLOCKS + (uint32_t)first, words);
#pragma GCC unroll 2
        for (int pair = 0; pair < 2; pair++) {
            int place = 2 * pair * BLOCKS + first;
            random_reals radius_squared = random_radius_squared(words[2 * pair]), cosine, sine;
            random_turn(words[2 * pair + 1], &cosine, &sine);
            bits |= decide_lanes(sums, at + (size_t)place, radius_squared, cosine) << place;
            bits |= decide_lanes(sums, at + (size_t)place + BLOCKS, radius_squared, sine) << (place + BLOCKS);
        }
    }
    return bits;
}

/* The last columns of a query, copied to where vectors may reach past them. */
static uint64_t decide_last(const struct decide_sums *sums, size_t at, size_t n_left,
                            const struct random_key *key)
{
    float last[5][RANDOM_F32_GROUP] = {{0}};
    const float *const all[5] = {sums->amperes, sums->d_sum, sums->minus_2e_sum, sums->f,
                                 sums->threshold_amperes};
    for (int i = 0; i < 5; i++)
        memcpy(last[i], all[i] + at, n_left * sizeof(float));
    const struct decide_sums rest = {last[0], last[1], last[2], last[3], last[4]};
    return decide_group(&rest, 0, key, (uint32_t)(at / RANDOM_F32_GROUP)) & ((UINT64_C(1) << n_left) - 1);
}

void DECIDE(const struct decide_sums *sums, size_t n_queries, size_t n_columns, const struct random_key *key,
            uint64_t *bits)
{
    struct decide_sums here = *sums;
    struct random_key own = *key;
    size_t n_left = n_columns % RANDOM_F32_GROUP, n_inside = n_columns - n_left;
    for (size_t q = 0; q < n_queries; q++) {
        for (size_t at = 0; at < n_inside; at += RANDOM_F32_GROUP)
            *bits++ = decide_group(&here, at, &own, (uint32_t)(at / RANDOM_F32_GROUP));
        if (n_left > 0)
            *bits++ = decide_last(&here, n_inside, n_left, &own);
        here.amperes += n_columns;
        here.d_sum += n_columns;
        here.minus_2e_sum += n_columns;
        own.draw++;
    }
}

#endif
