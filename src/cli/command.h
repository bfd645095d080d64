/*
 * Commands: one file each, one descriptor each, a line in command.c. The descriptor's option table drives the
 * parser and --help alike.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

enum { COMMAND_OPTIONS_MAX = 12, COMMAND_SETS_MAX = 256, COMMAND_POSITIONALS_MAX = 2 };

/* An option of one command; those of all commands are in command.c. */
struct command_option {
    const char *name;  /* without dashes */
    const char *value; /* what --help calls its value; NULL: it takes none */
    const char *help;
};

enum command_progress {
    COMMAND_PROGRESS_AUTO,
    COMMAND_PROGRESS_ALWAYS,
    COMMAND_PROGRESS_NEVER,
    COMMAND_PROGRESS_JSON
};

struct command_line {
    const char *output; /* -o, or NULL */
    bool quiet, verbose, json;
    int n_threads; /* at least 1 */
    enum command_progress progress;
    size_t n_sets;
    char *sets[COMMAND_SETS_MAX]; /* --set texts, and --seed as monte_carlo.seed */
    const char *seed;             /* as given, or NULL */
    size_t n_positionals;
    const char *positionals[COMMAND_POSITIONALS_MAX];
    const char
        *values[COMMAND_OPTIONS_MAX]; /* of the command's own options: NULL not given; "" given, no value */
};

struct command {
    const char *name, *summary;
    const char *arguments; /* "CONFIG -o OUT.h5" */
    size_t n_positionals_min, n_positionals_max;
    bool needs_output;
    bool writes_store; /* the output is an HDF5 file: not for standard output */
    struct command_option options[COMMAND_OPTIONS_MAX]; /* ends with an empty one */
    const char *example;
    enum rs_status (*run)(const struct command_line *line, struct rs_error *err);
};

/* All commands, ending with NULL. */
extern const struct command *const command_list[];

/* Runs the program; its exit status. */
int command_main(int argc, char **argv);

/* Whether a first SIGINT or SIGTERM has come. */
bool command_should_stop(void *unused);

#endif
