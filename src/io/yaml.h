/*
 * A YAML document as a tree of nodes with their places. Scalars stay text: their type is the schema's
 * business. The subset: mappings, sequences, plain and quoted scalars, comments, anchors and aliases. Tags,
 * several documents, keys that are no scalars, depth over 32 and files over 1 MB are refused. The only user
 * of yaml.h of libyaml.
 */
#ifndef IO_YAML_H
#define IO_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

/* Lines and columns count from 1. Children of a mapping carry their key; duplicates stay, for the reader to
 * refuse. */
struct yaml_node {
    enum yaml_kind kind;
    const char *key; /* in a mapping, else NULL */
    int key_line, key_column;
    const char *text; /* of a scalar, else NULL */
    bool quoted;
    int line, column;
    size_t n_children;
    struct yaml_node *children; /* [n_children] */
};

struct yaml_document {
    char *path; /* as given, for messages */
    char *text; /* the file's exact bytes, '\0' appended */
    size_t n_bytes;
    struct yaml_node *root; /* never NULL; an empty file is an empty mapping */
    void *arena;
};

/*
 * Reads a file. RS_IO when it cannot be read; RS_INPUT with "FILE:LINE:COLUMN: error: ..." when it is not
 * valid. The caller frees with yaml_destroy.
 */
enum rs_status yaml_read(const char *path, struct yaml_document **out, struct rs_error *err) RS_MUST_CHECK;

/* The same from text; `path` stands in messages. */
enum rs_status yaml_parse(const char *path, const char *text, size_t n_bytes, struct yaml_document **out,
                          struct rs_error *err) RS_MUST_CHECK;

void yaml_destroy(struct yaml_document *document);

/* The child of a mapping with that key (the first, where it stands twice), or NULL. */
const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key);

/* The first key that stands twice in a mapping, as a node of its second place, or NULL. */
const struct yaml_node *yaml_find_duplicate(const struct yaml_node *mapping);

/* Adds "FILE:LINE:COLUMN: error: TEXT" to `err` and returns RS_INPUT. */
enum rs_status yaml_fail(const struct yaml_document *document, int line, int column, struct rs_error *err,
                         const char *format, ...) RS_PRINTF(5, 6);

#endif
