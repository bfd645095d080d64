#include "attention/keep.h"

#include <stdlib.h>
#include <string.h>

static enum rs_status grow(void **memory, size_t count, size_t size, struct rs_error *err)
{
    void *bigger = realloc(*memory, count * size);
    if (bigger == NULL)
        return rs_fail(err, RS_INTERNAL, "out of memory: %zu bytes for saved samples", count * size);
    *memory = bigger;
    return RS_OK;
}

enum rs_status keep_add_pair(struct keep *keep, const struct keep_pair *pair, struct rs_error *err)
{
    if (keep->n_pairs == keep->pairs_capacity) {
        size_t capacity = keep->pairs_capacity * 2 + 1024;
        enum rs_status status = grow((void **)&keep->pairs, capacity, sizeof *keep->pairs, err);
        if (status != RS_OK)
            return status;
        keep->pairs_capacity = capacity;
    }
    keep->pairs[keep->n_pairs++] = *pair;
    return RS_OK;
}

static enum rs_status grow_arrays(struct keep *keep, struct rs_error *err)
{
    size_t capacity = keep->arrays_capacity * 2 + 4, cells = keep->n_rows * keep->n_columns;
    enum rs_status status = grow((void **)&keep->array_layer, capacity, sizeof(int32_t), err);
    if (status == RS_OK)
        status = grow((void **)&keep->array_kv_head, capacity, sizeof(int32_t), err);
    if (status == RS_OK)
        status = grow((void **)&keep->target_siemens, capacity * cells, sizeof(double), err);
    if (status == RS_OK)
        status = grow((void **)&keep->read_siemens, capacity * cells, sizeof(double), err);
    if (status == RS_OK)
        status = grow((void **)&keep->current_amperes, capacity * keep->n_columns, sizeof(double), err);
    if (status == RS_OK)
        keep->arrays_capacity = capacity;
    return status;
}

enum rs_status keep_add_array(struct keep *keep, size_t n_rows, size_t n_columns, int layer, int kv_head,
                              const double *target_siemens, const double *read_siemens,
                              const double *current_amperes, struct rs_error *err)
{
    size_t cells = n_rows * n_columns;
    keep->n_rows = n_rows;
    keep->n_columns = n_columns;
    if (keep->n_arrays == keep->arrays_capacity) {
        enum rs_status status = grow_arrays(keep, err);
        if (status != RS_OK)
            return status;
    }
    size_t at = keep->n_arrays++;
    keep->array_layer[at] = layer;
    keep->array_kv_head[at] = kv_head;
    memcpy(keep->target_siemens + at * cells, target_siemens, cells * sizeof(double));
    memcpy(keep->read_siemens + at * cells, read_siemens, cells * sizeof(double));
    memcpy(keep->current_amperes + at * n_columns, current_amperes, n_columns * sizeof(double));
    return RS_OK;
}

void keep_clear(struct keep *keep)
{
    free(keep->pairs);
    free(keep->array_layer);
    free(keep->array_kv_head);
    free(keep->target_siemens);
    free(keep->read_siemens);
    free(keep->current_amperes);
    *keep = (struct keep){.margins = keep->margins, .arrays = keep->arrays};
}
