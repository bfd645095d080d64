/* Ways to spoil an open HDF5 file of ours, for tests that feed readers with damaged ones. */
#ifndef TESTS_DAMAGED_STORE_H
#define TESTS_DAMAGED_STORE_H

#include <string.h>

#include "foreign_store.h"

static void put_number(hid_t file, const char *name, double value)
{
    if (H5Aexists(file, name) > 0)
        cr_assert(H5Adelete(file, name) >= 0);
    foreign_put_attribute(file, name, H5T_NATIVE_DOUBLE, H5Screate(H5S_SCALAR), &value);
}

static void put_text(hid_t file, const char *name, const char *value)
{
    hid_t type = foreign_text(strlen(value) + 1, H5T_STR_NULLTERM);
    cr_assert(H5Adelete(file, name) >= 0);
    foreign_put_attribute(file, name, type, H5Screate(H5S_SCALAR), value);
    H5Tclose(type);
}

/* Writes `value` over one entry of a dataset. */
static void put_entry(hid_t file, const char *name, hsize_t entry, double value)
{
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(dataset);
    hsize_t place[4] = {0}, sizes[4];
    int rank = H5Sget_simple_extent_dims(space, sizes, NULL);
    cr_assert(dataset >= 0 && rank >= 1);
    place[rank - 1] = entry;
    hid_t memory = H5Screate(H5S_SCALAR);
    cr_assert(H5Sselect_elements(space, H5S_SELECT_SET, 1, place) >= 0);
    cr_assert(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, &value) >= 0);
    H5Sclose(memory);
    H5Sclose(space);
    H5Dclose(dataset);
}

/* Puts an empty dataset of another shape in the place of one; nothing is stored for it. */
static void put_shape(hid_t file, const char *name, int rank, const hsize_t *sizes)
{
    cr_assert(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
    hid_t space = H5Screate_simple(rank, sizes, NULL), plan = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk[4] = {1, 1, 1, 1};
    H5Pset_chunk(plan, rank, chunk);
    hid_t dataset = H5Dcreate2(file, name, H5T_NATIVE_INT, space, H5P_DEFAULT, plan, H5P_DEFAULT);
    cr_assert(dataset >= 0, "%s", name);
    H5Dclose(dataset);
    H5Pclose(plan);
    H5Sclose(space);
}

static void drop(hid_t file, const char *name)
{
    cr_assert(H5Ldelete(file, name, H5P_DEFAULT) >= 0, "%s", name);
}

#define DAMAGE(name, what)                                                                                   \
    static void name(hid_t f)                                                                                \
    {                                                                                                        \
        what;                                                                                                \
    }
#define SIZES(...)                                                                                           \
    (const hsize_t[])                                                                                        \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

#endif
