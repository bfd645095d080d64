/* Writing objects and attributes, by the rules that netCDF-4 readers need (H5DS dimension scales). */
#include "io/store_internal.h"

#include <hdf5_hl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"

enum { STORE_COMPACT_BYTES = 1024, STORE_CHUNK_BYTES = 1 << 18, STORE_DEFLATE_LEVEL = 1 };

/* Ends a writing call: `done` says whether all HDF5 calls succeeded; the first failure is kept for the commit. */
static enum rs_status finish_write(struct store *store, struct store_ids *ids, bool done, const char *object,
                                   const char *attribute, struct rs_error *err)
{
    struct store_reason reason;
    if (!done)
        store_get_reason(&reason);
    bool closed = store_drop(ids);
    if (done && closed)
        return RS_OK;
    if (done)
        store_get_reason(&reason);
    struct rs_error failure;
    store_fail(store, RS_IO, object, attribute, &failure, "cannot write: %s", reason.text);
    if (!store->failed)
        store->failure = failure;
    store->failed = true;
    return rs_fail(err, RS_IO, "%s", failure.text);
}

static size_t count_elements(const struct store_shape *shape)
{
    size_t n = 1;
    for (int i = 0; i < shape->rank; i++)
        n *= shape->sizes[i];
    return n;
}

static hid_t make_space(struct store_ids *ids, const struct store_shape *shape)
{
    hsize_t sizes[STORE_RANK_MAX];
    for (int i = 0; i < shape->rank; i++)
        sizes[i] = shape->sizes[i];
    return store_keep(ids, shape->rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(shape->rank, sizes, NULL));
}

/* Chunks hold whole rows of the fastest axes: the slow axes are halved first. */
static bool set_chunks(hid_t creation, const struct store_shape *shape, size_t element_bytes)
{
    hsize_t chunk[STORE_RANK_MAX];
    size_t bytes = element_bytes * count_elements(shape);
    for (int i = 0; i < shape->rank; i++)
        chunk[i] = shape->sizes[i];
    for (int i = 0; i < shape->rank; i++)
        while (bytes > STORE_CHUNK_BYTES && chunk[i] > 1) {
            bytes = bytes / chunk[i] * ((chunk[i] + 1) / 2);
            chunk[i] = (chunk[i] + 1) / 2;
        }
    return H5Pset_chunk(creation, shape->rank, chunk) >= 0 && H5Pset_shuffle(creation) >= 0 &&
           H5Pset_deflate(creation, STORE_DEFLATE_LEVEL) >= 0 && H5Pset_fletcher32(creation) >= 0;
}

/* Small arrays lie in their header, which has a checksum; larger ones in filtered chunks, which have their own. */
static bool set_layout(hid_t creation, const struct store_shape *shape, size_t element_bytes)
{
    size_t n = count_elements(shape);
    if (n == 0 || element_bytes == 0)
        return true;
    if (n * element_bytes <= STORE_COMPACT_BYTES)
        return H5Pset_layout(creation, H5D_COMPACT) >= 0;
    return shape->rank == 0 || set_chunks(creation, shape, element_bytes);
}

/* element_bytes = 0: the default layout. */
static hid_t create_dataset(struct store *store, struct store_ids *ids, const char *name, hid_t type,
                            const struct store_shape *shape, size_t element_bytes)
{
    hid_t creation = store_keep(ids, H5Pcreate(H5P_DATASET_CREATE));
    hid_t space = make_space(ids, shape);
    if (creation < 0 || space < 0 || H5Pset_obj_track_times(creation, false) < 0 ||
        H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) < 0 ||
        !set_layout(creation, shape, element_bytes))
        return H5I_INVALID_HID;
    return store_keep(ids, H5Dcreate2(store->file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT));
}

static hid_t make_text_type(struct store_ids *ids)
{
    hid_t type = store_keep(ids, H5Tcopy(H5T_C_S1));
    if (type < 0 || H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)
        return H5I_INVALID_HID;
    return type;
}

/* One attribute of n values (0: a scalar). */
static bool put_attribute(struct store_ids *ids, hid_t object, const char *name, hid_t file_type, hid_t memory_type,
                          size_t n, const void *value)
{
    struct store_shape shape = {.rank = n > 0, .sizes = {n}};
    hid_t space = make_space(ids, &shape);
    if (file_type < 0 || space < 0)
        return false;
    hid_t attribute = store_keep(ids, H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT));
    return attribute >= 0 && H5Awrite(attribute, memory_type, value) >= 0;
}

static bool put_text(struct store_ids *ids, hid_t object, const char *name, const char *text)
{
    hid_t type = make_text_type(ids);
    return put_attribute(ids, object, name, type, type, 0, &text);
}

static bool put_label(struct store_ids *ids, hid_t dataset, struct store_label label)
{
    return (label.units == NULL || put_text(ids, dataset, "units", label.units)) &&
           (label.long_name == NULL || put_text(ids, dataset, "long_name", label.long_name));
}

static bool attach_scales(struct store *store, struct store_ids *ids, hid_t dataset, int rank,
                          const char *const *dimensions)
{
    for (int i = 0; dimensions != NULL && i < rank; i++) {
        hid_t scale = H5Dopen2(store->file, dimensions[i], H5P_DEFAULT);
        if (scale < 0)
            return false;
        if (H5DSattach_scale(dataset, scale, (unsigned)i) < 0) {
            store_keep(ids, scale);
            return false;
        }
        if (H5Dclose(scale) < 0)
            return false;
    }
    return true;
}

/* The name of a dimension inside its group is its dataset's. */
static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* netCDF's mark of a dimension without coordinates: big-endian float32 that is never written, and this name. */
static bool put_bare_scale(struct store *store, struct store_ids *ids, const char *name, size_t n)
{
    char mark[80];
    struct store_shape shape = {.rank = 1, .sizes = {n}};
    snprintf(mark, sizeof mark, "This is a netCDF dimension but not a netCDF variable. %10zu", n);
    hid_t dataset = create_dataset(store, ids, name, H5T_IEEE_F32BE, &shape, 0);
    return dataset >= 0 && H5DSset_scale(dataset, mark) >= 0;
}

static bool put_scale(struct store *store, struct store_ids *ids, const char *name, enum store_type type, size_t n,
                      const void *values, struct store_label label)
{
    struct store_shape shape = {.rank = 1, .sizes = {n}};
    hid_t dataset =
        create_dataset(store, ids, name, store_file_type(type), &shape, H5Tget_size(store_file_type(type)));
    return dataset >= 0 && H5Dwrite(dataset, store_memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0 &&
           H5DSset_scale(dataset, last_name(name)) >= 0 && put_label(ids, dataset, label);
}

enum rs_status store_write_scale(struct store *store, const char *name, enum store_type type, size_t n,
                                 const void *values, struct store_label label, struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    bool done = values == NULL ? put_bare_scale(store, &ids, name, n)
                               : put_scale(store, &ids, name, type, n, values, label);
    return finish_write(store, &ids, done, name, NULL, err);
}

static hid_t put_texts(struct store *store, struct store_ids *ids, const char *name, size_t n,
                       const char *const *texts)
{
    struct store_shape shape = {.rank = 1, .sizes = {n}};
    hid_t type = make_text_type(ids);
    if (type < 0)
        return H5I_INVALID_HID;
    hid_t dataset = create_dataset(store, ids, name, type, &shape, 0);
    if (dataset >= 0 && n > 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts) < 0)
        return H5I_INVALID_HID;
    return dataset;
}

enum rs_status store_write_text_scale(struct store *store, const char *name, size_t n, const char *const *texts,
                                      struct store_label label, struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    hid_t dataset = put_texts(store, &ids, name, n, texts);
    bool done = dataset >= 0 && H5DSset_scale(dataset, last_name(name)) >= 0 && put_label(&ids, dataset, label);
    return finish_write(store, &ids, done, name, NULL, err);
}

enum rs_status store_write_texts(struct store *store, const char *dataset, size_t n, const char *const *texts,
                                 const char *dimension, struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    hid_t id = put_texts(store, &ids, dataset, n, texts);
    bool done = id >= 0 && attach_scales(store, &ids, id, 1, dimension != NULL ? &dimension : NULL);
    return finish_write(store, &ids, done, dataset, NULL, err);
}

enum rs_status store_write(struct store *store, const char *dataset, enum store_type type,
                           const struct store_shape *shape, const char *const *dimensions, const void *values,
                           struct store_label label, struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    rs_require(shape->rank >= 0 && shape->rank <= STORE_RANK_MAX, "a rank between 0 and STORE_RANK_MAX");
    hid_t id =
        create_dataset(store, &ids, dataset, store_file_type(type), shape, H5Tget_size(store_file_type(type)));
    bool done = id >= 0;
    if (done && count_elements(shape) > 0)
        done = H5Dwrite(id, store_memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    done = done && attach_scales(store, &ids, id, shape->rank, dimensions) && put_label(&ids, id, label);
    return finish_write(store, &ids, done, dataset, NULL, err);
}

static bool put_group(struct store *store, struct store_ids *ids, const char *group)
{
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t creation = store_keep(ids, H5Pcreate(H5P_GROUP_CREATE));
    if (creation < 0 || H5Pset_link_creation_order(creation, order) < 0 ||
        H5Pset_attr_creation_order(creation, order) < 0 || H5Pset_obj_track_times(creation, false) < 0)
        return false;
    return store_keep(ids, H5Gcreate2(store->file, group, H5P_DEFAULT, creation, H5P_DEFAULT)) >= 0;
}

enum rs_status store_make_group(struct store *store, const char *group, struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    bool done = put_group(store, &ids, group);
    return finish_write(store, &ids, done, group, NULL, err);
}

static enum rs_status write_attribute(struct store *store, const char *object, const char *name, hid_t file_type,
                                      hid_t memory_type, size_t n, const void *value, struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    hid_t id = store_keep(&ids, H5Oopen(store->file, object, H5P_DEFAULT));
    bool done = id >= 0 && put_attribute(&ids, id, name, file_type, memory_type, n, value);
    return finish_write(store, &ids, done, object, name, err);
}

enum rs_status store_write_number(struct store *store, const char *object, const char *name, double value,
                                  struct rs_error *err)
{
    return write_attribute(store, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 0, &value, err);
}

enum rs_status store_write_integer(struct store *store, const char *object, const char *name, long long value,
                                   struct rs_error *err)
{
    return write_attribute(store, object, name, H5T_STD_I64LE, H5T_NATIVE_LLONG, 0, &value, err);
}

enum rs_status store_write_numbers(struct store *store, const char *object, const char *name, enum store_type type,
                                   size_t n, const void *values, struct rs_error *err)
{
    rs_require(n > 0, "at least one value");
    return write_attribute(store, object, name, store_file_type(type), store_memory_type(type), n, values, err);
}

enum rs_status store_write_text(struct store *store, const char *object, const char *name, const char *text,
                                struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    hid_t id = store_keep(&ids, H5Oopen(store->file, object, H5P_DEFAULT));
    bool done = id >= 0 && put_text(&ids, id, name, text);
    return finish_write(store, &ids, done, object, name, err);
}
