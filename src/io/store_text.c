/* Reading texts: fixed or variable length, padded with '\0' or spaces, as other programs write them. */
#include "config.h" /* POSIX names */

#include "io/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Texts in some foreign form, before they are packed. */
struct raw_texts {
    size_t n;
    hid_t type, space;
    size_t fixed_bytes; /* 0: variable length */
    char *fixed;        /* [n][fixed_bytes] */
    char **variable;    /* [n], members owned by HDF5 */
};

static size_t text_length(const struct raw_texts *raw, size_t i, const char **start)
{
    if (raw->fixed_bytes == 0) {
        *start = raw->variable[i];
        return *start == NULL ? 0 : strlen(*start);
    }
    *start = raw->fixed + i * raw->fixed_bytes;
    size_t length = strnlen(*start, raw->fixed_bytes);
    if (H5Tget_strpad(raw->type) == H5T_STR_SPACEPAD)
        while (length > 0 && (*start)[length - 1] == ' ')
            length--;
    return length;
}

/* One block: the pointers, then the texts they point to. */
static char **pack(const struct raw_texts *raw, struct rs_error *err)
{
    const char *start;
    size_t n_bytes = raw->n * sizeof(char *);
    for (size_t i = 0; i < raw->n; i++)
        n_bytes += text_length(raw, i, &start) + 1;
    char **texts = memory_allocate(n_bytes, 1, err);
    if (texts == NULL)
        return NULL;
    char *next = (char *)(texts + raw->n);
    for (size_t i = 0; i < raw->n; i++) {
        size_t length = text_length(raw, i, &start);
        if (length > 0)
            memcpy(next, start, length);
        texts[i] = next;
        next += length + 1;
    }
    return texts;
}

static enum rs_status allocate_raw(const struct store *store, struct raw_texts *raw, const char *object,
                                   const char *attribute, struct rs_error *err)
{
    htri_t is_variable = H5Tis_variable_str(raw->type);
    hssize_t n = raw->space < 0 || is_variable < 0 ? -1 : H5Sget_simple_extent_npoints(raw->space);
    if (n < 0)
        return store_fail_read(store, object, attribute, err);
    raw->n = (size_t)n;
    raw->fixed_bytes = is_variable ? 0 : H5Tget_size(raw->type);
    if (is_variable)
        raw->variable = memory_allocate(raw->n, sizeof(char *), err);
    else
        raw->fixed = memory_allocate(raw->n, raw->fixed_bytes, err);
    return raw->variable == NULL && raw->fixed == NULL ? RS_INTERNAL : RS_OK;
}

static void free_raw(struct raw_texts *raw)
{
    if (raw->variable != NULL)
        (void)H5Dvlen_reclaim(raw->type, raw->space, H5P_DEFAULT, raw->variable); /* frees; nothing to save */
    free(raw->variable);
    free(raw->fixed);
}

/* Reads all texts of a dataset (attribute = NULL) or an attribute, whose identifier is `id`. */
static enum rs_status read_packed(const struct store *store, struct raw_texts *raw, hid_t id,
                                  const char *object, const char *attribute, char ***texts,
                                  struct rs_error *err)
{
    enum rs_status status = store_require_class(store, raw->type, true, object, attribute, err);
    if (status == RS_OK)
        status = allocate_raw(store, raw, object, attribute, err);
    if (status != RS_OK)
        return status;
    void *buffer = raw->variable != NULL ? (void *)raw->variable : (void *)raw->fixed;
    herr_t read = 0;
    if (raw->n > 0)
        read = attribute != NULL ? H5Aread(id, raw->type, buffer)
                                 : H5Dread(id, raw->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer);
    if (read < 0)
        return store_fail_read(store, object, attribute, err);
    *texts = pack(raw, err);
    return *texts == NULL ? RS_INTERNAL : RS_OK;
}

enum rs_status store_read_texts(const struct store *store, const char *dataset, size_t *n, char ***texts,
                                struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    struct raw_texts raw = {.n = 0};
    struct store_shape shape;
    hid_t id;
    enum rs_status status = store_get_shape(store, dataset, &shape, err);
    if (status == RS_OK && shape.rank != 1)
        status =
            store_fail(store, RS_INPUT, dataset, NULL, err, "%d dimensions found, 1 expected", shape.rank);
    if (status == RS_OK)
        status = store_open_dataset(store, &ids, dataset, &id, err);
    if (status == RS_OK) {
        raw.space = store_keep(&ids, H5Dget_space(id));
        raw.type = store_keep(&ids, H5Dget_type(id));
        status = read_packed(store, &raw, id, dataset, NULL, texts, err);
        *n = raw.n;
        free_raw(&raw);
    }
    (void)store_drop(&ids); /* only read: nothing can be lost */
    return status;
}

/* The only one of the texts, on its own; an empty dataspace is how netCDF writes an empty text. */
static enum rs_status take_single(const struct store *store, const char *object, const char *name, size_t n,
                                  char *const *texts, char **text, struct rs_error *err)
{
    if (n > 1)
        return store_fail(store, RS_INPUT, object, name, err, "%zu texts found, one expected", n);
    *text = strdup(n == 0 ? "" : texts[0]);
    return *text == NULL ? store_fail(store, RS_INTERNAL, object, name, err, "out of memory") : RS_OK;
}

enum rs_status store_read_text(const struct store *store, const char *object, const char *name, char **text,
                               struct rs_error *err)
{
    struct store_ids ids = {.n = 0};
    struct raw_texts raw = {.n = 0};
    char **texts = NULL;
    hid_t id;
    enum rs_status status = store_open_attribute(store, &ids, object, name, &id, err);
    if (status == RS_OK) {
        raw.space = store_keep(&ids, H5Aget_space(id));
        raw.type = store_keep(&ids, H5Aget_type(id));
        status = read_packed(store, &raw, id, object, name, &texts, err);
        if (status == RS_OK)
            status = take_single(store, object, name, raw.n, texts, text, err);
        free(texts);
        free_raw(&raw);
    }
    (void)store_drop(&ids); /* only read: nothing can be lost */
    return status;
}

enum rs_status store_expect_text(const struct store *store, const char *name, const char *expected,
                                 struct rs_error *err)
{
    char *text = NULL;
    enum rs_status status = store_read_text(store, "/", name, &text, err);
    if (status == RS_OK && strcmp(text, expected) != 0)
        status = store_fail(store, RS_INPUT, "/", name, err, "'%s' found, '%s' expected", text, expected);
    free(text);
    return status;
}
