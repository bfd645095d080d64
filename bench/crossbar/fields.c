/* Fields and nonlinear cells, many vectors at once, beside the processor's limits (README.md); prints tables.
 */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crossbar/nonlinear.h"
#include "measure.h"

enum { N_VECTORS = 32, PRODUCT_LINES = 512 };

#define SECONDS_PER_MEASUREMENT 0.7
#define FIELD_TOLERANCE 1e-12
#define NONLINEAR_TOLERANCE 1e-9
#define V_MAX 0.2

/* Per cell, vector and pass: one number read and one written; four multiply-adds. */
#define BYTES_PER_PASS 16.0
#define OPERATIONS_PER_PASS 8.0

struct call {
    struct measure_array array;
    struct field_plan *field;
    struct nonlinear_plan *nonlinear;
    struct field_drive drives[N_VECTORS];
    struct field_report reports[N_VECTORS];
    struct nonlinear_report nonlinear_reports[N_VECTORS];
    double *volts, *amperes, *words, *bits, *triad[3];
    size_t n_triad;
};

static void call_factor(void *state)
{
    struct call *call = state;
    field_factor(call->field, call->array.conductance);
    field_solve_many(call->field, 0, call->drives, FIELD_TOLERANCE, NULL, NULL, NULL, NULL);
}

static void call_currents(void *state)
{
    struct call *call = state;
    field_solve_many(call->field, N_VECTORS, call->drives, FIELD_TOLERANCE, call->amperes, NULL, NULL, NULL);
}

static void call_fields(void *state)
{
    struct call *call = state;
    field_solve_many(call->field, N_VECTORS, call->drives, FIELD_TOLERANCE, call->amperes, call->words,
                     call->bits, NULL);
}

static void call_one(void *state)
{
    struct call *call = state;
    field_solve(call->field, call->volts, FIELD_TOLERANCE, call->amperes, call->words, call->bits, NULL);
}

static void call_nonlinear(void *state)
{
    struct call *call = state;
    nonlinear_solve_many(call->nonlinear, N_VECTORS, call->volts, NONLINEAR_TOLERANCE, call->amperes, NULL,
                         NULL, false, call->nonlinear_reports, NULL);
}

static void call_triad(void *state)
{
    struct call *call = state;
    double *restrict to = call->triad[0];
    const double *restrict one = call->triad[1], *restrict other = call->triad[2];
    for (size_t k = 0; k < call->n_triad; k++)
        to[k] = one[k] + 3 * other[k];
}

static void call_product(void *state)
{
    struct call *call = state;
    int n = PRODUCT_LINES;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, call->triad[1], n, call->triad[2], n,
                0, call->triad[0], n);
}

/* The limits, for a working set as large as the field of eight vectors. */
static void measure_limits(struct call *call, size_t n, double *bytes_per_second,
                           double *operations_per_second)
{
    size_t n_cells = PRODUCT_LINES * PRODUCT_LINES;
    for (size_t k = 0; k < 3; k++)
        call->triad[k] = measure_doubles(n * n * 8 > n_cells ? n * n * 8 : n_cells);
    call->n_triad = n * n * 8 / 3;
    double seconds = measure_seconds(call_triad, call, SECONDS_PER_MEASUREMENT);
    *bytes_per_second = 24 * (double)call->n_triad / seconds;
    seconds = measure_seconds(call_product, call, SECONDS_PER_MEASUREMENT);
    *operations_per_second = 2 * pow(PRODUCT_LINES, 3) / seconds;
    for (size_t k = 0; k < 3; k++)
        free(call->triad[k]);
}

static void make_call(size_t n, struct call *call)
{
    struct rs_error err;
    *call = (struct call){.volts = measure_doubles(N_VECTORS * n),
                          .amperes = measure_doubles(N_VECTORS * n),
                          .words = measure_doubles(N_VECTORS * n * n),
                          .bits = measure_doubles(N_VECTORS * n * n)};
    measure_make(n, &call->array);
    for (size_t k = 0; k < N_VECTORS; k++) {
        for (size_t i = 0; i < n; i++)
            call->volts[k * n + i] = call->array.volts[(i + k) % n];
        call->drives[k].volts = call->volts + k * n;
    }
    if (field_plan_create(&call->array.network, &call->field, &err) != RS_OK)
        abort();
    field_factor(call->field, call->array.conductance);
}

static void clear_call(struct call *call)
{
    field_plan_destroy(call->field);
    measure_clear(&call->array);
    free(call->volts);
    free(call->amperes);
    free(call->words);
    free(call->bits);
}

static void print_field_row(size_t n)
{
    struct call call;
    double bytes, operations;
    make_call(n, &call);
    measure_limits(&call, n, &bytes, &operations);
    double factor = measure_seconds(call_factor, &call, SECONDS_PER_MEASUREMENT),
           currents = measure_seconds(call_currents, &call, SECONDS_PER_MEASUREMENT) / N_VECTORS,
           fields = measure_seconds(call_fields, &call, SECONDS_PER_MEASUREMENT) / N_VECTORS,
           one = measure_seconds(call_one, &call, SECONDS_PER_MEASUREMENT);
    field_solve_many(call.field, N_VECTORS, call.drives, FIELD_TOLERANCE, call.amperes, NULL, NULL,
                     call.reports);
    double work = (double)(n * n * call.reports[0].iterations);
    printf("| %zu | %.3f | %zu | %.1f | %.1f | %.1f | %.0f %% | %.0f %% | %.1e | %.1e |\n", n, 1e3 * factor,
           call.reports[0].iterations, 1e6 * currents, 1e6 * fields, 1e6 * one,
           100 * BYTES_PER_PASS * work / currents / bytes,
           100 * OPERATIONS_PER_PASS * work / currents / operations, call.reports[0].residual,
           measure_difference(&call.array, call.amperes));
    fflush(stdout);
    clear_call(&call);
}

static void print_nonlinear_row(size_t n, double share)
{
    const struct cell_law law = {.kind = CELL_LAW_SINH, .v0_volts = V_MAX / share};
    struct call call;
    struct rs_error err;
    make_call(n, &call);
    if (nonlinear_plan_create_borrow(&call.array.network, NULL, &law, call.array.conductance, &call.nonlinear,
                                     &err) != RS_OK)
        abort();
    double seconds = measure_seconds(call_nonlinear, &call, SECONDS_PER_MEASUREMENT) / N_VECTORS;
    size_t passes = 0, n_newton = 0;
    double error = 0;
    for (size_t k = 0; k < N_VECTORS; k++) {
        const struct nonlinear_report *report = &call.nonlinear_reports[k];
        passes = report->chord_steps > passes ? report->chord_steps : passes;
        n_newton += report->newton_steps > 0;
        error = fmax(error, report->error);
    }
    printf("| %zu | %g | %zu | %zu | %.1f | %.1e |\n", n, share, passes, n_newton, 1e6 * seconds, error);
    fflush(stdout);
    nonlinear_plan_destroy(call.nonlinear);
    clear_call(&call);
}

int main(void)
{
    const size_t sizes[] = {32, 64, 128, 256, 512}, few[] = {32, 64, 128};
    const double shares[] = {1, 2, 3};
    printf("# Fields of %d vectors at once\n\n", N_VECTORS);
    measure_print_machine();
    printf("To %g. Times per vector, microseconds; factors once per array.\n\n"
           "| N | factors, ms | passes | currents | and voltages | one vector alone | of triad | of dgemm | "
           "residual "
           "| from T |\n|---|---|---|---|---|---|---|---|---|---|\n",
           FIELD_TOLERANCE);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        print_field_row(sizes[k]);
    printf("\n# Cells I = G v0 sinh(v / v0), drives up to V\n\nTo %g.\n\n"
           "| N | V / v0 | passes | by Newton | us per vector | error |\n|---|---|---|---|---|---|\n",
           NONLINEAR_TOLERANCE);
    for (size_t k = 0; k < sizeof few / sizeof few[0]; k++)
        for (size_t s = 0; s < sizeof shares / sizeof shares[0]; s++)
            print_nonlinear_row(few[k], shares[s]);
    return 0;
}
