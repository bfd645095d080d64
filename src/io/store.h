/*
 * A store: an HDF5 file seen as named arrays with attributes. Knows no physics. The only user of hdf5.h.
 *
 * Writing follows the netCDF-4 rules, so that xarray (netcdf4 and h5netcdf), h5py and ncdump open a result
 * with labelled dimensions: every axis is a dimension scale, link creation order is tracked, units are
 * symbols, no compound, enum, complex or reference datasets. Object times are off: equal content gives equal
 * bytes. Behind the HDF5 content stands its SHA-256 (80 bytes that HDF5 ignores); opening a file that has one
 * checks it. Not for several threads: only the main thread calls these.
 *
 * Datasets and groups are named by path, with or without a leading '/'.
 * Errors read "FILE: error: ...", "FILE:/DATASET: error: ..." or "FILE:/@ATTRIBUTE: error: ...".
 */
#ifndef IO_STORE_H
#define IO_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

struct store;

enum store_type { STORE_FLOAT64, STORE_FLOAT32, STORE_INT64, STORE_INT32, STORE_INT8, STORE_UINT8 };

enum { STORE_RANK_MAX = 12, STORE_NAME_SIZE = 128 };

struct store_shape {
    int rank; /* 0: a scalar */
    size_t sizes[STORE_RANK_MAX];
};

/* --- reading --- */

/* Opens a file for reading. RS_IO when it cannot be opened or read, RS_INPUT when it is no HDF5 file or is
 * truncated. */
enum rs_status store_open(const char *path, struct store **out, struct rs_error *err) RS_MUST_CHECK;

/* The same from bytes in memory (a file compiled into the program); `name` stands for the path in messages.
 */
enum rs_status store_open_image(const char *name, const void *bytes, size_t n_bytes, struct store **out,
                                struct rs_error *err) RS_MUST_CHECK;

const char *store_path(const struct store *store);

/* Version of the HDF5 library, as it was compiled against. */
const char *store_library_version(void);

bool store_has(const struct store *store, const char *dataset);
/* `object` is "/" for root attributes, else a dataset or group. */
bool store_has_attribute(const struct store *store, const char *object, const char *name);

enum rs_status store_get_shape(const struct store *store, const char *dataset, struct store_shape *shape,
                               struct rs_error *err) RS_MUST_CHECK;

/* One axis as a reader expects it. */
#define STORE_SIZE_ANY ((size_t)-1) /* any size but 0 */
struct store_axis {
    const char *name; /* plural: "rows" */
    size_t size;
    const char *origin; /* where `size` comes from ("rows of /conductance"), or NULL */
};

/* RS_INPUT, naming the first axis that disagrees: "FILE:/voltage: error: 63 rows found, 64 expected (rows of
 * /conductance)". */
enum rs_status store_check_shape(const struct store *store, const char *dataset, int rank,
                                 const struct store_axis *axes, struct rs_error *err) RS_MUST_CHECK;

/* Whether a dataset exists and holds text. */
bool store_is_text(const struct store *store, const char *dataset);

/*
 * Reads a whole dataset of any integer or float type (also h5py's boolean), converted to `type`, into
 * `values`, which has room for its shape. A missing dataset, another kind of type, and a value that an
 * integer `type` cannot hold (a fraction, an overflow, NaN) are RS_INPUT, a failing read is RS_IO.
 */
enum rs_status store_read(const struct store *store, const char *dataset, enum store_type type, void *values,
                          struct rs_error *err) RS_MUST_CHECK;

/* Reads rows [first, first + count) of the first axis, which the dataset must have. */
enum rs_status store_read_rows(const struct store *store, const char *dataset, enum store_type type,
                               size_t first, size_t count, void *values, struct rs_error *err) RS_MUST_CHECK;

/* A one-dimensional dataset of texts, fixed or variable length; an array of `n` strings owned by the caller
 * (one free() releases all). */
enum rs_status store_read_texts(const struct store *store, const char *dataset, size_t *n, char ***texts,
                                struct rs_error *err) RS_MUST_CHECK;

/* A scalar attribute (or one of one element): any integer or float type, or boolean, as a number. */
enum rs_status store_read_number(const struct store *store, const char *object, const char *name,
                                 double *value, struct rs_error *err) RS_MUST_CHECK;
/* A root attribute that must be a whole number from low to high; else RS_INPUT. */
enum rs_status store_read_integer(const struct store *store, const char *name, double low, double high,
                                  double *value, struct rs_error *err) RS_MUST_CHECK;
/* RS_INPUT unless the root's text attribute is `expected`. */
enum rs_status store_expect_text(const struct store *store, const char *name, const char *expected,
                                 struct rs_error *err) RS_MUST_CHECK;
/* An attribute of any number of values, `n` of them, owned by the caller (free). */
enum rs_status store_read_numbers(const struct store *store, const char *object, const char *name, size_t *n,
                                  double **values, struct rs_error *err) RS_MUST_CHECK;
/* A text attribute, owned by the caller (free). */
enum rs_status store_read_text(const struct store *store, const char *object, const char *name, char **text,
                               struct rs_error *err) RS_MUST_CHECK;

/* Calls `visit` for each attribute of an object (is_dataset false), or each dataset and group in a group
 * (true: dataset), in creation order where the file tracks it, else by name. Dimension scales are datasets
 * too. */
typedef void store_visit(const char *name, bool is_dataset, void *context);
enum rs_status store_list_attributes(const struct store *store, const char *object, store_visit *visit,
                                     void *context, struct rs_error *err) RS_MUST_CHECK;
enum rs_status store_list(const struct store *store, const char *group, store_visit *visit, void *context,
                          struct rs_error *err) RS_MUST_CHECK;

/* Names of a dataset's dimensions: paths, without a leading '/', of the attached scales; "" where there is
 * none: names[rank][STORE_NAME_SIZE]. */
enum rs_status store_get_dimensions(const struct store *store, const char *dataset,
                                    char names[][STORE_NAME_SIZE], struct rs_error *err) RS_MUST_CHECK;

/* --- writing --- */

/*
 * Starts a file under a temporary name beside `path`. RS_CREATE when that cannot be. The content is collected
 * in memory until the commit: a writer needs room for all that it writes (after compression).
 */
enum rs_status store_create(const char *path, struct store **out, struct rs_error *err) RS_MUST_CHECK;

/*
 * Ends writing: flush, close, fsync, rename to the final name, fsync the folder. Also frees the store. On any
 * failure (RS_IO), also one that an earlier call met, the temporary file is removed and the final name is
 * untouched.
 */
enum rs_status store_commit(struct store *store, struct rs_error *err) RS_MUST_CHECK;

/* Frees a store: closes one opened for reading, discards one being written. NULL is allowed. */
void store_close(struct store *store);

/* Groups on the way must exist. */
enum rs_status store_make_group(struct store *store, const char *group, struct rs_error *err) RS_MUST_CHECK;

/* What a dataset is called and measured in; NULL members are left out. */
struct store_label {
    const char *units;     /* "S", "A", "1" ... */
    const char *long_name; /* for people */
};

/*
 * A dimension scale `name` (with its group's path) of `n` values: gives a dimension its name and coordinates.
 * values = NULL: a dimension without coordinates (the netCDF form).
 */
enum rs_status store_write_scale(struct store *store, const char *name, enum store_type type, size_t n,
                                 const void *values, struct store_label label,
                                 struct rs_error *err) RS_MUST_CHECK;

/* A dimension scale whose coordinates are names. */
enum rs_status store_write_text_scale(struct store *store, const char *name, size_t n,
                                      const char *const *texts, struct store_label label,
                                      struct rs_error *err) RS_MUST_CHECK;

/*
 * A dataset. dimensions [shape->rank] are paths of scales written before (NULL: none attached, for files that
 * are no results). Arrays of more than 1 kB are chunked, shuffled, deflated (level 1) and checksummed;
 * smaller ones lie in their object's header, which has a checksum.
 */
enum rs_status store_write(struct store *store, const char *dataset, enum store_type type,
                           const struct store_shape *shape, const char *const *dimensions, const void *values,
                           struct store_label label, struct rs_error *err) RS_MUST_CHECK;

/* A one-dimensional dataset of variable-length UTF-8 texts. */
enum rs_status store_write_texts(struct store *store, const char *dataset, size_t n, const char *const *texts,
                                 const char *dimension, struct rs_error *err) RS_MUST_CHECK;

/* Attributes of "/" or of a dataset or group. */
enum rs_status store_write_number(struct store *store, const char *object, const char *name, double value,
                                  struct rs_error *err) RS_MUST_CHECK;
enum rs_status store_write_integer(struct store *store, const char *object, const char *name, long long value,
                                   struct rs_error *err) RS_MUST_CHECK;
enum rs_status store_write_text(struct store *store, const char *object, const char *name, const char *text,
                                struct rs_error *err) RS_MUST_CHECK;
enum rs_status store_write_numbers(struct store *store, const char *object, const char *name,
                                   enum store_type type, size_t n, const void *values,
                                   struct rs_error *err) RS_MUST_CHECK;

#endif
