/* The Kirchhoff residual: how well any given node voltages solve a network, computed branch by branch. */
#ifndef CROSSBAR_RESIDUAL_H
#define CROSSBAR_RESIDUAL_H

#include "crossbar/cell_law.h"
#include "crossbar/network.h"

/* Doubles of workspace for rows of n columns. */
#define RESIDUAL_WORKSPACE(n_columns) (5 * (n_columns) + 1)

/* An array and its ends; all the caller's. */
struct residual_array {
    const struct network *network;
    const double *left_siemens, *right_siemens; /* [n_rows], ends as in edges.h */
    const double *top_siemens, *bottom_siemens; /* [n_columns] */
    const double *r_bit_line_ohm;               /* [n_columns], of a segment */
    const double *bias_volts;                   /* [n_columns], of the terminals; NULL: ground */
    const double *conductance_siemens;          /* [n_rows][n_columns] */
    const struct cell_law *law;                 /* NULL: cells are plain conductances */
};

/*
 * Largest sum of currents into a node / largest driver current (where bit lines are biased, also of their
 * terminals); 0 for a dead array, NaN when any voltage is NaN. volts [n_rows]; word_line_volts,
 * bit_line_volts [n_rows][n_columns]. Nodes that are a source or ground balance by definition. Voltages are
 * rounded to 1e-16 of themselves, which alone gives a residual of some 1e-16 V g_wire / I_driver: wires of a
 * milliohm cannot show less than about 1e-9.
 */
double residual_compute(const struct residual_array *array, const double *volts,
                        const double *word_line_volts, const double *bit_line_volts, double *workspace);

#endif
