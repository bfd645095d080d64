/* Progress on standard error: redrawn on a terminal, one line every 30 s elsewhere, or one JSON object a
 * line. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/command.h"
#include "experiment/run.h"

struct progress {
    const char *what; /* "units" */
    enum command_progress how;
    bool is_terminal, drawn;
    double last_seconds; /* of the last line; negative: none yet */
    double start_seconds;
};

void progress_init(struct progress *progress, const struct command_line *line, const char *what);
/* For run_hooks and train: context is a struct progress. */
void progress_show(void *context, const struct run_progress *state);
/* Since progress_init. */
double progress_seconds(const struct progress *progress);
/* Ends the line on a terminal. */
void progress_end(struct progress *progress);

#endif
