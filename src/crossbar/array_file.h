/* The array file of docs/interface.md 1: conductances, drives, wires, edges and the law of the cells. */
#ifndef CROSSBAR_ARRAY_FILE_H
#define CROSSBAR_ARRAY_FILE_H

#include "crossbar/cell_law.h"
#include "crossbar/edges.h"

struct array_file {
    struct network network; /* resistances line by line are owned */
    struct edges edges;     /* its arrays are owned */
    struct cell_law law;    /* owned; r_access_ohm is in both */
    double *conductance;    /* [n_rows][n_columns], siemens, all accepted by network_accepts */
    size_t n_vectors;       /* 0 where the file has no /voltage and none was asked for */
    double *voltage;        /* [n_vectors][n_rows], volts, finite; or NULL */
};

/*
 * Reads `path`; the caller frees with array_file_clear. RS_IO when it cannot be opened or read, RS_INPUT with
 * "FILE:/DATASET: error: ..." or "FILE:/@ATTRIBUTE: error: ..." where its content is wrong.
 */
enum rs_status array_file_read(const char *path, bool voltage_required, struct array_file *out,
                               struct rs_error *err) RS_MUST_CHECK;
void array_file_clear(struct array_file *file);

#endif
