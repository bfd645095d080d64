#include "attention/power.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cost/cost.h"
#include "crossbar/field.h"
#include "crossbar/nonlinear.h"

enum { POWER_CHUNK = 16 };

/* Of a current; a drop along a driver is a thousandth of its voltage at least where it matters. */
static const double field_tolerance = 1e-9;

struct power {
    const struct attention_setup *setup;
    bool ideal;
    struct field_plan *field_plan;
    struct nonlinear_plan *nonlinear; /* NULL: cells do not bend, or no wires */
    double *word_volts, *bit_volts;   /* [POWER_CHUNK][n_rows][n_columns] */
    double *column_amperes;           /* [POWER_CHUNK][n_columns] */
    double *unit_volts;               /* [POWER_CHUNK][n_rows] */
    double *amperes;                  /* [n_rows], out of the drivers */
    double *input_siemens;            /* Y [n_rows][n_rows] */
    double *open_siemens;             /* [n_rows][n_columns] of 0 */
};

static enum rs_status allocate(struct power *power, struct rs_error *err)
{
    size_t n_rows = power->setup->network.n_rows, n_columns = power->setup->network.n_columns;
    size_t n_cells = n_rows * n_columns;
    double **const blocks[] = {&power->word_volts,  &power->bit_volts, &power->column_amperes,
                               &power->unit_volts,  &power->amperes,   &power->input_siemens,
                               &power->open_siemens};
    const size_t sizes[] = {POWER_CHUNK * n_cells,
                            POWER_CHUNK * n_cells,
                            POWER_CHUNK * n_columns,
                            POWER_CHUNK * n_rows,
                            n_rows,
                            n_rows * n_rows,
                            n_cells};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if ((*blocks[i] = memory_allocate(sizes[i], sizeof(double), err)) == NULL)
            return RS_INTERNAL;
    return RS_OK;
}

enum rs_status power_create(const struct attention_setup *setup, struct power **out, struct rs_error *err)
{
    const struct network *network = &setup->network;
    *out = NULL;
    if (!setup->solves_energy)
        return RS_OK;
    struct power *power = memory_allocate(1, sizeof *power, err);
    if (power == NULL)
        return RS_INTERNAL;
    power->setup = setup;
    power->ideal = network->r_word_line_ohm == 0 && network->r_bit_line_ohm == 0 &&
                   network->r_driver_ohm == 0 && network->r_sense_ohm == 0;
    enum rs_status status = allocate(power, err);
    if (status == RS_OK && !power->ideal)
        status = field_plan_create(network, &power->field_plan, err);
    if (status == RS_OK && !power->ideal && !cell_law_is_linear(&setup->law))
        status = nonlinear_plan_create_borrow(network, NULL, &setup->law, power->open_siemens,
                                              &power->nonlinear, err);
    if (status == RS_OK)
        *out = power;
    else
        power_destroy(power);
    return status;
}

void power_destroy(struct power *power)
{
    if (power == NULL)
        return;
    field_plan_destroy(power->field_plan);
    nonlinear_plan_destroy(power->nonlinear);
    free(power->word_volts);
    free(power->bit_volts);
    free(power->column_amperes);
    free(power->unit_volts);
    free(power->amperes);
    free(power->input_siemens);
    free(power->open_siemens);
    free(power);
}

/* amperes [n_rows] that flow from the word lines into their cells; without wires bit_volts is NULL and
 * word_volts [n_rows] holds the drives. */
static void find_row_currents(const struct power *power, const double *g, const double *word_volts,
                              const double *bit_volts, double *amperes)
{
    size_t n_rows = power->setup->network.n_rows, n_columns = power->setup->network.n_columns;
    double unused;
    for (size_t i = 0; i < n_rows; i++) {
        amperes[i] = 0;
        for (size_t j = 0; j < n_columns; j++) {
            size_t c = i * n_columns + j;
            double volts = bit_volts == NULL ? word_volts[i] : word_volts[c] - bit_volts[c];
            amperes[i] += cell_law_current(&power->setup->law, g[c], volts, &unused);
        }
    }
}

/* Line voltages of n drives; how many did not converge. */
static int64_t solve(struct power *power, size_t n, const double *volts)
{
    struct field_drive drives[POWER_CHUNK] = {{0}};
    struct nonlinear_report reports[POWER_CHUNK];
    if (power->nonlinear != NULL)
        return !nonlinear_solve_many(power->nonlinear, n, volts, field_tolerance, power->column_amperes,
                                     power->word_volts, power->bit_volts, false, reports, NULL);
    for (size_t q = 0; q < n; q++)
        drives[q].volts = volts + q * power->setup->network.n_rows;
    return !field_solve_many(power->field_plan, n, drives, field_tolerance, power->column_amperes,
                             power->word_volts, power->bit_volts, NULL);
}

static double energy(const struct power *power, const double *volts)
{
    return cost_array_joules(power->setup->network.n_rows, volts, power->amperes,
                             power->setup->timing.read_seconds);
}

static int64_t add_fields(struct power *power, const double *g, size_t n_reads, const double *volts,
                          double *joules)
{
    size_t n_rows = power->setup->network.n_rows, n_cells = n_rows * power->setup->network.n_columns;
    int64_t n_failed = 0;
    for (size_t r = 0; r < n_reads; r += POWER_CHUNK) {
        size_t n = n_reads - r < POWER_CHUNK ? n_reads - r : POWER_CHUNK;
        n_failed += solve(power, n, volts + r * n_rows);
        for (size_t q = 0; q < n; q++) {
            find_row_currents(power, g, power->word_volts + q * n_cells, power->bit_volts + q * n_cells,
                              power->amperes);
            joules[r + q] += energy(power, volts + (r + q) * n_rows);
        }
    }
    return n_failed;
}

/* Row i of Y: what each driver sends for 1 V at driver i alone. */
static int64_t find_input(struct power *power, const double *g)
{
    size_t n_rows = power->setup->network.n_rows, n_cells = n_rows * power->setup->network.n_columns;
    int64_t n_failed = 0;
    for (size_t i = 0; i < n_rows; i += POWER_CHUNK) {
        size_t n = n_rows - i < POWER_CHUNK ? n_rows - i : POWER_CHUNK;
        memset(power->unit_volts, 0, n * n_rows * sizeof *power->unit_volts);
        for (size_t q = 0; q < n; q++)
            power->unit_volts[q * n_rows + i + q] = 1;
        n_failed += solve(power, n, power->unit_volts);
        for (size_t q = 0; q < n; q++)
            find_row_currents(power, g, power->word_volts + q * n_cells, power->bit_volts + q * n_cells,
                              power->input_siemens + (i + q) * n_rows);
    }
    return n_failed;
}

static void apply_input(struct power *power, const double *volts)
{
    size_t n_rows = power->setup->network.n_rows;
    for (size_t i = 0; i < n_rows; i++) {
        power->amperes[i] = 0;
        for (size_t k = 0; k < n_rows; k++)
            power->amperes[i] += power->input_siemens[i * n_rows + k] * volts[k];
    }
}

int64_t power_add(struct power *power, const double *conductance_siemens, size_t n_reads, const double *volts,
                  double *joules)
{
    size_t n_rows = power->setup->network.n_rows;
    int64_t n_failed = 0;
    if (power->nonlinear != NULL)
        nonlinear_factor(power->nonlinear, conductance_siemens);
    else if (!power->ideal)
        field_factor(power->field_plan, conductance_siemens);
    if (!power->ideal && (power->nonlinear != NULL || n_reads <= n_rows))
        return add_fields(power, conductance_siemens, n_reads, volts, joules);
    if (!power->ideal)
        n_failed = find_input(power, conductance_siemens);
    for (size_t r = 0; r < n_reads; r++) {
        const double *drive = volts + r * n_rows;
        if (power->ideal)
            find_row_currents(power, conductance_siemens, drive, NULL, power->amperes);
        else
            apply_input(power, drive);
        joules[r] += energy(power, drive);
    }
    return n_failed;
}
