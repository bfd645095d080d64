/* Shares of a run: which one this process has, and joining them. */
#ifndef CLI_LAUNCHER_H
#define CLI_LAUNCHER_H

#include "cli/command.h"
#include "experiment/parts.h"

/* "K/N", or "auto": from the environment of a Slurm array, srun or mpirun. */
enum rs_status launcher_read_shard(const char *text, struct parts_shard *shard,
                                   struct rs_error *err) RS_MUST_CHECK;

/* Joins a folder of parts into line->output and prints the summary. RS_INCOMPLETE where units failed or are
 * missing. */
enum rs_status launcher_merge(const struct command_line *line, const char *folder, bool partial,
                              struct rs_error *err) RS_MUST_CHECK;

#endif
