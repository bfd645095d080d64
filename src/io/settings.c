#include <config.h>

#include "io/settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"

enum { WHY_SIZE = 512, KEY_SIZE = 128 };

struct reader {
    struct settings *settings;
    const struct yaml_document *document;
    const char *set; /* KEY=VALUE, or NULL for the file */
    struct rs_error *err;
    enum rs_status status;
};

/* --- the tables --- */

void settings_add(struct settings *settings, const struct option_table *table, void *values)
{
    rs_require(settings->n_sections < SETTINGS_SECTIONS_MAX, "few sections");
    settings->sections[settings->n_sections++] = (struct settings_section){table, values};
    option_fill_defaults(table, values);
}

/* Option number `index` of all sections, counted on; NULL behind the last. */
static const struct option *find_row(const struct settings *settings, size_t index, void **values)
{
    for (size_t s = 0; s < settings->n_sections; s++) {
        const struct option_table *table = settings->sections[s].table;
        if (index < table->n_options) {
            *values = settings->sections[s].values;
            return &table->options[index];
        }
        index -= table->n_options;
    }
    return NULL;
}

static const struct option *find_option(const struct settings *settings, const char *key, size_t *index,
                                        void **values)
{
    const struct option *option;
    for (*index = 0; (option = find_row(settings, *index, values)) != NULL; (*index)++)
        if (strcmp(option->key, key) == 0)
            return option;
    return NULL;
}

static size_t section_length(const char *key)
{
    return strcspn(key, ".");
}

static bool is_section(const struct settings *settings, const char *name)
{
    for (size_t s = 0; s < settings->n_sections; s++) {
        const char *key = settings->sections[s].table->options[0].key;
        if (strlen(name) == section_length(key) && strncmp(name, key, strlen(name)) == 0)
            return true;
    }
    return false;
}

static bool is_other(const struct settings *settings, const char *name)
{
    for (size_t i = 0; settings->others != NULL && settings->others[i] != NULL; i++)
        if (strcmp(settings->others[i], name) == 0)
            return true;
    return false;
}

/* --- refusals --- */

static void refuse(struct reader *reader, int line, int column, const char *format, ...) RS_PRINTF(4, 5);

static void refuse(struct reader *reader, int line, int column, const char *format, ...)
{
    char text[2 * WHY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (reader->set != NULL)
        reader->status = rs_fail_also(reader->err, RS_INPUT, "--set %s: error: %s", reader->set, text);
    else
        reader->status = yaml_fail(reader->document, line, column, reader->err, "%s", text);
}

static void refuse_key(struct reader *reader, const char *key, int line, int column)
{
    const char *keys[SETTINGS_OPTIONS_MAX], *nearest = NULL;
    const struct option *option;
    const char *dot = strchr(key, '.');
    size_t n = 0;
    void *values;
    for (; n < SETTINGS_OPTIONS_MAX && (option = find_row(reader->settings, n, &values)) != NULL; n++)
        keys[n] = option->key;
    nearest = text_nearest(key, keys, n);
    for (size_t i = 0; i < n && nearest == NULL; i++) /* the right name below a wrong section */
        if (strcmp(strchr(keys[i], '.') + 1, dot != NULL ? dot + 1 : key) == 0)
            nearest = keys[i];
    if (nearest != NULL)
        refuse(reader, line, column, "'%s': unknown key; did you mean '%s'?", key, nearest);
    else
        refuse(reader, line, column, "'%s': unknown key", key);
}

static void refuse_section(struct reader *reader, const struct yaml_node *node)
{
    const struct settings *settings = reader->settings;
    char names[SETTINGS_SECTIONS_MAX][KEY_SIZE];
    const char *words[2 * SETTINGS_SECTIONS_MAX];
    size_t n = 0;
    for (; n < settings->n_sections; n++) {
        const char *key = settings->sections[n].table->options[0].key;
        snprintf(names[n], KEY_SIZE, "%.*s", (int)section_length(key), key);
        words[n] = names[n];
    }
    for (size_t i = 0; settings->others != NULL && settings->others[i] != NULL; i++)
        if (n < 2 * SETTINGS_SECTIONS_MAX)
            words[n++] = settings->others[i];
    const char *nearest = text_nearest(node->key, words, n);
    if (nearest != NULL)
        refuse(reader, node->key_line, node->key_column, "'%s': unknown key; did you mean '%s'?", node->key,
               nearest);
    else
        refuse_key(reader, node->key, node->key_line, node->key_column);
}

static void refuse_duplicates(struct reader *reader, const struct yaml_node *mapping, const char *prefix)
{
    const struct yaml_node *twice = mapping->kind == YAML_MAPPING ? yaml_find_duplicate(mapping) : NULL;
    if (twice != NULL)
        refuse(reader, twice->key_line, twice->key_column, "'%s%s' stands twice; one of them expected",
               prefix, twice->key);
}

/* --- values --- */

static void set_path(struct reader *reader, const struct option *option, void *values,
                     const struct yaml_node *node)
{
    char path[2 * OPTION_TEXT_SIZE], why[WHY_SIZE];
    const char *base = reader->settings->path, *slash = reader->set == NULL ? strrchr(base, '/') : NULL;
    if (node->text[0] == '/' || slash == NULL || node->text[0] == '\0')
        snprintf(path, sizeof path, "%s", node->text);
    else
        snprintf(path, sizeof path, "%.*s/%s", (int)(slash - base), base, node->text);
    if (!option_set(option, values, path, why, sizeof why))
        refuse(reader, node->line, node->column, "'%s': %s", option->key, why);
}

static void set_list(struct reader *reader, const struct option *option, void *values,
                     const struct yaml_node *node)
{
    char why[WHY_SIZE];
    if (option->kind != OPTION_REALS || node->n_children == 0) {
        refuse(reader, node->line, node->column, "'%s': %s found, %s expected", option->key,
               node->n_children == 0 ? "an empty list" : "a list",
               option->kind == OPTION_REALS ? "numbers" : "one value");
        return;
    }
    for (size_t i = 0; i < node->n_children; i++) {
        const struct yaml_node *item = &node->children[i];
        if (item->kind != YAML_SCALAR)
            refuse(reader, item->line, item->column, "'%s': a number expected", option->key);
        else if (!option_add(option, values, i == 0, item->text, why, sizeof why))
            refuse(reader, item->line, item->column, "'%s': %s", option->key, why);
    }
}

static void note_place(struct reader *reader, size_t index, const struct yaml_node *node)
{
    struct settings_place *place = &reader->settings->places[index];
    free(place->set);
    *place = (struct settings_place){.line = node->line, .column = node->column};
    if (reader->set != NULL && (place->set = strdup(reader->set)) == NULL)
        reader->status = rs_fail(reader->err, RS_INTERNAL, "out of memory");
}

static void set_option(struct reader *reader, const char *key, const struct yaml_node *node)
{
    char why[WHY_SIZE];
    size_t index;
    void *values;
    const struct option *option = find_option(reader->settings, key, &index, &values);
    if (option == NULL) {
        refuse_key(reader, key, node->key != NULL ? node->key_line : node->line, node->key_column);
        return;
    }
    note_place(reader, index, node);
    if (node->kind == YAML_MAPPING)
        refuse(reader, node->line, node->column, "'%s': %s found, a value expected", option->key,
               node->n_children > 0 ? "keys" : "nothing");
    else if (node->kind == YAML_SEQUENCE)
        set_list(reader, option, values, node);
    else if (option->kind == OPTION_PATH)
        set_path(reader, option, values, node);
    else if (!option_set(option, values, node->text, why, sizeof why))
        refuse(reader, node->line, node->column, "'%s': %s", option->key, why);
}

static void read_section(struct reader *reader, const struct yaml_node *section)
{
    char key[2 * KEY_SIZE];
    snprintf(key, sizeof key, "%.100s.", section->key);
    refuse_duplicates(reader, section, key);
    if (section->kind != YAML_MAPPING) {
        refuse(reader, section->line, section->column, "'%s': keys below it expected", section->key);
        return;
    }
    for (size_t i = 0; i < section->n_children; i++) {
        const struct yaml_node *node = &section->children[i];
        snprintf(key, sizeof key, "%.100s.%.100s", section->key, node->key);
        set_option(reader, key, node);
    }
}

enum rs_status settings_read(struct settings *settings, const struct yaml_document *document,
                             struct rs_error *err)
{
    const struct yaml_node *root = document->root;
    struct reader reader = {settings, document, NULL, err, RS_OK};
    if (root->kind != YAML_MAPPING) {
        refuse(&reader, root->line, root->column, "sections with keys below them expected");
        return reader.status;
    }
    refuse_duplicates(&reader, root, "");
    for (size_t i = 0; i < root->n_children; i++) {
        const struct yaml_node *node = &root->children[i];
        if (is_section(settings, node->key))
            read_section(&reader, node);
        else if (!is_other(settings, node->key))
            refuse_section(&reader, node);
    }
    return reader.status;
}

enum rs_status settings_set(struct settings *settings, const char *set, struct rs_error *err)
{
    const char *equals = strchr(set, '=');
    struct yaml_document *document = NULL;
    struct rs_error own = {{0}};
    char key[KEY_SIZE];
    if (equals == NULL || equals == set || (size_t)(equals - set) >= sizeof key)
        return rs_fail_also(err, RS_INPUT, "--set %s: error: KEY=VALUE expected", set);
    snprintf(key, sizeof key, "%.*s", (int)(equals - set), set);
    if (yaml_parse("--set", equals + 1, strlen(equals + 1), &document, &own) != RS_OK)
        return rs_fail_also(err, RS_INPUT, "--set %s: error: the value is neither a scalar nor a [list]",
                            set);
    struct reader reader = {settings, document, set, err, RS_OK};
    set_option(&reader, key, document->root);
    yaml_destroy(document);
    return reader.status;
}

void settings_clear(struct settings *settings)
{
    for (size_t i = 0; i < SETTINGS_OPTIONS_MAX; i++)
        free(settings->places[i].set);
    *settings = (struct settings){0};
}

bool settings_is_given(const struct settings *settings, const char *key)
{
    size_t index;
    void *values;
    if (find_option(settings, key, &index, &values) == NULL)
        return false;
    return settings->places[index].line > 0 || settings->places[index].set != NULL;
}

enum rs_status settings_blame(const struct settings *settings, enum rs_status status, struct rs_error *err)
{
    char text[RS_ERROR_SIZE], key[KEY_SIZE];
    size_t index = 0, length = strcspn(err->text, " :");
    void *values;
    if (status != RS_INPUT || strstr(err->text, ": error: ") != NULL)
        return status;
    memcpy(text, err->text, sizeof text);
    snprintf(key, sizeof key, "%.*s", (int)(length < KEY_SIZE ? length : 0), text);
    bool known = find_option(settings, key, &index, &values) != NULL;
    const struct settings_place *place = known ? &settings->places[index] : NULL;
    if (place != NULL && place->set != NULL)
        return rs_fail(err, status, "--set %s: error: %s", place->set, text);
    if (place != NULL && place->line > 0)
        return rs_fail(err, status, "%s:%d:%d: error: %s", settings->path, place->line, place->column, text);
    return rs_fail(err, status, "%s: error: %s", settings->path, text);
}

enum rs_status settings_fail(const struct settings *settings, const char *key, struct rs_error *err,
                             const char *what)
{
    size_t index;
    void *values;
    bool known = find_option(settings, key, &index, &values) != NULL;
    const struct settings_place *place = known ? &settings->places[index] : NULL;
    if (place != NULL && place->set != NULL)
        return rs_fail_also(err, RS_INPUT, "--set %s: error: '%s': %s", place->set, key, what);
    if (place != NULL && place->line > 0)
        return rs_fail_also(err, RS_INPUT, "%s:%d:%d: error: '%s': %s", settings->path, place->line,
                            place->column, key, what);
    return rs_fail_also(err, RS_INPUT, "%s:1:1: error: '%s': %s", settings->path, key, what);
}

void settings_print(const struct settings *settings, struct text *out)
{
    for (size_t s = 0; s < settings->n_sections; s++) {
        const struct option_table *table = settings->sections[s].table;
        const char *first = table->options[0].key;
        text_append(out, "%.*s:\n", (int)section_length(first), first);
        for (size_t i = 0; i < table->n_options; i++) {
            const struct option *option = &table->options[i];
            const char *name = strchr(option->key, '.') + 1;
            if (option_is_set(option, settings->sections[s].values)) {
                text_append(out, "  %s: ", name);
                option_print_value(option, settings->sections[s].values, out);
                text_append(out, "\n");
            } else {
                text_append(out, "  # %s: %s\n", name,
                            option->initial_help != NULL ? option->initial_help : "not set");
            }
        }
    }
}
