/* A block of keys through the bit-serial unit, one key per lane. The includer's compiler flags decide the
 * instruction set. */
#ifndef DIGITAL_BIT_SERIAL_LANES_H
#define DIGITAL_BIT_SERIAL_LANES_H

#include <string.h>

#include "digital/bit_serial_kernels.h"

#if defined(__AVX512BW__)

#include <immintrin.h>
enum { VECTOR_KEYS = 16, SUMS = 4 };
typedef __m512i vector;
#define VECTOR_ALL(value) _mm512_set1_epi32(value)
#define VECTOR_LOAD(at) _mm512_loadu_si512(at)
#define VECTOR_STORE(at, value) _mm512_storeu_si512(at, value)
#define VECTOR_ADD_PRODUCTS(sum, a, b) _mm512_add_epi32(sum, _mm512_madd_epi16(a, b))

#elif defined(__AVX2__)

#include <immintrin.h>
enum { VECTOR_KEYS = 8, SUMS = 8 };
typedef __m256i vector;
#define VECTOR_ALL(value) _mm256_set1_epi32(value)
#define VECTOR_LOAD(at) _mm256_loadu_si256((const __m256i *)(const void *)(at))
#define VECTOR_STORE(at, value) _mm256_storeu_si256((__m256i *)(void *)(at), value)
#define VECTOR_ADD_PRODUCTS(sum, a, b) _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))

#elif defined(__SSE2__)

#include <immintrin.h>
enum { VECTOR_KEYS = 4, SUMS = 8 };
typedef __m128i vector;
#define VECTOR_ALL(value) _mm_set1_epi32(value)
#define VECTOR_LOAD(at) _mm_loadu_si128((const __m128i *)(const void *)(at))
#define VECTOR_STORE(at, value) _mm_storeu_si128((__m128i *)(void *)(at), value)
#define VECTOR_ADD_PRODUCTS(sum, a, b) _mm_add_epi32(sum, _mm_madd_epi16(a, b))

#else

enum { VECTOR_KEYS = 1, SUMS = 8 };
typedef int32_t vector;

static inline vector load_pair(const int16_t *at)
{
    vector pair;
    memcpy(&pair, at, sizeof pair);
    return pair;
}

static inline vector add_products(vector sum, vector a, vector b)
{
    int16_t one[2], other[2];
    memcpy(one, &a, sizeof one);
    memcpy(other, &b, sizeof other);
    return sum + one[0] * other[0] + one[1] * other[1];
}

#define VECTOR_ALL(value) (value)
#define VECTOR_LOAD(at) load_pair(at)
#define VECTOR_STORE(at, value) (*(at) = (value))
#define VECTOR_ADD_PRODUCTS(sum, a, b) add_products(sum, a, b)

#endif

/* Pairs whose products fit 32 bits together: 2 x 2^15 x 15 each. */
enum { PAIRS_AT_ONCE = 2048, BLOCK = BIT_SERIAL_BLOCK };

/* products [BLOCK] = q . (one plane) for SUMS vectors of keys at a time. */
static void multiply_part(const int32_t *query_pairs, size_t n_pairs, const int16_t *plane, int32_t *products)
{
    for (int first = 0; first < BLOCK; first += SUMS * VECTOR_KEYS) {
        const int16_t *at = plane + 2 * first;
        vector sums[SUMS];
        for (int v = 0; v < SUMS; v++)
            sums[v] = VECTOR_ALL(0);
        for (size_t p = 0; p < n_pairs; p++, at += 2 * BLOCK) {
            vector query = VECTOR_ALL(query_pairs[p]);
            for (int v = 0; v < SUMS; v++)
                sums[v] = VECTOR_ADD_PRODUCTS(sums[v], query, VECTOR_LOAD(at + 2 * v * VECTOR_KEYS));
        }
        for (int v = 0; v < SUMS; v++)
            VECTOR_STORE(products + first + v * VECTOR_KEYS, sums[v]);
    }
}

static void multiply(const struct bit_serial_work *work, const int16_t *plane, int64_t *products)
{
    int32_t part[BLOCK];
    memset(products, 0, BLOCK * sizeof *products);
    for (size_t first = 0; first < work->n_pairs; first += PAIRS_AT_ONCE) {
        size_t n = work->n_pairs - first < PAIRS_AT_ONCE ? work->n_pairs - first : PAIRS_AT_ONCE;
        multiply_part(work->query_pairs + first, n, plane + 2 * BLOCK * first, part);
        for (int l = 0; l < BLOCK; l++)
            products[l] += part[l];
    }
}

/* value 2^bits, also of negative numbers. */
static inline int64_t shift_left(int64_t value, int bits)
{
    return (int64_t)((uint64_t)value << bits);
}

/* -1 where value < 0, else 0. Processors without a comparison of 64 bits have this one. */
static inline int64_t mask_of_negative(int64_t value)
{
    return -(int64_t)((uint64_t)value >> 63);
}

/*
 * Keys whose enclosed product lies on one side of the threshold end with `seen` bits. Returns whether any
 * goes on. With constant `drops` and `keeps` the side that nobody asks for is left out.
 */
static inline bool judge(const struct bit_serial_work *work, int seen, bool drops, bool keeps,
                         const int64_t *aligned, struct bit_serial_state *state)
{
    const int64_t threshold = work->stop.threshold, size = work->query_size;
    const int unseen = work->shape.magnitude_bits - seen;
    int64_t any = 0;
    for (int l = 0; l < BLOCK; l++) {
        int64_t above = shift_left(aligned[l], unseen) - aligned[l];
        int64_t high = state->sum[l] + above;
        int64_t low = high - (shift_left(size, unseen) - size);
        int64_t dropped = drops ? mask_of_negative(high - threshold) & state->active[l] : 0;
        int64_t kept = keeps ? ~mask_of_negative(low - threshold) & state->active[l] : 0;
        state->end[l] |= (dropped & BIT_SERIAL_DROPPED) | (kept & BIT_SERIAL_KEPT);
        state->n_bits[l] |= (dropped | kept) & seen;
        state->active[l] &= ~(dropped | kept);
        any |= state->active[l];
    }
    return any != 0;
}

static bool judge_block(const struct bit_serial_work *work, int seen, const int64_t *aligned,
                        struct bit_serial_state *state)
{
    if (!work->stop.keeps)
        return judge(work, seen, true, false, aligned, state);
    return judge(work, seen, work->stop.drops, true, aligned, state);
}

static void run(const struct bit_serial_work *work, const int16_t *block, struct bit_serial_state *state)
{
    const size_t plane_size = work->n_pairs * 2 * BLOCK;
    const struct bit_serial_shape *shape = &work->shape;
    const bool stops = work->stop.drops || work->stop.keeps;
    int64_t products[BLOCK], aligned[BLOCK];
    if (stops) {
        multiply(work, block, products);
        for (int l = 0; l < BLOCK; l++)
            aligned[l] = (int64_t)((uint64_t)(work->query_size + products[l]) >> 1); /* never negative */
    }
    int unseen = shape->magnitude_bits;
    for (size_t cycle = 0; cycle < work->n_cycles; cycle++) {
        unseen -= unseen < shape->bits_per_cycle ? unseen : shape->bits_per_cycle;
        multiply(work, block + (1 + cycle) * plane_size, products);
        for (int l = 0; l < BLOCK; l++)
            state->sum[l] += shift_left(products[l], unseen) & state->active[l];
        if (stops && unseen > 0 && !judge_block(work, shape->magnitude_bits - unseen, aligned, state))
            return;
    }
    for (int l = 0; l < BLOCK; l++)
        state->n_bits[l] |= state->active[l] & shape->magnitude_bits;
}

#endif
