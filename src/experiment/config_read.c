/* Reading a configuration: a YAML file, then --set texts. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "experiment/config_internal.h"
#include "io/yaml.h"

enum { WHY_SIZE = 512, PATH_SIZE = 2 * OPTION_TEXT_SIZE };

void config_read_refuse(struct config_reader *reader, int line, int column, const char *format, ...)
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

static void refuse_key(struct config_reader *reader, const char *key, int line, int column)
{
    const char *nearest = config_nearest(key);
    if (nearest != NULL)
        config_read_refuse(reader, line, column, "'%s': unknown key; did you mean '%s'?", key, nearest);
    else
        config_read_refuse(reader, line, column, "'%s': unknown key; 'rescore explain' lists them all", key);
}

/* The section (or `sweep`) that a misspelt one is meant for; false where none is near. */
static bool find_section_near(const char *name, char section[64])
{
    const char *const word[] = {section};
    snprintf(section, 64, "sweep");
    for (int i = 0; i < config_n_options() && text_nearest(name, word, 1) == NULL; i++)
        snprintf(section, 64, "%.*s", (int)strcspn(config_option(i)->key, "."), config_option(i)->key);
    return text_nearest(name, word, 1) != NULL;
}

/* A key on the first level that is no section. */
static void refuse_section(struct config_reader *reader, const struct yaml_node *node)
{
    char section[64];
    if (config_find(node->key) >= 0)
        config_read_refuse(reader, node->key_line, node->key_column,
                           "'%s': a dotted key found, '%s' nested below its section expected", node->key,
                           strchr(node->key, '.') + 1);
    else if (find_section_near(node->key, section))
        config_read_refuse(reader, node->key_line, node->key_column, "'%s': unknown key; did you mean '%s'?",
                           node->key, section);
    else
        refuse_key(reader, node->key, node->key_line, node->key_column);
}

/* Paths in a file are relative to it, those of --set to the working directory. */
static bool place_path(const struct config_reader *reader, const char *text, char *path, size_t path_size)
{
    const char *slash = reader->set == NULL ? strrchr(reader->configuration->path, '/') : NULL;
    int length;
    if (text[0] == '/' || slash == NULL)
        length = snprintf(path, path_size, "%s", text);
    else
        length = snprintf(path, path_size, "%.*s/%s", (int)(slash - reader->configuration->path),
                          reader->configuration->path, text);
    return length >= 0 && (size_t)length < path_size;
}

static bool keep_raw_path(struct config_reader *reader, int index, const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL) {
        reader->status = rs_fail(reader->err, RS_INTERNAL, "out of memory");
        return false;
    }
    free(reader->configuration->raw_paths[index]);
    reader->configuration->raw_paths[index] = copy;
    return true;
}

static void set_path(struct config_reader *reader, int index, const struct yaml_node *node)
{
    char path[PATH_SIZE], why[WHY_SIZE];
    const struct option *option = config_option(index);
    if (!place_path(reader, node->text, path, sizeof path) || strlen(path) >= OPTION_TEXT_SIZE)
        config_read_refuse(reader, node->line, node->column, "'%s': the path is longer than %d bytes",
                           option->key, OPTION_TEXT_SIZE - 1);
    else if (node->text[0] == '\0')
        config_read_refuse(reader, node->line, node->column, "'%s': a path expected", option->key);
    else if (option_set(option, config_section(&reader->configuration->base, index), path, why, sizeof why))
        keep_raw_path(reader, index, node->text);
}

static void set_list(struct config_reader *reader, int index, const struct yaml_node *node)
{
    const struct option *option = config_option(index);
    char why[WHY_SIZE];
    if (option->kind != OPTION_REALS || node->n_children == 0) {
        config_read_refuse(reader, node->line, node->column, "'%s': %s found, %s expected%s", option->key,
                           node->n_children == 0 ? "an empty list" : "a list",
                           option->kind == OPTION_REALS ? "numbers" : "one value",
                           option->kind == OPTION_REALS ? "" : "; to vary it, name it under 'sweep'");
        return;
    }
    for (size_t i = 0; i < node->n_children; i++) {
        const struct yaml_node *item = &node->children[i];
        if (item->kind != YAML_SCALAR) {
            config_read_refuse(reader, item->line, item->column, "'%s': a number expected", option->key);
            return;
        }
        if (!option_add(option, config_section(&reader->configuration->base, index), i == 0, item->text, why,
                        sizeof why)) {
            config_read_refuse(reader, item->line, item->column, "'%s': %s", option->key, why);
            return;
        }
    }
}

static void drop_sweep(struct configuration *configuration, int index)
{
    for (int s = 0; s < configuration->n_sweeps; s++) {
        if (configuration->sweeps[s].option != index)
            continue;
        config_sweep_clear(&configuration->sweeps[s]);
        memmove(&configuration->sweeps[s], &configuration->sweeps[s + 1],
                (size_t)(configuration->n_sweeps - s - 1) * sizeof configuration->sweeps[s]);
        configuration->n_sweeps--;
        s--;
    }
}

/* Of two alternatives, --set takes the place of the file's. */
static void give_way(struct configuration *configuration, int index, const char *one, const char *other)
{
    int first = config_find(one), second = config_find(other);
    int loser = index == first ? second : index == second ? first : -1;
    if (loser < 0)
        return;
    struct config defaults;
    config_fill_defaults(&defaults);
    drop_sweep(configuration, loser);
    configuration->sources[loser] = CONFIG_DEFAULT;
    free(configuration->raw_paths[loser]);
    configuration->raw_paths[loser] = NULL;
    const struct option *option = config_option(loser);
    size_t size = option->kind == OPTION_REALS  ? sizeof(struct option_reals)
                  : option->kind == OPTION_PATH ? OPTION_TEXT_SIZE
                  : option->kind == OPTION_REAL ? sizeof(double)
                                                : sizeof(int);
    memcpy((char *)config_section(&configuration->base, loser) + option->offset,
           (const char *)config_const_section(&defaults, loser) + option->offset, size);
}

static void note_place(struct config_reader *reader, int index, const struct yaml_node *node)
{
    struct config_place *place = &reader->configuration->places[index];
    free(place->set);
    *place = (struct config_place){.line = node->line, .column = node->column};
    if (reader->set != NULL && (place->set = strdup(reader->set)) == NULL)
        reader->status = rs_fail(reader->err, RS_INTERNAL, "out of memory");
}

static void mark_given(struct config_reader *reader, int index)
{
    struct configuration *configuration = reader->configuration;
    if (reader->set != NULL) {
        drop_sweep(configuration, index);
        give_way(configuration, index, "prune.threshold", "prune.keep_ratio");
        give_way(configuration, index, "prune.threshold", "prune.lost_mass");
        give_way(configuration, index, "prune.keep_ratio", "prune.lost_mass");
        give_way(configuration, index, "device.preset", "device.card");
    }
    configuration->sources[index] = reader->set != NULL ? CONFIG_SET : CONFIG_FILE;
}

static void set_option(struct config_reader *reader, int index, const struct yaml_node *node)
{
    const struct option *option = config_option(index);
    char why[WHY_SIZE];
    mark_given(reader, index);
    note_place(reader, index, node);
    if (node->kind == YAML_MAPPING)
        config_read_refuse(reader, node->line, node->column, "'%s': %s found, a value expected", option->key,
                           node->n_children > 0 ? "keys" : "nothing");
    else if (node->kind == YAML_SEQUENCE)
        set_list(reader, index, node);
    else if (option->kind == OPTION_PATH)
        set_path(reader, index, node);
    else if (!option_set(option, config_section(&reader->configuration->base, index), node->text, why,
                         sizeof why))
        config_read_refuse(reader, node->line, node->column, "'%s': %s", option->key, why);
}

/* --- sweeps --- */

/* Where the sweep of an option stands, or where the next one goes. */
static int sweep_position(const struct configuration *configuration, int option)
{
    int s = 0;
    while (s < configuration->n_sweeps && configuration->sweeps[s].option != option)
        s++;
    return s;
}

/* --set of a sweep takes the place of the file's, in its position. */
static void insert_sweep(struct configuration *configuration, int position, const struct config_sweep *sweep)
{
    if (position > configuration->n_sweeps)
        position = configuration->n_sweeps; /* an alternative's sweep before it has gone */
    memmove(&configuration->sweeps[position + 1], &configuration->sweeps[position],
            (size_t)(configuration->n_sweeps - position) * sizeof *sweep);
    configuration->sweeps[position] = *sweep;
    configuration->n_sweeps++;
}

static void read_sweep(struct config_reader *reader, const char *key, const struct yaml_node *node)
{
    struct configuration *configuration = reader->configuration;
    int index = config_find(key);
    if (index < 0) {
        refuse_key(reader, key, node->key != NULL ? node->key_line : node->line, node->key_column);
        return;
    }
    const struct option *option = config_option(index);
    if ((option->flags & OPTION_NOT_SWEPT) || option->kind == OPTION_TEXT || option->kind == OPTION_PATH) {
        config_read_refuse(reader, node->line, node->column, "'%s': this key cannot be swept", key);
        return;
    }
    note_place(reader, index, node);
    int position = sweep_position(configuration, index);
    if (reader->set != NULL)
        mark_given(reader, index);
    if (configuration->n_sweeps == CONFIG_SWEEPS_MAX) {
        config_read_refuse(reader, node->line, node->column, "'%s': more than %d swept keys", key,
                           CONFIG_SWEEPS_MAX);
        return;
    }
    struct config_sweep sweep = {.option = index};
    if (config_sweep_read(reader, &sweep, node))
        insert_sweep(configuration, position, &sweep);
    else
        config_sweep_clear(&sweep);
}

static void read_sweeps(struct config_reader *reader, const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR && (node->text[0] == '\0' || strcmp(node->text, "none") == 0))
        return;
    if (node->kind != YAML_MAPPING) {
        config_read_refuse(reader, node->line, node->column,
                           "'sweep': full dotted keys with their values expected");
        return;
    }
    for (size_t i = 0; i < node->n_children; i++)
        read_sweep(reader, node->children[i].key, &node->children[i]);
}

/* --- the file --- */

static void refuse_duplicates(struct config_reader *reader, const struct yaml_node *mapping,
                              const char *prefix)
{
    const struct yaml_node *twice = mapping->kind == YAML_MAPPING ? yaml_find_duplicate(mapping) : NULL;
    if (twice != NULL)
        config_read_refuse(reader, twice->key_line, twice->key_column,
                           "'%s%s' stands twice; one of them expected", prefix, twice->key);
}

static void read_section(struct config_reader *reader, const struct yaml_node *section)
{
    char key[256];
    snprintf(key, sizeof key, "%s.", section->key);
    refuse_duplicates(reader, section, key);
    if (section->kind != YAML_MAPPING) {
        config_read_refuse(reader, section->line, section->column, "'%s': keys below it expected",
                           section->key);
        return;
    }
    for (size_t i = 0; i < section->n_children; i++) {
        const struct yaml_node *node = &section->children[i];
        snprintf(key, sizeof key, "%s.%s", section->key, node->key);
        int index = config_find(key);
        if (index < 0)
            refuse_key(reader, key, node->key_line, node->key_column);
        else
            set_option(reader, index, node);
    }
}

static bool is_section(const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < config_n_options(); i++)
        if (strncmp(config_option(i)->key, name, length) == 0 && config_option(i)->key[length] == '.')
            return true;
    return false;
}

static void refuse_both(struct config_reader *reader, const char *one, const char *other)
{
    const struct configuration *configuration = reader->configuration;
    if (!config_is_given(configuration, one) || !config_is_given(configuration, other))
        return;
    const struct yaml_node *root = reader->document->root;
    const char *dot = strchr(other, '.');
    char section_name[64];
    snprintf(section_name, sizeof section_name, "%.*s", (int)(dot - other), other);
    const struct yaml_node *section = yaml_find(root, section_name);
    const struct yaml_node *node =
        section != NULL && section->kind == YAML_MAPPING ? yaml_find(section, dot + 1) : NULL;
    const struct config_place *place = &configuration->places[config_find(other)]; /* where it is swept */
    config_read_refuse(reader, node != NULL ? node->key_line : place->line,
                       node != NULL ? node->key_column : place->column,
                       "'%s' and '%s' are alternatives; one of them expected", one, other);
}

static void read_root(struct config_reader *reader)
{
    const struct yaml_node *root = reader->document->root, *sweep = NULL;
    if (root->kind != YAML_MAPPING) {
        config_read_refuse(reader, root->line, root->column,
                           "a configuration expected: sections with keys below them");
        return;
    }
    refuse_duplicates(reader, root, "");
    for (size_t i = 0; i < root->n_children; i++) {
        const struct yaml_node *node = &root->children[i];
        if (strcmp(node->key, "sweep") == 0)
            sweep = node;
        else if (is_section(node->key))
            read_section(reader, node);
        else
            refuse_section(reader, node);
    }
    if (sweep != NULL) {
        refuse_duplicates(reader, sweep, "sweep: ");
        read_sweeps(reader, sweep);
    }
    refuse_both(reader, "prune.threshold", "prune.keep_ratio");
    refuse_both(reader, "prune.threshold", "prune.lost_mass");
    refuse_both(reader, "prune.keep_ratio", "prune.lost_mass");
    refuse_both(reader, "device.preset", "device.card");
}

static void clear_sweeps(struct configuration *configuration)
{
    for (int s = 0; s < configuration->n_sweeps; s++)
        config_sweep_clear(&configuration->sweeps[s]);
    configuration->n_sweeps = 0;
}

static void read_set_value(struct config_reader *reader, const char *key)
{
    const struct yaml_node *value = reader->document->root;
    int index = config_find(key);
    if (strcmp(key, "sweep") == 0) {
        clear_sweeps(reader->configuration);
        read_sweeps(reader, value);
    } else if (strncmp(key, "sweep.", 6) == 0) {
        read_sweep(reader, key + 6, value);
    } else if (index < 0) {
        refuse_key(reader, key, 1, 1);
    } else {
        set_option(reader, index, value);
    }
}

static enum rs_status read_set(struct configuration *configuration, const char *set, struct rs_error *err)
{
    const char *equals = strchr(set, '=');
    struct yaml_document *document = NULL;
    struct rs_error own = {{0}};
    char key[256];
    if (equals == NULL || equals == set || (size_t)(equals - set) >= sizeof key)
        return rs_fail_also(err, RS_INPUT, "--set %s: error: KEY=VALUE expected", set);
    snprintf(key, sizeof key, "%.*s", (int)(equals - set), set);
    struct config_reader reader = {.configuration = configuration, .set = set, .err = err};
    if (yaml_parse("--set", equals + 1, strlen(equals + 1), &document, &own) != RS_OK)
        return rs_fail_also(err, RS_INPUT, "--set %s: error: the value is not a scalar, [list] or {range}",
                            set);
    reader.document = document;
    read_set_value(&reader, key);
    yaml_destroy(document);
    return reader.status;
}

static enum rs_status read_document(struct configuration *configuration, const struct yaml_document *document,
                                    struct rs_error *err)
{
    configuration->path = strdup(document->path);
    configuration->yaml = strdup(document->text);
    struct config_reader reader = {.configuration = configuration, .document = document, .err = err};
    if (configuration->path == NULL || configuration->yaml == NULL)
        return rs_fail(err, RS_INTERNAL, "out of memory");
    read_root(&reader);
    return reader.status;
}

/* Takes the document. */
static enum rs_status settle(struct yaml_document *document, size_t n_sets, const char *const *sets,
                             struct configuration **out, struct rs_error *err)
{
    struct configuration *configuration = memory_allocate(1, sizeof *configuration, err);
    enum rs_status status = RS_INTERNAL;
    if (configuration != NULL) {
        config_fill_defaults(&configuration->base);
        status = read_document(configuration, document, err);
    }
    yaml_destroy(document);
    for (size_t i = 0; i < n_sets && (status == RS_OK || status == RS_INPUT); i++) {
        enum rs_status set_status = read_set(configuration, sets[i], err);
        if (status == RS_OK)
            status = set_status;
    }
    if (status == RS_OK && config_n_points(configuration) > CONFIG_POINTS_MAX)
        status = rs_fail(err, RS_INPUT, "%s: error: the sweep has too many points (%zu), at most %d expected",
                         configuration->path, config_n_points(configuration), CONFIG_POINTS_MAX);
    if (status == RS_OK)
        *out = configuration;
    else
        config_destroy(configuration);
    return status;
}

enum rs_status config_load(const char *path, size_t n_sets, const char *const *sets,
                           struct configuration **out, struct rs_error *err)
{
    struct yaml_document *document = NULL;
    *out = NULL;
    err->text[0] = '\0';
    enum rs_status status = yaml_read(path, &document, err);
    return status == RS_OK ? settle(document, n_sets, sets, out, err) : status;
}

enum rs_status config_parse(const char *path, const char *yaml, size_t n_sets, const char *const *sets,
                            struct configuration **out, struct rs_error *err)
{
    struct yaml_document *document = NULL;
    *out = NULL;
    err->text[0] = '\0';
    enum rs_status status = yaml_parse(path, yaml, strlen(yaml), &document, err);
    return status == RS_OK ? settle(document, n_sets, sets, out, err) : status;
}
