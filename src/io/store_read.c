/* Reading datasets, attributes and lists. Every kind of damage or disagreement ends in one line of text. */
#include "io/store_internal.h"

#include <hdf5_hl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/require.h"

enum rs_status store_fail_read(const struct store *store, const char *object, const char *attribute,
                               struct rs_error *err)
{
    struct store_reason reason;
    store_get_reason(&reason);
    return store_fail(store, RS_IO, object, attribute, err, "cannot read: %s", reason.text);
}

bool store_is_root(const char *path)
{
    return path[0] == '\0' || strcmp(path, "/") == 0;
}

static bool has_object(const struct store *store, const char *path)
{
    return store_is_root(path) || H5LTpath_valid(store->file, path, true) > 0;
}

bool store_has(const struct store *store, const char *dataset)
{
    H5O_info_t info;
    return has_object(store, dataset) &&
           H5Oget_info_by_name2(store->file, dataset, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
           info.type == H5O_TYPE_DATASET;
}

bool store_has_attribute(const struct store *store, const char *object, const char *name)
{
    return has_object(store, object) &&
           H5Aexists_by_name(store->file, store_is_root(object) ? "/" : object, name, H5P_DEFAULT) > 0;
}

enum rs_status store_open_object(const struct store *store, struct store_ids *ids, const char *object,
                                 hid_t *id, struct rs_error *err)
{
    *id = H5I_INVALID_HID;
    if (!has_object(store, object))
        return store_fail(store, RS_INPUT, object, NULL, err, "not found in this file");
    *id = store_keep(ids, H5Oopen(store->file, store_is_root(object) ? "/" : object, H5P_DEFAULT));
    return *id < 0 ? store_fail_read(store, object, NULL, err) : RS_OK;
}

enum rs_status store_open_dataset(const struct store *store, struct store_ids *ids, const char *dataset,
                                  hid_t *id, struct rs_error *err)
{
    enum rs_status status = store_open_object(store, ids, dataset, id, err);
    if (status == RS_OK && H5Iget_type(*id) != H5I_DATASET)
        return store_fail(store, RS_INPUT, dataset, NULL, err, "a group found, a dataset expected");
    return status;
}

enum rs_status store_open_attribute(const struct store *store, struct store_ids *ids, const char *object,
                                    const char *name, hid_t *id, struct rs_error *err)
{
    hid_t object_id;
    *id = H5I_INVALID_HID;
    enum rs_status status = store_open_object(store, ids, object, &object_id, err);
    if (status != RS_OK)
        return status;
    htri_t exists = H5Aexists(object_id, name);
    if (exists == 0)
        return store_fail(store, RS_INPUT, object, name, err, "attribute not found");
    *id = exists < 0 ? -1 : store_keep(ids, H5Aopen(object_id, name, H5P_DEFAULT));
    return *id < 0 ? store_fail_read(store, object, name, err) : RS_OK;
}

static const char *class_name(H5T_class_t class)
{
    switch (class) {
    case H5T_INTEGER:
    case H5T_FLOAT:
    case H5T_ENUM:
        return "numbers";
    case H5T_STRING:
        return "text";
    case H5T_COMPOUND:
        return "a compound type";
    case H5T_REFERENCE:
        return "references";
    default:
        return "another type";
    }
}

static bool is_number_class(H5T_class_t class)
{
    return class == H5T_INTEGER || class == H5T_FLOAT || class == H5T_ENUM;
}

enum rs_status store_require_class(const struct store *store, hid_t type, bool text, const char *object,
                                   const char *attribute, struct rs_error *err)
{
    H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    if (class == H5T_NO_CLASS)
        return store_fail_read(store, object, attribute, err);
    if (text ? class == H5T_STRING : is_number_class(class))
        return RS_OK;
    return store_fail(store, RS_INPUT, object, attribute, err, "%s found, %s expected", class_name(class),
                      text ? "text" : "numbers");
}

static enum rs_status read_shape(const struct store *store, const char *dataset, hid_t space,
                                 struct store_shape *shape, struct rs_error *err)
{
    hsize_t sizes[H5S_MAX_RANK];
    H5S_class_t class = space < 0 ? H5S_NO_CLASS : H5Sget_simple_extent_type(space);
    if (class == H5S_NULL)
        return store_fail(store, RS_INPUT, dataset, NULL, err, "an empty dataspace found, values expected");
    int rank = class == H5S_NO_CLASS ? -1 : H5Sget_simple_extent_dims(space, sizes, NULL);
    if (rank < 0)
        return store_fail_read(store, dataset, NULL, err);
    if (rank > STORE_RANK_MAX)
        return store_fail(store, RS_INPUT, dataset, NULL, err, "%d dimensions found, at most %d expected",
                          rank, STORE_RANK_MAX);
    *shape = (struct store_shape){.rank = rank};
    size_t n = 1;
    for (int i = 0; i < rank; i++) {
        if (sizes[i] > 0 && n > PTRDIFF_MAX / sizes[i])
            return store_fail(store, RS_INPUT, dataset, NULL, err, "more values found than memory can hold");
        shape->sizes[i] = (size_t)sizes[i];
        n *= sizes[i] > 0 ? shape->sizes[i] : 1;
    }
    return RS_OK;
}

static enum rs_status get_shape(const struct store *store, struct store_ids *ids, const char *dataset,
                                hid_t *id, struct store_shape *shape, struct rs_error *err)
{
    enum rs_status status = store_open_dataset(store, ids, dataset, id, err);
    if (status != RS_OK)
        return status;
    return read_shape(store, dataset, store_keep(ids, H5Dget_space(*id)), shape, err);
}

enum rs_status store_get_shape(const struct store *store, const char *dataset, struct store_shape *shape,
                               struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    hid_t id;
    enum rs_status status = get_shape(store, &ids, dataset, &id, shape, err);
    (void)store_drop(&ids); /* only read: nothing can be lost */
    return status;
}

/* "[rows][columns]" of the expected axes. */
static void print_axes(int rank, const struct store_axis *axes, char *text, size_t text_size)
{
    text[0] = '\0';
    for (int i = 0; i < rank; i++) {
        size_t used = strlen(text);
        snprintf(text + used, text_size - used, "%s[%s]", i == 0 ? ", " : "", axes[i].name);
    }
}

enum rs_status store_check_shape(const struct store *store, const char *dataset, int rank,
                                 const struct store_axis *axes, struct rs_error *err)
{
    struct store_shape shape;
    enum rs_status status = store_get_shape(store, dataset, &shape, err);
    if (status != RS_OK)
        return status;
    char text[256];
    print_axes(rank, axes, text, sizeof text);
    if (shape.rank != rank)
        return store_fail(store, RS_INPUT, dataset, NULL, err, "%d dimension%s found, %d expected%s",
                          shape.rank, shape.rank == 1 ? "" : "s", rank, text);
    for (int i = 0; i < rank; i++) {
        const struct store_axis *axis = &axes[i];
        bool has_origin = axis->origin != NULL;
        if (axis->size == STORE_SIZE_ANY ? shape.sizes[i] == 0 : shape.sizes[i] != axis->size) {
            char expected[32] = "at least 1";
            if (axis->size != STORE_SIZE_ANY)
                snprintf(expected, sizeof expected, "%zu", axis->size);
            return store_fail(store, RS_INPUT, dataset, NULL, err, "%zu %s found, %s expected%s%s%s",
                              shape.sizes[i], axis->name, expected, has_origin ? " (" : "",
                              has_origin ? axis->origin : "", has_origin ? ")" : "");
        }
    }
    return RS_OK;
}

bool store_is_text(const struct store *store, const char *dataset)
{
    struct store_ids ids = {.n = 0};
    hid_t id;
    bool is_text = false;
    if (store_open_dataset(store, &ids, dataset, &id, NULL) == RS_OK) {
        hid_t type = store_keep(&ids, H5Dget_type(id));
        is_text = type >= 0 && H5Tget_class(type) == H5T_STRING;
    }
    (void)store_drop(&ids); /* only read: nothing can be lost */
    return is_text;
}

/* --- numbers --- */

struct conversion {
    bool to_integer, lost;
};

/* Rounding and overflow to infinity are what C does; what no integer can hold is refused. */
static H5T_conv_ret_t meet_exception(H5T_conv_except_t exception, hid_t source, hid_t target, void *from,
                                     void *to, void *context)
{
    struct conversion *conversion = context;
    (void)exception, (void)source, (void)target, (void)from, (void)to;
    if (!conversion->to_integer)
        return H5T_CONV_UNHANDLED;
    conversion->lost = true;
    return H5T_CONV_ABORT;
}

static int integer_bits(enum store_type type)
{
    return type == STORE_INT64 ? 64 : type == STORE_INT32 ? 32 : 8;
}

static enum rs_status convert_values(const struct store *store, struct store_ids *ids, const char *dataset,
                                     hid_t id, enum store_type type, hid_t memory_space, hid_t file_space,
                                     void *values, struct rs_error *err)
{
    bool to_integer = type != STORE_FLOAT64 && type != STORE_FLOAT32;
    struct conversion conversion = {.to_integer = to_integer};
    hid_t transfer = store_keep(ids, H5Pcreate(H5P_DATASET_XFER));
    if (transfer < 0 || H5Pset_type_conv_cb(transfer, meet_exception, &conversion) < 0)
        return store_fail_read(store, dataset, NULL, err);
    if (H5Dread(id, store_memory_type(type), memory_space, file_space, transfer, values) >= 0)
        return RS_OK;
    if (!conversion.lost)
        return store_fail_read(store, dataset, NULL, err);
    return store_fail(store, RS_INPUT, dataset, NULL, err,
                      "a value found that no integer of %d bits%s can hold", integer_bits(type),
                      type == STORE_UINT8 ? " without sign" : "");
}

static enum rs_status require_numbers(const struct store *store, struct store_ids *ids, const char *dataset,
                                      hid_t id, struct rs_error *err)
{
    return store_require_class(store, store_keep(ids, H5Dget_type(id)), false, dataset, NULL, err);
}

enum rs_status store_read(const struct store *store, const char *dataset, enum store_type type, void *values,
                          struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    struct store_shape shape;
    hid_t id;
    enum rs_status status = get_shape(store, &ids, dataset, &id, &shape, err);
    if (status == RS_OK)
        status = require_numbers(store, &ids, dataset, id, err);
    if (status == RS_OK)
        status = convert_values(store, &ids, dataset, id, type, H5S_ALL, H5S_ALL, values, err);
    (void)store_drop(&ids); /* only read: nothing can be lost */
    return status;
}

static enum rs_status read_rows(const struct store *store, struct store_ids *ids, const char *dataset,
                                enum store_type type, size_t first, size_t count, void *values,
                                struct rs_error *err)
{
    struct store_shape shape;
    hid_t id;
    enum rs_status status = get_shape(store, ids, dataset, &id, &shape, err);
    if (status == RS_OK)
        status = require_numbers(store, ids, dataset, id, err);
    if (status != RS_OK)
        return status;
    rs_require(shape.rank > 0 && first <= shape.sizes[0] && count <= shape.sizes[0] - first,
               "rows that the dataset has");
    hsize_t start[STORE_RANK_MAX] = {first}, sizes[STORE_RANK_MAX] = {count};
    for (int i = 1; i < shape.rank; i++)
        sizes[i] = shape.sizes[i];
    hid_t file_space = store_keep(ids, H5Dget_space(id));
    hid_t memory_space = store_keep(ids, H5Screate_simple(shape.rank, sizes, NULL));
    if (count == 0)
        return RS_OK;
    if (file_space < 0 || memory_space < 0 ||
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, sizes, NULL) < 0)
        return store_fail_read(store, dataset, NULL, err);
    return convert_values(store, ids, dataset, id, type, memory_space, file_space, values, err);
}

enum rs_status store_read_rows(const struct store *store, const char *dataset, enum store_type type,
                               size_t first, size_t count, void *values, struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    enum rs_status status = read_rows(store, &ids, dataset, type, first, count, values, err);
    (void)store_drop(&ids); /* only read: nothing can be lost */
    return status;
}
