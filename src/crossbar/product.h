/*
 * Products of many queries with one matrix: currents [n_queries][n_columns] = volts [n_queries][n_rows] times
 * T [n_rows][n_columns], in double or single precision; and queries with read noise that are compared with a
 * threshold at once.
 *
 * T is packed once, then served by register tiles compiled once per kernel. Each sum runs over the rows in
 * order, so a query's result does not depend on what else is in the batch.
 */
#ifndef CROSSBAR_PRODUCT_H
#define CROSSBAR_PRODUCT_H

#include <stdint.h>

#include "base/kernel.h"
#include "numeric/random.h"
#include "rescore/status.h"

enum product_precision { PRODUCT_F64, PRODUCT_F32 };

/* A packed matrix. May be shared between threads once loaded. */
struct product;

/* The caller frees with product_destroy. RS_INTERNAL when memory is short. */
enum rs_status product_create(size_t n_rows, size_t n_columns, enum product_precision precision,
                              enum kernel kernel, struct product **out, struct rs_error *err) RS_MUST_CHECK;
void product_destroy(struct product *product);

/* Takes a matrix [n_rows][n_columns]. Allocates nothing. */
void product_load(struct product *product, const double *matrix);

/* out [n_queries][n_columns] = volts [n_queries][n_rows] times the matrix, for a product of that precision.
 * They must not overlap. Allocates nothing. */
void product_apply(const struct product *product, size_t n_queries, const double *volts, double *out);
void product_apply_f32(const struct product *product, size_t n_queries, const float *volts, float *out);

/* An array with read noise: T and the tables D and -2 E of noise.h, all PRODUCT_F32, of one shape and kernel.
 */
struct product_noisy {
    const struct product *transfer, *d, *minus_2e;
    const float *f; /* [n_columns] */
};

/*
 * Bit j of query q, in bits [n_queries][ceil(n_columns / 64)] (word j / 64, least significant first, zeros
 * beyond the last column): whether I + sqrt(var) z >= threshold_amperes [n_columns], with I = V T, var =
 * max(0, (V o V) D - 2 I o (V E) + I o I o F) and z the normal of random_f32.h at cell j and draw key->draw +
 * q. Threads that take other queries, with their draws, get the same bits. RS_INTERNAL when memory is short.
 */
enum rs_status product_decide(const struct product_noisy *noisy, size_t n_queries, const float *volts,
                              const float *threshold_amperes, const struct random_key *key, uint64_t *bits,
                              struct rs_error *err) RS_MUST_CHECK;

#endif
