/* What a product's kernels share: sizes, and the functions that product.c chooses from. */
#ifndef NUMERIC_PRODUCT_KERNELS_H
#define NUMERIC_PRODUCT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/* Inputs and rows that are multiplied at a time (the part of the inputs stays in cache; fewer inputs read a
 * large matrix too often); the pad keeps neighbouring inputs out of the same cache sets. */
enum { PRODUCT_STRIPE = 96, PRODUCT_DEPTH = 256, PRODUCT_PAD = 16 };

struct product_shape {
    size_t n_rows, n_columns;
    size_t input_stride; /* from one input to the next, n_rows or more */
};

struct product_kernel {
    size_t vector_bytes;
    void (*pack_f64)(const struct product_shape *shape, const double *matrix, void *packed);
    void (*pack_f32)(const struct product_shape *shape, const double *matrix, void *packed);
    void (*multiply_f64)(const struct product_shape *shape, const void *packed, size_t n_inputs,
                         const void *inputs, void *out);
    void (*multiply_f32)(const struct product_shape *shape, const void *packed, size_t n_inputs,
                         const void *inputs, void *out);
};

extern const struct product_kernel product_baseline, product_avx2, product_avx512;

#endif
