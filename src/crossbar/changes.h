/*
 * T of an array of which a few cells have other conductances than before: re-programmed, stuck, switching.
 *
 * A changed cell is a current beside the old one: dG times the cell's voltage after the change. With P the
 * cells' voltages per driven volt, L the column currents per ampere in a cell, Z the voltages that this
 * ampere takes from the cells, and D = diag(dG): T' = T + P^T D (I + Z D)^-T L (Woodbury). One field solution
 * per changed cell gives all three, P by reciprocity.
 *
 * Unlike in the reduction something is subtracted here: a current is off by some 1e-15 of sum |V| T,
 * of the larger of T and T'. A column that loses most of its current to the changes loses as many digits;
 * one that loses all of it is set to 0. A cell that conducts 10^d times better than all that surrounds it
 * costs d digits when it goes.
 */
#ifndef CROSSBAR_CHANGES_H
#define CROSSBAR_CHANGES_H

#include "crossbar/network.h"

struct changes_cell {
    size_t i_row, i_column;
    double conductance_siemens; /* after the change; 0: open */
};

/* An array as it was, factors and workspace; for one thread at a time. */
struct changes_plan;

/* The caller frees with changes_plan_destroy. RS_INPUT as network_check, RS_INTERNAL when memory is short. */
enum rs_status changes_plan_create(const struct network *network, struct changes_plan **out,
                                   struct rs_error *err) RS_MUST_CHECK;
void changes_plan_destroy(struct changes_plan *plan);

/* Takes the array that changes start from, conductance_siemens and its T, both [n_rows][n_columns]. */
void changes_factor(struct changes_plan *plan, const double *conductance_siemens,
                    const double *transfer_siemens);

/*
 * T after changes of n_cells cells (of a cell named twice the last one counts), the others as in
 * changes_factor: transfer_siemens [n_rows][n_columns], which may not be the one given there. Updates T where
 * changes_pay says that this costs less, else (and where no update converges) reduces the array anew.
 * RS_INTERNAL when memory is short.
 */
enum rs_status changes_transfer(struct changes_plan *plan, size_t n_cells, const struct changes_cell *cells,
                                double *transfer_siemens, struct rs_error *err) RS_MUST_CHECK;

/* Whether an update costs less than a reduction; from sizes alone (bench/crossbar). */
bool changes_pay(const struct network *network, size_t n_cells);

/* changes_transfer by an update, whatever it costs; converged tells whether it is good. */
enum rs_status changes_update(struct changes_plan *plan, size_t n_cells, const struct changes_cell *cells,
                              double *transfer_siemens, bool *converged, struct rs_error *err) RS_MUST_CHECK;

#endif
