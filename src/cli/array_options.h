/* The command line of the three commands about one array: solve, netlist, compare. */
#ifndef CLI_ARRAY_OPTIONS_H
#define CLI_ARRAY_OPTIONS_H

#include <stdbool.h>

#include "crossbar/network.h"

/* What a command takes beside the common options. */
enum array_options_kind {
    ARRAY_OPTIONS_OUTPUT = 1,    /* -o FILE, required */
    ARRAY_OPTIONS_TOLERANCE = 2, /* --tolerance RATIO */
    ARRAY_OPTIONS_SOLUTION = 4   /* --transfer, --nodes, --solver NAME */
};

struct array_options_command {
    const char *name, *help;
    unsigned kinds;
};

struct array_options {
    const char *input, *output;
    enum network_solver solver;
    double tolerance_ratio;
    bool transfer, nodes, json, quiet, verbose;
};

#define ARRAY_OPTIONS_TOLERANCE_DEFAULT 1e-9

/*
 * Fills `options` from the command line. True: go on. False: end with `exit_status` (0 after --help, 64 after
 * a mistake, which has been printed).
 */
bool array_options_parse(const struct array_options_command *command, int argc, char **argv,
                         struct array_options *options, int *exit_status);

/* Flushes standard output: `status`, or 74 with a message where a write failed. */
int array_options_finish(const struct array_options_command *command, int status);

#endif
