/*
 * Numbers side by side, which compilers turn into vectors of whatever instruction set a function is compiled
 * for (base/clones.h). Same bits everywhere: nothing is fused, and the order of additions is written out.
 */
#ifndef NUMERIC_LANES_H
#define NUMERIC_LANES_H

#include <stdint.h>

enum { LANES = 8 };

typedef double lanes_f64 __attribute__((vector_size(64)));
typedef float lanes_f32 __attribute__((vector_size(32)));
typedef int64_t lanes_i64 __attribute__((vector_size(64)));
typedef int32_t lanes_i32 __attribute__((vector_size(32)));
typedef int16_t lanes_i16 __attribute__((vector_size(16)));
typedef int8_t lanes_i8 __attribute__((vector_size(8)));

/* Where `mask` (a comparison's: -1 or 0) one, elsewhere the other. */
#define LANES_SELECT(mask, one, other)                                                                       \
    ((lanes_f64)(((mask) & (lanes_i64)(one)) | (~(mask) & (lanes_i64)(other))))

/* lanes_i16 as numbers; in two steps, which compilers make vectors of. */
#define LANES_OF_CODES(codes) __builtin_convertvector(__builtin_convertvector(codes, lanes_i32), lanes_f64)

/* The sum of all, as (0 + 4) + (1 + 5) + ((2 + 6) + (3 + 7)). */
#define LANES_SUM(x) (((x)[0] + (x)[4]) + ((x)[1] + (x)[5]) + (((x)[2] + (x)[6]) + ((x)[3] + (x)[7])))

#endif
