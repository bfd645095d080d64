/* rescore solve ARRAY.h5 -o OUT.h5: every vector of linear cells solved twice, by T and by its full field,
 * one certifying the other. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/quantity.h"
#include "cli/array_options.h"
#include "cli/command.h"
#include "crossbar/answer_file.h"
#include "crossbar/array_solver.h"
#include "io/file.h"

enum { TABLE_ROWS = 12 };

/* Everything about one array; arrays as in struct answer_file. */
struct solution {
    struct array_file array;
    struct array_solver *solver;
    double *current, *residual, *difference, *word_line, *bit_line, *largest;
    int *status;
    size_t *iterations, n_failed, iterations_max;
    double residual_max, difference_max; /* NaN where any is */
};

static void clear_solution(struct solution *s)
{
    double *const fields[] = {s->current, s->residual, s->difference, s->word_line, s->bit_line, s->largest};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        free(fields[i]);
    free(s->status);
    free(s->iterations);
    array_solver_destroy(s->solver);
    array_file_clear(&s->array);
}

static bool allocate_solution(struct solution *s, bool nodes, struct rs_error *err)
{
    size_t n_vectors = s->array.n_vectors, n_columns = s->array.network.n_columns;
    size_t n_cells = s->array.network.n_rows * n_columns;
    struct {
        double **field;
        size_t n;
    } const wanted[] = {{&s->current, n_vectors * n_columns}, {&s->residual, n_vectors},
                        {&s->difference, n_vectors},          {&s->largest, n_vectors},
                        {&s->word_line, n_vectors * n_cells}, {&s->bit_line, n_vectors * n_cells}};
    size_t n_wanted = sizeof wanted / sizeof wanted[0] - (nodes ? 0 : 2);
    for (size_t i = 0; i < n_wanted; i++) {
        *wanted[i].field = memory_allocate(wanted[i].n, sizeof(double), err);
        if (*wanted[i].field == NULL)
            return false;
    }
    s->status = memory_allocate(n_vectors, sizeof *s->status, err);
    s->iterations = memory_allocate(n_vectors, sizeof *s->iterations, err);
    return s->status != NULL && s->iterations != NULL;
}

static double larger(double one, double other)
{
    return isnan(one) || isnan(other) ? (double)NAN : fmax(one, other);
}

static void solve_vector(struct solution *s, struct array_solver *solver, const struct array_options *options,
                         size_t v)
{
    const struct network *network = &s->array.network;
    size_t n_columns = network->n_columns, n_cells = network->n_rows * n_columns;
    double *amperes = s->current + v * n_columns;
    struct array_solver_report report;
    array_solver_solve(solver, s->array.voltage + v * network->n_rows, options->solver,
                       options->tolerance_ratio, amperes,
                       s->word_line == NULL ? NULL : s->word_line + v * n_cells,
                       s->bit_line == NULL ? NULL : s->bit_line + v * n_cells, &report);
    for (size_t j = 0; j < n_columns; j++) {
        s->largest[v] = fmax(s->largest[v], fabs(amperes[j]));
        amperes[j] = report.good ? amperes[j] : (double)NAN;
    }
    s->status[v] = report.good        ? ANSWER_FILE_GOOD
                   : report.converged ? ANSWER_FILE_TOLERANCE_MISSED
                                      : ANSWER_FILE_NOT_CONVERGED;
    s->residual[v] = report.residual;
    s->difference[v] = report.difference;
    s->iterations[v] = report.iterations;
    s->n_failed += !report.good;
    s->residual_max = larger(s->residual_max, report.residual);
    s->difference_max = larger(s->difference_max, report.difference);
    if (report.iterations > s->iterations_max)
        s->iterations_max = report.iterations;
}

static enum rs_status solve_all(struct solution *s, const struct array_options *options, struct rs_error *err)
{
    if (!allocate_solution(s, options->nodes, err))
        return RS_INTERNAL;
    enum rs_status status = array_solver_create_borrow(&s->array, &s->solver, err);
    for (size_t v = 0; v < s->array.n_vectors && status == RS_OK; v++)
        solve_vector(s, s->solver, options, v);
    return status;
}

/* Nonlinear cells are solved in one way, and have no transfer matrix. */
static enum rs_status check_cells(const struct solution *s, struct array_options *options,
                                  struct rs_error *err)
{
    if (cell_law_is_linear(&s->array.law))
        return RS_OK;
    options->solver = NETWORK_SOLVER_FIELD;
    if (!options->transfer)
        return RS_OK;
    if (s->array.law.kind == CELL_LAW_LINEAR)
        return rs_fail(err, RS_INPUT,
                       "%s:/@selector: error: 'sinh' found, 'none' expected by --transfer: cells with a "
                       "selector have no transfer matrix",
                       options->input);
    return rs_fail(err, RS_INPUT,
                   "%s:/@cell: error: '%s' found, 'linear' expected by --transfer: other cells have no "
                   "transfer matrix",
                   options->input, s->array.law.kind == CELL_LAW_SINH ? "sinh" : "table");
}

static enum rs_status write_answer(const struct solution *s, const struct array_options *options,
                                   struct rs_error *err)
{
    const struct answer_file answer = {.network = s->array.network,
                                       .solver = options->solver,
                                       .tolerance_ratio = options->tolerance_ratio,
                                       .n_vectors = s->array.n_vectors,
                                       .iterations_max = s->iterations_max,
                                       .current = s->current,
                                       .residual = s->residual,
                                       .status = s->status,
                                       .transfer =
                                           options->transfer ? array_solver_transfer(s->solver) : NULL,
                                       .bias = options->transfer ? array_solver_bias(s->solver) : NULL,
                                       .word_line = s->word_line,
                                       .bit_line = s->bit_line};
    return answer_file_write(options->output, &answer, err);
}

static void print_number(const char *name, double value)
{
    if (isfinite(value))
        printf(", \"%s\": %.17g", name, value);
    else
        printf(", \"%s\": null", name);
}

static void print_json(const struct solution *s, const struct array_options *options)
{
    printf("{\"schema\": \"rescore-solve/1\", \"n_rows\": %zu, \"n_columns\": %zu, \"n_vectors\": %zu, "
           "\"n_failed\": %zu, \"solver\": \"%s\", \"iterations\": %zu",
           s->array.network.n_rows, s->array.network.n_columns, s->array.n_vectors, s->n_failed,
           network_solver_name(options->solver), s->iterations_max);
    print_number("tolerance", options->tolerance_ratio);
    print_number("residual_max", s->residual_max);
    print_number("difference_max", s->difference_max);
    printf("}\n");
}

static void print_table(const struct solution *s, const struct array_options *options)
{
    printf("%zu word lines x %zu bit lines\n\n", s->array.network.n_rows, s->array.network.n_columns);
    printf("vector  status            steps  residual   difference  largest current\n");
    for (size_t v = 0; v < s->array.n_vectors && (options->verbose || v < TABLE_ROWS); v++) {
        char largest[64];
        quantity_print(s->largest[v], QUANTITY_AMPERE, largest, sizeof largest);
        printf("%6zu  %-16s  %5zu  %-9.2e  %-10.2e  %s\n", v,
               answer_file_meaning((enum answer_file_status)s->status[v]), s->iterations[v], s->residual[v],
               s->difference[v], largest);
    }
    if (s->array.n_vectors > TABLE_ROWS && !options->verbose)
        printf("   ...  (%zu more; -v lists them)\n", s->array.n_vectors - TABLE_ROWS);
    printf("\n%zu of %zu vectors within %g; written to %s\n", s->array.n_vectors - s->n_failed,
           s->array.n_vectors, options->tolerance_ratio, options->output);
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    struct array_options options;
    struct solution solution = {0};
    enum rs_status status = array_options_read(line, &options, err);
    if (status == RS_OK)
        status = array_file_read(options.input, true, &solution.array, err);
    if (status == RS_OK)
        status = check_cells(&solution, &options, err);
    if (status == RS_OK)
        status = file_check_writable(options.output, err);
    if (status == RS_OK)
        status = solve_all(&solution, &options, err);
    if (status == RS_OK)
        status = write_answer(&solution, &options, err);
    if (status == RS_OK && options.json)
        print_json(&solution, &options);
    else if (status == RS_OK && !options.quiet)
        print_table(&solution, &options);
    if (status == RS_OK && solution.n_failed > 0)
        status = RS_INCOMPLETE;
    clear_solution(&solution);
    return status;
}

/*
 * Each vector is certified: the Kirchhoff residual of its node voltages is stored; of linear cells, the
 * currents must agree with those of the transfer matrix, which is computed apart.
 */
const struct command command_solve = {
    .name = "solve",
    .summary = "exact circuit solution of an array, each vector with its residual",
    .arguments = "ARRAY.h5 -o OUT.h5",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .needs_output = true,
    .writes_store = true,
    .options = {{"tolerance", "T",
                 "allowed error of a current, relative to sum_i |V_i| T_ij, or to the sum of its column's "
                 "|cell currents| where cells are not linear (default 1e-9)"},
                {"transfer", NULL,
                 "also write the transfer matrix: current = voltage x transfer (linear cells)"},
                {"nodes", NULL, "also write all node voltages"},
                {"solver", "NAME", "whose currents are written: transfer (default) or field"}},
    .example = "rescore solve array.h5 -o answer.h5 --tolerance 1e-10 --transfer",
    .run = run,
};
