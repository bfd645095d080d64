#include "crossbar/front.h"

#include "config.h"
#include "crossbar/front_kernels.h"

/* All slivers and tiles divide them. A stride that is a multiple of the page would keep to few cache sets. */
enum { COLUMN_UNIT = 24, ROW_UNIT = 8, LANES_UNIT = 4, STRIDE_ALIAS = 64 };

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

struct front_shape front_shape_of(size_t n_eliminated, size_t n_kept)
{
    struct front_shape shape = {.n_eliminated = n_eliminated, .n_kept = n_kept};
    shape.n_rows = round_up(n_eliminated, ROW_UNIT);
    shape.first_kept = round_up(n_eliminated, COLUMN_UNIT);
    shape.stride = round_up(n_kept, COLUMN_UNIT);
    shape.n_columns = shape.first_kept + shape.stride;
    if (shape.stride % STRIDE_ALIAS == 0)
        shape.stride += ROW_UNIT;
    shape.pivots_size = shape.n_rows * shape.n_columns;
    shape.kept_size = round_up(n_kept, ROW_UNIT) * shape.stride;
    return shape;
}

const double *front_network_row(const struct front_network *network, size_t k)
{
    if (network->stride == 0)
        return network->siemens + k * (2 * network->n - k - 1) / 2;
    return network->siemens + k * network->stride + k + 1;
}

size_t front_packed_size(size_t n)
{
    return n * (n - 1) / 2;
}

size_t front_lanes_stride(size_t n)
{
    return round_up(n, LANES_UNIT) + LANES_UNIT;
}

size_t front_lanes_size(size_t n)
{
    return (n + LANES_UNIT) * front_lanes_stride(n);
}

const struct front_kernel *front_kernel_of(enum kernel kernel)
{
#ifdef HAVE_X86_KERNELS
    if (kernel == KERNEL_AVX512)
        return &front_avx512;
    if (kernel == KERNEL_AVX2)
        return &front_avx2;
#endif
    (void)kernel;
    return &front_baseline;
}
