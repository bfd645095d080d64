#include "numeric/product.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/require.h"
#include "config.h"
#include "numeric/product_kernels.h"

struct product {
    struct product_shape shape;
    enum product_precision precision;
    enum kernel chosen;
    const struct product_kernel *kernel;
    void *packed;
};

static const struct product_kernel *kernel_of(enum kernel kernel)
{
#ifdef HAVE_X86_KERNELS
    if (kernel == KERNEL_AVX512)
        return &product_avx512;
    if (kernel == KERNEL_AVX2)
        return &product_avx2;
#endif
    (void)kernel;
    return &product_baseline;
}

enum rs_status product_create(size_t n_rows, size_t n_columns, enum product_precision precision,
                              enum kernel kernel, struct product **out, struct rs_error *err)
{
    struct product *product = memory_allocate(1, sizeof *product, err);
    *out = NULL;
    if (product == NULL)
        return RS_INTERNAL;
    product->shape = (struct product_shape){n_rows, n_columns, n_rows};
    product->precision = precision;
    product->chosen = kernel;
    product->kernel = kernel_of(kernel);
    size_t bytes = product->kernel->vector_bytes;
    size_t lanes = bytes / (precision == PRODUCT_F64 ? sizeof(double) : sizeof(float));
    product->packed = memory_allocate(n_rows * ((n_columns + lanes - 1) / lanes), bytes, err);
    if (product->packed == NULL) {
        product_destroy(product);
        return RS_INTERNAL;
    }
    *out = product;
    return RS_OK;
}

void product_space_inputs(struct product *product, size_t stride)
{
    rs_require(stride >= product->shape.n_rows, "inputs would overlap");
    product->shape.input_stride = stride;
}

void product_destroy(struct product *product)
{
    if (product == NULL)
        return;
    free(product->packed);
    free(product);
}

void product_load(struct product *product, const double *matrix)
{
    if (product->precision == PRODUCT_F64)
        product->kernel->pack_f64(&product->shape, matrix, product->packed);
    else
        product->kernel->pack_f32(&product->shape, matrix, product->packed);
}

/* The layout of the kernels' own packing: slivers of two vectors of columns, zeros beyond the last. */
void product_load_f32(struct product *product, const float *matrix, bool transposed)
{
    size_t n_rows = product->shape.n_rows, n_columns = product->shape.n_columns;
    size_t row = transposed ? 1 : n_columns, column = transposed ? n_rows : 1;
    size_t lanes = product->kernel->vector_bytes / sizeof(float), n_vectors = (n_columns + lanes - 1) / lanes;
    float *at = product->packed;
    rs_require(product->precision == PRODUCT_F32, "the product is one of double precision");
    for (size_t v = 0; v < n_vectors; v += 2) {
        size_t first = v * lanes, end = first + (n_vectors - v < 2 ? 1 : 2) * lanes;
        for (size_t k = 0; k < n_rows; k++)
            for (size_t j = first; j < end; j++)
                *at++ = j < n_columns ? matrix[k * row + j * column] : 0;
    }
}

void product_apply(const struct product *product, size_t n_inputs, const double *inputs, double *out)
{
    rs_require(product->precision == PRODUCT_F64, "the product is one of single precision");
    product->kernel->multiply_f64(&product->shape, product->packed, n_inputs, inputs, out);
}

void product_apply_f32(const struct product *product, size_t n_inputs, const float *inputs, float *out)
{
    rs_require(product->precision == PRODUCT_F32, "the product is one of double precision");
    product->kernel->multiply_f32(&product->shape, product->packed, n_inputs, inputs, out);
}

struct product_info product_info(const struct product *product)
{
    return (struct product_info){product->shape.n_rows, product->shape.n_columns, product->chosen};
}
