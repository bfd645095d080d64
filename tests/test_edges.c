/*
 * Arrays with other edges than the default. Oracles: closed forms, the mirrored array with the default edges,
 * the laws that any resistor network obeys; tests/compare.sh holds the same against ngspice.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array_oracle.h"
#include "crossbar/array_solver.h"
#include "crossbar/response.h"
#include "crossbar/transfer.h"

TestSuite(edges, .timeout = 60);

enum { N_RANDOM = 200, LINES_MAX = 64 };

/* A random array with random edges, as a file would give it. */
struct case_of_edges {
    struct array_oracle array;
    unsigned char row_floats[LINES_MAX], column_floats[LINES_MAX];
    double bias[LINES_MAX];
    struct array_file file;
};

static void make_case(uint64_t seed, struct case_of_edges *c)
{
    uint64_t state = seed + 1000;
    array_oracle_make(seed, 14, 3, &c->array);
    for (size_t i = 0; i < LINES_MAX; i++) {
        c->row_floats[i] = array_oracle_uniform(&state) < 0.4;
        c->column_floats[i] = array_oracle_uniform(&state) < 0.4;
        c->bias[i] = array_oracle_uniform(&state) < 0.5 ? 0 : 0.2 * array_oracle_uniform(&state) - 0.1;
    }
    c->file = (struct array_file){.network = c->array.network, .conductance = c->array.conductance};
    c->file.edges = (struct edges){
        .drive = (enum edges_drive)(3 * array_oracle_uniform(&state)),
        .sense = (enum edges_sense)(3 * array_oracle_uniform(&state)),
        .word_line_floating = array_oracle_uniform(&state) < 0.5 ? c->row_floats : NULL,
        .bit_line_floating = array_oracle_uniform(&state) < 0.5 ? c->column_floats : NULL,
        .bit_line_bias_volts = array_oracle_uniform(&state) < 0.5 ? c->bias : NULL,
        .r_access_ohm = array_oracle_uniform(&state) < 0.5 ? 0 : 1e4 * array_oracle_uniform(&state),
    };
}

static struct array_solver *solver_of(const struct array_file *file)
{
    struct array_solver *solver = NULL;
    struct rs_error err;
    cr_assert_eq(array_solver_create_borrow(file, &solver, &err), RS_OK, "%s", err.text);
    return solver;
}

static void solve(const struct array_file *file, const double *volts, double *amperes)
{
    struct array_solver *solver = solver_of(file);
    struct array_solver_report report;
    struct rs_error err;
    cr_assert_eq(
        array_solver_solve(solver, 1, volts, NETWORK_SOLVER_FIELD, 1e-12, amperes, NULL, NULL, &report, &err),
        RS_OK);
    cr_assert(report.good, "difference %g after %zu steps", report.difference, report.iterations);
    array_solver_destroy(solver);
}

Test(edges, default_edges_give_the_same_bits)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        static struct array_oracle array;
        const struct edges edges = {0};
        double amperes[2][LINES_MAX];
        array_oracle_make(seed, 20, 4, &array);
        for (int k = 0; k < 2; k++) {
            struct field_plan *plan = NULL;
            struct rs_error err;
            cr_assert_eq(field_plan_create_edges(&array.network, k == 0 ? NULL : &edges, &plan, &err), RS_OK);
            field_factor(plan, array.conductance);
            cr_assert(field_solve(plan, array.volts, 1e-10, amperes[k], NULL, NULL, NULL));
            field_plan_destroy(plan);
        }
        cr_assert(memcmp(amperes[0], amperes[1], array.network.n_columns * sizeof(double)) == 0, "seed %d",
                  (int)seed);
    }
}

/* Everything certified: converged, both ways to each current agree, Kirchhoff's law holds at every node. */
Test(edges, random_arrays_are_certified)
{
    static struct case_of_edges c;
    for (uint64_t seed = 1; seed <= N_RANDOM; seed++) {
        double amperes[LINES_MAX];
        struct array_solver_report report;
        make_case(seed, &c);
        struct array_solver *solver = solver_of(&c.file);
        struct rs_error err;
        cr_assert_eq(array_solver_solve(solver, 1, c.array.volts, NETWORK_SOLVER_TRANSFER, 1e-9, amperes,
                                        NULL, NULL, &report, &err),
                     RS_OK);
        cr_assert(report.good, "seed %d: difference %g, %zu steps", (int)seed, report.difference,
                  report.iterations);
        cr_assert_lt(report.residual, 1e-8, "seed %d: %g", (int)seed, report.residual);
        for (size_t j = 0; j < c.array.network.n_columns; j++)
            cr_assert(c.file.edges.bit_line_floating == NULL || !c.column_floats[j] || amperes[j] == 0,
                      "seed %d: a floating line carries current", (int)seed);
        array_solver_destroy(solver);
    }
}

/* An array seen from the other side: columns (rows) in reverse order. */
static void mirror(const struct array_oracle *array, bool columns, bool rows, struct array_oracle *other)
{
    size_t n_rows = array->network.n_rows, n_columns = array->network.n_columns;
    *other = *array;
    for (size_t i = 0; i < n_rows; i++) {
        size_t from = rows ? n_rows - 1 - i : i;
        other->volts[i] = array->volts[from];
        for (size_t j = 0; j < n_columns; j++)
            other->conductance[i * n_columns + j] =
                array->conductance[from * n_columns + (columns ? n_columns - 1 - j : j)];
    }
}

Test(edges, the_other_end_is_the_mirrored_array)
{
    static struct array_oracle array, other;
    static double transfer[ORACLE_CELLS_MAX], scale[LINES_MAX];
    for (uint64_t seed = 1; seed <= 60; seed++) {
        double found[LINES_MAX], expected[LINES_MAX];
        bool right = seed % 3 != 0, top = seed % 3 != 1;
        struct transfer_plan *plan = NULL;
        struct rs_error err;
        array_oracle_make(seed, 20, 4, &array);
        mirror(&array, right, top, &other);
        cr_assert_eq(transfer_plan_create(&other.network, NULL, kernel_chosen(), TRANSFER_F64, &plan, &err), RS_OK);
        transfer_compute(plan, other.conductance, transfer);
        transfer_apply(&other.network, transfer, other.volts, expected, scale);
        transfer_plan_destroy(plan);
        struct array_file file = {.network = array.network, .conductance = array.conductance};
        file.edges.drive = right ? EDGES_DRIVE_RIGHT : EDGES_DRIVE_LEFT;
        file.edges.sense = top ? EDGES_SENSE_TOP : EDGES_SENSE_BOTTOM;
        solve(&file, array.volts, found);
        for (size_t j = 0, n = array.network.n_columns; j < n; j++) {
            size_t k = right ? n - 1 - j : j;
            cr_assert_float_eq(found[j], expected[k], 1e-12 * scale[k] + 1e-300, "seed %d column %zu: %g %g",
                               (int)seed, j, found[j], expected[k]);
        }
    }
}

Test(edges, one_cell_is_a_series_circuit)
{
    for (int k = 0; k < 16; k++) {
        double cell = 1e-4, volts = 0.3, amperes, bias = k & 4 ? 0.1 : 0;
        struct array_file file = {.network = {1, 1, 2, 3, 50, 70}, .conductance = &cell};
        file.edges.drive = k & 1 ? EDGES_DRIVE_BOTH : EDGES_DRIVE_RIGHT;
        file.edges.sense = k & 2 ? EDGES_SENSE_BOTH : EDGES_SENSE_TOP;
        file.edges.bit_line_bias_volts = &bias;
        file.edges.r_access_ohm = k & 8 ? 777 : 0;
        double ohm = 1e4 + file.edges.r_access_ohm + 52.0 / (k & 1 ? 2 : 1) + 73.0 / (k & 2 ? 2 : 1);
        solve(&file, &volts, &amperes);
        cr_assert_float_eq(amperes, (volts - bias) / ohm, 1e-15 * volts / ohm, "case %d", k);
    }
}

/* Uniform ladder driven at both ends: node k of n has cosh((k - (n - 1) / 2) theta), 2 sinh(theta / 2) =
 * sqrt(r g). */
Test(edges, a_line_driven_at_both_ends_is_a_symmetric_ladder)
{
    enum { N = 23 };
    const double r_wire = 4, r_driver = 60, cell = 2e-4, volts = 1;
    double conductance[N], amperes[N], theta = 2 * asinh(sqrt(r_wire * cell) / 2), middle = (N - 1) / 2.0;
    for (size_t j = 0; j < N; j++)
        conductance[j] = cell;
    struct array_file file = {.network = {1, N, r_wire, 0, r_driver, 0}, .conductance = conductance};
    file.edges.drive = EDGES_DRIVE_BOTH;
    solve(&file, &volts, amperes);
    double end = cosh(middle * theta), beyond = cosh((middle + 1) * theta);
    double source = end + (r_wire + r_driver) / r_wire * (beyond - end);
    for (size_t j = 0; j < N; j++) {
        double expected = cell * cosh(((double)j - middle) * theta) / source;
        cr_assert_float_eq(amperes[j], expected, 1e-13 * expected, "column %zu", j);
    }
}

Test(edges, a_floating_word_line_joins_its_cells_in_series)
{
    double conductance[] = {1e-5, 4e-5}, volts = 5, bias[] = {0.3, 0.1}, amperes[2];
    const unsigned char floats = 1;
    struct array_file file = {.network = {1, 2, 0, 0, 10, 0}, .conductance = conductance};
    file.edges.word_line_floating = &floats;
    file.edges.bit_line_bias_volts = bias;
    solve(&file, &volts, amperes);
    double expected = 0.2 / (1e5 + 2.5e4);
    cr_assert_float_eq(amperes[1], expected, 1e-15 * expected);
    cr_assert_float_eq(amperes[0], -expected, 1e-15 * expected);
}

/* 2 x 2, one word line read, the other and one bit line floating: the sneak path is three cells in series. */
Test(edges, a_sneak_path_is_three_cells_in_series)
{
    double conductance[] = {1e-6, 2e-5, 5e-5, 1e-4}, volts[] = {0.2, 0}, amperes[2];
    const unsigned char rows[] = {0, 1}, columns[] = {0, 1};
    struct array_file file = {.network = {2, 2, 0, 0, 0, 0}, .conductance = conductance};
    file.edges.word_line_floating = rows;
    file.edges.bit_line_floating = columns;
    solve(&file, volts, amperes);
    double expected = 0.2 * (1e-6 + 1 / (5e4 + 1e4 + 2e4));
    cr_assert_float_eq(amperes[0], expected, 1e-14 * expected, "%g %g", amperes[0], expected);
    cr_assert_eq(amperes[1], 0.0);
}

Test(edges, drives_and_biases_add)
{
    static struct case_of_edges c;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        double none[LINES_MAX] = {0}, both[LINES_MAX], drive[LINES_MAX], bias[LINES_MAX], largest = 0;
        make_case(seed, &c);
        c.file.edges.bit_line_bias_volts = c.bias;
        solve(&c.file, c.array.volts, both);
        solve(&c.file, none, bias);
        c.file.edges.bit_line_bias_volts = NULL;
        solve(&c.file, c.array.volts, drive);
        for (size_t j = 0; j < c.array.network.n_columns; j++)
            largest = fmax(largest, fmax(fabs(drive[j]), fabs(bias[j])));
        for (size_t j = 0; j < c.array.network.n_columns; j++)
            cr_assert_float_eq(both[j], drive[j] + bias[j], 1e-11 * largest + 1e-300, "seed %d", (int)seed);
    }
}

/* Raising all potentials by the same amount changes no current. */
Test(edges, only_differences_of_potentials_matter)
{
    static struct case_of_edges c;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        double before[LINES_MAX], after[LINES_MAX], largest = 0;
        make_case(seed, &c);
        c.file.edges.bit_line_bias_volts = c.bias;
        solve(&c.file, c.array.volts, before);
        for (size_t i = 0; i < LINES_MAX; i++) {
            c.array.volts[i] += 0.25;
            c.bias[i] += 0.25;
        }
        solve(&c.file, c.array.volts, after);
        for (size_t j = 0; j < c.array.network.n_columns; j++)
            largest = fmax(largest, fabs(before[j]));
        for (size_t j = 0; j < c.array.network.n_columns; j++)
            cr_assert_float_eq(after[j], before[j], 1e-9 * largest + 1e-18, "seed %d: %g %g", (int)seed,
                               after[j], before[j]);
    }
}

Test(edges, an_access_device_is_part_of_its_cell)
{
    static struct case_of_edges c;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        double with[LINES_MAX], without[LINES_MAX], largest = 0;
        make_case(seed, &c);
        c.file.edges.r_access_ohm = 3e3;
        solve(&c.file, c.array.volts, with);
        c.file.edges.r_access_ohm = 0;
        for (size_t k = 0, n = c.array.network.n_rows * c.array.network.n_columns; k < n; k++)
            if (c.array.conductance[k] > 0)
                c.array.conductance[k] = 1 / (1 / c.array.conductance[k] + 3e3);
        solve(&c.file, c.array.volts, without);
        for (size_t j = 0; j < c.array.network.n_columns; j++)
            largest = fmax(largest, fabs(with[j]));
        for (size_t j = 0; j < c.array.network.n_columns; j++)
            cr_assert_float_eq(with[j], without[j], 1e-12 * largest + 1e-300, "seed %d", (int)seed);
    }
}

Test(edges, the_residual_sees_a_wrong_voltage_at_every_node)
{
    enum { ROWS = 3, COLUMNS = 4 };
    double conductance[ROWS * COLUMNS], words[ROWS * COLUMNS], bits[ROWS * COLUMNS], amperes[COLUMNS];
    const double volts[ROWS] = {0.1, -0.2, 0.15}, bias[COLUMNS] = {0, 0.05, 0, -0.05};
    const unsigned char rows[ROWS] = {0, 1, 0}, columns[COLUMNS] = {0, 0, 1, 0};
    const struct network network = {ROWS, COLUMNS, 2, 3, 100, 90};
    const struct edges edges = {EDGES_DRIVE_BOTH, EDGES_SENSE_BOTH, rows, columns, bias, 0};
    struct field_plan *plan = NULL;
    struct rs_error err;
    for (size_t c = 0; c < ROWS * COLUMNS; c++)
        conductance[c] = 1e-5 * (double)(c + 1);
    cr_assert_eq(field_plan_create_edges(&network, &edges, &plan, &err), RS_OK);
    field_factor(plan, conductance);
    cr_assert(field_solve(plan, volts, 1e-12, amperes, words, bits, NULL));
    cr_assert_lt(field_residual(plan, volts, words, bits), 1e-11);
    for (size_t c = 0; c < 2 * ROWS * COLUMNS; c++) {
        double *field = c % 2 == 0 ? words : bits, kept = field[c / 2];
        field[c / 2] += 1e-6;
        cr_assert_gt(field_residual(plan, volts, words, bits), 1e-5, "node %zu", c);
        field[c / 2] = (double)NAN;
        cr_assert(isnan(field_residual(plan, volts, words, bits)));
        field[c / 2] = kept;
    }
    field_plan_destroy(plan);
}
