/*
 * Matrix products through OpenBLAS, for training, benches and tests. Their last bits depend on the processor
 * and on the shapes: what a run reports comes from product.h instead. For one library, one processor and
 * one shape they are always the same. Matrices are stored row by row, rows `stride` elements apart.
 */
#ifndef NUMERIC_MATRIX_H
#define NUMERIC_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

struct matrix_f32 {
    const float *at;
    size_t stride;
    bool transposed; /* the factor is the transpose of what is stored */
};

struct matrix_f64 {
    const double *at;
    size_t stride;
    bool transposed;
};

/*
 * out [m][n] = a [m][k] b [k][n], added to what is there where `adds`. Nothing may overlap `out`. Counts are
 * below 2^31. One thread each, once matrix_use_one_thread was called.
 */
void matrix_multiply_f32(size_t m, size_t n, size_t k, struct matrix_f32 a, struct matrix_f32 b, bool adds,
                         float *out, size_t out_stride);
void matrix_multiply_f64(size_t m, size_t n, size_t k, struct matrix_f64 a, struct matrix_f64 b, bool adds,
                         double *out, size_t out_stride);

/* To be called by the main thread before others multiply: OpenBLAS starts no threads of its own. */
void matrix_use_one_thread(void);

#endif
