#include "learn/noisy_array.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static size_t n_heads_of(const struct attention_shape *shape)
{
    return (size_t)shape->n_layers * (size_t)shape->n_heads;
}

enum rs_status noisy_array_init(const struct attention_options *options, const struct attention_shape *shape,
                                struct noisy_array *out, struct rs_error *err)
{
    size_t n = n_heads_of(shape);
    *out = (struct noisy_array){.ranges = memory_allocate(3 * n, sizeof *out->ranges, err)};
    if (out->ranges == NULL)
        return RS_INTERNAL;
    const struct attention_ranges ranges = {out->ranges, out->ranges + n, out->ranges + 2 * n};
    enum rs_status status = setup_init(options, shape, ranges, &out->setup, err);
    return status == RS_OK ? score_noise_create(&out->setup, &out->noise, err) : status;
}

void noisy_array_clear(struct noisy_array *array)
{
    score_noise_destroy(array->noise);
    setup_clear(&array->setup);
    free(array->ranges);
    *array = (struct noisy_array){0};
}

struct code_range noisy_array_look(struct noisy_array *array)
{
    const struct attention_shape *shape = &array->setup.shape;
    size_t n = n_heads_of(shape);
    memset(array->ranges, 0, 3 * n * sizeof *array->ranges);
    return (struct code_range){shape->n_heads, shape->n_kv_heads, array->ranges, array->ranges + n,
                               array->ranges + 2 * n};
}
