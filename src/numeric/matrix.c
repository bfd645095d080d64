#include "numeric/matrix.h"

#include <cblas.h>

static CBLAS_TRANSPOSE transposition(bool transposed)
{
    return transposed ? CblasTrans : CblasNoTrans;
}

void matrix_multiply_f32(size_t m, size_t n, size_t k, struct matrix_f32 a, struct matrix_f32 b, bool adds,
                         float *out, size_t out_stride)
{
    cblas_sgemm(CblasRowMajor, transposition(a.transposed), transposition(b.transposed), (blasint)m,
                (blasint)n, (blasint)k, 1, a.at, (blasint)a.stride, b.at, (blasint)b.stride, adds ? 1 : 0,
                out, (blasint)out_stride);
}

void matrix_multiply_f64(size_t m, size_t n, size_t k, struct matrix_f64 a, struct matrix_f64 b, bool adds,
                         double *out, size_t out_stride)
{
    cblas_dgemm(CblasRowMajor, transposition(a.transposed), transposition(b.transposed), (blasint)m,
                (blasint)n, (blasint)k, 1, a.at, (blasint)a.stride, b.at, (blasint)b.stride, adds ? 1 : 0,
                out, (blasint)out_stride);
}

void matrix_use_one_thread(void)
{
    openblas_set_num_threads(1);
}
