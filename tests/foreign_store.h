/* A file as other programs write it: types and forms that ours does not produce. Written with plain HDF5
 * calls. */
#ifndef TESTS_FOREIGN_STORE_H
#define TESTS_FOREIGN_STORE_H

#include <criterion/criterion.h>
#include <hdf5.h>

static void foreign_put(hid_t file, const char *name, hid_t type, hid_t memory_type, hsize_t n,
                        const void *values)
{
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(dataset >= 0 && H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0,
              "%s", name);
    H5Dclose(dataset);
    H5Sclose(space);
}

static void foreign_put_attribute(hid_t object, const char *name, hid_t type, hid_t space, const void *value)
{
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(attribute >= 0, "%s", name);
    if (value != NULL)
        cr_assert(H5Awrite(attribute, type, value) >= 0, "%s", name);
    H5Aclose(attribute);
    H5Sclose(space);
}

/* As h5py writes a boolean: an enum over int8. */
static hid_t foreign_boolean(void)
{
    const signed char no = 0, yes = 1;
    hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
    H5Tenum_insert(type, "FALSE", &no);
    H5Tenum_insert(type, "TRUE", &yes);
    return type;
}

/* IEEE half precision, as numpy's float16. */
static hid_t foreign_half(void)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    return type;
}

static hid_t foreign_text(size_t size, H5T_str_t padding)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size);
    H5Tset_strpad(type, padding);
    return type;
}

static void foreign_write(const char *path)
{
    const double values[4] = {1, 0, -1, 0.5};
    const signed char flags[2] = {1, 0};
    const double big[2] = {1, 3e9}, lost[1] = {NAN}, one = 2.5;
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(file >= 0);
    hid_t boolean = foreign_boolean(), half = foreign_half();
    hid_t padded = foreign_text(4, H5T_STR_SPACEPAD), ended = foreign_text(4, H5T_STR_NULLPAD);
    foreign_put(file, "half", half, H5T_NATIVE_DOUBLE, 4, values);
    foreign_put(file, "float_big_endian", H5T_IEEE_F32BE, H5T_NATIVE_DOUBLE, 4, values);
    foreign_put(file, "long_double", H5T_NATIVE_LDOUBLE, H5T_NATIVE_DOUBLE, 4, values);
    foreign_put(file, "int_big_endian", H5T_STD_I64BE, H5T_NATIVE_DOUBLE, 3, values);
    foreign_put(file, "unsigned", H5T_STD_U16BE, H5T_NATIVE_DOUBLE, 2, values);
    foreign_put(file, "boolean", boolean, boolean, 2, flags);
    foreign_put(file, "big", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 2, big);
    foreign_put(file, "nan", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 1, lost);
    foreign_put(file, "padded", padded, padded, 2, "ab  wxyz");
    foreign_put(file, "ended", ended, ended, 2, "ab\0\0wxyz");
    hsize_t n = 1;
    foreign_put_attribute(file, "causal", boolean, H5Screate(H5S_SCALAR), flags);
    foreign_put_attribute(file, "one", H5T_NATIVE_DOUBLE, H5Screate_simple(1, &n, NULL), &one);
    n = 4;
    foreign_put_attribute(file, "four", H5T_NATIVE_DOUBLE, H5Screate_simple(1, &n, NULL), values);
    foreign_put_attribute(file, "format", padded, H5Screate(H5S_SCALAR), "qk  ");
    foreign_put_attribute(file, "nothing", ended, H5Screate(H5S_NULL), NULL);
    hid_t compound = H5Tcreate(H5T_COMPOUND, 8);
    H5Tinsert(compound, "r", 0, H5T_NATIVE_FLOAT);
    foreign_put_attribute(file, "compound", compound, H5Screate(H5S_SCALAR), values);
    H5Tclose(compound);
    H5Tclose(boolean);
    H5Tclose(half);
    H5Tclose(padded);
    H5Tclose(ended);
    cr_assert(H5Fclose(file) >= 0);
}

#endif
