#include "digital/topk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "config.h"
#include "digital/topk_kernels.h"

enum { LEFT, RIGHT };

struct topk {
    const struct topk_kernel *kernel;
    size_t n_max;
    double *fifos[2]; /* [n_max + TOPK_PAD] */
};

static const struct topk_kernel *kernel_of(enum kernel kernel)
{
#ifdef HAVE_X86_KERNELS
    if (kernel == KERNEL_AVX512)
        return &topk_avx512;
    if (kernel == KERNEL_AVX2)
        return &topk_avx2;
#endif
    (void)kernel;
    return &topk_baseline;
}

enum rs_status topk_create(size_t n_max, enum kernel kernel, struct topk **out, struct rs_error *err)
{
    struct topk *topk = memory_allocate(1, sizeof *topk, err);
    *out = NULL;
    if (topk == NULL)
        return RS_INTERNAL;
    topk->kernel = kernel_of(kernel);
    topk->n_max = n_max;
    topk->fifos[LEFT] = memory_allocate(n_max + TOPK_PAD, sizeof(double), err);
    topk->fifos[RIGHT] = memory_allocate(n_max + TOPK_PAD, sizeof(double), err);
    if (topk->fifos[LEFT] == NULL || topk->fifos[RIGHT] == NULL) {
        topk_destroy(topk);
        return RS_INTERNAL;
    }
    *out = topk;
    return RS_OK;
}

void topk_destroy(struct topk *topk)
{
    if (topk == NULL)
        return;
    free(topk->fifos[LEFT]);
    free(topk->fifos[RIGHT]);
    free(topk);
}

static size_t rows_of(const struct topk_unit *unit, size_t n)
{
    return (n + unit->parallelism - 1) / unit->parallelism;
}

/* Rows of a FIFO of n elements that its depth does not hold. */
static size_t rows_beyond(const struct topk_unit *unit, size_t n)
{
    size_t rows = rows_of(unit, n);
    return unit->fifo_rows > 0 && rows > unit->fifo_rows ? rows - unit->fifo_rows : 0;
}

/* The first source is the input's own buffer, which has no FIFO. */
static void count_pass(const struct topk_unit *unit, size_t n, const struct topk_parts *parts,
                       struct topk_result *result)
{
    size_t largest = parts->n_below > parts->n_above ? parts->n_below : parts->n_above;
    size_t spilled = rows_beyond(unit, parts->n_below) + rows_beyond(unit, parts->n_above);
    size_t fetched = result->n_passes > 0 ? rows_beyond(unit, n) : 0;
    result->cycles += rows_of(unit, n) + TOPK_PASS_CYCLES;
    result->stall_cycles += spilled + fetched;
    result->n_compared += n;
    result->n_passes++;
    if (rows_of(unit, largest) > result->peak_rows)
        result->peak_rows = rows_of(unit, largest);
}

/* The place of this pass's pivot among n elements; `words` holds the draws of four passes. */
static size_t draw_place(const struct random_key *key, size_t pass, size_t n, uint32_t words[4])
{
    if (pass % 4 == 0)
        random_block(key, (uint32_t)(pass / 4), words);
    return (size_t)((uint64_t)words[pass % 4] * n >> 32);
}

/* The k-th largest and its n_equal; 0 < k < n. */
static void select_kth(struct topk *topk, const struct topk_unit *unit, const double *values, size_t n,
                       size_t k, const struct random_key *key, struct topk_result *result)
{
    const double *source = values;
    uint32_t words[4];
    for (;;) {
        double pivot = source[draw_place(key, result->n_passes, n, words)];
        struct topk_parts parts = topk->kernel->part(source, n, pivot, topk->fifos[LEFT], topk->fifos[RIGHT]);
        size_t n_equal = n - parts.n_below - parts.n_above;
        count_pass(unit, n, &parts, result);
        if (parts.n_above >= k) {
            source = topk->fifos[RIGHT];
            n = parts.n_above;
        } else if (parts.n_above + n_equal < k) {
            source = topk->fifos[LEFT];
            n = parts.n_below;
            k -= parts.n_above + n_equal;
        } else {
            result->kth = pivot;
            result->n_equal = k - parts.n_above;
            return;
        }
    }
}

/* Of those that equal the k-th largest, the first ones. */
static void choose_equal(const double *values, double kth, size_t n_equal, bool *chosen)
{
    for (size_t i = 0; n_equal > 0; i++)
        if (values[i] == kth) {
            chosen[i] = true;
            n_equal--;
        }
}

struct topk_result topk_choose(struct topk *topk, const struct topk_unit *unit, const double *values,
                               size_t n, size_t k, const struct random_key *key, bool *chosen)
{
    rs_require(unit->parallelism >= 1 && unit->parallelism <= TOPK_PARALLELISM_MAX,
               "the parallelism is not 1 to 32");
    rs_require(n <= topk->n_max, "more elements than there is room for");
    rs_require(k <= n, "more are asked for than there are");
    struct topk_result result = {.kth = k == 0 ? (double)INFINITY : -(double)INFINITY};
    if (k == 0 || k == n) {
        memset(chosen, k == n, n * sizeof *chosen);
        return result;
    }
    select_kth(topk, unit, values, n, k, key, &result);
    result.filter_cycles = rows_of(unit, n);
    size_t n_numbers = topk->kernel->filter(values, n, result.kth, chosen);
    rs_require(n_numbers == n, "a value is NaN");
    choose_equal(values, result.kth, result.n_equal, chosen);
    return result;
}
