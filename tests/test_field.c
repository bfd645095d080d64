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
