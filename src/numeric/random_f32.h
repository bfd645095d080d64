/*
 * Standard normals in single precision, as many at once as the processor's vectors hold: Philox4x32-10 at the
 * same counters as random.h, then Box-Muller with own polynomials. Only + - x and square roots, never fused:
 * every kernel gives the same bits.
 *
 * Cell 64 g + 16 p + l is word p of block 16 g + l, so that the words of neighbouring cells lie in
 * neighbouring lanes; random.h's doubles of the same key are other numbers. Words 0 and 1 of a block give the
 * normals p = 0, 1, words 2 and 3 those of p = 2, 3: radius sqrt(-2 ln((w/2 + 1/2) / 2^31)), so that they end
 * at 6.7 sigma; of the other word the 29 low bits are the angle within an octant, the 3 high ones the octant.
 */
#ifndef NUMERIC_RANDOM_F32_H
#define NUMERIC_RANDOM_F32_H

#include "base/kernel.h"
#include "numeric/random.h"

enum { RANDOM_F32_GROUP = 64 };

/* normals [n] of cells 0 ... n-1; the same cells give the same numbers for every n. */
typedef void random_f32_fill(const struct random_key *key, size_t n, float *normals);

/* For a kernel that runs here. */
random_f32_fill *random_f32_of(enum kernel kernel);

#endif
