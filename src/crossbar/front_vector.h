/*
 * The only place where instruction sets differ: a vector of doubles and what is done with it. The includer's
 * compiler flags decide. A fused multiply-add is used where the instruction set has it.
 */
#ifndef CROSSBAR_FRONT_VECTOR_H
#define CROSSBAR_FRONT_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)

enum { VECTOR_LANES = 8, TILE_ROWS = 8, TILE_VECTORS = 3 };
typedef __m512d vector;

static inline vector vector_all(double value)
{
    return _mm512_set1_pd(value);
}

static inline vector vector_multiply_add(vector a, vector b, vector c)
{
    return _mm512_fmadd_pd(a, b, c);
}

static inline vector vector_inverse_root(vector a)
{
    __mmask8 positive = _mm512_cmp_pd_mask(a, _mm512_setzero_pd(), _CMP_GT_OQ);
    return _mm512_maskz_div_pd(positive, vector_all(1), _mm512_sqrt_pd(a));
}

#elif defined(__AVX2__)

enum { VECTOR_LANES = 4, TILE_ROWS = 4, TILE_VECTORS = 3 };
typedef __m256d vector;

static inline vector vector_all(double value)
{
    return _mm256_set1_pd(value);
}

static inline vector vector_multiply_add(vector a, vector b, vector c)
{
    return _mm256_fmadd_pd(a, b, c);
}

static inline vector vector_inverse_root(vector a)
{
    vector positive = _mm256_cmp_pd(a, _mm256_setzero_pd(), _CMP_GT_OQ);
    return _mm256_and_pd(positive, _mm256_div_pd(vector_all(1), _mm256_sqrt_pd(a)));
}

#else

enum { VECTOR_LANES = 2, TILE_ROWS = 4, TILE_VECTORS = 2 };
typedef double vector __attribute__((vector_size(16)));

static inline vector vector_all(double value)
{
    return (vector){value, value};
}

static inline vector vector_multiply_add(vector a, vector b, vector c)
{
    return a * b + c;
}

static inline vector vector_inverse_root(vector a)
{
    for (int l = 0; l < VECTOR_LANES; l++)
        a[l] = a[l] > 0 ? 1 / sqrt(a[l]) : 0;
    return a;
}

#endif

/* `at` need not be aligned to more than a double. */
static inline vector vector_load(const double *at)
{
    vector value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline void vector_store(double *at, vector value)
{
    memcpy(at, &value, sizeof value);
}

static inline double vector_sum(vector a)
{
    double lane[VECTOR_LANES];
    memcpy(lane, &a, sizeof lane);
    for (size_t n = VECTOR_LANES / 2; n > 0; n /= 2)
        for (size_t l = 0; l < n; l++)
            lane[l] += lane[l + n];
    return lane[0];
}

#endif
