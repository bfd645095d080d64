/*
 * All bit lines of an array: the tridiagonal system of each column with its word-line nodes held, solved
 * exactly.
 *
 * Elimination runs from row 0 to the last row in excess form (sums only); every step works on a whole row of
 * columns. A joined bit line is one node per column, its fields have one row; a shorted one is ground. All
 * terminals are at 0 V: a bias is a matter of the caller. A node without any conductance stays at 0 V.
 */
#ifndef CROSSBAR_BIT_LINE_H
#define CROSSBAR_BIT_LINE_H

#include "crossbar/edges.h"

struct bit_line {
    struct network_branches branches;
    size_t n_rows, n_nodes, n_columns; /* n_nodes: per column; n_rows, or 1 where joined */
    double *share;                     /* [n_nodes][n_columns], of the voltage of the next node below */
    double *inverse;                   /* [n_nodes][n_columns], 1 / pivot */
    double *top, *bottom;              /* [n_columns], siemens: sense branches at both ends (edges.h) */
    bool any_held;                     /* a column is ground: `top` is infinite */
};

/* edges may be NULL: the default. */
enum rs_status bit_line_init(struct bit_line *line, const struct network *network, const struct edges *edges,
                             struct rs_error *err) RS_MUST_CHECK;
void bit_line_clear(struct bit_line *line);

/* conductance [n_rows][n_columns] */
void bit_line_factor(struct bit_line *line, const double *conductance_siemens);

/* bit_volts [n_nodes][n_columns] that the currents node_amperes [n_nodes][n_columns] into the nodes cause. */
void bit_line_solve(const struct bit_line *line, const double *node_amperes, double *bit_volts);

#endif
