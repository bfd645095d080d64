/* Reading attributes of numbers. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "io/store_internal.h"

static enum rs_status read_numbers(const struct store *store, struct store_ids *ids, const char *object,
                                   const char *name, size_t *n, double **values, struct rs_error *err)
{
    hid_t id;
    enum rs_status status = store_open_attribute(store, ids, object, name, &id, err);
    if (status == RS_OK)
        status = store_require_class(store, store_keep(ids, H5Aget_type(id)), false, object, name, err);
    if (status != RS_OK)
        return status;
    hid_t space = store_keep(ids, H5Aget_space(id));
    hssize_t n_found = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    if (n_found < 0)
        return store_fail_read(store, object, name, err);
    *values = memory_allocate((size_t)n_found, sizeof **values, err);
    if (*values == NULL)
        return RS_INTERNAL;
    if (n_found > 0 && H5Aread(id, H5T_NATIVE_DOUBLE, *values) < 0)
        return store_fail_read(store, object, name, err);
    *n = (size_t)n_found;
    return RS_OK;
}

enum rs_status store_read_numbers(const struct store *store, const char *object, const char *name, size_t *n,
                                  double **values, struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    *n = 0;
    *values = NULL;
    enum rs_status status = read_numbers(store, &ids, object, name, n, values, err);
    (void)store_drop(&ids); /* only read: nothing can be lost */
    if (status != RS_OK) {
        free(*values);
        *values = NULL;
    }
    return status;
}

enum rs_status store_read_number(const struct store *store, const char *object, const char *name,
                                 double *value, struct rs_error *err)
{
    double *values;
    size_t n;
    enum rs_status status = store_read_numbers(store, object, name, &n, &values, err);
    if (status == RS_OK && n != 1)
        status = store_fail(store, RS_INPUT, object, name, err, "%zu values found, one expected", n);
    if (status == RS_OK)
        *value = values[0];
    free(values);
    return status;
}

enum rs_status store_read_integer(const struct store *store, const char *name, double low, double high,
                                  double *value, struct rs_error *err)
{
    enum rs_status status = store_read_number(store, "/", name, value, err);
    if (status == RS_OK && !(*value >= low && *value <= high && *value == floor(*value)))
        status = store_fail(store, RS_INPUT, "/", name, err,
                            "%.17g found, a whole number of %.0f to %.0f expected", *value, low, high);
    return status;
}
