/*
 * All bit lines of an array: the tridiagonal system of each column with its word-line nodes held, solved
 * exactly.
 *
 * Elimination runs from the open end at row 0 to the sense branch in excess form (sums only); every step
 * works on a whole row of columns. A joined bit line is one node per column, its fields have one row; a
 * shorted one is ground.
 */
#ifndef CROSSBAR_BIT_LINE_H
#define CROSSBAR_BIT_LINE_H

#include "crossbar/network.h"

struct bit_line {
    struct network_branches branches;
    size_t n_rows, n_nodes, n_columns; /* n_nodes: per column; n_rows, or 1 where joined */
    double *share;                     /* [n_nodes][n_columns], of the voltage of the next node below */
    double *inverse;                   /* [n_nodes][n_columns], 1 / pivot */
    double *spare;                     /* [n_columns] */
};

enum rs_status bit_line_init(struct bit_line *line, const struct network *network,
                             struct rs_error *err) RS_MUST_CHECK;
void bit_line_clear(struct bit_line *line);

/* conductance [n_rows][n_columns]; not for shorted lines */
void bit_line_factor(struct bit_line *line, const double *conductance_siemens);

/* bit_volts [n_nodes][n_columns] that the currents node_amperes [n_nodes][n_columns] into the nodes cause. */
void bit_line_solve(const struct bit_line *line, const double *node_amperes, double *bit_volts);

#endif
