/* Integer codes of q, k and v, and their most significant bits (definitions 1). */
#ifndef TENSOR_CODE_H
#define TENSOR_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CODE_BITS_MIN = 2, CODE_BITS_MAX = 16 };

/* The largest code of `bits` bits: 2^(bits-1) - 1. */
int code_limit(int bits);

/* The step s = max|x| / (2^(bits-1) - 1); 0 where all values are 0. */
double code_step(double max_magnitude, int bits);

/*
 * codes[i] = round-half-even(values[i] / step), clamped to +-code_limit(bits), in float64. A step of 0 gives
 * codes of 0. Returns how many were clamped.
 */
size_t code_quantise(const float *values, size_t n, double step, int bits, int16_t *codes);

/*
 * The `msb_bits` most significant bits of a code of `bits` bits: round-half-even(code / 2^(bits - msb_bits))
 * clamped to +-code_limit(msb_bits), or the magnitude without its low bits where `truncate`.
 */
int code_msb(int code, int bits, int msb_bits, bool truncate);
/* The same of n codes. */
void code_take_msb(const int16_t *codes, size_t n, int bits, int msb_bits, bool truncate, int16_t *msb);

/* sum_i one[i] other[i] */
int64_t code_product(const int16_t *one, const int16_t *other, size_t n);
/* sums [n_keys] of a query [d] with keys [n_keys][d], codes of `bits` bits. */
void code_products(const int16_t *query, const int16_t *keys, size_t n_keys, size_t d, int bits,
                   int64_t *sums);

/*
 * The smallest whole number n with unit * n >= threshold, both in double: the integer form of a threshold
 * (unit > 0). Limited to +-2^52, where nothing or everything is kept. unit = 0: all scores are 0.
 */
int64_t code_threshold(double threshold, double unit);

#endif
