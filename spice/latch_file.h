/* A user's own latch: which ports its subcircuit has, in which order. */
#ifndef SPICE_LATCH_FILE_H
#define SPICE_LATCH_FILE_H

#include "rescore/status.h"

enum latch_port {
    LATCH_INP,
    LATCH_INN,
    LATCH_CLK,
    LATCH_OUTP,
    LATCH_OUTN,
    LATCH_VDD,
    LATCH_VSS,
    LATCH_N_PORTS
};

enum { LATCH_FILE_PATH_SIZE = 4096 };

struct latch_file {
    char path[LATCH_FILE_PATH_SIZE]; /* absolute: decks run anywhere */
    int ports[LATCH_N_PORTS];        /* of enum latch_port, in the subcircuit's order */
};

/*
 * Looks for subcircuit `name` in a file (not in files that it includes). RS_IO when it cannot be read,
 * RS_INPUT with "FILE: error: ..." when the subcircuit is missing or has not exactly these seven ports, by
 * name, in any order.
 */
enum rs_status latch_file_read(const char *path, const char *name, struct latch_file *out,
                               struct rs_error *err) RS_MUST_CHECK;

/* The absolute path of a file that decks include. RS_IO when it is not there. */
enum rs_status latch_file_find(const char *path, char absolute[LATCH_FILE_PATH_SIZE],
                               struct rs_error *err) RS_MUST_CHECK;

#endif
