/* What the top-k engine's kernels share. */
#ifndef DIGITAL_TOPK_KERNELS_H
#define DIGITAL_TOPK_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/* Elements that a kernel may write beyond the last one it counts. */
enum { TOPK_PAD = 8 };

struct topk_parts {
    size_t n_below, n_above;
};

struct topk_kernel {
    /* from [n] goes to below and above, in order; `from` may be one of them. */
    struct topk_parts (*part)(const double *from, size_t n, double pivot, double *below, double *above);
    /* chosen[i] = values[i] > kth. Returns how many values are numbers, not NaN. */
    size_t (*filter)(const double *values, size_t n, double kth, bool *chosen);
};

extern const struct topk_kernel topk_baseline, topk_avx2, topk_avx512;

#endif
