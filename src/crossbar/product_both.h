/* All functions of a product's kernel, for its compilation per instruction set. */
#ifndef CROSSBAR_PRODUCT_BOTH_H
#define CROSSBAR_PRODUCT_BOTH_H

#include "crossbar/product_kernels.h"
#include "crossbar/product_vector.h"

#define REAL float
#define NAMED(name) name##_f32
#include "crossbar/product_tile.h"
#undef REAL
#undef NAMED

#define REAL double
#define NAMED(name) name##_f64
#include "crossbar/product_tile.h"
#undef REAL
#undef NAMED

#include "crossbar/product_decide.h"

#define PRODUCT_KERNEL                                                                                       \
    {                                                                                                        \
        VECTOR_BYTES, pack_f64, pack_f32, multiply_f64, multiply_f32, decide                                 \
    }

#endif
