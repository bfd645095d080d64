/*
 * All bit lines of an array: the tridiagonal system of each column with its word-line nodes held, solved
 * exactly.
 *
 * Elimination runs from row 0 to the last row in excess form: s_i+1 = G_i+1 + s_i / (1 + r s_i), sums only;
 * every step works on a whole row of columns. Nodes that a wire of 0 ohm joins pass all on, a line that is
 * its terminal stays at 0 V, a node without any conductance too. All terminals are at 0 V: a bias is a matter
 * of the caller.
 */
#ifndef CROSSBAR_BIT_LINE_H
#define CROSSBAR_BIT_LINE_H

#include "crossbar/edges.h"

struct bit_line {
    size_t n_rows, n_columns;
    double *share;        /* [n_rows][n_columns], of the voltage of the next node below */
    double *inverse;      /* [n_rows][n_columns], 1 / pivot */
    double *r_wire_ohm;   /* [n_columns] */
    double *top, *bottom; /* [n_columns], siemens: sense branches at both ends (edges.h) */
    bool any_held;        /* a column is ground: `bottom` is infinite */
};

/* edges may be NULL: the default. */
enum rs_status bit_line_init(struct bit_line *line, const struct network *network, const struct edges *edges,
                             struct rs_error *err) RS_MUST_CHECK;
void bit_line_clear(struct bit_line *line);

/* conductance [n_rows][n_columns] */
void bit_line_factor(struct bit_line *line, const double *conductance_siemens);

/* bit_volts [n_rows][n_columns] that the currents node_amperes [n_rows][n_columns] into the nodes cause. */
void bit_line_solve(const struct bit_line *line, const double *node_amperes, double *bit_volts);

#endif
