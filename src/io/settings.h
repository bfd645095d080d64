/*
 * Options from a YAML file of sections ("array:" with "rows: 16" below it), each section an option table
 * (base/option.h) over a struct of the caller's. All errors of a file are reported at once, each as
 * "FILE:LINE:COLUMN: error: ...", those of a text KEY=VALUE as "--set KEY=VALUE: error: ...".
 */
#ifndef IO_SETTINGS_H
#define IO_SETTINGS_H

#include "base/option.h"
#include "io/yaml.h"

enum { SETTINGS_SECTIONS_MAX = 24, SETTINGS_OPTIONS_MAX = 256 };

/* The keys of one table share what stands before their dot; `values` is the caller's. */
struct settings_section {
    const struct option_table *table;
    void *values;
};

/* Where a value was given: a place in the file, or a --set; neither for defaults. */
struct settings_place {
    int line, column;
    char *set;
};

struct settings {
    const char *path; /* of the file, for messages and relative paths; the caller's */
    size_t n_sections;
    struct settings_section sections[SETTINGS_SECTIONS_MAX];
    const char *const *others; /* keys of the first level that the caller reads himself; ends with NULL */
    struct settings_place places[SETTINGS_OPTIONS_MAX];
};

/* Adds a section and fills `values` with the defaults. */
void settings_add(struct settings *settings, const struct option_table *table, void *values);

/* Takes what the document gives; RS_INPUT with all its errors. */
enum rs_status settings_read(struct settings *settings, const struct yaml_document *document,
                             struct rs_error *err) RS_MUST_CHECK;

/* One "SECTION.KEY=VALUE". Paths are relative to the working directory. */
enum rs_status settings_set(struct settings *settings, const char *set, struct rs_error *err) RS_MUST_CHECK;

/* Frees the places; the values stay the caller's. */
void settings_clear(struct settings *settings);

/* Whether a key was given. */
bool settings_is_given(const struct settings *settings, const char *key);

/* Adds the error "'KEY': WHAT" at the place where the key was given, or of the file; returns RS_INPUT. */
enum rs_status settings_fail(const struct settings *settings, const char *key, struct rs_error *err,
                             const char *what);

/* Puts the place where a key was given before an error text that begins with that key; returns `status`. */
enum rs_status settings_blame(const struct settings *settings, enum rs_status status, struct rs_error *err);

/* Every option with its value, as block-style YAML that gives them back. */
void settings_print(const struct settings *settings, struct text *out);

#endif
