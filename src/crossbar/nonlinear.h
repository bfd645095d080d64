/*
 * Nonlinear cells (cell_law.h) inside the wire network.
 *
 * Each step solves a linear array exactly: cells of conductance c with sources beside them, which make up for
 * I(v) - c v at the cell voltages v of the step before. Chord steps keep c = G and its factors; where they
 * gain less than a decade, Newton steps follow, c = dI/dv. A Newton step that would overshoot the minimum of
 * the network's co-content, which is convex because every current rises with its voltage, is halved until it
 * does not.
 */
#ifndef CROSSBAR_NONLINEAR_H
#define CROSSBAR_NONLINEAR_H

#include "crossbar/field.h"

/* Factors and workspace for one array; for one thread at a time. */
struct nonlinear_plan;

struct nonlinear_report {
    size_t chord_steps, newton_steps, iterations; /* iterations: inner ones, of all steps */
    bool converged;
    double error;    /* estimated error of a current / sum of |cell currents| of its column, the largest */
    double residual; /* from the voltages and the law, branch by branch; residual.h */
};

/*
 * For conductance_siemens [n_rows][n_columns] at 0 V and `law`, which includes edges->r_access_ohm; the law
 * is kept by reference, everything else copied. edges may be NULL. The caller frees with
 * nonlinear_plan_destroy. RS_INPUT as network_check, RS_INTERNAL when memory is short.
 */
enum rs_status nonlinear_plan_create_borrow(const struct network *network, const struct edges *edges,
                                            const struct cell_law *law, const double *conductance_siemens,
                                            struct nonlinear_plan **out, struct rs_error *err) RS_MUST_CHECK;
void nonlinear_plan_destroy(struct nonlinear_plan *plan);

/*
 * Solves for volts [n_rows]. tolerance_ratio bounds the error of each current relative to the sum of the
 * magnitudes of its column's cell currents. column_amperes [n_columns]; word_line_volts, bit_line_volts
 * [n_rows][n_columns] may be NULL. False when it did not converge, or
 * ended above the tolerance because rounding allows no less.
 */
bool nonlinear_solve(struct nonlinear_plan *plan, const double *volts, double tolerance_ratio,
                     double *column_amperes, double *word_line_volts, double *bit_line_volts,
                     struct nonlinear_report *report);

#endif
