/* The saved samples of one point: group `samples`, whose arrays begin with the sweep's dimensions. */
#include "report/samples.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Elements of one point's block, and its place among the blocks of one value of the first knob. */
static size_t block_size(const struct result *result, const struct store_shape *shape)
{
    size_t n = 1;
    for (int i = (int)result->n_knobs; i < shape->rank; i++)
        n *= shape->sizes[i];
    return n;
}

/* Checks the sweep's dimensions and `n_own` further ones. */
static enum rs_status check_block(const struct result *result, const char *dataset, int n_own,
                                  struct store_shape *shape, struct rs_error *err)
{
    enum rs_status status = store_get_shape(result->store, dataset, shape, err);
    if (status != RS_OK)
        return status;
    bool agrees = shape->rank == (int)result->n_knobs + n_own;
    for (size_t i = 0; agrees && i < result->n_knobs; i++)
        agrees = shape->sizes[i] == result->knobs[i].n;
    if (agrees)
        return RS_OK;
    return rs_fail(err, RS_INPUT,
                   "%s:/%s: error: a shape that does not begin with the swept keys found, they and %d "
                   "more dimensions expected",
                   store_path(result->store), dataset, n_own);
}

/* The block of one point, as `type` of `size` bytes; rows of the first axis are read, the rest is dropped. */
static enum rs_status read_block(const struct result *result, const char *dataset,
                                 const size_t index[RESULT_KNOBS_MAX], const struct store_shape *shape,
                                 enum store_type type, size_t size, void **values, struct rs_error *err)
{
    size_t n_block = block_size(result, shape), n_blocks = 1, place = 0;
    for (size_t i = 1; i < result->n_knobs; i++) {
        n_blocks *= result->knobs[i].n;
        place = place * result->knobs[i].n + index[i];
    }
    char *memory = memory_allocate(n_block * n_blocks, size, err);
    *values = memory;
    if (memory == NULL)
        return RS_INTERNAL;
    enum rs_status status = result->n_knobs == 0
                                ? store_read(result->store, dataset, type, memory, err)
                                : store_read_rows(result->store, dataset, type, index[0], 1, memory, err);
    if (status == RS_OK)
        memmove(memory, memory + place * n_block * size, n_block * size);
    return status;
}

static bool has_all(const struct result *result, const char *const *datasets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!store_has(result->store, datasets[i]))
            return false;
    return true;
}

enum rs_status samples_read_margins(const struct result *result, const size_t index[RESULT_KNOBS_MAX],
                                    struct samples_margins *margins, struct rs_error *err)
{
    static const char *const names[] = {"samples/exact_score", "samples/analog_score", "samples/threshold",
                                        "samples/decision"};
    enum { N_NAMES = sizeof names / sizeof names[0] };
    void *values[N_NAMES] = {NULL};
    size_t n_pairs = 0;
    *margins = (struct samples_margins){0};
    if (!has_all(result, names, N_NAMES))
        return RS_OK;
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < N_NAMES && status == RS_OK; i++) {
        bool is_decision = i == N_NAMES - 1;
        struct store_shape shape;
        status = check_block(result, names[i], 1, &shape, err);
        if (status == RS_OK && i > 0 && block_size(result, &shape) != n_pairs)
            status = rs_fail(err, RS_INPUT, "%s:/%s: error: %zu pairs found, %zu expected",
                             store_path(result->store), names[i], block_size(result, &shape), n_pairs);
        if (status != RS_OK)
            break;
        n_pairs = block_size(result, &shape);
        status = read_block(result, names[i], index, &shape, is_decision ? STORE_UINT8 : STORE_FLOAT64,
                            is_decision ? sizeof(uint8_t) : sizeof(double), &values[i], err);
    }
    *margins = (struct samples_margins){.n_pairs = n_pairs,
                                        .exact_score = values[0],
                                        .analog_score = values[1],
                                        .threshold = values[2],
                                        .kept = values[3]};
    if (status != RS_OK)
        samples_clear_margins(margins);
    return status;
}

enum rs_status samples_read_arrays(const struct result *result, const size_t index[RESULT_KNOBS_MAX],
                                   struct samples_arrays *arrays, struct rs_error *err)
{
    static const char *const names[] = {"samples/target_conductance", "samples/read_conductance"};
    struct store_shape shape[2];
    void *values[2] = {NULL};
    *arrays = (struct samples_arrays){0};
    if (!has_all(result, names, 2))
        return RS_OK;
    enum rs_status status = check_block(result, names[0], 3, &shape[0], err);
    if (status == RS_OK)
        status = check_block(result, names[1], 3, &shape[1], err);
    if (status == RS_OK &&
        memcmp(shape[0].sizes, shape[1].sizes, (size_t)shape[0].rank * sizeof(size_t)) != 0)
        status = rs_fail(err, RS_INPUT, "%s:/%s: error: another shape than that of target_conductance found",
                         store_path(result->store), names[1]);
    for (int i = 0; i < 2 && status == RS_OK; i++)
        status =
            read_block(result, names[i], index, &shape[i], STORE_FLOAT64, sizeof(double), &values[i], err);
    if (status != RS_OK) {
        free(values[0]);
        free(values[1]);
        return status;
    }
    const size_t *own = shape[0].sizes + result->n_knobs;
    *arrays = (struct samples_arrays){.n_arrays = own[0],
                                      .n_rows = own[1],
                                      .n_columns = own[2],
                                      .target_siemens = values[0],
                                      .read_siemens = values[1]};
    if (own[0] * own[1] * own[2] == 0)
        samples_clear_arrays(arrays);
    return RS_OK;
}

void samples_clear_margins(struct samples_margins *margins)
{
    free(margins->exact_score);
    free(margins->analog_score);
    free(margins->threshold);
    free(margins->kept);
    *margins = (struct samples_margins){0};
}

void samples_clear_arrays(struct samples_arrays *arrays)
{
    free(arrays->target_siemens);
    free(arrays->read_siemens);
    *arrays = (struct samples_arrays){0};
}
