#include "cli/array_options.h"

#include <string.h>

#include "base/quantity.h"

enum rs_status array_options_read(const struct command_line *line, struct array_options *options,
                                  struct rs_error *err)
{
    const char *tolerance = line->values[ARRAY_OPTIONS_TOLERANCE],
               *solver = line->values[ARRAY_OPTIONS_SOLVER];
    char why[128];
    *options = (struct array_options){
        .input = line->positionals[0],
        .output = line->output,
        .solver = NETWORK_SOLVER_TRANSFER,
        .tolerance_ratio = ARRAY_OPTIONS_TOLERANCE_DEFAULT,
        .transfer = line->values[ARRAY_OPTIONS_TRANSFER] != NULL,
        .nodes = line->values[ARRAY_OPTIONS_NODES] != NULL,
        .json = line->json,
        .quiet = line->quiet,
        .verbose = line->verbose,
        .n_threads = line->n_threads,
    };
    if (tolerance != NULL &&
        (!quantity_parse(tolerance, QUANTITY_NONE, &options->tolerance_ratio, why, sizeof why) ||
         options->tolerance_ratio < 0))
        return rs_fail(err, RS_USAGE, "--tolerance '%s' found, a number from 0 on expected", tolerance);
    return solver != NULL ? network_find_solver(solver, &options->solver, err) : RS_OK;
}
