/*
 * Fields of many drives at once. Oracles: the same drive alone, the transfer matrix (transfer.h) read the
 * other way round, the laws that any resistor network obeys.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array_oracle.h"
#include "crossbar/field.h"
#include "crossbar/transfer.h"

TestSuite(field, .timeout = 60);

enum { LINES_MAX = 64, N_DRIVES = 11 };

static struct field_plan *factored(const struct network *network, const struct edges *edges,
                                   const double *conductance)
{
    struct field_plan *plan = NULL;
    struct rs_error err;
    cr_assert_eq(field_plan_create_edges(network, edges, &plan, &err), RS_OK, "%s", err.text);
    field_factor(plan, conductance);
    return plan;
}

/* By reciprocity the currents out of the drivers, 1 V at sense terminal j, are column j of T. */
Test(field, an_adjoint_field_is_a_column_of_t)
{
    static struct array_oracle array;
    static double transfer[ORACLE_CELLS_MAX], words[ORACLE_CELLS_MAX], bits[ORACLE_CELLS_MAX];
    for (uint64_t seed = 1; seed <= 60; seed++) {
        array_oracle_make(seed, 16, 3, &array);
        array.network.r_driver_ohm += 1; /* a shorted driver shows no voltage */
        size_t n = array.network.n_columns;
        double driver = 1 / (array.network.r_driver_ohm + array.network.r_word_line_ohm);
        struct transfer_plan *whole = NULL;
        struct rs_error err;
        cr_assert_eq(transfer_plan_create(&array.network, NULL, kernel_chosen(), TRANSFER_F64, &whole, &err), RS_OK);
        transfer_compute(whole, array.conductance, transfer);
        transfer_plan_destroy(whole);
        struct field_plan *plan = factored(&array.network, NULL, array.conductance);
        for (size_t j = 0; j < n; j++) {
            double sense[LINES_MAX] = {0};
            sense[j] = 1;
            const struct field_drive drive = {.sense_volts = sense};
            struct field_report report;
            cr_assert(field_solve_many(plan, 1, &drive, 1e-13, NULL, words, bits, &report));
            cr_assert_lt(report.residual, 1e-8, "seed %d: %g", (int)seed, report.residual);
            for (size_t i = 0; i < array.network.n_rows; i++) {
                double expected = transfer[i * n + j];
                cr_assert_float_eq(driver * words[i * n], expected, 1e-12 * expected + 1e-30,
                                   "seed %d T[%zu][%zu] = %g, %g found", (int)seed, i, j, expected,
                                   driver * words[i * n]);
            }
        }
        field_plan_destroy(plan);
    }
}

Test(field, a_drive_among_many_is_solved_as_if_alone)
{
    static struct array_oracle array;
    static double words[N_DRIVES * ORACLE_CELLS_MAX], bits[N_DRIVES * ORACLE_CELLS_MAX],
        word[ORACLE_CELLS_MAX], bit[ORACLE_CELLS_MAX];
    for (uint64_t seed = 1; seed <= 40; seed++) {
        double volts[N_DRIVES][LINES_MAX], amperes[N_DRIVES * LINES_MAX], alone[LINES_MAX];
        struct field_drive drives[N_DRIVES] = {0};
        struct field_report reports[N_DRIVES], report;
        uint64_t state = seed;
        array_oracle_make(seed, 20, 3, &array);
        size_t n = array.network.n_columns, n_cells = array.network.n_rows * n;
        for (size_t k = 0; k < N_DRIVES; k++) {
            double low = k % 3 == 0 ? 0 : -0.2;
            for (size_t i = 0; i < LINES_MAX; i++)
                volts[k][i] = k == 4 ? 0 : low + 0.4 * array_oracle_uniform(&state);
            drives[k].volts = volts[k];
        }
        struct field_plan *plan = factored(&array.network, NULL, array.conductance);
        cr_assert(field_solve_many(plan, N_DRIVES, drives, 1e-10, amperes, words, bits, reports));
        for (size_t k = 0; k < N_DRIVES; k++) {
            cr_assert(field_solve_many(plan, 1, drives + k, 1e-10, alone, word, bit, &report));
            cr_assert(memcmp(alone, amperes + k * n, n * sizeof *alone) == 0, "seed %d drive %zu", (int)seed,
                      k);
            cr_assert(memcmp(word, words + k * n_cells, n_cells * sizeof *word) == 0, "seed %d drive %zu",
                      (int)seed, k);
            cr_assert(memcmp(bit, bits + k * n_cells, n_cells * sizeof *bit) == 0, "seed %d drive %zu",
                      (int)seed, k);
            cr_assert_eq(report.iterations, reports[k].iterations);
            cr_assert_eq(report.residual, reports[k].residual);
        }
        field_plan_destroy(plan);
    }
}

struct edges_case {
    unsigned char row_floats[LINES_MAX], column_floats[LINES_MAX];
    double bias[LINES_MAX], ohm[4][LINES_MAX];
    struct edges edges;
};

/* Any ends; lines that float in one array of four; resistances line by line in one of three. */
static void make_edges(uint64_t seed, struct array_oracle *array, struct edges_case *c)
{
    uint64_t state = seed + 77;
    for (size_t i = 0; i < LINES_MAX; i++) {
        c->row_floats[i] = array_oracle_uniform(&state) < 0.3;
        c->column_floats[i] = array_oracle_uniform(&state) < 0.3;
        c->bias[i] = array_oracle_uniform(&state) < 0.5 ? 0 : 0.2 * array_oracle_uniform(&state) - 0.1;
        for (size_t k = 0; k < 4; k++)
            c->ohm[k][i] = array_oracle_uniform(&state) < 0.2 ? 0 : 20 * array_oracle_uniform(&state);
    }
    c->edges = (struct edges){
        .drive = (enum edges_drive)(3 * array_oracle_uniform(&state)),
        .sense = (enum edges_sense)(3 * array_oracle_uniform(&state)),
        .word_line_floating = array_oracle_uniform(&state) < 0.25 ? c->row_floats : NULL,
        .bit_line_floating = array_oracle_uniform(&state) < 0.25 ? c->column_floats : NULL,
        .bit_line_bias_volts = array_oracle_uniform(&state) < 0.5 ? c->bias : NULL,
    };
    if (array_oracle_uniform(&state) < 0.33)
        array->network.lines = (struct network_lines){c->ohm[0], c->ohm[1], c->ohm[2], c->ohm[3]};
}

/* The unit of the errors: sum of |cell currents| of each column, drives and biases counted with one sign. */
static void find_units(const struct array_oracle *array, const double *words, const double *bits,
                       double *unit)
{
    size_t n = array->network.n_columns;
    memset(unit, 0, n * sizeof *unit);
    for (size_t c = 0; c < array->network.n_rows * n; c++)
        unit[c % n] += fabs(array->conductance[c] * (words[c] - bits[c]));
}

Test(field, sweeps_and_conjugate_gradients_agree_for_all_edges)
{
    static struct array_oracle array;
    static struct edges_case c;
    static double words[N_DRIVES * ORACLE_CELLS_MAX], bits[N_DRIVES * ORACLE_CELLS_MAX],
        word[ORACLE_CELLS_MAX], bit[ORACLE_CELLS_MAX], sources[ORACLE_CELLS_MAX];
    for (uint64_t seed = 1; seed <= 300; seed++) {
        double volts[N_DRIVES][LINES_MAX], sense[LINES_MAX] = {0}, amperes[N_DRIVES * LINES_MAX],
                                           alone[LINES_MAX], unit[LINES_MAX];
        struct field_drive drives[N_DRIVES] = {0};
        uint64_t state = seed;
        array_oracle_make(seed, 30, 3, &array);
        make_edges(seed, &array, &c);
        size_t n = array.network.n_columns, n_cells = array.network.n_rows * n;
        sense[seed % n] = 1;
        for (size_t k = 0; k < n_cells; k++)
            sources[k] = k % 7 == 0 ? 1e-6 * array_oracle_uniform(&state) : 0;
        for (size_t k = 0; k < N_DRIVES; k++) {
            for (size_t i = 0; i < LINES_MAX; i++)
                volts[k][i] = (k < 5 ? 0 : -0.2) + 0.3 * array_oracle_uniform(&state);
            drives[k] = (struct field_drive){.volts = k == 7 ? NULL : volts[k],
                                             .sense_volts = k == 7 ? sense : NULL,
                                             .source_amperes = k == 9 ? sources : NULL};
        }
        struct field_plan *plan = factored(&array.network, &c.edges, array.conductance);
        cr_assert(field_solve_many(plan, N_DRIVES, drives, 1e-12, amperes, words, bits, NULL), "seed %d",
                  (int)seed);
        for (size_t k = 0; k < N_DRIVES; k++) {
            double largest = 0;
            cr_assert(field_solve_drive(plan, drives + k, 1e-13, alone, word, bit, NULL));
            find_units(&array, word, bit, unit);
            double floor = 1e-300; /* rounding of what sources send through all lines */
            for (size_t i = 0; i < n_cells && k == 9; i++)
                floor += 1e-13 * sources[i];
            for (size_t j = 0; j < n; j++)
                cr_assert_float_eq(amperes[k * n + j], alone[j], 1e-11 * unit[j] + floor,
                                   "seed %d drive %zu column %zu: %.15g %.15g unit %g", (int)seed, k, j,
                                   amperes[k * n + j], alone[j], unit[j]);
            for (size_t i = 0; i < n_cells; i++)
                largest = fmax(largest, fmax(fabs(word[i]), fabs(bit[i])));
            for (size_t i = 0; i < n_cells; i++) {
                cr_assert_float_eq(words[k * n_cells + i], word[i], 1e-8 * largest + 1e-300,
                                   "seed %d drive %zu", (int)seed, k);
                cr_assert_float_eq(bits[k * n_cells + i], bit[i], 1e-8 * largest + 1e-300,
                                   "seed %d drive %zu", (int)seed, k);
            }
        }
        field_plan_destroy(plan);
    }
}

/* Tellegen: what the sources deliver is what all branches dissipate; Kirchhoff at the ends. */
Test(field, power_delivered_is_power_dissipated)
{
    static struct array_oracle array;
    static struct edges_case c;
    static double words[ORACLE_CELLS_MAX], bits[ORACLE_CELLS_MAX], cells[ORACLE_CELLS_MAX],
        word_wires[2 * ORACLE_CELLS_MAX], bit_wires[2 * ORACLE_CELLS_MAX];
    for (uint64_t seed = 1; seed <= 200; seed++) {
        double amperes[LINES_MAX];
        struct field_power power;
        const struct field_currents currents = {cells, word_wires, bit_wires};
        array_oracle_make(seed, 20, 2, &array);
        make_edges(seed, &array, &c);
        const struct field_drive drive = {.volts = array.volts};
        struct field_plan *plan = factored(&array.network, &c.edges, array.conductance);
        cr_assert(field_solve_many(plan, 1, &drive, 1e-14, amperes, words, bits, NULL));
        field_currents(plan, &drive, words, bits, &currents);
        field_power(plan, &drive, words, bits, &currents, &power);
        size_t n = array.network.n_columns, last = array.network.n_rows * n;
        double dissipated = power.cells_watts + power.wires_watts + power.ends_watts, scale = 0;
        for (size_t k = 0; k < last; k++)
            scale += fabs(cells[k]);
        cr_assert_geq(power.wires_watts, 0);
        cr_assert_float_eq(power.delivered_watts, dissipated, 1e-11 * dissipated + 1e-13 * scale + 1e-300,
                           "seed %d: %g delivered, %g dissipated", (int)seed, power.delivered_watts,
                           dissipated);
        for (size_t j = 0; j < n; j++)
            cr_assert_float_eq(bit_wires[last + j] - bit_wires[j], amperes[j], 1e-11 * scale + 1e-300,
                               "seed %d column %zu", (int)seed, j);
        field_plan_destroy(plan);
    }
}

/* One cell that shorts its lines contracts far more slowly than the mean says: nothing is taken on trust. */
Test(field, a_wrong_prediction_costs_time_not_digits)
{
    enum { N = 32 };
    static double conductance[N * N];
    double volts[N], amperes[N], alone[N];
    const struct network network = {N, N, 1, 1, 1, 1};
    const struct field_drive drive = {.volts = volts};
    for (size_t c = 0; c < N * N; c++)
        conductance[c] = c % 61 == 0 ? 1e3 : 1e-6;
    for (size_t i = 0; i < N; i++)
        volts[i] = 0.1 + 0.001 * (double)i;
    struct field_plan *plan = factored(&network, NULL, conductance);
    cr_assert(field_solve_many(plan, 1, &drive, 1e-11, amperes, NULL, NULL, NULL));
    cr_assert(field_solve(plan, volts, 1e-13, alone, NULL, NULL, NULL));
    for (size_t j = 0; j < N; j++)
        cr_assert_float_eq(amperes[j], alone[j], 2e-11 * alone[j], "column %zu: %g %g", j, amperes[j],
                           alone[j]);
    field_plan_destroy(plan);
}
