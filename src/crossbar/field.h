/*
 * All node voltages of a resistive array for given drives.
 *
 * One drive: word lines are eliminated exactly; conjugate gradients run on the bit-line nodes, preconditioned
 * by the bit lines' own tridiagonal systems. The iteration converges for every array; with wires small
 * against the cells it takes 3 to 10 steps. Many drives: sweeps over all lines with one drive per lane
 * (field_many.c). Both are independent of the reduction to T (transfer.h) and used to certify it.
 */
#ifndef CROSSBAR_FIELD_H
#define CROSSBAR_FIELD_H

#include "crossbar/cell_law.h"
#include "crossbar/edges.h"
#include "crossbar/network.h"

/* Factors and workspace for arrays of one network; for one thread at a time. */
struct field_plan;

struct field_report {
    size_t iterations;
    bool converged;
    double residual; /* largest Kirchhoff current error over all nodes / largest driver current; 0 for no
                        drive */
};

/* The caller frees with field_plan_destroy. RS_INPUT as network_check, RS_INTERNAL when memory is short. */
enum rs_status field_plan_create(const struct network *network, struct field_plan **out,
                                 struct rs_error *err) RS_MUST_CHECK;
/* The same for an array with other edges (NULL: the default), which are copied. r_access_ohm is not looked
 * at: it belongs to the conductances (edges_cell_siemens). */
enum rs_status field_plan_create_edges(const struct network *network, const struct edges *edges,
                                       struct field_plan **out, struct rs_error *err) RS_MUST_CHECK;
void field_plan_destroy(struct field_plan *plan);

/* Takes an array's conductance_siemens [n_rows][n_columns], whose values network_accepts. Allocates nothing.
 */
void field_factor(struct field_plan *plan, const double *conductance_siemens);

/*
 * Solves for volts [n_rows] and the biases of the plan. tolerance_ratio bounds the error of each current
 * relative to sum_i |V_i| T_ij (estimated from below, so it is met with room). column_amperes [n_columns];
 * word_line_volts, bit_line_volts [n_rows][n_columns] and report may be NULL (without a report the residual
 * is not computed). False when it did not converge. Allocates nothing.
 */
bool field_solve(struct field_plan *plan, const double *volts, double tolerance_ratio, double *column_amperes,
                 double *word_line_volts, double *bit_line_volts, struct field_report *report);

/*
 * One drive of an array, and what a linear array does not have; all the caller's. An adjoint field has volts
 * NULL and 1 V at one sense terminal: by reciprocity the currents out of its drivers are a column of T.
 */
struct field_drive {
    const double *volts;          /* [n_rows]; NULL: 0 V */
    const double *sense_volts;    /* [n_columns], of the sense terminals; NULL: the biases of the plan */
    const double *source_amperes; /* [n_rows][n_columns], beside the cells, from word to bit line; or NULL */
    const double *unit_amperes;   /* [n_columns]: what the error of each current is relative to; NULL: as
                                     above, a terminal's potential counted like a drive */
};

/* field_solve for any drive. */
bool field_solve_drive(struct field_plan *plan, const struct field_drive *drive, double tolerance_ratio,
                       double *column_amperes, double *word_line_volts, double *bit_line_volts,
                       struct field_report *report);

/*
 * The same for many drives of one array, each solved as if it were alone, some 7 times faster than one by
 * one; makes its factors and workspace at the first call, and solves one by one where there is no memory for
 * them. column_amperes [n_drives][n_columns], word_line_volts and bit_line_volts
 * [n_drives][n_rows][n_columns] and reports [n_drives] may be NULL. False when any did not converge.
 */
bool field_solve_many(struct field_plan *plan, size_t n_drives, const struct field_drive *drives,
                      double tolerance_ratio, double *column_amperes, double *word_line_volts,
                      double *bit_line_volts, struct field_report *reports);

/* Where the branch currents of a field go, all the caller's; amperes. */
struct field_currents {
    double *cells;      /* [n_rows][n_columns], from word to bit line, a source beside the cell included */
    double *word_wires; /* [n_rows][n_columns + 1], to the right: [j] into cell j, the last one to the right
                           end */
    double *bit_wires;  /* [n_rows + 1][n_columns], down: [i] into row i, the last one to the lower end */
};

/* Of the voltages [n_rows][n_columns] that `drive` causes in the array of the last field_factor. Both ends of
 * a line whose wire has 0 ohm count as its left (lower) one. */
void field_currents(const struct field_plan *plan, const struct field_drive *drive,
                    const double *word_line_volts, const double *bit_line_volts,
                    const struct field_currents *currents);

/* By the sources of the drivers and terminals; in the cells; in wires between cells; in drivers and sense
 * branches, their segments included. Without sources beside cells the last three add up to the first. */
struct field_power {
    double delivered_watts, cells_watts, wires_watts, ends_watts;
};

void field_power(const struct field_plan *plan, const struct field_drive *drive,
                 const double *word_line_volts, const double *bit_line_volts,
                 const struct field_currents *currents, struct field_power *power);

/* As field_residual, for these cells in the plan's wires. law NULL: conductances alone. */
double field_residual_law(struct field_plan *plan, const double *conductance_siemens,
                          const struct cell_law *law, const double *volts, const double *word_line_volts,
                          const double *bit_line_volts);

/*
 * The residual of any given voltages [n_rows][n_columns], branch by branch, for the array of the last
 * field_factor. NaN anywhere gives NaN.
 */
double field_residual(struct field_plan *plan, const double *volts, const double *word_line_volts,
                      const double *bit_line_volts);

#endif
