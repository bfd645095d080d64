/* What a file holds: attributes, datasets and groups, and the dimensions of a dataset. */
#include "io/store_internal.h"

#include <hdf5_hl.h>
#include <stdio.h>
#include <string.h>

#include "base/require.h"

struct listing {
    store_visit *visit;
    void *context;
};

static herr_t visit_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context)
{
    const struct listing *listing = context;
    (void)object, (void)info;
    listing->visit(name, false, listing->context);
    return 0;
}

/* Links that lead nowhere and committed types are passed over. */
static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *link, void *context)
{
    const struct listing *listing = context;
    H5O_info_t info;
    (void)link;
    if (H5Oget_info_by_name2(group, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
        return 0;
    if (info.type == H5O_TYPE_DATASET || info.type == H5O_TYPE_GROUP)
        listing->visit(name, info.type == H5O_TYPE_DATASET, listing->context);
    return 0;
}

/* By creation where the object tracks it (its creation properties say so), else by name. */
static H5_index_t attribute_index(struct store_ids *ids, hid_t object)
{
    hid_t creation = -1;
    unsigned order = 0;
    if (H5Iget_type(object) == H5I_DATASET)
        creation = store_keep(ids, H5Dget_create_plist(object));
    else if (H5Iget_type(object) == H5I_GROUP)
        creation = store_keep(ids, H5Gget_create_plist(object));
    if (creation < 0 || H5Pget_attr_creation_order(creation, &order) < 0)
        return H5_INDEX_NAME;
    return order & H5P_CRT_ORDER_TRACKED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
}

static H5_index_t link_index(struct store_ids *ids, hid_t group)
{
    unsigned order = 0;
    hid_t creation = store_keep(ids, H5Gget_create_plist(group));
    if (creation < 0 || H5Pget_link_creation_order(creation, &order) < 0)
        return H5_INDEX_NAME;
    return order & H5P_CRT_ORDER_TRACKED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
}

enum rs_status store_list_attributes(const struct store *store, const char *object, store_visit *visit, void *context,
                                     struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    struct listing listing = {visit, context};
    hid_t id;
    enum rs_status status = store_open_object(store, &ids, object, &id, err);
    if (status == RS_OK &&
        H5Aiterate2(id, attribute_index(&ids, id), H5_ITER_INC, NULL, visit_attribute, &listing) < 0)
        status = store_fail_read(store, object, NULL, err);
    (void)store_drop(&ids); /* only read: nothing can be lost */
    return status;
}

enum rs_status store_list(const struct store *store, const char *group, store_visit *visit, void *context,
                          struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    struct listing listing = {visit, context};
    hid_t id;
    enum rs_status status = store_open_object(store, &ids, group, &id, err);
    if (status == RS_OK && H5Iget_type(id) != H5I_GROUP)
        status = store_fail(store, RS_INPUT, group, NULL, err, "a dataset found, a group expected");
    if (status == RS_OK && H5Literate(id, link_index(&ids, id), H5_ITER_INC, NULL, visit_link, &listing) < 0)
        status = store_fail_read(store, group, NULL, err);
    (void)store_drop(&ids); /* only read: nothing can be lost */
    return status;
}

/* The first scale of a dimension ends the search. */
static herr_t take_scale_name(hid_t dataset, unsigned i_dimension, hid_t scale, void *context)
{
    char path[STORE_NAME_SIZE + 1];
    (void)dataset, (void)i_dimension;
    ssize_t length = H5Iget_name(scale, path, sizeof path);
    if (length <= 0)
        return -1;
    snprintf(context, STORE_NAME_SIZE, "%s", path + (path[0] == '/'));
    return 1;
}

enum rs_status store_get_dimensions(const struct store *store, const char *dataset, char names[][STORE_NAME_SIZE],
                                    struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    struct store_shape shape;
    hid_t id;
    enum rs_status status = store_get_shape(store, dataset, &shape, err);
    if (status == RS_OK)
        status = store_open_dataset(store, &ids, dataset, &id, err);
    htri_t has_list = status == RS_OK ? H5Aexists(id, "DIMENSION_LIST") : 0;
    for (int i = 0; status == RS_OK && i < shape.rank; i++) {
        names[i][0] = '\0';
        if (has_list > 0 && H5DSiterate_scales(id, (unsigned)i, NULL, take_scale_name, names[i]) < 0)
            status = store_fail_read(store, dataset, "DIMENSION_LIST", err);
    }
    (void)store_drop(&ids); /* only read: nothing can be lost */
    return status;
}
