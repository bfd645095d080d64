/*
 * Products of many inputs with one matrix: out [n_inputs][n_columns] = inputs [n_inputs][n_rows] times the
 * matrix [n_rows][n_columns], in double or single precision. For what results are made of: the bits depend on
 * the kernel alone, not on the processor, the library or what else is in a batch (matrix.h is for training).
 *
 * The matrix is packed once, then served by register tiles compiled once per kernel. Each sum runs over the
 * rows in order.
 */
#ifndef NUMERIC_PRODUCT_H
#define NUMERIC_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/kernel.h"
#include "rescore/status.h"

enum product_precision { PRODUCT_F64, PRODUCT_F32 };

/* A packed matrix. May be shared between threads once loaded. */
struct product;

/* The caller frees with product_destroy. RS_INTERNAL when memory is short. */
enum rs_status product_create(size_t n_rows, size_t n_columns, enum product_precision precision,
                              enum kernel kernel, struct product **out, struct rs_error *err) RS_MUST_CHECK;
void product_destroy(struct product *product);

/* From now on inputs are [n_inputs][stride], of which the first n_rows numbers count. */
void product_space_inputs(struct product *product, size_t stride);

/* Takes a matrix [n_rows][n_columns]. Allocates nothing. */
void product_load(struct product *product, const double *matrix);

/* The same in single precision, for a product of that precision; transposed: from [n_columns][n_rows]. */
void product_load_f32(struct product *product, const float *matrix, bool transposed);

/* For a product of that precision; inputs and out must not overlap. Allocates nothing. */
void product_apply(const struct product *product, size_t n_inputs, const double *inputs, double *out);
void product_apply_f32(const struct product *product, size_t n_inputs, const float *inputs, float *out);

struct product_info {
    size_t n_rows, n_columns;
    enum kernel kernel;
};
struct product_info product_info(const struct product *product);

#endif
