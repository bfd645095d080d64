/*
 * Bit-line nodes w satisfy (A - N) w = b: A the bit lines with their word-line nodes held at 0 V, N w the
 * currents that word lines pass on between them, b what the drivers send. Conjugate gradients preconditioned
 * by A, keeping A p by recursion beside p, so that no wire conductance is ever multiplied by a voltage
 * difference. Biased bit lines are grounded ones in series with a source per cell, -G bias: w is counted from
 * the bias, and a sense current is never a difference of two large voltages.
 */
#include "crossbar/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/bit_line.h"
#include "crossbar/residual.h"
#include "crossbar/word_line.h"

enum { ITERATIONS_MAX = 2000, N_FIELDS = 9 };

/* The error of the last step is smaller than this by far, since each step gains a decade or more. */
#define TOLERANCE_MARGIN 0.3

/* A column that only sneak paths reach has a floor of 0: the iteration then goes on to the last digit. So it
 * does where a bit line floats: its voltages show in no current of its own. */
#define EXHAUSTED 1e-20

struct field_plan {
    struct network network;
    struct word_line word;
    struct bit_line bit;
    double *memory;
    double *x, *r, *z, *p, *q, *cells,
        *words;                   /* solution, residual, A^-1 r, direction, A p, N p, word-line volts */
    double *conductance, *drive;  /* row-major copy; scaled drives */
    double *floor;                /* least response of each current to |V|, amperes, scaled */
    double *magnitude, *residual; /* |drive| [n_rows]; workspace of the residual */
    double *sources;              /* [word_line_rows][n_columns], scaled */
    double *bias, *scaled_bias;   /* [n_columns], of the plan; of this drive */
    double *amperes;              /* [n_columns] */
    bool biased, fed, to_the_end; /* any bias; sources hold something; a bit line floats */
};

static bool floats(const struct field_plan *plan, size_t j)
{
    return plan->bit.top[j] == 0 && plan->bit.bottom[j] == 0;
}

static enum rs_status allocate_fields(struct field_plan *plan, const struct edges *edges,
                                      struct rs_error *err)
{
    size_t n_rows = word_line_rows(plan->network.n_rows), n_columns = plan->network.n_columns;
    size_t n_cells = n_rows * n_columns;
    plan->memory =
        memory_allocate(n_cells * N_FIELDS + 2 * n_rows + 4 * n_columns + RESIDUAL_WORKSPACE(n_columns),
                        sizeof *plan->memory, err);
    if (plan->memory == NULL)
        return RS_INTERNAL;
    for (size_t j = 0; j < n_columns; j++)
        plan->to_the_end |= floats(plan, j);
    double **const fields[N_FIELDS] = {&plan->x,     &plan->r,           &plan->z,
                                       &plan->p,     &plan->q,           &plan->cells,
                                       &plan->words, &plan->conductance, &plan->sources};
    double *next = plan->memory;
    for (size_t i = 0; i < N_FIELDS; i++, next += n_cells)
        *fields[i] = next;
    plan->drive = next;
    plan->magnitude = plan->drive + n_rows;
    plan->floor = plan->magnitude + n_rows;
    plan->bias = plan->floor + n_columns;
    plan->scaled_bias = plan->bias + n_columns;
    plan->amperes = plan->scaled_bias + n_columns;
    plan->residual = plan->amperes + n_columns;
    plan->biased = edges_biased(edges, n_columns);
    for (size_t j = 0; j < n_columns; j++)
        plan->bias[j] = edges_bias_volts(edges, j);
    return RS_OK;
}

enum rs_status field_plan_create(const struct network *network, struct field_plan **out, struct rs_error *err)
{
    return field_plan_create_edges(network, NULL, out, err);
}

enum rs_status field_plan_create_edges(const struct network *network, const struct edges *edges,
                                       struct field_plan **out, struct rs_error *err)
{
    enum rs_status status = network_check(network, err);
    if (status != RS_OK)
        return status;
    struct field_plan *plan = memory_allocate(1, sizeof *plan, err);
    if (plan == NULL)
        return RS_INTERNAL;
    plan->network = *network;
    status = word_line_init(&plan->word, network, edges, err);
    if (status == RS_OK)
        status = bit_line_init(&plan->bit, network, edges, err);
    if (status == RS_OK)
        status = allocate_fields(plan, edges, err);
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
    bit_line_factor(&plan->bit, conductance_siemens);
}

/* amperes [n_rows][n_columns]: currents that the word lines send into the bit-line nodes. */
static void feed(struct field_plan *plan, const double *drive, const double *bit_volts, const double *sources,
                 double *amperes)
{
    word_line_solve(&plan->word, drive, bit_volts, plan->network.n_columns, sources, NULL, amperes);
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

/* Current of column j into its terminals at the voltages `field`; 0 for one that is ground. */
static double sense(const struct field_plan *plan, const double *field, size_t j)
{
    const struct bit_line *bit = &plan->bit;
    if (isinf(bit->bottom[j]))
        return 0;
    return bit->top[j] * field[j] + bit->bottom[j] * field[(bit->n_rows - 1) * bit->n_columns + j];
}

/* |currents| of the sources into the bit-line nodes, added to plan->cells. */
static void add_sources(struct field_plan *plan)
{
    for (size_t i = 0; i < plan->network.n_rows * plan->network.n_columns; i++)
        plan->cells[i] += fabs(plan->sources[i]);
}

/*
 * One pass with |V| and no feedback between bit lines: its currents and energy lie below those of the full
 * response to |V| (all parts are positive), and so are safe units for the error of a signed drive. Sources
 * count with their magnitudes.
 */
static double measure_floor(struct field_plan *plan, const double *unit_amperes, double scale, size_t n)
{
    bool negative = plan->fed;
    for (size_t i = 0; i < plan->network.n_rows; i++)
        negative |= plan->drive[i] < 0;
    const double *amperes = plan->r, *volts = plan->z;
    if (negative) {
        for (size_t i = 0; i < plan->network.n_rows; i++)
            plan->magnitude[i] = fabs(plan->drive[i]);
        feed(plan, plan->magnitude, NULL, NULL, plan->cells);
        if (plan->fed)
            add_sources(plan);
        bit_line_solve(&plan->bit, plan->cells, plan->p);
        amperes = plan->cells;
        volts = plan->p;
    }
    for (size_t j = 0; j < plan->network.n_columns; j++)
        plan->floor[j] = unit_amperes != NULL ? unit_amperes[j] / scale : sense(plan, volts, j);
    return dot(volts, amperes, n);
}

static bool below_floor(const struct field_plan *plan, double ratio)
{
    for (size_t j = 0; j < plan->network.n_columns; j++)
        if (!(fabs(sense(plan, plan->z, j)) <= ratio * plan->floor[j]))
            return false;
    return true;
}

/* Fills plan->x for plan->drive. */
static bool iterate(struct field_plan *plan, const double *unit_amperes, double scale, double tolerance,
                    size_t *iterations)
{
    size_t n = plan->network.n_rows * plan->network.n_columns;
    double slowest = 1; /* estimate of the least eigenvalue of A^-1 (A - N): the error is A^-1 r over it */
    memset(plan->x, 0, n * sizeof *plan->x);
    feed(plan, plan->drive, NULL, plan->fed ? plan->sources : NULL, plan->r);
    bit_line_solve(&plan->bit, plan->r, plan->z);
    double energy_left = dot(plan->z, plan->r, n);
    double energy = fmax(measure_floor(plan, unit_amperes, scale, n), energy_left);
    memcpy(plan->p, plan->z, n * sizeof *plan->p);
    memcpy(plan->q, plan->r, n * sizeof *plan->q);
    for (*iterations = 0; *iterations < ITERATIONS_MAX; ++*iterations) {
        double ratio = TOLERANCE_MARGIN * tolerance * slowest;
        bool small = energy_left <= ratio * ratio * energy;
        bool exhausted = energy_left <= EXHAUSTED * EXHAUSTED * energy;
        if (exhausted || (small && !plan->to_the_end && below_floor(plan, ratio)))
            return true;
        feed(plan, NULL, plan->p, NULL, plan->cells);
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

/* Drives and potentials of the terminals, scaled by a power of two to at most 1 V, so that squares of small
 * ones keep their digits; 0: no drive. */
static double scale_drive(struct field_plan *plan, const struct field_drive *drive)
{
    const double *bias = drive->sense_volts != NULL ? drive->sense_volts : plan->bias;
    size_t n_rows = plan->network.n_rows, n_columns = plan->network.n_columns;
    double largest = 0;
    for (size_t i = 0; i < n_rows && drive->volts != NULL; i++)
        largest = fmax(largest, fabs(drive->volts[i]));
    for (size_t j = 0; j < n_columns; j++)
        largest = floats(plan, j) ? largest : fmax(largest, fabs(bias[j]));
    if (largest == 0)
        return 0;
    int exponent;
    frexp(largest, &exponent);
    memset(plan->drive, 0, n_rows * sizeof *plan->drive);
    for (size_t i = 0; i < n_rows && drive->volts != NULL; i++)
        plan->drive[i] = ldexp(drive->volts[i], -exponent);
    for (size_t j = 0; j < n_columns; j++)
        plan->scaled_bias[j] = floats(plan, j) ? 0 : ldexp(bias[j], -exponent);
    return ldexp(1, exponent);
}

static bool any_bias(const struct field_plan *plan, const struct field_drive *drive)
{
    if (drive->sense_volts == NULL)
        return plan->biased;
    for (size_t j = 0; j < plan->network.n_columns; j++)
        if (drive->sense_volts[j] != 0 && !floats(plan, j))
            return true;
    return false;
}

/* plan->sources: those given, and -G bias. */
static void fill_sources(struct field_plan *plan, const double *source_amperes, double scale)
{
    size_t n = plan->network.n_columns;
    for (size_t i = 0; i < plan->network.n_rows; i++)
        for (size_t j = 0; j < n; j++) {
            double given = source_amperes == NULL ? 0 : source_amperes[i * n + j] / scale;
            plan->sources[i * n + j] = given - plan->conductance[i * n + j] * plan->scaled_bias[j];
        }
}

static void copy_scaled(const double *field, double scale, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = scale * field[i];
}

/* Bit-line voltages from plan->x, which counts from the bias. */
static void copy_bits(const struct field_plan *plan, bool biased, double scale, double *out)
{
    size_t n = plan->network.n_columns;
    copy_scaled(plan->x, scale, plan->network.n_rows * n, out);
    for (size_t i = 0; biased && i < plan->network.n_rows; i++)
        for (size_t j = 0; j < n; j++)
            out[i * n + j] = scale * (plan->x[i * n + j] + plan->scaled_bias[j]);
}

/* A bit line that is ground takes all that its cells send. */
static void sense_all(struct field_plan *plan, double *column_amperes)
{
    size_t n = plan->network.n_columns;
    const double *sources = plan->fed ? plan->sources : NULL;
    for (size_t j = 0; j < n; j++)
        column_amperes[j] = sense(plan, plan->x, j);
    if (!plan->bit.any_held)
        return;
    word_line_solve(&plan->word, plan->drive, plan->x, n, sources, plan->words, plan->cells);
    for (size_t i = 0; i < plan->network.n_rows; i++)
        for (size_t j = 0; j < n; j++)
            if (isinf(plan->bit.bottom[j]))
                column_amperes[j] += plan->cells[i * n + j];
}

static double measure_residual(struct field_plan *plan, const double *conductance, const struct cell_law *law,
                               const double *bias, const double *volts, const double *words,
                               const double *bits)
{
    const struct residual_array array = {
        .network = &plan->network,
        .left_siemens = plan->word.left,
        .right_siemens = plan->word.right,
        .top_siemens = plan->bit.top,
        .bottom_siemens = plan->bit.bottom,
        .r_bit_line_ohm = plan->bit.r_wire_ohm,
        .bias_volts = bias,
        .conductance_siemens = conductance,
        .law = law,
    };
    return residual_compute(&array, volts, words, bits, plan->residual);
}

bool field_solve(struct field_plan *plan, const double *volts, double tolerance_ratio, double *column_amperes,
                 double *word_line_volts, double *bit_line_volts, struct field_report *report)
{
    return field_solve_drive(plan, &(struct field_drive){.volts = volts}, tolerance_ratio, column_amperes,
                             word_line_volts, bit_line_volts, report);
}

bool field_solve_drive(struct field_plan *plan, const struct field_drive *drive, double tolerance_ratio,
                       double *column_amperes, double *word_line_volts, double *bit_line_volts,
                       struct field_report *report)
{
    size_t n_rows = plan->network.n_rows, n_columns = plan->network.n_columns, iterations = 0;
    bool converged = true, biased = any_bias(plan, drive);
    double scale = scale_drive(plan, drive);
    plan->fed = biased || drive->source_amperes != NULL;
    memset(plan->x, 0, n_rows * n_columns * sizeof *plan->x);
    memset(plan->words, 0, n_rows * n_columns * sizeof *plan->words);
    memset(column_amperes, 0, n_columns * sizeof *column_amperes);
    if (scale > 0) {
        if (plan->fed)
            fill_sources(plan, drive->source_amperes, scale);
        converged = iterate(plan, drive->unit_amperes, scale, tolerance_ratio, &iterations);
        sense_all(plan, column_amperes);
        if ((word_line_volts != NULL || report != NULL) && !plan->bit.any_held)
            word_line_solve(&plan->word, plan->drive, plan->x, n_columns, plan->fed ? plan->sources : NULL,
                            plan->words, NULL);
    }
    for (size_t j = 0; j < n_columns; j++)
        column_amperes[j] *= scale;
    if (word_line_volts != NULL)
        copy_scaled(plan->words, scale, n_rows * n_columns, word_line_volts);
    if (bit_line_volts != NULL)
        copy_bits(plan, biased && scale > 0, scale, bit_line_volts);
    if (report == NULL)
        return converged;
    *report = (struct field_report){iterations, converged, 0};
    if (scale > 0 && drive->source_amperes == NULL) {
        copy_bits(plan, biased, 1, plan->cells);
        report->residual = measure_residual(plan, plan->conductance, NULL, biased ? plan->scaled_bias : NULL,
                                            plan->drive, plan->words, plan->cells);
    }
    return converged;
}

bool field_solve_many(struct field_plan *plan, size_t n_drives, const struct field_drive *drives,
                      double tolerance_ratio, double *column_amperes, double *word_line_volts,
                      double *bit_line_volts, struct field_report *reports)
{
    size_t n = plan->network.n_columns, n_cells = plan->network.n_rows * n;
    bool converged = true;
    for (size_t k = 0; k < n_drives; k++)
        converged &= field_solve_drive(plan, drives + k, tolerance_ratio,
                                       column_amperes != NULL ? column_amperes + k * n : plan->amperes,
                                       word_line_volts != NULL ? word_line_volts + k * n_cells : NULL,
                                       bit_line_volts != NULL ? bit_line_volts + k * n_cells : NULL,
                                       reports != NULL ? reports + k : NULL);
    return converged;
}

double field_residual(struct field_plan *plan, const double *volts, const double *word_line_volts,
                      const double *bit_line_volts)
{
    return field_residual_law(plan, plan->conductance, NULL, volts, word_line_volts, bit_line_volts);
}

double field_residual_law(struct field_plan *plan, const double *conductance_siemens,
                          const struct cell_law *law, const double *volts, const double *word_line_volts,
                          const double *bit_line_volts)
{
    return measure_residual(plan, conductance_siemens, law, plan->biased ? plan->bias : NULL, volts,
                            word_line_volts, bit_line_volts);
}
