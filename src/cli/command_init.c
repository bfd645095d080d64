/* rescore init [FILE] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "experiment/config.h"
#include "io/file.h"

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    const char *path = line->n_positionals > 0 ? line->positionals[0] : line->output;
    char *text = config_init_text(err);
    if (text == NULL)
        return RS_INTERNAL;
    enum rs_status status = file_write(path != NULL ? path : "-", text, strlen(text), err);
    free(text);
    return status;
}

const struct command command_init = {
    .name = "init",
    .summary = "write a commented configuration for the embedded workload",
    .arguments = "[FILE]",
    .n_positionals_max = 1,
    .example = "rescore init demo.yaml",
    .run = run,
};
