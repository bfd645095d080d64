/*
 * All word lines of an array, each solved exactly for given bit-line voltages (a tridiagonal system per row).
 *
 * Elimination runs from a line's right end to its left in excess form: s_j = G_j + s_j+1 / (1 + r s_j+1),
 * sums only, so that an open line carries exactly no current. Nodes that a wire of 0 ohm joins pass all on; a
 * node without any conductance stays at 0 V. Eight rows at a time lie interleaved in memory.
 */
#ifndef CROSSBAR_WORD_LINE_H
#define CROSSBAR_WORD_LINE_H

#include "crossbar/edges.h"

enum { WORD_LINE_LANES = 8 };

struct word_line {
    size_t n_rows, n_columns, n_groups;
    double *conductance; /* [n_groups][n_columns][lane], siemens; 0 beyond the last row */
    double *share; /* likewise: what part of its left neighbour's voltage a node has, cells shorted to 0 V */
    double *inverse;      /* likewise: 1 / pivot */
    double *r_wire_ohm;   /* [n_groups][lane]; 0 beyond the last row */
    double *left, *right; /* likewise, siemens: drivers at both ends (edges.h) */
    bool right_driven;    /* any of the right ones */
    double *group;        /* workspace, three groups [3][n_columns][lane] */
};

/* Rows that fields given to these functions must have, those beyond n_rows holding 0. */
size_t word_line_rows(size_t n_rows);

/* edges may be NULL: the default. */
enum rs_status word_line_init(struct word_line *line, const struct network *network,
                              const struct edges *edges, struct rs_error *err) RS_MUST_CHECK;
void word_line_clear(struct word_line *line);

/* conductance [n_rows][n_columns] */
void word_line_factor(struct word_line *line, const double *conductance_siemens);

/*
 * Voltages of the word lines for drives volts [n_rows] (NULL: 0 V) and bit lines bit_volts (NULL: 0 V), in
 * which one row follows the other after `step` elements (0: all rows see the same bit-line voltages), and
 * sources source_amperes [word_line_rows][n_columns] (NULL: none) beside the cells, from word to bit line.
 * Where not NULL, word_volts [word_line_rows][n_columns] gets them, cell_amperes [word_line_rows][n_columns]
 * the currents G u, sources added, that they send into the cells.
 */
void word_line_solve(struct word_line *line, const double *volts, const double *bit_volts, size_t step,
                     const double *source_amperes, double *word_volts, double *cell_amperes);

#endif
