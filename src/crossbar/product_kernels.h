/* What a product's kernels share: sizes, and the functions that product.c chooses from. */
#ifndef CROSSBAR_PRODUCT_KERNELS_H
#define CROSSBAR_PRODUCT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "numeric/random.h"

/* Queries and rows that are multiplied at a time (the part of V stays in cache; fewer queries read a large T
 * too often); the pad keeps neighbouring queries out of the same cache sets. */
enum { PRODUCT_STRIPE = 96, PRODUCT_DEPTH = 256, PRODUCT_PAD = 16 };

struct product_shape {
    size_t n_rows, n_columns;
};

/* What decides: of each query I, (V o V) D and -2 V E, [n_queries][n_columns]; F and thresholds, [n_columns].
 */
struct product_sums {
    const float *amperes, *d_sum, *minus_2e_sum, *f, *threshold_amperes;
};

struct product_kernel {
    size_t vector_bytes;
    void (*pack_f64)(const struct product_shape *shape, const double *matrix, void *packed);
    void (*pack_f32)(const struct product_shape *shape, const double *matrix, void *packed);
    void (*multiply_f64)(const struct product_shape *shape, const void *packed, size_t n_queries,
                         const void *volts, void *out);
    void (*multiply_f32)(const struct product_shape *shape, const void *packed, size_t n_queries,
                         const void *volts, void *out);
    /* bits as in product.h; key is that of the first query. */
    void (*decide)(const struct product_sums *sums, size_t n_queries, size_t n_columns,
                   const struct random_key *key, uint64_t *bits);
};

extern const struct product_kernel product_baseline, product_avx2, product_avx512;

#endif
