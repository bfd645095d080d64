/* rescore report OUT.h5 -o OUT.html */
#include "cli/command.h"
#include "report/report.h"

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    return report_write(line->positionals[0], line->output, err);
}

const struct command command_report = {
    .name = "report",
    .summary = "one self-contained page from a result: tables and pictures",
    .arguments = "OUT.h5 -o OUT.html",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .needs_output = true,
    .example = "rescore report demo.h5 -o demo.html",
    .run = run,
};
