/*
 * The only place where instruction sets and precisions differ: a vector of reals and what is done with it.
 * The includer's compiler flags decide, and FRONT_F32, defined by the includer for single precision. A fused
 * multiply-add is used where the instruction set has it.
 */
#ifndef CROSSBAR_FRONT_VECTOR_H
#define CROSSBAR_FRONT_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "crossbar/front.h"

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#ifdef FRONT_F32
typedef float real;
#define REAL_ROOT sqrtf
#define REAL_SCALE FRONT_SCALE_F32
#define VECTOR_OPERATION(width, name) _mm##width##_##name##_ps
#else
typedef double real;
#define REAL_ROOT sqrt
#define REAL_SCALE 1.0
#define VECTOR_OPERATION(width, name) _mm##width##_##name##_pd
#endif

/* Tiles of products: TILE_ROWS x TILE_VECTORS vectors of neighbouring nodes, LANES_ROWS x LANES_COLUMNS in
 * lanes; as many sums as the registers hold. */
#if defined(__AVX512F__)

enum { VECTOR_BYTES = 64, TILE_ROWS = 8, LANES_ROWS = 8, LANES_COLUMNS = 3 };

#ifdef FRONT_F32
enum { TILE_VECTORS = 2 };
typedef __m512 vector;
typedef __mmask16 vector_mask;
#else
enum { TILE_VECTORS = 3 };
typedef __m512d vector;
typedef __mmask8 vector_mask;
#endif

static inline vector vector_all(real value)
{
    return VECTOR_OPERATION(512, set1)(value);
}

static inline vector vector_multiply_add(vector a, vector b, vector c)
{
    return VECTOR_OPERATION(512, fmadd)(a, b, c);
}

static inline vector_mask vector_positive(vector a)
{
#ifdef FRONT_F32
    return _mm512_cmp_ps_mask(a, vector_all(0), _CMP_GT_OQ);
#else
    return _mm512_cmp_pd_mask(a, vector_all(0), _CMP_GT_OQ);
#endif
}

/* 1 / a, or 0 where a is 0; and the same of the root. */
static inline vector vector_inverse(vector a)
{
    return VECTOR_OPERATION(512, maskz_div)(vector_positive(a), vector_all(1), a);
}

static inline vector vector_inverse_root(vector a)
{
    vector_mask positive = vector_positive(a);
    return VECTOR_OPERATION(512, maskz_div)(positive, vector_all(1), VECTOR_OPERATION(512, sqrt)(a));
}

#elif defined(__AVX2__)

enum { VECTOR_BYTES = 32, TILE_ROWS = 4, TILE_VECTORS = 3, LANES_ROWS = 4, LANES_COLUMNS = 3 };

#ifdef FRONT_F32
typedef __m256 vector;
#else
typedef __m256d vector;
#endif

static inline vector vector_all(real value)
{
    return VECTOR_OPERATION(256, set1)(value);
}

static inline vector vector_multiply_add(vector a, vector b, vector c)
{
    return VECTOR_OPERATION(256, fmadd)(a, b, c);
}

static inline vector vector_inverse(vector a)
{
    vector positive = VECTOR_OPERATION(256, cmp)(a, vector_all(0), _CMP_GT_OQ);
    return VECTOR_OPERATION(256, and)(positive, VECTOR_OPERATION(256, div)(vector_all(1), a));
}

static inline vector vector_inverse_root(vector a)
{
    vector positive = VECTOR_OPERATION(256, cmp)(a, vector_all(0), _CMP_GT_OQ);
    vector inverse = VECTOR_OPERATION(256, div)(vector_all(1), VECTOR_OPERATION(256, sqrt)(a));
    return VECTOR_OPERATION(256, and)(positive, inverse);
}

#else

enum { VECTOR_BYTES = 16, TILE_ROWS = 4, TILE_VECTORS = 2, LANES_ROWS = 4, LANES_COLUMNS = 3 };
typedef real vector __attribute__((vector_size(16)));

static inline vector vector_all(real value)
{
    return value - (vector){0};
}

static inline vector vector_multiply_add(vector a, vector b, vector c)
{
    return a * b + c;
}

static inline vector vector_inverse(vector a)
{
    for (size_t l = 0; l < sizeof a / sizeof(real); l++)
        a[l] = a[l] > 0 ? 1 / a[l] : 0;
    return a;
}

static inline vector vector_inverse_root(vector a)
{
    for (size_t l = 0; l < sizeof a / sizeof(real); l++)
        a[l] = a[l] > 0 ? 1 / REAL_ROOT(a[l]) : 0;
    return a;
}

#endif

/* Keeps a value that is used several times in a register: compilers prefer to load it anew for each use. */
#if defined(__AVX2__)
#define VECTOR_HOLD(value) __asm__("" : "+v"(value))
#else
#define VECTOR_HOLD(value) ((void)(value))
#endif

enum { VECTOR_LANES = VECTOR_BYTES / sizeof(real) };

/* Of lanes that are numbered from `first` on, those from `begin` on, the others 0. */
static inline vector vector_from(vector a, size_t first, size_t begin)
{
    size_t n = begin > first ? begin - first : 0;
    if (n >= VECTOR_LANES)
        return vector_all(0);
#if defined(__AVX512F__)
    return VECTOR_OPERATION(512, maskz_mov)((vector_mask)(~0u << n), a);
#else
    for (size_t l = 0; l < n; l++)
        a[l] = 0;
    return a;
#endif
}

/* `at` need not be aligned to more than a real. */
static inline vector vector_load(const real *at)
{
    vector value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline void vector_store(real *at, vector value)
{
    memcpy(at, &value, sizeof value);
}

/* out = in, or out += in, for n neighbouring reals. */
static inline void vector_copy_part(real *out, const real *in, size_t n)
{
    for (; n >= VECTOR_LANES; n -= VECTOR_LANES, in += VECTOR_LANES, out += VECTOR_LANES)
        vector_store(out, vector_load(in));
#if defined(__AVX512F__)
    if (n == 0)
        return;
    vector_mask mask = (vector_mask)((1u << n) - 1);
    VECTOR_OPERATION(512, mask_storeu)(out, mask, VECTOR_OPERATION(512, maskz_loadu)(mask, in));
#else
    for (size_t j = 0; j < n; j++)
        out[j] = in[j];
#endif
}

static inline void vector_clear_part(real *out, size_t n)
{
    for (; n >= VECTOR_LANES; n -= VECTOR_LANES, out += VECTOR_LANES)
        vector_store(out, vector_all(0));
#if defined(__AVX512F__)
    if (n > 0)
        VECTOR_OPERATION(512, mask_storeu)(out, (vector_mask)((1u << n) - 1), vector_all(0));
#else
    for (size_t j = 0; j < n; j++)
        out[j] = 0;
#endif
}

static inline void vector_add_part(real *out, const real *in, size_t n)
{
    for (; n >= VECTOR_LANES; n -= VECTOR_LANES, in += VECTOR_LANES, out += VECTOR_LANES)
        vector_store(out, vector_load(out) + vector_load(in));
#if defined(__AVX512F__)
    if (n == 0)
        return;
    vector_mask mask = (vector_mask)((1u << n) - 1);
    vector sum = VECTOR_OPERATION(512, maskz_loadu)(mask, in) + VECTOR_OPERATION(512, maskz_loadu)(mask, out);
    VECTOR_OPERATION(512, mask_storeu)(out, mask, sum);
#else
    for (size_t j = 0; j < n; j++)
        out[j] += in[j];
#endif
}

static inline real vector_sum(vector a)
{
#if defined(__AVX512F__)
    return VECTOR_OPERATION(512, reduce_add)(a);
#else
    real lane[VECTOR_LANES];
    memcpy(lane, &a, sizeof lane);
    for (size_t n = VECTOR_LANES / 2; n > 0; n /= 2)
        for (size_t l = 0; l < n; l++)
            lane[l] += lane[l + n];
    return lane[0];
#endif
}

#endif
