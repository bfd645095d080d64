/*
 * A YAML file of sections, each an option table (base/option.h): keys below their section's name, every error
 * with its place, all of them at once. For files that need no sweeps; a run's configuration is read by
 * experiment/config.h.
 */
#ifndef IO_SECTION_H
#define IO_SECTION_H

#include "base/option.h"
#include "io/yaml.h"

/* Keys "NAME.key" of one table, NAME the same in all its rows. */
struct section {
    const struct option_table *table;
    void *values; /* of table->struct_size, the defaults already in it */
};

/*
 * Sets the values of `sections` from a document. Paths are made relative to its file. Sections named in
 * `foreign` (ends with NULL; or NULL) are another reader's and passed over. RS_INPUT with one line per error.
 */
enum rs_status section_read(const struct yaml_document *document, const struct section *sections,
                            size_t n_sections, const char *const *foreign,
                            struct rs_error *err) RS_MUST_CHECK;

/* Adds an error at the place of `key` ("section.key") or, where it is not given, of the file's beginning. */
enum rs_status section_fail(const struct yaml_document *document, const char *key, struct rs_error *err,
                            const char *format, ...) RS_PRINTF(4, 5);

#endif
