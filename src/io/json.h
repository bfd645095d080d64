/*
 * A JSON document (RFC 8259) as a tree. Strict, for files of strangers: valid UTF-8, no key twice in an
 * object, no text with a NUL, no number beyond double, depth up to 32, up to 16 MB and about 250,000 values,
 * which take 16 MB more.
 */
#ifndef IO_JSON_H
#define IO_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

enum { JSON_DEPTH_MAX = 32, JSON_BYTES_MAX = 1 << 24, JSON_NODES_MAX = 1 << 18 };

enum json_kind { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json_node {
    enum json_kind kind;
    bool truth;       /* of a boolean */
    double number;    /* of a number */
    const char *text; /* of a text, UTF-8 */
    const char *key;  /* in an object, else NULL */
    int line, column; /* from 1; columns count bytes */
    size_t n_children;
    const struct json_node *first, *next; /* first child; next of the same parent */
};

struct json {
    char *path; /* as given, for messages */
    char *text; /* what the nodes' texts lie in */
    struct json_node *nodes;
    const struct json_node *root;
};

/* What is wrong, and where. */
struct json_fault {
    size_t byte; /* from 0 */
    int line, column;
    char what[256]; /* one line: "'}' found, ',' or ']' expected" */
};

/* RS_INPUT with the fault where the bytes are not one such document. The caller frees with json_destroy. */
enum rs_status json_parse(const char *bytes, size_t n_bytes, struct json **out,
                          struct json_fault *fault) RS_MUST_CHECK;

/* The same of a file. RS_IO when it cannot be read; RS_INPUT with "FILE:LINE:COLUMN: error: ...". */
enum rs_status json_read(const char *path, struct json **out, struct rs_error *err) RS_MUST_CHECK;

void json_destroy(struct json *json);

/* The member of an object with that key, or NULL; NULL also of what is no object. */
const struct json_node *json_find(const struct json_node *object, const char *key);

/* Whether a node is a whole number from 0 to `high` (at most 2^53); which, into *value. */
bool json_is_whole(const struct json_node *node, size_t high, size_t *value);

/* What a node is, for "... found": a number, a text in quotes (cut at 60 bytes), "an array" ... */
void json_describe(const struct json_node *node, char *text, size_t text_size);

/* Replaces `err` by "FILE:LINE:COLUMN: error: TEXT" and returns RS_INPUT. node NULL: "FILE: error: TEXT". */
enum rs_status json_fail(const struct json *json, const struct json_node *node, struct rs_error *err,
                         const char *format, ...) RS_PRINTF(4, 5);

#endif
