/*
 * Bit-line nodes w satisfy (A - N) w = b: A the bit lines with their word-line nodes held at 0 V, N w the
 * currents that word lines pass on between them, b what the drivers send. Conjugate gradients preconditioned
 * by A, keeping A p by recursion beside p, so that no wire conductance is ever multiplied by a voltage
 * difference.
 */
#include "crossbar/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/bit_line.h"
#include "crossbar/residual.h"
#include "crossbar/word_line.h"

enum { ITERATIONS_MAX = 2000, N_FIELDS = 7 };

/* The error of the last step is smaller than this by far, since each step gains a decade or more. */
#define TOLERANCE_MARGIN 0.3

/* A column that only sneak paths reach has a floor of 0: the iteration then goes on to the last digit. */
#define EXHAUSTED 1e-16

struct field_plan {
    struct network network;
    struct word_line word;
    struct bit_line bit;
    size_t n_space, step; /* elements of a field on the bit-line nodes; its row step as word lines see it */
    double *memory;
    double *x, *r, *z, *p, *q, *cells,
        *words; /* solution, residual, A^-1 r, direction, A p, N p, word-line volts */
    double *conductance, *drive,
        *floor_volts;             /* row-major copy; scaled drives; least |V| response at the sense row */
    double *magnitude, *residual; /* |drive| [n_rows]; workspace of the residual */
};

static enum rs_status allocate_fields(struct field_plan *plan, struct rs_error *err)
{
    size_t n_rows = word_line_rows(plan->network.n_rows), n_columns = plan->network.n_columns;
    size_t n_cells = n_rows * n_columns;
    plan->n_space = plan->bit.branches.joined ? n_columns : n_cells;
    plan->step = plan->bit.branches.joined ? 0 : n_columns;
    plan->memory =
        memory_allocate(n_cells * (N_FIELDS + 1) + 2 * n_rows + n_columns + RESIDUAL_WORKSPACE(n_columns),
                        sizeof *plan->memory, err);
    if (plan->memory == NULL)
        return RS_INTERNAL;
    double **const fields[N_FIELDS + 1] = {&plan->x, &plan->r,     &plan->z,     &plan->p,
                                           &plan->q, &plan->cells, &plan->words, &plan->conductance};
    double *next = plan->memory;
    for (size_t i = 0; i < N_FIELDS + 1; i++, next += n_cells)
        *fields[i] = next;
    plan->drive = next;
    plan->magnitude = plan->drive + n_rows;
    plan->floor_volts = plan->magnitude + n_rows;
    plan->residual = plan->floor_volts + n_columns;
    return RS_OK;
}

enum rs_status field_plan_create(const struct network *network, struct field_plan **out, struct rs_error *err)
{
    enum rs_status status = network_check(network, err);
    if (status != RS_OK)
        return status;
    struct field_plan *plan = memory_allocate(1, sizeof *plan, err);
    if (plan == NULL)
        return RS_INTERNAL;
    plan->network = *network;
    status = word_line_init(&plan->word, network, err);
    if (status == RS_OK)
        status = bit_line_init(&plan->bit, network, err);
    if (status == RS_OK)
        status = allocate_fields(plan, err);
    if (status == RS_OK)
        *out = plan;
    else
        field_plan_destroy(plan);
    return status;
}

void field_plan_destroy(struct field_plan *plan)
{
    if (plan == NULL)
        return;
    word_line_clear(&plan->word);
    bit_line_clear(&plan->bit);
    free(plan->memory);
    free(plan);
}

void field_factor(struct field_plan *plan, const double *conductance_siemens)
{
    memcpy(plan->conductance, conductance_siemens,
           plan->network.n_rows * plan->network.n_columns * sizeof *plan->conductance);
    word_line_factor(&plan->word, conductance_siemens);
    if (!plan->bit.branches.shorted)
        bit_line_factor(&plan->bit, conductance_siemens);
}

/* amperes [n_space]: currents that the word lines send into the bit-line nodes. */
static void feed(struct field_plan *plan, const double *drive, const double *bit_volts, double *amperes)
{
    size_t n = plan->network.n_columns;
    if (!plan->bit.branches.joined) {
        word_line_solve(&plan->word, drive, bit_volts, plan->step, NULL, amperes);
        return;
    }
    word_line_solve(&plan->word, drive, bit_volts, plan->step, NULL, plan->words);
    memcpy(amperes, plan->words, n * sizeof *amperes);
    for (size_t i = 1; i < plan->network.n_rows; i++)
        for (size_t j = 0; j < n; j++)
            amperes[j] += plan->words[i * n + j];
}

/* Eight partial sums; n is arbitrary. */
static double dot(const double *one, const double *other, size_t n)
{
    double part[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t l = 0; l < 8; l++)
            part[l] += one[i + l] * other[i + l];
    for (; i < n; i++)
        part[0] += one[i] * other[i];
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

/* one . (other - third) */
static double dot_difference(const double *one, const double *other, const double *third, size_t n)
{
    double part[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t l = 0; l < 8; l++)
            part[l] += one[i + l] * (other[i + l] - third[i + l]);
    for (; i < n; i++)
        part[0] += one[i] * (other[i] - third[i]);
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

static void advance(struct field_plan *plan, double alpha, size_t n)
{
    const double *restrict p = plan->p, *restrict q = plan->q, *restrict cells = plan->cells;
    double *restrict x = plan->x, *restrict r = plan->r;
    for (size_t i = 0; i < n; i++) {
        x[i] += alpha * p[i];
        r[i] -= alpha * (q[i] - cells[i]);
    }
}

static void turn(struct field_plan *plan, double beta, size_t n)
{
    const double *restrict z = plan->z, *restrict r = plan->r;
    double *restrict p = plan->p, *restrict q = plan->q;
    for (size_t i = 0; i < n; i++) {
        p[i] = z[i] + beta * p[i];
        q[i] = r[i] + beta * q[i];
    }
}

static const double *sense_row(const struct field_plan *plan, const double *field)
{
    return field + (plan->bit.n_nodes - 1) * plan->network.n_columns;
}

/*
 * One pass with |V| and no feedback between bit lines: its sense-row voltages and energy lie below those of
 * the full response to |V| (all parts are positive), and so are safe units for the error of a signed drive.
 */
static double measure_floor(struct field_plan *plan, size_t n)
{
    bool negative = false;
    for (size_t i = 0; i < plan->network.n_rows; i++)
        negative |= plan->drive[i] < 0;
    const double *amperes = plan->r, *volts = plan->z;
    if (negative) {
        for (size_t i = 0; i < plan->network.n_rows; i++)
            plan->magnitude[i] = fabs(plan->drive[i]);
        feed(plan, plan->magnitude, NULL, plan->cells);
        bit_line_solve(&plan->bit, plan->cells, plan->p);
        amperes = plan->cells;
        volts = plan->p;
    }
    memcpy(plan->floor_volts, sense_row(plan, volts), plan->network.n_columns * sizeof *plan->floor_volts);
    return dot(volts, amperes, n);
}

static bool below_floor(const struct field_plan *plan, double ratio)
{
    const double *last = sense_row(plan, plan->z);
    for (size_t j = 0; j < plan->network.n_columns; j++)
        if (!(fabs(last[j]) <= ratio * plan->floor_volts[j]))
            return false;
    return true;
}

/* Fills plan->x for plan->drive. */
static bool iterate(struct field_plan *plan, double tolerance, size_t *iterations)
{
    size_t n = plan->bit.n_nodes * plan->network.n_columns;
    double slowest = 1; /* estimate of the least eigenvalue of A^-1 (A - N): the error is A^-1 r over it */
    memset(plan->x, 0, n * sizeof *plan->x);
    feed(plan, plan->drive, NULL, plan->r);
    bit_line_solve(&plan->bit, plan->r, plan->z);
    double energy = measure_floor(plan, n), energy_left = dot(plan->z, plan->r, n);
    memcpy(plan->p, plan->z, n * sizeof *plan->p);
    memcpy(plan->q, plan->r, n * sizeof *plan->q);
    for (*iterations = 0; *iterations < ITERATIONS_MAX; ++*iterations) {
        double ratio = TOLERANCE_MARGIN * tolerance * slowest;
        bool small = energy_left <= ratio * ratio * energy;
        if (small && (below_floor(plan, ratio) || energy_left <= EXHAUSTED * EXHAUSTED * energy))
            return true;
        feed(plan, NULL, plan->p, plan->cells);
        double curvature = dot_difference(plan->p, plan->q, plan->cells, n);
        if (!(curvature > 0))
            return small;
        slowest = fmin(slowest, curvature / dot(plan->p, plan->q, n));
        advance(plan, energy_left / curvature, n);
        bit_line_solve(&plan->bit, plan->r, plan->z);
        double energy_next = dot(plan->z, plan->r, n);
        turn(plan, energy_next / energy_left, n);
        energy_left = energy_next;
    }
    return false;
}

static void sum_columns(const double *field, size_t n_rows, size_t n_columns, double *sums)
{
    memset(sums, 0, n_columns * sizeof *sums);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < n_columns; j++)
            sums[j] += field[i * n_columns + j];
}

/* Drives scaled by a power of two to at most 1 V, so that squares of small ones keep their digits; 0: no
 * drive. */
static double scale_drive(struct field_plan *plan, const double *volts)
{
    double largest = 0;
    for (size_t i = 0; i < plan->network.n_rows; i++)
        largest = fmax(largest, fabs(volts[i]));
    if (largest == 0)
        return 0;
    int exponent;
    frexp(largest, &exponent);
    for (size_t i = 0; i < plan->network.n_rows; i++)
        plan->drive[i] = ldexp(volts[i], -exponent);
    return ldexp(1, exponent);
}

static void copy_scaled(const double *field, size_t step, double scale, size_t n_rows, size_t n_columns,
                        double *out)
{
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < n_columns; j++)
            out[i * n_columns + j] = scale * field[i * step + j];
}

/* Leaves the scaled solution in plan->x (bit lines) and plan->words, and the currents in column_amperes. */
static bool solve_scaled(struct field_plan *plan, double tolerance, bool words_wanted, double *column_amperes,
                         size_t *iterations)
{
    size_t n_rows = plan->network.n_rows, n_columns = plan->network.n_columns;
    if (plan->bit.branches.shorted) {
        memset(plan->x, 0, n_columns * sizeof *plan->x);
        word_line_solve(&plan->word, plan->drive, NULL, 0, plan->words, plan->cells);
        sum_columns(plan->cells, n_rows, n_columns, column_amperes);
        *iterations = 0;
        return true;
    }
    bool converged = iterate(plan, tolerance, iterations);
    const double *last = sense_row(plan, plan->x);
    for (size_t j = 0; j < n_columns; j++)
        column_amperes[j] = plan->bit.branches.end_siemens * last[j];
    if (words_wanted)
        word_line_solve(&plan->word, plan->drive, plan->x, plan->step, plan->words, NULL);
    return converged;
}

bool field_solve(struct field_plan *plan, const double *volts, double tolerance_ratio, double *column_amperes,
                 double *word_line_volts, double *bit_line_volts, struct field_report *report)
{
    size_t n_rows = plan->network.n_rows, n_columns = plan->network.n_columns, iterations = 0;
    double scale = scale_drive(plan, volts);
    bool converged = true;
    if (scale > 0) {
        converged = solve_scaled(plan, tolerance_ratio, word_line_volts != NULL || report != NULL,
                                 column_amperes, &iterations);
    } else {
        memset(plan->x, 0, plan->n_space * sizeof *plan->x);
        memset(plan->words, 0, n_rows * n_columns * sizeof *plan->words);
        memset(column_amperes, 0, n_columns * sizeof *column_amperes);
    }
    for (size_t j = 0; j < n_columns; j++)
        column_amperes[j] *= scale;
    if (word_line_volts != NULL)
        copy_scaled(plan->words, n_columns, scale, n_rows, n_columns, word_line_volts);
    if (bit_line_volts != NULL)
        copy_scaled(plan->x, plan->step, scale, n_rows, n_columns, bit_line_volts);
    if (report != NULL) {
        copy_scaled(plan->x, plan->step, 1, n_rows, n_columns, plan->cells);
        *report = (struct field_report){iterations, converged, 0};
        if (scale > 0)
            report->residual = field_residual(plan, plan->drive, plan->words, plan->cells);
    }
    return converged;
}

double field_residual(struct field_plan *plan, const double *volts, const double *word_line_volts,
                      const double *bit_line_volts)
{
    return residual_compute(&plan->network, plan->conductance, volts, word_line_volts, bit_line_volts,
                            plan->residual);
}
