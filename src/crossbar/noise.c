#include "crossbar/noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/field.h"

enum { BATCH_MAX = 16 };

/* Relative errors of a field's currents: of those that only enter variances, and of those that are currents
 * of a run (far below the smallest decision step of any code, far above rounding). */
static const double field_tolerance = 1e-6, law_tolerance = 1e-10;
static const size_t batch_cells = 1 << 20; /* in one buffer of fields: 8 MB */

/* Share of mean(V^2) mean(I^2) below which the determinant of a fit is taken for rounding. */
static const double degenerate = 1e-9;

struct noise {
    struct network network;
    struct field_plan *fields;
    size_t batch;                                      /* fields solved at a time */
    double *weight;                                    /* W [n_rows][n_columns] */
    double *units;                                     /* [batch][max(n_rows, n_columns)]: unit drives */
    double *word_volts, *bit_volts;                    /* [batch][n_rows][n_columns] */
    double *moments;                                   /* C [n_rows][n_rows] */
    double *own, *with_volts, *with_amperes, *current; /* P^i, mean(v V), mean(v I), Y [n_rows][n_columns] */
    double *square_amperes;                            /* mean(I^2) [n_columns] */
    double *scale_amperes;                             /* errors of adjoint fields: see below [n_columns] */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

enum rs_status noise_create(const struct network *network, struct noise **out, struct rs_error *err)
{
    size_t n_rows = network->n_rows, n_columns = network->n_columns, n_cells = n_rows * n_columns;
    struct noise *noise = memory_allocate(1, sizeof *noise, err);
    *out = NULL;
    if (noise == NULL)
        return RS_INTERNAL;
    noise->network = *network;
    noise->batch = larger(1, smaller(BATCH_MAX, batch_cells / n_cells));
    double **const blocks[] = {&noise->weight,         &noise->units,        &noise->word_volts,
                               &noise->bit_volts,      &noise->moments,      &noise->own,
                               &noise->with_volts,     &noise->with_amperes, &noise->current,
                               &noise->square_amperes, &noise->scale_amperes};
    const size_t sizes[] = {n_cells,
                            noise->batch * larger(n_rows, n_columns),
                            noise->batch * n_cells,
                            noise->batch * n_cells,
                            n_rows * n_rows,
                            n_cells,
                            n_cells,
                            n_cells,
                            n_cells,
                            n_columns,
                            n_columns};
    enum rs_status status = field_plan_create(network, &noise->fields, err);
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0] && status == RS_OK; i++)
        if ((*blocks[i] = memory_allocate(sizes[i], sizeof(double), err)) == NULL)
            status = RS_INTERNAL;
    if (status != RS_OK)
        noise_destroy(noise);
    else
        *out = noise;
    return status;
}

void noise_destroy(struct noise *noise)
{
    if (noise == NULL)
        return;
    field_plan_destroy(noise->fields);
    double *const blocks[] = {noise->weight,         noise->units,        noise->word_volts,
                              noise->bit_volts,      noise->moments,      noise->own,
                              noise->with_volts,     noise->with_amperes, noise->current,
                              noise->square_amperes, noise->scale_amperes};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        free(blocks[i]);
    free(noise);
}

/* With 1 V at one sense terminal, others have sneak currents alone, whose digits nobody needs: errors count
 * against what 1 V would drive through the cells of a column in the mean. */
static void set_scale(struct noise *noise, const double *conductance_siemens)
{
    size_t n_columns = noise->network.n_columns, n_cells = noise->network.n_rows * n_columns;
    double sum = 0;
    for (size_t c = 0; c < n_cells; c++)
        sum += conductance_siemens[c];
    for (size_t k = 0; k < n_columns; k++)
        noise->scale_amperes[k] = sum / (double)n_columns;
}

bool noise_load(struct noise *noise, const double *conductance_siemens, const double *sigma_siemens)
{
    size_t n_rows = noise->network.n_rows, n_columns = noise->network.n_columns, n_cells = n_rows * n_columns;
    bool converged = true;
    field_factor(noise->fields, conductance_siemens);
    set_scale(noise, conductance_siemens);
    for (size_t first = 0; first < n_columns; first += noise->batch) {
        size_t n = smaller(noise->batch, n_columns - first);
        struct field_drive drives[BATCH_MAX] = {{0}};
        memset(noise->units, 0, n * n_columns * sizeof *noise->units);
        for (size_t c = 0; c < n; c++) {
            noise->units[c * n_columns + first + c] = 1;
            drives[c] = (struct field_drive){.sense_volts = noise->units + c * n_columns,
                                             .unit_amperes = noise->scale_amperes};
        }
        converged &= field_solve_many(noise->fields, n, drives, field_tolerance, NULL, noise->word_volts,
                                      noise->bit_volts, NULL);
        for (size_t i = 0; i < n_rows; i++)
            for (size_t c = 0; c < n; c++) {
                size_t cell = i * n_columns + first + c, at = c * n_cells + cell;
                double lambda = noise->bit_volts[at] - noise->word_volts[at];
                noise->weight[cell] = lambda * lambda * sigma_siemens[cell] * sigma_siemens[cell];
            }
    }
    return converged;
}

/* variance [n_columns]: equation (1) for field `f` of the batch. */
static void add_up(const struct noise *noise, size_t f, double *variance)
{
    size_t n_rows = noise->network.n_rows, n_columns = noise->network.n_columns;
    const double *word = noise->word_volts + f * n_rows * n_columns;
    const double *bit = noise->bit_volts + f * n_rows * n_columns;
    memset(variance, 0, n_columns * sizeof *variance);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t k = 0; k < n_columns; k++) {
            double drop = word[i * n_columns + k] - bit[i * n_columns + k];
            variance[k] += noise->weight[i * n_columns + k] * drop * drop;
        }
}

bool noise_law(struct noise *noise, size_t n_queries, const double *volts, double *column_amperes,
               double *variance_square_amperes)
{
    size_t n_rows = noise->network.n_rows, n_columns = noise->network.n_columns;
    bool converged = true;
    for (size_t first = 0; first < n_queries; first += noise->batch) {
        size_t n = smaller(noise->batch, n_queries - first);
        struct field_drive drives[BATCH_MAX] = {{0}};
        for (size_t q = 0; q < n; q++)
            drives[q].volts = volts + (first + q) * n_rows;
        converged &=
            field_solve_many(noise->fields, n, drives, law_tolerance, column_amperes + first * n_columns,
                             noise->word_volts, noise->bit_volts, NULL);
        for (size_t q = 0; q < n; q++)
            add_up(noise, q, variance_square_amperes + (first + q) * n_columns);
    }
    return converged;
}

/* C, Y = C T and mean(I^2). */
static void take_moments(struct noise *noise, const double *transfer, size_t n_queries, const double *volts)
{
    size_t n_rows = noise->network.n_rows, n_columns = noise->network.n_columns;
    double share = n_queries > 0 ? 1 / (double)n_queries : 0;
    memset(noise->moments, 0, n_rows * n_rows * sizeof *noise->moments);
    memset(noise->current, 0, n_rows * n_columns * sizeof *noise->current);
    memset(noise->square_amperes, 0, n_columns * sizeof *noise->square_amperes);
    for (size_t q = 0; q < n_queries; q++)
        for (size_t i = 0; i < n_rows; i++) {
            double scaled = share * volts[q * n_rows + i];
            for (size_t p = 0; p < n_rows && scaled != 0; p++)
                noise->moments[i * n_rows + p] += scaled * volts[q * n_rows + p];
        }
    for (size_t i = 0; i < n_rows; i++)
        for (size_t p = 0; p < n_rows; p++) {
            double moment = noise->moments[i * n_rows + p];
            for (size_t k = 0; k < n_columns && moment != 0; k++)
                noise->current[i * n_columns + k] += moment * transfer[p * n_columns + k];
        }
    for (size_t i = 0; i < n_rows; i++)
        for (size_t k = 0; k < n_columns; k++)
            noise->square_amperes[k] += noise->current[i * n_columns + k] * transfer[i * n_columns + k];
}

/* The drops of field `f`, which is that of driver p. */
static void add_drops(struct noise *noise, size_t f, size_t p)
{
    size_t n_rows = noise->network.n_rows, n_columns = noise->network.n_columns;
    const double *word = noise->word_volts + f * n_rows * n_columns;
    const double *bit = noise->bit_volts + f * n_rows * n_columns;
    const double *current = noise->current + p * n_columns;
    for (size_t i = 0; i < n_rows; i++) {
        double moment = noise->moments[p * n_rows + i];
        for (size_t k = 0; k < n_columns; k++) {
            size_t cell = i * n_columns + k;
            double drop = word[cell] - bit[cell];
            noise->with_volts[cell] += drop * moment;
            noise->with_amperes[cell] += drop * current[k];
            if (i == p)
                noise->own[cell] = drop;
        }
    }
}

/* Rows that no query drives are left out: their drops enter nothing. */
static bool solve_rows(struct noise *noise)
{
    size_t n_rows = noise->network.n_rows, n_cells = n_rows * noise->network.n_columns, next = 0;
    bool converged = true;
    memset(noise->with_volts, 0, n_cells * sizeof *noise->with_volts);
    memset(noise->with_amperes, 0, n_cells * sizeof *noise->with_amperes);
    while (next < n_rows) {
        struct field_drive drives[BATCH_MAX] = {{0}};
        size_t rows[BATCH_MAX], n = 0;
        memset(noise->units, 0, noise->batch * n_rows * sizeof *noise->units);
        for (; next < n_rows && n < noise->batch; next++)
            if (noise->moments[next * n_rows + next] > 0) {
                noise->units[n * n_rows + next] = 1;
                drives[n].volts = noise->units + n * n_rows;
                rows[n++] = next;
            }
        converged &= field_solve_many(noise->fields, n, drives, field_tolerance, NULL, noise->word_volts,
                                      noise->bit_volts, NULL);
        for (size_t p = 0; p < n; p++)
            add_drops(noise, p, rows[p]);
    }
    return converged;
}

/* a and g of one cell: v V_i = a V_i^2 - g I V_i and v I = a V_i I - g I^2 in the mean. Where V_i and I are
 * (nearly) one quantity, or the row is not driven, a is that of the cell's own driver. */
static void fit(double v_volts, double v_amperes, double volts_2, double cross, double amperes_2, double own,
                double *a, double *g)
{
    double determinant = volts_2 * amperes_2 - cross * cross;
    if (determinant > degenerate * volts_2 * amperes_2) {
        *a = (v_volts * amperes_2 - v_amperes * cross) / determinant;
        *g = (v_volts * cross - v_amperes * volts_2) / determinant;
    } else {
        *a = own;
        *g = amperes_2 > 0 ? (own * cross - v_amperes) / amperes_2 : 0;
    }
}

static void fill_tables(const struct noise *noise, const struct noise_tables *tables)
{
    size_t n_rows = noise->network.n_rows, n_columns = noise->network.n_columns;
    memset(tables->f, 0, n_columns * sizeof *tables->f);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t k = 0; k < n_columns; k++) {
            size_t cell = i * n_columns + k;
            double a, g, weight = noise->weight[cell];
            fit(noise->with_volts[cell], noise->with_amperes[cell], noise->moments[i * n_rows + i],
                noise->current[cell], noise->square_amperes[k], noise->own[cell], &a, &g);
            tables->d[cell] = weight * a * a;
            tables->e[cell] = weight * a * g;
            tables->f[k] += weight * g * g;
        }
}

bool noise_tabulate(struct noise *noise, const double *transfer_siemens, size_t n_queries,
                    const double *volts, const struct noise_tables *tables)
{
    take_moments(noise, transfer_siemens, n_queries, volts);
    bool converged = solve_rows(noise);
    fill_tables(noise, tables);
    return converged;
}

void noise_combine(size_t n_queries, size_t n_columns, const double *column_amperes, const double *e_sum,
                   const double *f, double *d_sum)
{
    for (size_t q = 0; q < n_queries; q++)
        for (size_t k = 0; k < n_columns; k++) {
            size_t at = q * n_columns + k;
            double amperes = column_amperes[at];
            double variance = d_sum[at] + amperes * (amperes * f[k] - 2 * e_sum[at]);
            d_sum[at] = variance > 0 ? variance : 0;
        }
}
