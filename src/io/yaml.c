/*
 * From libyaml's events to a tree. An alias shares the children of what it names, so that the tree may be a
 * graph; limits on depth and on the number of nodes hold for the graph walked as a tree.
 */
#include "config.h" /* POSIX names */

#include "io/yaml.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/memory.h"
#include "io/file.h"

enum {
    YAML_DEPTH_MAX = 32,
    YAML_BYTES_MAX = 1 << 20,
    YAML_NODES_MAX = 1000000, /* more than a file of 1 MB has without aliases */
    YAML_BLOCK_BYTES = 1 << 14
};

/* Memory that is freed at once. */
struct block {
    struct block *next;
    size_t used, capacity;
    char *bytes;
};

struct anchor {
    const char *name;
    struct yaml_node node;
    size_t n_nodes;
    int height; /* 0: still being read */
};

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one; emptied before the next */
    struct yaml_document *document;
    struct rs_error *err;
    const char *text; /* after the byte order mark */
    size_t n_bytes;
    size_t n_nodes;            /* aliases counted as what they name */
    struct yaml_node *pending; /* children of the open containers */
    size_t n_pending, pending_capacity;
    struct anchor *anchors;
    size_t n_anchors, anchors_capacity;
};

enum rs_status yaml_fail(const struct yaml_document *document, int line, int column, struct rs_error *err,
                         const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return rs_fail_also(err, RS_INPUT, "%s:%d:%d: error: %s", document->path, line, column, text);
}

/* --- memory --- */

static void *allocate(struct yaml_document *document, size_t n_bytes, struct rs_error *err)
{
    struct block *block = document->arena;
    n_bytes = (n_bytes + 15) / 16 * 16;
    if (block == NULL || n_bytes > block->capacity - block->used) {
        size_t capacity = n_bytes > YAML_BLOCK_BYTES ? n_bytes : YAML_BLOCK_BYTES;
        block = memory_allocate(1, sizeof *block, err);
        if (block == NULL)
            return NULL;
        block->bytes = memory_allocate(capacity, 1, err);
        if (block->bytes == NULL) {
            free(block);
            return NULL;
        }
        block->capacity = capacity;
        block->next = document->arena;
        document->arena = block;
    }
    void *memory = block->bytes + block->used;
    block->used += n_bytes;
    return memory;
}

static const char *copy_text(struct reader *reader, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = allocate(reader->document, size, reader->err);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

/* Room for one more member of a growing array. */
static bool reserve(void **array, size_t n, size_t *capacity, size_t size, struct rs_error *err)
{
    if (n < *capacity)
        return true;
    size_t more = *capacity > 0 ? 2 * *capacity : 64;
    void *grown = realloc(*array, more * size);
    if (grown == NULL) {
        rs_fail_also(err, RS_INTERNAL, "out of memory: %zu bytes", more * size);
        return false;
    }
    *array = grown;
    *capacity = more;
    return true;
}

static bool push(struct reader *reader, const struct yaml_node *node)
{
    void *array = reader->pending;
    bool room = reserve(&array, reader->n_pending, &reader->pending_capacity, sizeof *node, reader->err);
    reader->pending = array;
    if (room)
        reader->pending[reader->n_pending++] = *node;
    return room;
}

/* Moves the pending nodes from `first` on into `node`. */
static bool take_children(struct reader *reader, size_t first, struct yaml_node *node)
{
    node->n_children = reader->n_pending - first;
    if (node->n_children > 0) {
        size_t n_bytes = node->n_children * sizeof *node;
        node->children = allocate(reader->document, n_bytes, reader->err);
        if (node->children == NULL)
            return false;
        memcpy(node->children, reader->pending + first, n_bytes);
    }
    reader->n_pending = first;
    return true;
}

/* --- errors of libyaml --- */

static void find_place(const char *text, size_t offset, int *line, int *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) /* bytes inside a UTF-8 character count not */
            ++*column;
    }
}

static bool is_tab(const struct reader *reader, yaml_mark_t mark)
{
    size_t i = 0;
    for (size_t n_lines = mark.line; n_lines > 0 && i < reader->n_bytes; i++)
        n_lines -= reader->text[i] == '\n';
    for (size_t n_characters = mark.column; n_characters > 0 && i < reader->n_bytes; i++)
        n_characters -= ((unsigned char)reader->text[i + 1] & 0xc0) != 0x80;
    return i < reader->n_bytes && reader->text[i] == '\t';
}

static enum rs_status fail_parser(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "not valid";
    int line, column;
    if (parser->error == YAML_MEMORY_ERROR)
        return rs_fail_also(reader->err, RS_INTERNAL, "%s: error: out of memory", reader->document->path);
    if (parser->error == YAML_READER_ERROR) {
        find_place(reader->text,
                   parser->problem_offset < reader->n_bytes ? parser->problem_offset : reader->n_bytes, &line,
                   &column);
        return yaml_fail(reader->document, line, column, reader->err, "%s (0x%02X), text in UTF-8 expected",
                         problem, (unsigned)parser->problem_value);
    }
    line = (int)parser->problem_mark.line + 1;
    column = (int)parser->problem_mark.column + 1;
    if (is_tab(reader, parser->problem_mark))
        return yaml_fail(reader->document, line, column, reader->err, "a tab found, spaces expected");
    if (parser->context == NULL)
        return yaml_fail(reader->document, line, column, reader->err, "%s", problem);
    return yaml_fail(reader->document, line, column, reader->err, "%s %s (from line %zu)", problem,
                     parser->context, parser->context_mark.line + 1);
}

static enum rs_status fail_event(const struct reader *reader, const char *what)
{
    return yaml_fail(reader->document, (int)reader->event.start_mark.line + 1,
                     (int)reader->event.start_mark.column + 1, reader->err, "%s", what);
}

static enum rs_status next_event(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    return yaml_parser_parse(&reader->parser, &reader->event) ? RS_OK : fail_parser(reader);
}

/* --- nodes --- */

/* Counts `n` nodes more. */
static enum rs_status count_nodes(struct reader *reader, size_t n)
{
    reader->n_nodes += n;
    if (reader->n_nodes > YAML_NODES_MAX)
        return fail_event(reader, "more than 1000000 values found, aliases written out");
    return RS_OK;
}

static struct yaml_node start_node(const struct reader *reader, enum yaml_kind kind)
{
    return (struct yaml_node){.kind = kind,
                              .line = (int)reader->event.start_mark.line + 1,
                              .column = (int)reader->event.start_mark.column + 1};
}

static const yaml_char_t *event_tag(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT           ? event->data.scalar.tag
           : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.tag
                                                      : event->data.mapping_start.tag;
}

static const yaml_char_t *event_anchor(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT           ? event->data.scalar.anchor
           : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
                                                      : event->data.mapping_start.anchor;
}

/* Registers the current event's anchor, if it has one; *index is SIZE_MAX where it has none. */
static enum rs_status open_anchor(struct reader *reader, size_t *index)
{
    const yaml_char_t *name = event_anchor(&reader->event);
    *index = SIZE_MAX;
    if (name == NULL)
        return RS_OK;
    void *array = reader->anchors;
    bool room =
        reserve(&array, reader->n_anchors, &reader->anchors_capacity, sizeof *reader->anchors, reader->err);
    reader->anchors = array;
    const char *copy = room ? copy_text(reader, (const char *)name) : NULL;
    if (copy == NULL)
        return RS_INTERNAL;
    *index = reader->n_anchors++;
    reader->anchors[*index] = (struct anchor){.name = copy, .n_nodes = reader->n_nodes};
    return RS_OK;
}

static void close_anchor(struct reader *reader, size_t index, const struct yaml_node *node, int height)
{
    if (index == SIZE_MAX)
        return;
    struct anchor *anchor = &reader->anchors[index];
    anchor->node = *node;
    anchor->height = height;
    anchor->n_nodes = reader->n_nodes - anchor->n_nodes;
}

/* The last anchor of that name counts, as YAML has it. */
static enum rs_status read_alias(struct reader *reader, int depth, struct yaml_node *node, int *height)
{
    const char *name = (const char *)reader->event.data.alias.anchor;
    size_t i = reader->n_anchors;
    while (i > 0 && strcmp(reader->anchors[i - 1].name, name) != 0)
        i--;
    if (i == 0)
        return fail_event(reader, "this alias names no anchor above it");
    const struct anchor *anchor = &reader->anchors[i - 1];
    if (anchor->height == 0)
        return fail_event(reader, "this alias stands inside what it names");
    if (depth + anchor->height > YAML_DEPTH_MAX)
        return fail_event(reader, "nested more than 32 levels deep through this alias");
    *node = anchor->node;
    node->line = (int)reader->event.start_mark.line + 1;
    node->column = (int)reader->event.start_mark.column + 1;
    *height = anchor->height;
    return count_nodes(reader, anchor->n_nodes);
}

static enum rs_status read_scalar(struct reader *reader, struct yaml_node *node)
{
    const char *value = (const char *)reader->event.data.scalar.value;
    *node = start_node(reader, YAML_SCALAR);
    if (strlen(value) != reader->event.data.scalar.length)
        return fail_event(reader, "a character NUL found in a text");
    node->quoted = reader->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = copy_text(reader, value);
    return node->text == NULL ? RS_INTERNAL : RS_OK;
}

static enum rs_status read_node(struct reader *reader, int depth, struct yaml_node *node, int *height);

/* The current event is a key; reads it and its value. */
static enum rs_status read_pair(struct reader *reader, int depth, struct yaml_node *child, int *height)
{
    struct yaml_node key;
    if (reader->event.type != YAML_SCALAR_EVENT)
        return fail_event(reader, "a key that is no plain or quoted word found");
    enum rs_status status = read_node(reader, depth, &key, height);
    if (status == RS_OK)
        status = next_event(reader);
    if (status == RS_OK)
        status = read_node(reader, depth, child, height);
    if (status != RS_OK)
        return status;
    child->key = key.text;
    child->key_line = key.line;
    child->key_column = key.column;
    return RS_OK;
}

/* A sequence's items or a mapping's pairs, up to the event that ends them. */
static enum rs_status read_children(struct reader *reader, enum yaml_kind kind, int depth,
                                    struct yaml_node *node, int *height)
{
    const yaml_event_type_t end = kind == YAML_MAPPING ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    size_t first = reader->n_pending;
    *node = start_node(reader, kind);
    for (;;) {
        struct yaml_node child;
        int child_height;
        enum rs_status status = next_event(reader);
        if (status != RS_OK)
            return status;
        if (reader->event.type == end)
            return take_children(reader, first, node) ? RS_OK : RS_INTERNAL;
        status = kind == YAML_MAPPING ? read_pair(reader, depth + 1, &child, &child_height)
                                      : read_node(reader, depth + 1, &child, &child_height);
        if (status != RS_OK)
            return status;
        if (!push(reader, &child))
            return RS_INTERNAL;
        if (child_height >= *height)
            *height = child_height + 1;
    }
}

/* Reads the node that the current event starts, to its end. *height is 1 for a scalar. */
static enum rs_status read_node(struct reader *reader, int depth, struct yaml_node *node, int *height)
{
    size_t anchor;
    if (reader->event.type == YAML_ALIAS_EVENT)
        return read_alias(reader, depth, node, height);
    if (event_tag(&reader->event) != NULL)
        return fail_event(reader, "a tag found ('!'): tags are not part of this format");
    if (depth >= YAML_DEPTH_MAX)
        return fail_event(reader, "nested more than 32 levels deep");
    enum rs_status status = open_anchor(reader, &anchor);
    if (status == RS_OK)
        status = count_nodes(reader, 1);
    if (status != RS_OK)
        return status;
    *height = 1;
    if (reader->event.type == YAML_SCALAR_EVENT)
        status = read_scalar(reader, node);
    else
        status = read_children(reader,
                               reader->event.type == YAML_SEQUENCE_START_EVENT ? YAML_SEQUENCE : YAML_MAPPING,
                               depth, node, height);
    if (status == RS_OK)
        close_anchor(reader, anchor, node, *height);
    return status;
}

/* --- documents --- */

static enum rs_status read_root(struct reader *reader, struct yaml_node *root)
{
    int height;
    enum rs_status status = next_event(reader);
    if (status == RS_OK)
        status = read_node(reader, 0, root, &height);
    if (status == RS_OK)
        status = next_event(reader); /* the end of the document */
    if (status == RS_OK)
        status = next_event(reader);
    if (status == RS_OK && reader->event.type != YAML_STREAM_END_EVENT)
        return fail_event(reader, "a second document found, one expected");
    bool is_empty = status == RS_OK && root->kind == YAML_SCALAR && !root->quoted && root->text[0] == '\0';
    if (is_empty)
        *root = (struct yaml_node){.kind = YAML_MAPPING, .line = root->line, .column = root->column};
    return status;
}

static enum rs_status read_stream(struct reader *reader)
{
    struct yaml_node *root = allocate(reader->document, sizeof *root, reader->err);
    if (root == NULL)
        return RS_INTERNAL;
    *root = (struct yaml_node){.kind = YAML_MAPPING, .line = 1, .column = 1};
    reader->document->root = root;
    enum rs_status status = next_event(reader); /* the start of the stream */
    if (status == RS_OK)
        status = next_event(reader);
    if (status != RS_OK || reader->event.type == YAML_STREAM_END_EVENT)
        return status;
    return read_root(reader, root);
}

static enum rs_status fill_document(struct yaml_document *document, struct rs_error *err)
{
    struct reader reader = {
        .document = document, .err = err, .text = document->text, .n_bytes = document->n_bytes};
    if (!yaml_parser_initialize(&reader.parser))
        return rs_fail_also(err, RS_INTERNAL, "%s: error: out of memory", document->path);
    if (strncmp(reader.text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark would count as a column */
        reader.text += 3;
        reader.n_bytes -= 3;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)reader.text, reader.n_bytes);
    enum rs_status status = read_stream(&reader);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    free(reader.pending);
    free(reader.anchors);
    return status;
}

/* `text` [n_bytes + 1] becomes the document's; it is freed on failure too. */
static enum rs_status make_document(const char *path, char *text, size_t n_bytes, struct yaml_document **out,
                                    struct rs_error *err)
{
    struct yaml_document *document = memory_allocate(1, sizeof *document, err);
    if (document == NULL) {
        free(text);
        return RS_INTERNAL;
    }
    document->text = text;
    document->n_bytes = n_bytes;
    document->path = strdup(path);
    enum rs_status status = document->path != NULL
                                ? fill_document(document, err)
                                : rs_fail_also(err, RS_INTERNAL, "%s: error: out of memory", path);
    if (status != RS_OK) {
        yaml_destroy(document);
        return status;
    }
    *out = document;
    return RS_OK;
}

enum rs_status yaml_read(const char *path, struct yaml_document **out, struct rs_error *err)
{
    char *text;
    size_t n_bytes;
    enum rs_status status = file_read(path, YAML_BYTES_MAX, &text, &n_bytes, err);
    return status == RS_OK ? make_document(path, text, n_bytes, out, err) : status;
}

enum rs_status yaml_parse(const char *path, const char *text, size_t n_bytes, struct yaml_document **out,
                          struct rs_error *err)
{
    if (n_bytes > YAML_BYTES_MAX)
        return rs_fail_also(err, RS_INPUT, "%s: error: %zu bytes found, at most %d expected", path, n_bytes,
                            YAML_BYTES_MAX);
    char *copy = memory_allocate(n_bytes + 1, 1, err);
    if (copy == NULL)
        return RS_INTERNAL;
    if (n_bytes > 0)
        memcpy(copy, text, n_bytes);
    return make_document(path, copy, n_bytes, out, err);
}

void yaml_destroy(struct yaml_document *document)
{
    if (document == NULL)
        return;
    for (struct block *block = document->arena, *next; block != NULL; block = next) {
        next = block->next;
        free(block->bytes);
        free(block);
    }
    free(document->path);
    free(document->text);
    free(document);
}

const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key)
{
    for (size_t i = 0; mapping->kind == YAML_MAPPING && i < mapping->n_children; i++)
        if (strcmp(mapping->children[i].key, key) == 0)
            return &mapping->children[i];
    return NULL;
}

const struct yaml_node *yaml_find_duplicate(const struct yaml_node *mapping)
{
    for (size_t i = 1; mapping->kind == YAML_MAPPING && i < mapping->n_children; i++)
        if (yaml_find(mapping, mapping->children[i].key) != &mapping->children[i])
            return &mapping->children[i];
    return NULL;
}
