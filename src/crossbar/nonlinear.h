/*
 * Nonlinear cells (cell_law.h) inside the wire network.
 *
 * First, chord steps inside the sweeps over all lines (sweep.h), several drives at once: the current of a
 * cell beyond G v, by the voltages of the pass before, is a source beside it. What they do not bring to the
 * tolerance, and arrays that are not swept (field.h), is solved one by one: each step solves a linear array
 * exactly: cells of conductance c with sources beside them, which make up for I(v) - c v at the cell voltages
 * v of the step before. Chord steps keep c = G and its factors; where they gain less than a decade, Newton
 * steps follow, c = dI/dv. A Newton step that would overshoot the minimum of the network's co-content, which
 * is convex because every current rises with its voltage, is halved until it does not.
 */
#ifndef CROSSBAR_NONLINEAR_H
#define CROSSBAR_NONLINEAR_H

#include "crossbar/field.h"

/* Factors and workspace for one array; for one thread at a time. */
struct nonlinear_plan;

struct nonlinear_report {
    size_t chord_steps, newton_steps, iterations; /* iterations: passes, or inner ones of all steps */
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
/* Takes other conductances at 0 V, [n_rows][n_columns], network_accepts each. Allocates nothing. */
void nonlinear_factor(struct nonlinear_plan *plan, const double *conductance_siemens);

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

/*
 * The same for volts [n_vectors][n_rows], each solved as if it were alone: column_amperes
 * [n_vectors][n_columns], word_line_volts, bit_line_volts [n_vectors][n_rows][n_columns] or NULL, reports
 * [n_vectors]; with_residuals: those of the reports are wanted. good [n_vectors] or NULL. Whether all are.
 */
bool nonlinear_solve_many(struct nonlinear_plan *plan, size_t n_vectors, const double *volts,
                          double tolerance_ratio, double *column_amperes, double *word_line_volts,
                          double *bit_line_volts, bool with_residuals, struct nonlinear_report *reports,
                          bool *good);

#endif
