/* The normals of random_f32.h in vectors, compiled once per kernel; also inside kernels that use them at
 * once. */
#ifndef NUMERIC_RANDOM_F32_LANES_H
#define NUMERIC_RANDOM_F32_LANES_H

#include <math.h>
#include <string.h>

#include "numeric/random_f32.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
enum { RANDOM_BYTES = 64 };
#elif defined(__AVX2__)
enum { RANDOM_BYTES = 32 };
#else
enum { RANDOM_BYTES = 16 };
#endif

enum { RANDOM_LANES = RANDOM_BYTES / 4, RANDOM_ROUNDS = 10 };

typedef float random_reals __attribute__((vector_size(RANDOM_BYTES)));
typedef int32_t random_integers __attribute__((vector_size(RANDOM_BYTES)));
typedef uint32_t random_words __attribute__((vector_size(RANDOM_BYTES)));
typedef uint64_t random_longs __attribute__((vector_size(RANDOM_BYTES)));

/* Low words times a constant, in full. */
static inline random_longs random_multiply(random_longs a, uint32_t factor)
{
#if defined(__AVX512F__)
    return (random_longs)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(factor));
#elif defined(__AVX2__)
    return (random_longs)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(factor));
#elif defined(__SSE2__)
    return (random_longs)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(factor));
#else
    return (a & 0xffffffffu) * (uint64_t)factor;
#endif
}

static inline random_reals random_root(random_reals a)
{
#if defined(__AVX512F__)
    return _mm512_sqrt_ps(a);
#elif defined(__AVX2__)
    return _mm256_sqrt_ps(a);
#elif defined(__SSE2__)
    return _mm_sqrt_ps(a);
#else
    for (int l = 0; l < RANDOM_LANES; l++)
        a[l] = sqrtf(a[l]);
    return a;
#endif
}

/* Words p of blocks first_block + lane. Even blocks run in one set of 64-bit lanes, odd ones in another, of
 * which only the low halves count. */
static inline __attribute__((always_inline)) void random_blocks(const struct random_key *key,
                                                                uint32_t first_block, random_words words[4])
{
    uint64_t place = (uint64_t)key->array | (uint64_t)key->trial << 20 | (uint64_t)key->write << 40;
    uint32_t seed = (uint32_t)key->seed, seed_high = (uint32_t)(key->seed >> 32);
    random_longs a[2], b[2], c[2], d[2], zero = {0}, even = {0};
    for (int l = 0; l < RANDOM_LANES / 2; l++)
        even[l] = (uint64_t)(2 * l);
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
        a[half] = (zero + (first_block + (uint32_t)half) + even) & 0xffffffu;
        a[half] |= (uint64_t)((uint32_t)key->purpose << 24);
        b[half] = zero + key->draw;
        c[half] = zero + (uint32_t)place;
        d[half] = zero + (place >> 32);
    }
#pragma GCC unroll 10
    for (int round = 0; round < RANDOM_ROUNDS; round++) {
#pragma GCC unroll 2
        for (int half = 0; half < 2; half++) {
            random_longs one = random_multiply(a[half], 0xD2511F53u);
            random_longs other = random_multiply(c[half], 0xCD9E8D57u);
            a[half] = (other >> 32) ^ b[half] ^ seed;
            c[half] = (one >> 32) ^ d[half] ^ seed_high;
            b[half] = other;
            d[half] = one;
        }
        seed += 0x9E3779B9u;
        seed_high += 0xBB67AE85u;
    }
    const random_longs *const state[4] = {a, b, c, d};
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++)
        words[p] = (random_words)((state[p][0] & 0xffffffffu) | state[p][1] << 32);
}

/*
 * -2 ln((w/2 + 1/2) / 2^31): the argument is 2^e m, m in [sqrt(1/2), sqrt(2)); with f = m - 1 the rest is
 * -2 f + f^2 + f^3 P(f), P the minimax polynomial of degree 6 (3e-8 of the whole).
 */
static inline __attribute__((always_inline)) random_reals random_radius_squared(random_words words)
{
    random_reals x = __builtin_convertvector((random_integers)(words >> 1), random_reals) + 0.5f;
    random_integers bits = (random_integers)x - 0x3f3504f3; /* sqrt(1/2) */
    random_reals e = __builtin_convertvector((bits >> 23) - 31, random_reals);
    random_reals f = (random_reals)((bits & 0x7fffff) + 0x3f3504f3) - 1.0f;
    random_reals p = f * -0.17400719225406647f + 0.2853495180606842f;
    p = p * f + -0.2982957363128662f;
    p = p * f + 0.331551730632782f;
    p = p * f + -0.3992612361907959f;
    p = p * f + 0.5000267624855042f;
    p = p * f + -0.6666781902313232f;
    random_reals square = f * f;
    return e * -1.3862943611198906f + (-2.0f * f + (square + square * f * p));
}

/* cos and sin of pi/4 (octant + angle), by minimax polynomials on one octant (4e-8), mirrored. */
static inline __attribute__((always_inline)) void random_turn(random_words words, random_reals *cosine,
                                                              random_reals *sine)
{
    random_reals x = __builtin_convertvector((random_integers)(words & 0x1fffffffu), random_reals) * 0x1p-29f;
    random_reals z = x * x;
    random_reals s = z * -3.595053931348957e-05f + 0.0024900012649595737f;
    s = s * z + -0.08074543625116348f;
    s = (s * z + 0.7853981852531433f) * x;
    random_reals c = z * -0.00031916017178446054f + 0.01585039682686329f;
    c = (c * z + -0.3084245026111603f) * z + 1.0f;
    random_words swapped = (random_words)((random_integers)(words << 2) >> 31);
    random_words change = ((random_words)s ^ (random_words)c) & swapped;
    *cosine = (random_reals)((random_words)c ^ change ^ (words & 0x80000000u));
    *sine = (random_reals)((random_words)s ^ change ^ (words << 1 & 0x80000000u));
}

/* normals [RANDOM_F32_GROUP] of the cells of one group. */
static inline __attribute__((always_inline)) void random_group(const struct random_key *key, uint32_t group,
                                                               float *normals)
{
    enum { BLOCKS = RANDOM_F32_GROUP / 4 };
    for (int first = 0; first < BLOCKS; first += RANDOM_LANES) {
        random_words words[4];
        random_blocks(key, group * BLOCKS + (uint32_t)first, words);
#pragma GCC unroll 2
        for (int pair = 0; pair < 2; pair++) {
            random_reals radius = random_root(random_radius_squared(words[2 * pair])), cosine, sine;
            random_turn(words[2 * pair + 1], &cosine, &sine);
            cosine *= radius;
            sine *= radius;
            memcpy(normals + 2 * pair * BLOCKS + first, &cosine, sizeof cosine);
            memcpy(normals + (2 * pair + 1) * BLOCKS + first, &sine, sizeof sine);
        }
    }
}

static inline void random_fill(const struct random_key *key, size_t n, float *normals)
{
    size_t group = 0, n_whole = n / RANDOM_F32_GROUP;
    for (; group < n_whole; group++)
        random_group(key, (uint32_t)group, normals + group * RANDOM_F32_GROUP);
    if (n % RANDOM_F32_GROUP != 0) {
        float last[RANDOM_F32_GROUP];
        random_group(key, (uint32_t)group, last);
        memcpy(normals + group * RANDOM_F32_GROUP, last, n % RANDOM_F32_GROUP * sizeof *last);
    }
}

#endif
