/*
 * A program in a process and a private directory of its own, with a socket as its standard input and
 * log.txt in the directory for what it prints. Its environment is ours without what steers ngspice; HOME is
 * the directory, so that no .spiceinit is found.
 */
#ifndef SPICE_PROCESS_H
#define SPICE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "rescore/status.h"

enum { PROCESS_DIRECTORY_SIZE = 1024, PROCESS_PATH_SIZE = PROCESS_DIRECTORY_SIZE + 64 };

struct process {
    pid_t pid;                              /* 0: none runs */
    int fd;                                 /* our end of the socket, non-blocking */
    char directory[PROCESS_DIRECTORY_SIZE]; /* "": none */
};

/* A new directory STEM-XXXXXX in TMPDIR or /tmp. */
enum rs_status process_make_directory(const char *stem, char directory[PROCESS_DIRECTORY_SIZE],
                                      struct rs_error *err) RS_MUST_CHECK;
void process_print_path(const char *directory, const char *name, char path[PROCESS_PATH_SIZE]);
/* The directory with the files in it; what cannot be removed stays. */
void process_remove_directory(const char *directory);

/* Starts arguments[0], looked for on PATH, in process->directory. RS_IO when it cannot be; `missing` (may be
 * NULL): because there is no such program. */
enum rs_status process_start(struct process *process, char *const arguments[], bool *missing,
                             struct rs_error *err) RS_MUST_CHECK;

/*
 * Ends it: by closing its input and waiting `patience_seconds`, then by SIGKILL. The signal that ended it, or
 * 0. The directory stays.
 */
int process_end(struct process *process, double patience_seconds);

#endif
