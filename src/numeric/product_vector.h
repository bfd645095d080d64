/*
 * Vectors of floats and of doubles for the products, with what the instruction sets do differently. The
 * includer's compiler flags decide.
 */
#ifndef NUMERIC_PRODUCT_VECTOR_H
#define NUMERIC_PRODUCT_VECTOR_H

#include <stddef.h>
#include <string.h>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

/* TILE_ROWS x 2 vectors of sums fill the registers. */
#if defined(__AVX512F__)

enum { VECTOR_BYTES = 64, TILE_ROWS = 12 };
typedef __m512 vector_f32;
typedef __m512d vector_f64;

static inline vector_f32 all_f32(float value)
{
    return _mm512_set1_ps(value);
}

static inline vector_f64 all_f64(double value)
{
    return _mm512_set1_pd(value);
}

static inline vector_f32 multiply_add_f32(vector_f32 a, vector_f32 b, vector_f32 c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vector_f64 multiply_add_f64(vector_f64 a, vector_f64 b, vector_f64 c)
{
    return _mm512_fmadd_pd(a, b, c);
}

#elif defined(__AVX2__)

enum { VECTOR_BYTES = 32, TILE_ROWS = 6 };
typedef __m256 vector_f32;
typedef __m256d vector_f64;

static inline vector_f32 all_f32(float value)
{
    return _mm256_set1_ps(value);
}

static inline vector_f64 all_f64(double value)
{
    return _mm256_set1_pd(value);
}

static inline vector_f32 multiply_add_f32(vector_f32 a, vector_f32 b, vector_f32 c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline vector_f64 multiply_add_f64(vector_f64 a, vector_f64 b, vector_f64 c)
{
    return _mm256_fmadd_pd(a, b, c);
}

#else

enum { VECTOR_BYTES = 16, TILE_ROWS = 4 };
typedef float vector_f32 __attribute__((vector_size(16)));
typedef double vector_f64 __attribute__((vector_size(16)));

static inline vector_f32 all_f32(float value)
{
    return (vector_f32){value, value, value, value};
}

static inline vector_f64 all_f64(double value)
{
    return (vector_f64){value, value};
}

static inline vector_f32 multiply_add_f32(vector_f32 a, vector_f32 b, vector_f32 c)
{
    return a * b + c;
}

static inline vector_f64 multiply_add_f64(vector_f64 a, vector_f64 b, vector_f64 c)
{
    return a * b + c;
}

#endif
#endif
