#include "crossbar/product.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/require.h"
#include "config.h"
#include "crossbar/product_kernels.h"

/* Queries that are decided at a time: three sums of each stay in cache. */
enum { DECIDED = 48 };

struct product {
    struct product_shape shape;
    enum product_precision precision;
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
    product->shape = (struct product_shape){n_rows, n_columns};
    product->precision = precision;
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

void product_apply(const struct product *product, size_t n_queries, const double *volts, double *out)
{
    rs_require(product->precision == PRODUCT_F64, "the product is one of single precision");
    product->kernel->multiply_f64(&product->shape, product->packed, n_queries, volts, out);
}

void product_apply_f32(const struct product *product, size_t n_queries, const float *volts, float *out)
{
    rs_require(product->precision == PRODUCT_F32, "the product is one of double precision");
    product->kernel->multiply_f32(&product->shape, product->packed, n_queries, volts, out);
}

enum rs_status product_decide(const struct product_noisy *noisy, size_t n_queries, const float *volts,
                              const float *threshold_amperes, const struct random_key *key, uint64_t *bits,
                              struct rs_error *err)
{
    const struct product *transfer = noisy->transfer;
    size_t n_rows = transfer->shape.n_rows, n_columns = transfer->shape.n_columns;
    size_t n_words = (n_columns + 63) / 64, n_sums = DECIDED * n_columns;
    float *amperes = memory_allocate(3 * n_sums + DECIDED * n_rows, sizeof *amperes, err);
    if (amperes == NULL)
        return RS_INTERNAL;
    float *d_sum = amperes + n_sums, *minus_2e_sum = d_sum + n_sums, *squares = minus_2e_sum + n_sums;
    struct random_key own = *key;
    for (size_t first = 0; first < n_queries; first += DECIDED) {
        size_t n_here = n_queries - first < DECIDED ? n_queries - first : DECIDED;
        const float *here = volts + first * n_rows;
        for (size_t i = 0; i < n_here * n_rows; i++)
            squares[i] = here[i] * here[i];
        product_apply_f32(transfer, n_here, here, amperes);
        product_apply_f32(noisy->d, n_here, squares, d_sum);
        product_apply_f32(noisy->minus_2e, n_here, here, minus_2e_sum);
        const struct product_sums sums = {amperes, d_sum, minus_2e_sum, noisy->f, threshold_amperes};
        own.draw = key->draw + (uint32_t)first;
        transfer->kernel->decide(&sums, n_here, n_columns, &own, bits + first * n_words);
    }
    free(amperes);
    return RS_OK;
}
