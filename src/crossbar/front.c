#include "crossbar/front.h"

#include "config.h"
#include "crossbar/front_kernels.h"

/* All tiles divide it. A stride that is a multiple of the page would keep to few cache sets. */
enum { ROW_UNIT = 8, STRIDE_ALIAS = 64 };

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

struct front_shape front_shape_of(const struct front_kernel *kernel, size_t n_eliminated, size_t n_kept)
{
    struct front_shape shape = {.n_eliminated = n_eliminated, .n_kept = n_kept};
    shape.n_rows = round_up(n_eliminated, ROW_UNIT);
    shape.first_kept = round_up(n_eliminated, kernel->column_unit);
    shape.stride = round_up(n_kept, kernel->column_unit);
    shape.n_columns = shape.first_kept + shape.stride;
    if (shape.stride % STRIDE_ALIAS == 0)
        shape.stride += ROW_UNIT;
    shape.pivots_size = shape.n_rows * shape.n_columns;
    shape.kept_size = round_up(n_kept, ROW_UNIT) * shape.stride;
    return shape;
}

size_t front_packed_size(size_t n)
{
    return n * (n - 1) / 2;
}

size_t front_lanes_pivots_size(size_t n_eliminated, size_t n)
{
    return (n + n_eliminated) * (n_eliminated | 1);
}

const struct front_kernel *front_kernel_of(enum kernel kernel, bool f32)
{
#ifdef HAVE_X86_KERNELS
    if (kernel == KERNEL_AVX512)
        return f32 ? &front_avx512_f32 : &front_avx512;
    if (kernel == KERNEL_AVX2)
        return f32 ? &front_avx2_f32 : &front_avx2;
#endif
    (void)kernel;
    return f32 ? &front_baseline_f32 : &front_baseline;
}
