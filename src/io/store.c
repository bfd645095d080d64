/*
 * A store from creation or opening to its end. A store being written lives in memory (HDF5's core driver) and
 * reaches the disk in one atomic write at its commit: a full disk then never meets HDF5, which can neither
 * report nor survive one (a failed H5Dclose leaves dangling handles that the library's exit handler follows).
 */
#include "config.h" /* POSIX names */

#include "io/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/require.h"

enum { STORE_GROWTH_BYTES = 1 << 20 };

hid_t store_keep(struct store_ids *ids, hid_t id)
{
    if (id < 0)
        return id;
    rs_require(ids->n < STORE_IDS_MAX, "more identifiers than a function may open");
    ids->ids[ids->n++] = id;
    return id;
}

bool store_drop(struct store_ids *ids)
{
    bool closed = true;
    while (ids->n > 0)
        closed = H5Idec_ref(ids->ids[--ids->n]) >= 0 && closed;
    return closed;
}

/* The innermost entry says most; where the system refused, HDF5 quotes its words. */
static herr_t take_reason(unsigned i_entry, const H5E_error2_t *entry, void *context)
{
    struct store_reason *reason = context;
    if (i_entry > 0 || entry->desc == NULL)
        return 0;
    const char *words = strstr(entry->desc, "error message = '");
    reason->is_system = words != NULL;
    reason->is_foreign = entry->min_num == H5E_NOTHDF5;
    if (words != NULL)
        words += strlen("error message = '");
    else
        words = entry->desc;
    size_t length = reason->is_system ? strcspn(words, "'\n") : strcspn(words, "\n");
    snprintf(reason->text, sizeof reason->text, "%.*s", length < 200 ? (int)length : 200, words);
    return 0;
}

void store_get_reason(struct store_reason *reason)
{
    *reason = (struct store_reason){.text = "unknown reason"};
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_reason, reason); /* a failing walk leaves the default */
}

enum rs_status store_fail(const struct store *store, enum rs_status status, const char *object,
                          const char *attribute, struct rs_error *err, const char *format, ...)
{
    char text[1024], place[2 * STORE_NAME_SIZE + 8] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (object != NULL)
        snprintf(place, sizeof place, ":/%.*s%s%.*s", STORE_NAME_SIZE, object + (object[0] == '/'),
                 attribute != NULL ? "@" : "", STORE_NAME_SIZE, attribute != NULL ? attribute : "");
    return rs_fail(err, status, "%s%s: error: %s", store->path, place, text);
}

hid_t store_memory_type(enum store_type type)
{
    switch (type) {
    case STORE_FLOAT64:
        return H5T_NATIVE_DOUBLE;
    case STORE_FLOAT32:
        return H5T_NATIVE_FLOAT;
    case STORE_INT64:
        return H5T_NATIVE_INT64;
    case STORE_INT32:
        return H5T_NATIVE_INT32;
    case STORE_INT8:
        return H5T_NATIVE_INT8;
    case STORE_UINT8:
        return H5T_NATIVE_UINT8;
    }
    require_abort(__func__, "unknown type");
}

hid_t store_file_type(enum store_type type)
{
    switch (type) {
    case STORE_FLOAT64:
        return H5T_IEEE_F64LE;
    case STORE_FLOAT32:
        return H5T_IEEE_F32LE;
    case STORE_INT64:
        return H5T_STD_I64LE;
    case STORE_INT32:
        return H5T_STD_I32LE;
    case STORE_INT8:
        return H5T_STD_I8LE;
    case STORE_UINT8:
        return H5T_STD_U8LE;
    }
    require_abort(__func__, "unknown type");
}

/* Frees without any file work. */
static void free_store(struct store *store)
{
    file_discard(store->draft);
    free(store->path);
    free(store);
}

/* A store without a file; HDF5's own printing is off from here on. */
static struct store *make_store(const char *path, struct rs_error *err)
{
    struct store *store = memory_allocate(1, sizeof *store, err);
    if (store == NULL)
        return NULL;
    store->file = H5I_INVALID_HID;
    store->path = strdup(path);
    if (store->path == NULL || H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0) {
        rs_fail(err, RS_INTERNAL, "%s: error: out of memory", path);
        free_store(store);
        return NULL;
    }
    return store;
}

/* A name for a file in memory that differs between stores and that no file on disk can have. */
static void print_memory_name(const struct store *store, char *name, size_t name_size)
{
    snprintf(name, name_size, "/dev/null/%p", (const void *)store);
}

/* --- opening --- */

/*
 * Whether the system lets us read `path`, whether its seal holds, and whether its file system knows locks: on
 * some (NFS, Lustre) locking is refused, and the file is then read without.
 */
static enum rs_status probe_file(const struct store *store, bool *locks, struct rs_error *err)
{
    struct stat found;
    int descriptor = open(store->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return store_fail(store, RS_IO, NULL, NULL, err, "cannot open: %s", strerror(errno));
    enum rs_status status = RS_OK;
    if (fstat(descriptor, &found) != 0)
        status = store_fail(store, RS_IO, NULL, NULL, err, "cannot open: %s", strerror(errno));
    else if (S_ISDIR(found.st_mode))
        status = store_fail(store, RS_IO, NULL, NULL, err, "cannot open: %s", strerror(EISDIR));
    else if (!S_ISREG(found.st_mode))
        status = store_fail(store, RS_IO, NULL, NULL, err, "cannot open: not a regular file");
    *locks = status == RS_OK && flock(descriptor, LOCK_SH | LOCK_NB) == 0;
    const char *wish = getenv("HDF5_USE_FILE_LOCKING");
    bool wanted = wish == NULL || (strcmp(wish, "FALSE") != 0 && strcmp(wish, "0") != 0);
    if (status == RS_OK && !*locks && errno == EWOULDBLOCK && wanted)
        status = store_fail(
            store, RS_IO, NULL, NULL, err,
            "another program has it open for writing (HDF5_USE_FILE_LOCKING=FALSE reads it anyway)");
    if (status == RS_OK)
        status = store_check_file(store, descriptor, found.st_size, err);
    (void)close(descriptor); /* nothing was written: its result says nothing */
    return status;
}

static hid_t open_file(struct store_ids *ids, const char *path, bool locks)
{
    hid_t access = store_keep(ids, H5Pcreate(H5P_FILE_ACCESS));
    if (access < 0 || H5Pset_fclose_degree(access, H5F_CLOSE_SEMI) < 0 ||
        H5Pset_file_locking(access, locks, true) < 0)
        return H5I_INVALID_HID;
    return H5Fopen(path, H5F_ACC_RDONLY, access);
}

static hid_t open_image(struct store_ids *ids, const char *name, const void *bytes, size_t n_bytes)
{
    void *image = (void *)(uintptr_t)bytes; /* HDF5 copies it and changes nothing, but says no const */
    hid_t access = store_keep(ids, H5Pcreate(H5P_FILE_ACCESS));
    if (access < 0 || H5Pset_fclose_degree(access, H5F_CLOSE_SEMI) < 0 ||
        H5Pset_fapl_core(access, STORE_GROWTH_BYTES, false) < 0 ||
        H5Pset_file_image(access, image, n_bytes) < 0)
        return H5I_INVALID_HID;
    return H5Fopen(name, H5F_ACC_RDONLY, access);
}

static enum rs_status finish_open(struct store *store, struct store_ids *ids, struct store **out,
                                  struct rs_error *err)
{
    struct store_reason reason;
    store_get_reason(&reason);
    if (!store_drop(ids) && store->file >= 0)
        store_get_reason(&reason);
    else if (store->file >= 0) {
        *out = store;
        return RS_OK;
    }
    enum rs_status status;
    if (reason.is_foreign)
        status = store_fail(store, RS_INPUT, NULL, NULL, err, "not an HDF5 file");
    else if (reason.is_system)
        status = store_fail(store, RS_IO, NULL, NULL, err, "cannot read: %s", reason.text);
    else
        status =
            store_fail(store, RS_INPUT, NULL, NULL, err, "truncated or damaged HDF5 file (%s)", reason.text);
    store_close(store);
    return status;
}

enum rs_status store_open(const char *path, struct store **out, struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    struct store *store = make_store(path, err);
    if (store == NULL)
        return RS_INTERNAL;
    bool locks = false;
    enum rs_status status = probe_file(store, &locks, err);
    if (status != RS_OK) {
        free_store(store);
        return status;
    }
    store->file = open_file(&ids, path, locks);
    return finish_open(store, &ids, out, err);
}

enum rs_status store_open_image(const char *name, const void *bytes, size_t n_bytes, struct store **out,
                                struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    char memory_name[64];
    struct store *store = make_store(name, err);
    if (store == NULL)
        return RS_INTERNAL;
    enum rs_status status = n_bytes > 0 ? store_check_image(store, bytes, n_bytes, err)
                                        : store_fail(store, RS_INPUT, NULL, NULL, err, "not an HDF5 file");
    if (status != RS_OK) {
        free_store(store);
        return status;
    }
    print_memory_name(store, memory_name, sizeof memory_name);
    store->file = open_image(&ids, memory_name, bytes, n_bytes);
    return finish_open(store, &ids, out, err);
}

const char *store_path(const struct store *store)
{
    return store->path;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    if (store->file >= 0)
        (void)H5Fclose(store->file); /* read or thrown away: nothing can be lost */
    free_store(store);
}

/* --- creating --- */

/*
 * Link order is tracked because netCDF needs it for appending, attribute order because it also gives objects
 * the newer, checksummed headers; times are off so that equal content gives equal bytes.
 */
static hid_t create_file(struct store_ids *ids, const char *name)
{
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t access = store_keep(ids, H5Pcreate(H5P_FILE_ACCESS));
    hid_t creation = store_keep(ids, H5Pcreate(H5P_FILE_CREATE));
    if (access < 0 || creation < 0 || H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) < 0 ||
        H5Pset_fclose_degree(access, H5F_CLOSE_SEMI) < 0 ||
        H5Pset_fapl_core(access, STORE_GROWTH_BYTES, false) < 0 ||
        H5Pset_link_creation_order(creation, order) < 0 || H5Pset_attr_creation_order(creation, order) < 0 ||
        H5Pset_obj_track_times(creation, false) < 0)
        return H5I_INVALID_HID;
    return H5Fcreate(name, H5F_ACC_TRUNC, creation, access);
}

enum rs_status store_create(const char *path, struct store **out, struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    char name[64];
    struct store *store = make_store(path, err);
    if (store == NULL)
        return RS_INTERNAL;
    enum rs_status status = file_begin(path, &store->draft, err);
    if (status != RS_OK) {
        free_store(store);
        return status;
    }
    print_memory_name(store, name, sizeof name);
    store->file = create_file(&ids, name);
    struct store_reason reason;
    store_get_reason(&reason);
    if (!store_drop(&ids) || store->file < 0) {
        status = store_fail(store, RS_INTERNAL, NULL, NULL, err, "cannot create: %s", reason.text);
        store_close(store);
        return status;
    }
    *out = store;
    return RS_OK;
}

/* The finished file's bytes, which HDF5 owns until the file is closed. */
static bool find_image(hid_t file, void **bytes, size_t *n_bytes)
{
    void **handle;
    if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || H5Fget_vfd_handle(file, H5P_DEFAULT, (void **)&handle) < 0)
        return false;
    ssize_t size = H5Fget_file_image(file, NULL, 0);
    if (size <= 0)
        return false;
    *bytes = *handle;
    *n_bytes = (size_t)size;
    return true;
}

enum rs_status store_commit(struct store *store, struct rs_error *err)
{
    void *bytes;
    size_t n_bytes;
    enum rs_status status = RS_OK;
    rs_require(store->draft != NULL, "a store opened for reading cannot be committed");
    if (store->failed)
        status = rs_fail(err, RS_IO, "%s", store->failure.text);
    else if (H5Fget_obj_count(store->file, H5F_OBJ_ALL) != 1 || !find_image(store->file, &bytes, &n_bytes)) {
        struct store_reason reason;
        store_get_reason(&reason);
        status = store_fail(store, RS_IO, NULL, NULL, err, "cannot write: %s", reason.text);
    } else
        status = store_append_sealed(store, bytes, n_bytes, err);
    if (H5Fclose(store->file) < 0 && status == RS_OK)
        status = store_fail(store, RS_IO, NULL, NULL, err, "cannot write: the file in memory does not close");
    store->file = H5I_INVALID_HID;
    if (status == RS_OK) {
        status = file_finish(store->draft, err);
        store->draft = NULL;
    }
    free_store(store);
    return status;
}

const char *store_library_version(void)
{
    static const char text[] = H5_VERS_INFO;
    return text + sizeof "HDF5 library version: " - 1;
}
