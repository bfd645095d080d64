#include "crossbar/decide.h"

#include <stdlib.h>

#include "base/memory.h"
#include "config.h"
#include "crossbar/decide_kernels.h"

/* Queries that are decided at a time: three sums of each stay in cache. */
enum { DECIDED = 48 };

static decide_kernel *kernel_of(enum kernel kernel)
{
#ifdef HAVE_X86_KERNELS
    if (kernel == KERNEL_AVX512)
        return decide_avx512;
    if (kernel == KERNEL_AVX2)
        return decide_avx2;
#endif
    (void)kernel;
    return decide_baseline;
}

enum rs_status decide_queries(const struct decide_tables *tables, size_t n_queries, const float *volts,
                              const float *threshold_amperes, const struct random_key *key, uint64_t *bits,
                              struct rs_error *err)
{
    struct product_info info = product_info(tables->transfer);
    decide_kernel *decide = kernel_of(info.kernel);
    size_t n_rows = info.n_rows, n_columns = info.n_columns;
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
        product_apply_f32(tables->transfer, n_here, here, amperes);
        product_apply_f32(tables->d, n_here, squares, d_sum);
        product_apply_f32(tables->minus_2e, n_here, here, minus_2e_sum);
        const struct decide_sums sums = {amperes, d_sum, minus_2e_sum, tables->f, threshold_amperes};
        own.draw = key->draw + (uint32_t)first;
        decide(&sums, n_here, n_columns, &own, bits + first * n_words);
    }
    free(amperes);
    return RS_OK;
}
