/* Shared by the files that read and print configurations. */
#ifndef EXPERIMENT_CONFIG_INTERNAL_H
#define EXPERIMENT_CONFIG_INTERNAL_H

#include "experiment/config.h"
#include "io/yaml.h"

/* What is being read: a file, or one --set. */
struct config_reader {
    struct configuration *configuration;
    const struct yaml_document *document;
    const char *set; /* KEY=VALUE, or NULL for the file */
    struct rs_error *err;
    enum rs_status status; /* of the last refusal, RS_OK before one */
};

/* Adds an error at a place of the file, or of the --set. */
void config_read_refuse(struct config_reader *reader, int line, int column, const char *format, ...)
    RS_PRINTF(4, 5);

void config_fill_defaults(struct config *config);

/* Adds the values of `node` to a sweep whose option is set; false after a refusal. */
bool config_sweep_read(struct config_reader *reader, struct config_sweep *sweep,
                       const struct yaml_node *node);
void config_sweep_clear(struct config_sweep *sweep);

#endif
