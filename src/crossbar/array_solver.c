#include "crossbar/array_solver.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/certify.h"
#include "crossbar/nonlinear.h"
#include "crossbar/response.h"
#include "crossbar/transfer.h"

struct array_solver {
    const struct array_file *array;
    struct nonlinear_plan *nonlinear; /* or: */
    struct field_plan *field;
    double *conductance, *transfer; /* [n_rows][n_columns]; access resistances included */
    double *bias, *bias_scale;      /* [n_columns]; NULL without biases */
    double *lines;                  /* [3][n_columns], workspace */
    bool converged;                 /* of the transfer matrix */
};

static enum rs_status allocate_fields(struct array_solver *solver, struct rs_error *err)
{
    const struct network *network = &solver->array->network;
    size_t n_columns = network->n_columns, n_cells = network->n_rows * n_columns;
    solver->conductance = memory_allocate(n_cells, sizeof(double), err);
    solver->transfer = memory_allocate(n_cells, sizeof(double), err);
    solver->bias = memory_allocate(2 * n_columns, sizeof(double), err);
    solver->lines = memory_allocate(3 * n_columns, sizeof(double), err);
    if (solver->conductance == NULL || solver->transfer == NULL || solver->bias == NULL ||
        solver->lines == NULL)
        return RS_INTERNAL;
    solver->bias_scale = solver->bias + n_columns;
    for (size_t c = 0; c < n_cells; c++)
        solver->conductance[c] = edges_cell_siemens(&solver->array->edges, solver->array->conductance[c]);
    return RS_OK;
}

static enum rs_status compute_transfer(struct array_solver *solver, struct rs_error *err)
{
    struct transfer_plan *plan = NULL;
    enum rs_status status = transfer_plan_create(&solver->array->network, &plan, err);
    if (status != RS_OK)
        return status;
    transfer_compute(plan, solver->conductance, solver->transfer);
    transfer_plan_destroy(plan);
    solver->converged = true;
    return RS_OK;
}

bool array_solver_reduces(const struct array_file *array)
{
    return cell_law_is_linear(&array->law) && network_is_uniform(&array->network) &&
           edges_are_default(&array->network, &array->edges);
}

static enum rs_status prepare_linear(struct array_solver *solver, struct rs_error *err)
{
    const struct array_file *array = solver->array;
    bool plain = array_solver_reduces(array);
    enum rs_status status = allocate_fields(solver, err);
    if (status == RS_OK)
        status = field_plan_create_edges(&array->network, &array->edges, &solver->field, err);
    if (status != RS_OK)
        return status;
    field_factor(solver->field, solver->conductance);
    if (plain)
        return compute_transfer(solver, err);
    return response_compute(solver->field, &array->network, solver->conductance, solver->transfer,
                            solver->bias, solver->bias_scale, &solver->converged, err);
}

enum rs_status array_solver_create_borrow(const struct array_file *array, struct array_solver **out,
                                          struct rs_error *err)
{
    struct array_solver *solver = memory_allocate(1, sizeof *solver, err);
    if (solver == NULL)
        return RS_INTERNAL;
    solver->array = array;
    enum rs_status status = cell_law_is_linear(&array->law)
                                ? prepare_linear(solver, err)
                                : nonlinear_plan_create_borrow(&array->network, &array->edges, &array->law,
                                                               array->conductance, &solver->nonlinear, err);
    if (status == RS_OK)
        *out = solver;
    else
        array_solver_destroy(solver);
    return status;
}

void array_solver_destroy(struct array_solver *solver)
{
    if (solver == NULL)
        return;
    nonlinear_plan_destroy(solver->nonlinear);
    field_plan_destroy(solver->field);
    free(solver->conductance);
    free(solver->transfer);
    free(solver->bias);
    free(solver->lines);
    free(solver);
}

const double *array_solver_transfer(const struct array_solver *solver)
{
    return solver->transfer;
}

const double *array_solver_bias(const struct array_solver *solver)
{
    return edges_biased(&solver->array->edges, solver->array->network.n_columns) ? solver->bias : NULL;
}

static void solve_linear(struct array_solver *solver, const double *volts, enum network_solver wanted,
                         double tolerance_ratio, double *amperes, double *word_line_volts,
                         double *bit_line_volts, struct array_solver_report *report)
{
    const struct network *network = &solver->array->network;
    size_t n = network->n_columns;
    const struct certify_solution parts = {solver->lines, solver->lines + n, solver->lines + 2 * n,
                                           word_line_volts, bit_line_volts};
    const struct certify_bias bias = {solver->bias, solver->bias_scale};
    struct certify_report certified;
    bool good = certify_biased(solver->field, network, solver->transfer, &bias, volts, tolerance_ratio,
                               &parts, &certified);
    memcpy(amperes, wanted == NETWORK_SOLVER_FIELD ? parts.field_amperes : parts.transfer_amperes,
           n * sizeof *amperes);
    *report = (struct array_solver_report){.good = good && solver->converged,
                                           .converged = certified.field.converged && solver->converged,
                                           .iterations = certified.field.iterations,
                                           .residual = certified.field.residual,
                                           .difference = certified.difference};
}

void array_solver_solve(struct array_solver *solver, const double *volts, enum network_solver wanted,
                        double tolerance_ratio, double *amperes, double *word_line_volts,
                        double *bit_line_volts, struct array_solver_report *report)
{
    if (solver->nonlinear == NULL) {
        solve_linear(solver, volts, wanted, tolerance_ratio, amperes, word_line_volts, bit_line_volts,
                     report);
        return;
    }
    struct nonlinear_report found;
    bool good = nonlinear_solve(solver->nonlinear, volts, tolerance_ratio, amperes, word_line_volts,
                                bit_line_volts, &found);
    *report = (struct array_solver_report){.good = good,
                                           .converged = found.converged,
                                           .iterations = found.iterations,
                                           .residual = found.residual,
                                           .difference = found.error};
}
