#include "crossbar/changes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "crossbar/field.h"
#include "crossbar/transfer.h"

/* T is used for any drive: as good as the solver gets. */
#define TOLERANCE 1e-14

/* An update of so many cells costs what a reduction does (bench/crossbar/changes.md): up to 128 lines a
 * dozen, then fewer, since the steps of a field grow in number. */
enum { CELLS_PAY_MAX = 11, CELLS_TIMES_LINES_MAX = 1500 };

/* Up to one cell for so many lines, fields are faster one by one than side by side. */
enum { LINES_PER_CELL_ALONE = 64 };

enum { BATCH = 8 };

struct changes_plan {
    struct network network;
    struct transfer_plan *reduction;
    struct field_plan *field;
    double *conductance, *transfer, *changed; /* before, before, after; [n_rows][n_columns] */
    double *sources, *words, *bits;           /* [BATCH][n_rows][n_columns] */
    double *units;                            /* [BATCH][n_columns] */
};

/* The cells that really change, and the three matrices of the formula. */
struct update {
    size_t n;
    size_t *cell;     /* [n] */
    double *siemens;  /* [n], dG */
    double *drop;     /* Z [n][n] */
    double *response; /* P [n][n_rows] */
    double *sensed;   /* L [n][n_columns] */
};

enum rs_status changes_plan_create(const struct network *network, struct changes_plan **out,
                                   struct rs_error *err)
{
    enum rs_status status = network_check(network, err);
    if (status != RS_OK)
        return status;
    struct changes_plan *plan = memory_allocate(1, sizeof *plan, err);
    if (plan == NULL)
        return RS_INTERNAL;
    size_t n_cells = network->n_rows * network->n_columns;
    plan->network = *network;
    plan->conductance =
        memory_allocate((3 + 3 * BATCH) * n_cells + BATCH * network->n_columns, sizeof(double), err);
    status = plan->conductance == NULL
                 ? RS_INTERNAL
                 : transfer_plan_create(network, NULL, kernel_chosen(), TRANSFER_F64, &plan->reduction, err);
    if (status == RS_OK)
        status = field_plan_create(network, &plan->field, err);
    if (status != RS_OK) {
        changes_plan_destroy(plan);
        return status;
    }
    plan->transfer = plan->conductance + n_cells;
    plan->changed = plan->transfer + n_cells;
    plan->sources = plan->changed + n_cells;
    plan->words = plan->sources + BATCH * n_cells;
    plan->bits = plan->words + BATCH * n_cells;
    plan->units = plan->bits + BATCH * n_cells;
    *out = plan;
    return RS_OK;
}

void changes_plan_destroy(struct changes_plan *plan)
{
    if (plan == NULL)
        return;
    transfer_plan_destroy(plan->reduction);
    field_plan_destroy(plan->field);
    free(plan->conductance);
    free(plan);
}

static size_t longer_side(const struct network *network)
{
    return network->n_rows > network->n_columns ? network->n_rows : network->n_columns;
}

static size_t count_cells(const struct changes_plan *plan)
{
    return plan->network.n_rows * plan->network.n_columns;
}

void changes_factor(struct changes_plan *plan, const double *conductance_siemens,
                    const double *transfer_siemens)
{
    size_t n_bytes = count_cells(plan) * sizeof(double);
    memcpy(plan->conductance, conductance_siemens, n_bytes);
    memcpy(plan->changed, conductance_siemens, n_bytes);
    memcpy(plan->transfer, transfer_siemens, n_bytes);
    field_factor(plan->field, conductance_siemens);
}

/* --- which cells change --- */

static size_t place_of(const struct changes_plan *plan, const struct changes_cell *cell)
{
    return cell->i_row * plan->network.n_columns + cell->i_column;
}

static void set_changed(struct changes_plan *plan, size_t n_cells, const struct changes_cell *cells)
{
    for (size_t k = 0; k < n_cells; k++)
        plan->changed[place_of(plan, cells + k)] = cells[k].conductance_siemens;
}

static void unset_changed(struct changes_plan *plan, size_t n_cells, const struct changes_cell *cells)
{
    for (size_t k = 0; k < n_cells; k++)
        plan->changed[place_of(plan, cells + k)] = plan->conductance[place_of(plan, cells + k)];
}

static bool is_listed(const struct update *update, size_t place)
{
    for (size_t k = 0; k < update->n; k++)
        if (update->cell[k] == place)
            return true;
    return false;
}

static enum rs_status list_changes(const struct changes_plan *plan, size_t n_cells,
                                   const struct changes_cell *cells, struct update *update,
                                   struct rs_error *err)
{
    size_t n_lines = plan->network.n_rows + plan->network.n_columns;
    update->cell = memory_allocate(n_cells + 1, sizeof *update->cell, err);
    update->siemens = memory_allocate(n_cells * (1 + n_cells + n_lines) + 1, sizeof *update->siemens, err);
    if (update->cell == NULL || update->siemens == NULL)
        return RS_INTERNAL;
    for (size_t k = 0; k < n_cells; k++) {
        size_t place = place_of(plan, cells + k);
        double change = plan->changed[place] - plan->conductance[place];
        if (change == 0 || is_listed(update, place))
            continue;
        update->cell[update->n] = place;
        update->siemens[update->n++] = change;
    }
    update->drop = update->siemens + update->n;
    update->response = update->drop + update->n * update->n;
    update->sensed = update->response + update->n * plan->network.n_rows;
    return RS_OK;
}

static void clear_update(struct update *update)
{
    free(update->cell);
    free(update->siemens);
}

/* --- fields --- */

/* What source i gives when 1 A runs through the cell `cell` beside its conductance: the cell's voltage per
 * volt of source i. */
static double driver_amperes(const struct changes_plan *plan, size_t i, size_t cell, const double *words,
                             const double *bits)
{
    struct network_branches line = network_word_line(&plan->network, i);
    size_t n = plan->network.n_columns, first = i * n;
    if (!line.shorted)
        return -line.end_siemens * words[first];
    double sum = cell / n == i ? 1 : 0;
    for (size_t c = first; c < first + n; c++)
        sum += plan->conductance[c] * (words[c] - bits[c]);
    return sum;
}

static void read_field(const struct changes_plan *plan, const struct update *update, size_t k,
                       const double *words, const double *bits)
{
    for (size_t l = 0; l < update->n; l++)
        update->drop[k * update->n + l] = bits[update->cell[l]] - words[update->cell[l]];
    for (size_t i = 0; i < plan->network.n_rows; i++)
        update->response[k * plan->network.n_rows + i] =
            driver_amperes(plan, i, update->cell[k], words, bits);
}

/* What the errors of a field's column currents may be relative to: those that the change adds for 1 V at its
 * row are at most |dG| times as large, and go with the row of T. */
static void fill_units(const struct changes_plan *plan, const struct update *update, size_t k, double *units)
{
    size_t n = plan->network.n_columns, i = update->cell[k] / n;
    for (size_t j = 0; j < n; j++)
        units[j] = plan->transfer[i * n + j] / fabs(update->siemens[k]);
    units[update->cell[k] % n] = fmax(units[update->cell[k] % n], 1);
}

static bool solve_batch(struct changes_plan *plan, size_t n_drives, const struct field_drive *drives,
                        double *amperes)
{
    size_t n_cells = count_cells(plan);
    bool converged = true;
    if (n_drives * LINES_PER_CELL_ALONE > longer_side(&plan->network))
        return field_solve_many(plan->field, n_drives, drives, TOLERANCE, amperes, plan->words, plan->bits,
                                NULL);
    for (size_t d = 0; d < n_drives; d++)
        converged &=
            field_solve_drive(plan->field, drives + d, TOLERANCE, amperes + d * plan->network.n_columns,
                              plan->words + d * n_cells, plan->bits + d * n_cells, NULL);
    return converged;
}

/* 1 A through each changed cell in turn. */
static bool solve_fields(struct changes_plan *plan, const struct update *update)
{
    size_t n_cells = count_cells(plan);
    bool converged = true;
    memset(plan->sources, 0, BATCH * n_cells * sizeof *plan->sources);
    for (size_t k = 0; k < update->n && converged; k += BATCH) {
        struct field_drive drives[BATCH] = {{0}};
        size_t n = update->n - k < BATCH ? update->n - k : BATCH;
        for (size_t d = 0; d < n; d++) {
            plan->sources[d * n_cells + update->cell[k + d]] = 1;
            drives[d].source_amperes = plan->sources + d * n_cells;
            drives[d].unit_amperes = plan->units + d * plan->network.n_columns;
            fill_units(plan, update, k + d, plan->units + d * plan->network.n_columns);
        }
        converged = solve_batch(plan, n, drives, update->sensed + k * plan->network.n_columns);
        for (size_t d = 0; d < n; d++) {
            plan->sources[d * n_cells + update->cell[k + d]] = 0;
            read_field(plan, update, k + d, plan->words + d * n_cells, plan->bits + d * n_cells);
        }
    }
    return converged;
}

/* --- the formula --- */

/* Solves matrix [n][n] x = right [n][m] in place, rows exchanged for the largest pivot. */
static bool solve_dense(double *matrix, size_t n, double *right, size_t m)
{
    for (size_t k = 0; k < n; k++) {
        size_t best = k;
        for (size_t i = k + 1; i < n; i++)
            best = fabs(matrix[i * n + k]) > fabs(matrix[best * n + k]) ? i : best;
        for (size_t j = 0; j < n && best != k; j++) {
            double kept = matrix[k * n + j];
            matrix[k * n + j] = matrix[best * n + j];
            matrix[best * n + j] = kept;
        }
        for (size_t j = 0; j < m && best != k; j++) {
            double kept = right[k * m + j];
            right[k * m + j] = right[best * m + j];
            right[best * m + j] = kept;
        }
        double pivot = matrix[k * n + k];
        if (!(fabs(pivot) > 0))
            return false;
        for (size_t i = k + 1; i < n; i++) {
            double factor = matrix[i * n + k] / pivot;
            for (size_t j = k; j < n && factor != 0; j++)
                matrix[i * n + j] -= factor * matrix[k * n + j];
            for (size_t j = 0; j < m && factor != 0; j++)
                right[i * m + j] -= factor * right[k * m + j];
        }
    }
    for (size_t k = n; k-- > 0;) {
        for (size_t i = k + 1; i < n; i++)
            for (size_t j = 0; j < m; j++)
                right[k * m + j] -= matrix[k * n + i] * right[i * m + j];
        for (size_t j = 0; j < m; j++)
            right[k * m + j] /= matrix[k * n + k];
    }
    return true;
}

/* update->response becomes D (I + Z D)^-1 P: what each changed cell carries beside its old conductance, per
 * volt of each source. */
static bool find_currents(const struct changes_plan *plan, const struct update *update)
{
    size_t n = update->n, n_rows = plan->network.n_rows;
    for (size_t k = 0; k < n; k++)
        for (size_t l = 0; l < n; l++)
            update->drop[k * n + l] = (k == l) + update->drop[k * n + l] * update->siemens[l];
    bool solved = solve_dense(update->drop, n, update->response, n_rows);
    for (size_t k = 0; k < n * n_rows; k++)
        update->response[k] *= update->siemens[k / n_rows];
    return solved;
}

static bool is_open(const double *conductance, size_t n, size_t step)
{
    for (size_t k = 0; k < n; k++)
        if (conductance[k * step] != 0)
            return false;
    return true;
}

/* Lines that the changes opened carry exactly nothing. */
static void clear_open_lines(const struct changes_plan *plan, const struct update *update, double *transfer)
{
    size_t n_rows = plan->network.n_rows, n = plan->network.n_columns;
    for (size_t k = 0; k < update->n; k++) {
        size_t i = update->cell[k] / n, j = update->cell[k] % n;
        if (is_open(plan->changed + i * n, n, 1))
            memset(transfer + i * n, 0, n * sizeof *transfer);
        for (size_t row = 0, open = is_open(plan->changed + j, n_rows, n); row < n_rows && open; row++)
            transfer[row * n + j] = 0;
    }
}

/* No entry of a T is negative: what is left of one below 0 is rounding. */
static bool add_currents(const struct changes_plan *plan, const struct update *update, double *transfer)
{
    size_t n_rows = plan->network.n_rows, n = plan->network.n_columns;
    double check = 0;
    for (size_t i = 0; i < n_rows; i++) {
        double *row = transfer + i * n;
        memcpy(row, plan->transfer + i * n, n * sizeof *row);
        for (size_t k = 0; k < update->n; k++) {
            double current = update->response[k * n_rows + i];
            for (size_t j = 0; j < n; j++)
                row[j] += current * update->sensed[k * n + j];
        }
        for (size_t j = 0; j < n; j++) {
            check += row[j];
            row[j] = fmax(row[j], 0);
        }
    }
    clear_open_lines(plan, update, transfer);
    return isfinite(check);
}

enum rs_status changes_update(struct changes_plan *plan, size_t n_cells, const struct changes_cell *cells,
                              double *transfer_siemens, bool *converged, struct rs_error *err)
{
    struct update update = {0};
    set_changed(plan, n_cells, cells);
    enum rs_status status = list_changes(plan, n_cells, cells, &update, err);
    if (status == RS_OK)
        *converged = solve_fields(plan, &update) && find_currents(plan, &update) &&
                     add_currents(plan, &update, transfer_siemens);
    unset_changed(plan, n_cells, cells);
    clear_update(&update);
    return status;
}

bool changes_pay(const struct network *network, size_t n_cells)
{
    return n_cells < CELLS_PAY_MAX && n_cells * longer_side(network) < CELLS_TIMES_LINES_MAX;
}

enum rs_status changes_transfer(struct changes_plan *plan, size_t n_cells, const struct changes_cell *cells,
                                double *transfer_siemens, struct rs_error *err)
{
    bool converged = false;
    enum rs_status status = RS_OK;
    if (changes_pay(&plan->network, n_cells))
        status = changes_update(plan, n_cells, cells, transfer_siemens, &converged, err);
    if (status != RS_OK || converged)
        return status;
    set_changed(plan, n_cells, cells);
    transfer_compute(plan->reduction, plan->changed, transfer_siemens);
    unset_changed(plan, n_cells, cells);
    return RS_OK;
}
