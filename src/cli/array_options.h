/* The own options of the three commands about one array: solve, netlist, compare. */
#ifndef CLI_ARRAY_OPTIONS_H
#define CLI_ARRAY_OPTIONS_H

#include "cli/command.h"
#include "crossbar/network.h"

/* Their places in a command's table. */
enum { ARRAY_OPTIONS_TOLERANCE, ARRAY_OPTIONS_TRANSFER, ARRAY_OPTIONS_NODES, ARRAY_OPTIONS_SOLVER };

struct array_options {
    const char *input, *output;
    enum network_solver solver;
    double tolerance_ratio;
    int n_threads;
    bool transfer, nodes, json, quiet, verbose;
};

#define ARRAY_OPTIONS_TOLERANCE_DEFAULT 1e-9

/* RS_USAGE when a value is out of range. */
enum rs_status array_options_read(const struct command_line *line, struct array_options *options,
                                  struct rs_error *err) RS_MUST_CHECK;

#endif
