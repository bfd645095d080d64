/* All functions of a product's kernel, for its compilation per instruction set. */
#ifndef NUMERIC_PRODUCT_BOTH_H
#define NUMERIC_PRODUCT_BOTH_H

#include "numeric/product_kernels.h"
#include "numeric/product_vector.h"

#define REAL float
#define NAMED(name) name##_f32
#include "numeric/product_tile.h"
#undef REAL
#undef NAMED

#define REAL double
#define NAMED(name) name##_f64
#include "numeric/product_tile.h"
#undef REAL
#undef NAMED

#define PRODUCT_KERNEL                                                                                       \
    {                                                                                                        \
        VECTOR_BYTES, pack_f64, pack_f32, multiply_f64, multiply_f32                                 \
    }

#endif
