#include "io/section.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WHY_SIZE = 512, KEY_SIZE = 256, WORDS_MAX = 64 };

struct reader {
    const struct yaml_document *document;
    const struct section *sections;
    size_t n_sections;
    const char *const *foreign;
    struct rs_error *err;
    enum rs_status status;
};

/* Length of the section's name in a dotted key. */
static size_t name_length(const char *key)
{
    return strcspn(key, ".");
}

static const char *first_key(const struct section *section)
{
    return section->table->options[0].key;
}

static const struct section *find_section(const struct reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->n_sections; i++) {
        const char *key = first_key(&reader->sections[i]);
        if (strlen(name) == name_length(key) && strncmp(name, key, strlen(name)) == 0)
            return &reader->sections[i];
    }
    return NULL;
}

static const struct option *find_option(const struct section *section, const char *key)
{
    for (size_t i = 0; i < section->table->n_options; i++)
        if (strcmp(section->table->options[i].key, key) == 0)
            return &section->table->options[i];
    return NULL;
}

static void refuse_unknown(struct reader *reader, const struct yaml_node *node, const char *key,
                           const char *const *words, size_t n_words)
{
    const char *nearest = text_nearest(key, words, n_words);
    reader->status = yaml_fail(reader->document, node->key_line, node->key_column, reader->err,
                               "'%s': unknown key%s%s%s", key, nearest != NULL ? "; did you mean '" : "",
                               nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

static void refuse_key(struct reader *reader, const struct section *section, const struct yaml_node *node,
                       const char *key)
{
    const char *words[WORDS_MAX];
    size_t n = 0;
    for (; n < section->table->n_options && n < WORDS_MAX; n++)
        words[n] = section->table->options[n].key;
    refuse_unknown(reader, node, key, words, n);
}

static void refuse_section(struct reader *reader, const struct yaml_node *node)
{
    char names[WORDS_MAX][KEY_SIZE];
    const char *words[WORDS_MAX];
    size_t n = 0;
    for (; n < reader->n_sections && n < WORDS_MAX; n++) {
        const char *key = first_key(&reader->sections[n]);
        snprintf(names[n], KEY_SIZE, "%.*s", (int)name_length(key), key);
        words[n] = names[n];
    }
    for (size_t i = 0; reader->foreign != NULL && reader->foreign[i] != NULL && n < WORDS_MAX; i++)
        words[n++] = reader->foreign[i];
    refuse_unknown(reader, node, node->key, words, n);
}

static void refuse_value(struct reader *reader, const struct yaml_node *node, const char *key,
                         const char *why)
{
    reader->status = yaml_fail(reader->document, node->line, node->column, reader->err, "'%s': %s", key, why);
}

/* Relative to the document's folder. */
static bool place_path(const struct reader *reader, const char *text, char path[OPTION_TEXT_SIZE])
{
    const char *file = reader->document->path, *slash = strrchr(file, '/');
    int length;
    if (text[0] == '/' || slash == NULL)
        length = snprintf(path, OPTION_TEXT_SIZE, "%s", text);
    else
        length = snprintf(path, OPTION_TEXT_SIZE, "%.*s/%s", (int)(slash - file), file, text);
    return text[0] != '\0' && length >= 0 && length < OPTION_TEXT_SIZE;
}

static void set_scalar(struct reader *reader, const struct section *section, const struct option *option,
                       const struct yaml_node *node)
{
    char why[WHY_SIZE], path[OPTION_TEXT_SIZE];
    const char *text = node->text;
    if (option->kind == OPTION_PATH) {
        if (!place_path(reader, node->text, path)) {
            refuse_value(reader, node, option->key, "a path of less than 512 bytes expected");
            return;
        }
        text = path;
    }
    if (!option_set(option, section->values, text, why, sizeof why))
        refuse_value(reader, node, option->key, why);
}

static void set_list(struct reader *reader, const struct section *section, const struct option *option,
                     const struct yaml_node *node)
{
    char why[WHY_SIZE];
    if (option->kind != OPTION_REALS || node->n_children == 0) {
        refuse_value(reader, node, option->key,
                     option->kind == OPTION_REALS ? "an empty list found, numbers expected"
                                                  : "a list found, one value expected");
        return;
    }
    for (size_t i = 0; i < node->n_children; i++) {
        const struct yaml_node *item = &node->children[i];
        if (item->kind != YAML_SCALAR) {
            refuse_value(reader, item, option->key, "a number expected");
            return;
        }
        if (!option_add(option, section->values, i == 0, item->text, why, sizeof why)) {
            refuse_value(reader, item, option->key, why);
            return;
        }
    }
}

static void set_option(struct reader *reader, const struct section *section, const struct option *option,
                       const struct yaml_node *node)
{
    if (node->kind == YAML_MAPPING)
        refuse_value(reader, node, option->key,
                     node->n_children > 0 ? "keys found, a value expected"
                                          : "nothing found, a value expected");
    else if (node->kind == YAML_SEQUENCE)
        set_list(reader, section, option, node);
    else
        set_scalar(reader, section, option, node);
}

static void refuse_twice(struct reader *reader, const struct yaml_node *mapping)
{
    const struct yaml_node *twice = mapping->kind == YAML_MAPPING ? yaml_find_duplicate(mapping) : NULL;
    if (twice != NULL)
        reader->status = yaml_fail(reader->document, twice->key_line, twice->key_column, reader->err,
                                   "'%s' stands twice; one of them expected", twice->key);
}

static void read_one(struct reader *reader, const struct section *section, const struct yaml_node *mapping)
{
    refuse_twice(reader, mapping);
    if (mapping->kind != YAML_MAPPING) {
        refuse_value(reader, mapping, mapping->key, "keys below it expected");
        return;
    }
    for (size_t i = 0; i < mapping->n_children; i++) {
        const struct yaml_node *node = &mapping->children[i];
        char key[KEY_SIZE];
        snprintf(key, sizeof key, "%s.%s", mapping->key, node->key);
        const struct option *option = find_option(section, key);
        if (option == NULL)
            refuse_key(reader, section, node, key);
        else
            set_option(reader, section, option, node);
    }
}

static bool is_foreign(const struct reader *reader, const char *name)
{
    for (size_t i = 0; reader->foreign != NULL && reader->foreign[i] != NULL; i++)
        if (strcmp(reader->foreign[i], name) == 0)
            return true;
    return false;
}

enum rs_status section_read(const struct yaml_document *document, const struct section *sections,
                            size_t n_sections, const char *const *foreign, struct rs_error *err)
{
    struct reader reader = {document, sections, n_sections, foreign, err, RS_OK};
    const struct yaml_node *root = document->root;
    if (root->kind != YAML_MAPPING)
        return yaml_fail(document, root->line, root->column, err, "sections with keys below them expected");
    refuse_twice(&reader, root);
    for (size_t i = 0; i < root->n_children; i++) {
        const struct yaml_node *node = &root->children[i];
        const struct section *section = find_section(&reader, node->key);
        if (section != NULL)
            read_one(&reader, section, node);
        else if (!is_foreign(&reader, node->key))
            refuse_section(&reader, node);
    }
    return reader.status;
}

enum rs_status section_fail(const struct yaml_document *document, const char *key, struct rs_error *err,
                            const char *format, ...)
{
    char text[2 * WHY_SIZE], name[KEY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(name, sizeof name, "%.*s", (int)name_length(key), key);
    const struct yaml_node *root = document->root;
    const struct yaml_node *mapping = root->kind == YAML_MAPPING ? yaml_find(root, name) : NULL;
    const struct yaml_node *node =
        mapping != NULL && mapping->kind == YAML_MAPPING && key[strlen(name)] == '.'
            ? yaml_find(mapping, key + strlen(name) + 1)
            : NULL;
    if (node == NULL)
        node = mapping;
    return yaml_fail(document, node != NULL ? node->line : 1, node != NULL ? node->column : 1, err,
                     "'%s': %s", key, text);
}
