/* What the parts of a store share: handles, types, and the way from HDF5's error stack to one line of text. */
#ifndef IO_STORE_INTERNAL_H
#define IO_STORE_INTERNAL_H

#include <hdf5.h>

#include "io/file.h"
#include "io/store.h"

struct store {
    char *path;               /* for messages */
    hid_t file;
    struct file_draft *draft; /* NULL: opened for reading */
    bool failed;              /* while writing; `failure` is the first one */
    struct rs_error failure;
};

/* Identifiers that one function opened. Each is kept as it comes; all are closed at the end, last one first. */
enum { STORE_IDS_MAX = 16 };
struct store_ids {
    hid_t ids[STORE_IDS_MAX];
    int n;
};

/* Remembers `id` where it is valid, and returns it either way. */
hid_t store_keep(struct store_ids *ids, hid_t id);
/* Closes all; false when one would not close. */
bool store_drop(struct store_ids *ids);

/* Why the last HDF5 call failed. To be asked for before the next call, which forgets it. */
struct store_reason {
    char text[256];
    bool is_system;  /* the operating system refused */
    bool is_foreign; /* no HDF5 signature */
};
void store_get_reason(struct store_reason *reason);

/* "FILE:/OBJECT@ATTRIBUTE: error: TEXT"; object and attribute may be NULL. Returns `status`. */
enum rs_status store_fail(const struct store *store, enum rs_status status, const char *object,
                          const char *attribute, struct rs_error *err, const char *format, ...) RS_PRINTF(6, 7);

/* The type in memory and its standard form in files. */
hid_t store_memory_type(enum store_type type);
hid_t store_file_type(enum store_type type);

/* --- shared by the readers --- */

bool store_is_root(const char *path);

/* RS_IO with HDF5's reason; to be called right after the call that failed. */
enum rs_status store_fail_read(const struct store *store, const char *object, const char *attribute,
                               struct rs_error *err);

/* What is missing, or no dataset, is RS_INPUT. The identifier is kept in `ids`. */
enum rs_status store_open_object(const struct store *store, struct store_ids *ids, const char *object, hid_t *id,
                                 struct rs_error *err) RS_MUST_CHECK;
enum rs_status store_open_dataset(const struct store *store, struct store_ids *ids, const char *dataset, hid_t *id,
                                  struct rs_error *err) RS_MUST_CHECK;
enum rs_status store_open_attribute(const struct store *store, struct store_ids *ids, const char *object,
                                    const char *name, hid_t *id, struct rs_error *err) RS_MUST_CHECK;

/* RS_INPUT unless `type` is a text, or else a number (booleans too). */
enum rs_status store_require_class(const struct store *store, hid_t type, bool text, const char *object,
                                   const char *attribute, struct rs_error *err) RS_MUST_CHECK;

#endif
