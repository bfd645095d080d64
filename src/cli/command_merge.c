/* rescore merge DIR -o OUT.h5 [--partial] */
#include "cli/launcher.h"
#include "io/file.h"

enum { OPTION_PARTIAL };

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    enum rs_status status = file_check_writable(line->output, err);
    if (status != RS_OK)
        return status;
    return launcher_merge(line, line->positionals[0], line->values[OPTION_PARTIAL] != NULL, err);
}

const struct command command_merge = {
    .name = "merge",
    .summary = "join the shards of a run into one result; refuses gaps",
    .arguments = "DIR -o OUT.h5",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .needs_output = true,
    .writes_store = true,
    .options = {{"partial", NULL, "allow gaps: what is missing becomes NaN (exit status 1)"}},
    .example = "rescore merge shards/ -o demo.h5",
    .run = run,
};
