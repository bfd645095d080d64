/*
 * One array, whatever its cells and edges, solved for many drive vectors. Linear cells: by the transfer
 * matrix (transfer.h, or response.h where that does not support them) and by the field, one certifying the
 * other. Other cells: by nonlinear.h.
 */
#ifndef CROSSBAR_ARRAY_SOLVER_H
#define CROSSBAR_ARRAY_SOLVER_H

#include "crossbar/array_file.h"
#include "crossbar/field.h"

/* For one thread at a time. */
struct array_solver;

struct array_solver_report {
    bool good; /* converged, and within the tolerance */
    bool converged;
    size_t iterations;
    double residual;   /* residual.h */
    double difference; /* between both solutions (certify.h); nonlinear: the estimated error */
    double
        error_bound; /* of any current, in units of the tolerance: the difference and what the field may be
                        off itself; nonlinear: the estimated error; NAN where a solution did not converge */
};

/* Whether currents come from the reduction to T, which needs no convergence. */
bool array_solver_reduces(const struct array_file *array);

/* Takes the array, which must outlive the solver. The caller frees with array_solver_destroy. RS_INPUT as
 * network_check, RS_INTERNAL when memory is short. */
enum rs_status array_solver_create_borrow(const struct array_file *array, struct array_solver **out,
                                          struct rs_error *err) RS_MUST_CHECK;
void array_solver_destroy(struct array_solver *solver);

/* T [n_rows][n_columns], siemens; NULL where cells are not linear. */
const double *array_solver_transfer(const struct array_solver *solver);
/* [n_columns], amperes that biases alone cause; NULL where there are none or cells are not linear. */
const double *array_solver_bias(const struct array_solver *solver);

/*
 * amperes [n_vectors][n_columns] for volts [n_vectors][n_rows], of the solution asked for (nonlinear cells
 * have but one), good or not; word_line_volts, bit_line_volts [n_vectors][n_rows][n_columns] may be NULL;
 * reports [n_vectors]. tolerance_ratio: definitions 6. RS_INTERNAL when memory is short.
 */
enum rs_status array_solver_solve(struct array_solver *solver, size_t n_vectors, const double *volts,
                                  enum network_solver wanted, double tolerance_ratio, double *amperes,
                                  double *word_line_volts, double *bit_line_volts,
                                  struct array_solver_report *reports, struct rs_error *err) RS_MUST_CHECK;

#endif
