/*
 * The resistive array. Oracles: elimination in quadruple precision, the Riccati row recursion, closed-form
 * ladders; test_property.c has the laws that any resistor network obeys. A failing random array is named by
 * its seed.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array_oracle.h"
#include "crossbar/certify.h"
#include "crossbar/field.h"
#include "crossbar/transfer.h"

TestSuite(crossbar, .timeout = 60);

enum { N_RANDOM = 200, LINES_MAX = 64 };

static const double some_ohm[] = {0, 3.0, 170.0};

static void compute_with(enum kernel kernel, const struct network *network, const double *conductance,
                         double *transfer)
{
    struct transfer_plan *plan = NULL;
    struct rs_error err;
    cr_assert_eq(transfer_plan_create(network, NULL, kernel, TRANSFER_F64, &plan, &err), RS_OK, "%s",
                 err.text);
    transfer_compute(plan, conductance, transfer);
    transfer_plan_destroy(plan);
}

static void compute(const struct network *network, const double *conductance, double *transfer)
{
    compute_with(kernel_chosen(), network, conductance, transfer);
}

/* The largest distance of any kernel's T from the oracle's. */
static double distance_of_kernels(const struct array_oracle *array, const double *oracle, double *transfer)
{
    double largest = 0;
    for (int k = 0; k < N_KERNELS; k++) {
        if (!kernel_runs((enum kernel)k))
            continue;
        compute_with((enum kernel)k, &array->network, array->conductance, transfer);
        double distance =
            array_oracle_distance(transfer, oracle, array->network.n_rows * array->network.n_columns);
        largest = distance > largest || isnan(distance) ? distance : largest;
    }
    return largest;
}

static struct field_plan *factored(const struct network *network, const double *conductance)
{
    struct field_plan *plan = NULL;
    struct rs_error err;
    cr_assert_eq(field_plan_create(network, &plan, &err), RS_OK, "%s", err.text);
    field_factor(plan, conductance);
    return plan;
}

/* Every state of an array that the tests look at. */
struct solved {
    struct array_oracle array;
    double transfer[ORACLE_CELLS_MAX], words[ORACLE_CELLS_MAX], bits[ORACLE_CELLS_MAX];
    double transfer_amperes[LINES_MAX], amperes[LINES_MAX], scale[LINES_MAX];
    struct certify_report report;
    bool certified;
};

/* A field of volts against V T, to a tenth of the tolerance. */
static bool certify(struct field_plan *plan, const struct network *network, const double *transfer,
                    const double *volts, double tolerance, const struct certify_solution *solution,
                    struct certify_report *report)
{
    const struct certify_bias none = {NULL, NULL};
    field_solve(plan, volts, CERTIFY_FIELD_SHARE * tolerance, solution->field_amperes,
                solution->word_line_volts, solution->bit_line_volts, &report->field);
    return certify_compare(network, transfer, &none, volts, tolerance, solution, report);
}

static void solve(struct solved *s, double tolerance)
{
    const struct network *network = &s->array.network;
    compute(network, s->array.conductance, s->transfer);
    struct field_plan *plan = factored(network, s->array.conductance);
    struct certify_solution solution = {s->transfer_amperes, s->amperes, s->scale, s->words, s->bits};
    s->certified = certify(plan, network, s->transfer, s->array.volts, tolerance, &solution, &s->report);
    field_plan_destroy(plan);
}

static struct solved *solved_random(uint64_t seed, size_t max_lines, double decades, double tolerance)
{
    struct solved *s = calloc(1, sizeof *s);
    array_oracle_make(seed, max_lines, decades, &s->array);
    solve(s, tolerance);
    return s;
}

static size_t n_cells(const struct network *network)
{
    return network->n_rows * network->n_columns;
}

Test(crossbar, t_of_random_arrays_is_that_of_nodal_analysis)
{
    for (uint64_t seed = 1; seed <= N_RANDOM; seed++) {
        static struct array_oracle array;
        static double transfer[ORACLE_CELLS_MAX], oracle[ORACLE_CELLS_MAX];
        array_oracle_make(seed, 7, 8, &array);
        array_oracle_nodal(&array.network, array.conductance, oracle);
        double distance = distance_of_kernels(&array, oracle, transfer);
        cr_assert_lt(distance, 1e-14, "seed %d: %g", (int)seed, distance);
    }
}

Test(crossbar, every_combination_of_zero_resistances_is_exact)
{
    const size_t shapes[][2] = {{1, 1}, {1, 2}, {2, 1}, {1, 5}, {6, 1}, {2, 2}, {3, 4}, {5, 2}, {7, 6}};
    static struct array_oracle array;
    static double transfer[ORACLE_CELLS_MAX], oracle[ORACLE_CELLS_MAX];
    for (size_t shape = 0; shape < sizeof shapes / sizeof shapes[0]; shape++)
        for (unsigned zeros = 0; zeros < 16; zeros++) {
            array_oracle_make(100 + shape, 7, 8, &array);
            array.network = (struct network){shapes[shape][0],    shapes[shape][1],    zeros & 1 ? 0 : 2.5,
                                             zeros & 2 ? 0 : 1.5, zeros & 4 ? 0 : 120, zeros & 8 ? 0 : 80};
            array_oracle_nodal(&array.network, array.conductance, oracle);
            double distance = distance_of_kernels(&array, oracle, transfer);
            cr_assert_lt(distance, 1e-14, "shape %d zeros %u: %g", (int)shape, zeros, distance);
        }
}

Test(crossbar, t_of_larger_arrays_is_that_of_the_row_recursion)
{
    const size_t shapes[][2] = {{32, 32}, {33, 20}, {17, 40}, {1, 64}, {64, 3}, {48, 64}};
    static struct array_oracle array;
    static double transfer[ORACLE_CELLS_MAX], oracle[ORACLE_CELLS_MAX];
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        array_oracle_make(7 + i, 64, 2, &array);
        size_t n_rows = shapes[i][0], n_columns = shapes[i][1];
        array.network = (struct network){n_rows, n_columns, 2.0, i % 2 == 0 ? 3.0 : 0, i == 3 ? 0 : 100, 90};
        uint64_t state = i;
        for (size_t c = 0; c < n_rows * n_columns; c++)
            array.conductance[c] = 1e-6 * pow(100, array_oracle_uniform(&state));
        array_oracle_riccati(&array.network, array.conductance, oracle);
        double distance = distance_of_kernels(&array, oracle, transfer);
        cr_assert_lt(distance, 1e-11, "%zu x %zu: %g", n_rows, n_columns, distance);
    }
}

Test(crossbar, one_cell_is_a_series_circuit)
{
    for (int zeros = 0; zeros < 16; zeros++) {
        const struct network network = {
            1, 1, zeros & 1 ? 0 : 2, zeros & 2 ? 0 : 3, zeros & 4 ? 0 : 50, zeros & 8 ? 0 : 70};
        double cell = 1e-4, transfer,
               expected = 1 / (network.r_word_line_ohm + network.r_bit_line_ohm + network.r_driver_ohm +
                               network.r_sense_ohm + 1e4);
        compute(&network, &cell, &transfer);
        cr_assert_float_eq(transfer, expected, 1e-15 * expected, "%.17g %.17g", transfer, expected);
        cell = 0;
        compute(&network, &cell, &transfer);
        cr_assert_eq(transfer, 0.0);
    }
}

/* Uniform ladder: node k from the open end has cosh((k + 1/2) theta), 2 sinh(theta / 2) = sqrt(r g). */
static double ladder_transfer(size_t i, size_t n, double r_ohm, double r_end_ohm, double siemens)
{
    double theta = 2 * asinh(sqrt(r_ohm * siemens) / 2);
    double first = cosh(((double)n - 0.5) * theta), before = cosh(((double)n + 0.5) * theta);
    double source = first + (r_ohm + r_end_ohm) * (before - first) / r_ohm;
    return siemens * cosh(((double)(n - 1 - i) + 0.5) * theta) / source;
}

Test(crossbar, one_line_is_a_ladder)
{
    enum { N = 37 };
    const double r_wire = 4, r_driver = 60, r_bit = 3, r_sense = 25, cell = 2e-4;
    double conductance[N], transfer[N], branch = 1 / (1 / cell + r_bit + r_sense);
    for (size_t i = 0; i < N; i++)
        conductance[i] = cell;
    compute(&(struct network){1, N, r_wire, r_bit, r_driver, r_sense}, conductance, transfer);
    for (size_t j = 0; j < N; j++) {
        double expected = ladder_transfer(j, N, r_wire, r_driver, branch);
        cr_assert_float_eq(transfer[j], expected, 1e-13 * expected, "column %zu", j);
    }
    compute(&(struct network){N, 1, r_bit, r_wire, r_sense, r_driver}, conductance, transfer);
    for (size_t i = 0; i < N; i++) {
        double expected = ladder_transfer(N - 1 - i, N, r_wire, r_driver, branch);
        cr_assert_float_eq(transfer[i], expected, 1e-13 * expected, "row %zu", i);
    }
}

Test(crossbar, ideal_wires_give_the_plain_product)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct solved *s = calloc(1, sizeof *s);
        array_oracle_make(seed, 20, 1, &s->array);
        struct network *network = &s->array.network;
        *network = (struct network){network->n_rows, network->n_columns, 0, 0, 0, 0};
        solve(s, 1e-14);
        cr_assert(memcmp(s->transfer, s->array.conductance, n_cells(network) * sizeof(double)) == 0);
        for (size_t j = 0; j < network->n_columns; j++) {
            double sum = 0;
            for (size_t i = 0; i < network->n_rows; i++)
                sum += s->array.volts[i] * s->array.conductance[i * network->n_columns + j];
            cr_assert_float_eq(s->amperes[j], sum, 1e-15 * s->scale[j] + 1e-300, "seed %d", (int)seed);
        }
        cr_assert(s->certified);
        free(s);
    }
}

Test(crossbar, field_and_t_agree_on_random_arrays)
{
    for (uint64_t seed = 1; seed <= N_RANDOM; seed++) {
        struct solved *s = solved_random(seed, 24, 4, 1e-10);
        cr_assert(s->certified, "seed %d: %zu steps, difference %g", (int)seed, s->report.field.iterations,
                  s->report.difference);
        cr_assert_lt(s->report.field.residual, 1e-7, "seed %d: %g", (int)seed, s->report.field.residual);
        free(s);
    }
}

Test(crossbar, field_and_t_agree_over_eight_decades)
{
    for (uint64_t seed = 1; seed <= N_RANDOM; seed++) {
        struct solved *s = solved_random(seed, 9, 8, 1e-9);
        cr_assert(s->certified, "seed %d: %zu steps, difference %g", (int)seed, s->report.field.iterations,
                  s->report.difference);
        free(s);
    }
}

Test(crossbar, residual_of_ordinary_arrays_is_small)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct solved *s = calloc(1, sizeof *s);
        array_oracle_make(seed, 40, 1, &s->array);
        s->array.network.r_word_line_ohm = some_ohm[seed % 3];
        solve(s, 1e-12);
        cr_assert_lt(s->report.field.residual, 1e-10, "seed %d: %g", (int)seed, s->report.field.residual);
        free(s);
    }
}

Test(crossbar, a_wrong_solution_has_a_large_residual)
{
    struct solved *s = calloc(1, sizeof *s);
    array_oracle_make(3, 12, 1, &s->array);
    s->array.network = (struct network){9, 7, 2, 3, 100, 90};
    solve(s, 1e-12);
    struct field_plan *plan = factored(&s->array.network, s->array.conductance);
    double *const fields[] = {s->words, s->bits};
    for (size_t f = 0; f < 2; f++)
        for (size_t c = 0; c < 63; c += 5) {
            double kept = fields[f][c];
            fields[f][c] = kept + 1e-6;
            cr_assert_gt(field_residual(plan, s->array.volts, s->words, s->bits), 1e-4);
            fields[f][c] = NAN;
            cr_assert(isnan(field_residual(plan, s->array.volts, s->words, s->bits)));
            fields[f][c] = kept;
        }
    cr_assert_lt(field_residual(plan, s->array.volts, s->words, s->bits), 1e-11);
    field_plan_destroy(plan);
    free(s);
}

Test(crossbar, a_wrong_t_is_not_certified)
{
    struct solved *s = calloc(1, sizeof *s);
    array_oracle_make(4, 12, 1, &s->array);
    solve(s, 1e-9);
    cr_assert(s->certified);
    size_t row = 0;
    while (s->array.volts[row] == 0)
        row++;
    double *entry = s->transfer + row * s->array.network.n_columns;
    *entry = *entry * (1 + 1e-4) + 1e-12;
    struct field_plan *plan = factored(&s->array.network, s->array.conductance);
    struct certify_solution solution = {s->transfer_amperes, s->amperes, s->scale, NULL, NULL};
    cr_assert_not(certify(plan, &s->array.network, s->transfer, s->array.volts, 1e-9, &solution, &s->report));
    *entry = NAN;
    cr_assert_not(certify(plan, &s->array.network, s->transfer, s->array.volts, 1e-9, &solution, &s->report));
    field_plan_destroy(plan);
    free(s);
}

Test(crossbar, tiny_drives_give_the_same_digits)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct solved *s = solved_random(seed, 16, 3, 1e-12);
        struct field_plan *plan = factored(&s->array.network, s->array.conductance);
        double tiny[LINES_MAX], tiny_amperes[LINES_MAX];
        for (size_t i = 0; i < s->array.network.n_rows; i++)
            tiny[i] = ldexp(s->array.volts[i], -600);
        field_solve(plan, tiny, 1e-13, tiny_amperes, NULL, NULL, NULL);
        field_solve(plan, s->array.volts, 1e-13, s->amperes, NULL, NULL, NULL);
        for (size_t j = 0; j < s->array.network.n_columns; j++)
            cr_assert_eq(ldexp(tiny_amperes[j], 600), s->amperes[j], "seed %d", (int)seed);
        field_plan_destroy(plan);
        free(s);
    }
}

Test(crossbar, four_times_all_resistances_give_a_quarter_of_t_to_the_bit)
{
    static struct array_oracle array;
    static double transfer[ORACLE_CELLS_MAX], scaled[ORACLE_CELLS_MAX];
    for (uint64_t seed = 1; seed <= 40; seed++) {
        array_oracle_make(seed, 30, 8, &array);
        compute(&array.network, array.conductance, transfer);
        array.network.r_word_line_ohm *= 4;
        array.network.r_bit_line_ohm *= 4;
        array.network.r_driver_ohm *= 4;
        array.network.r_sense_ohm *= 4;
        for (size_t c = 0; c < n_cells(&array.network); c++)
            array.conductance[c] /= 4;
        compute(&array.network, array.conductance, scaled);
        for (size_t c = 0; c < n_cells(&array.network); c++)
            cr_assert_eq(4 * scaled[c], transfer[c], "seed %d cell %zu", (int)seed, c);
    }
}

Test(crossbar, node_voltages_lie_between_those_of_the_sources_and_ground)
{
    for (uint64_t seed = 1; seed <= N_RANDOM; seed++) {
        struct solved *s = solved_random(seed, 12, 6, 1e-10);
        double low = 0, high = 0;
        for (size_t i = 0; i < s->array.network.n_rows; i++) {
            low = fmin(low, s->array.volts[i]);
            high = fmax(high, s->array.volts[i]);
        }
        for (size_t c = 0; c < n_cells(&s->array.network); c++)
            cr_assert(s->words[c] >= low - 1e-9 && s->words[c] <= high + 1e-9 && s->bits[c] >= low - 1e-9 &&
                          s->bits[c] <= high + 1e-9,
                      "seed %d cell %zu", (int)seed, c);
        free(s);
    }
}

Test(crossbar, open_lines_carry_exactly_nothing)
{
    struct solved *s = calloc(1, sizeof *s);
    for (unsigned zeros = 0; zeros < 16; zeros++) {
        array_oracle_make(11, 9, 1, &s->array);
        s->array.network = (struct network){
            5, 6, zeros & 1 ? 0 : 49, zeros & 2 ? 0 : 0.7, zeros & 4 ? 0 : 103, zeros & 8 ? 0 : 90};
        for (size_t c = 0; c < 30; c++)
            s->array.conductance[c] = c / 6 == 2 || c % 6 == 4 ? 0 : 1e-5 * (double)(c + 1);
        for (size_t i = 0; i < 5; i++)
            s->array.volts[i] = 0.1;
        solve(s, 1e-12);
        cr_assert(s->certified, "zeros %u", zeros);
        for (size_t j = 0; j < 6; j++)
            cr_assert_eq(s->transfer[2 * 6 + j], 0.0);
        for (size_t i = 0; i < 5; i++)
            cr_assert_eq(s->transfer[i * 6 + 4], 0.0);
        cr_assert_eq(s->amperes[4], 0.0);
        memset(s->array.conductance, 0, sizeof s->array.conductance);
        solve(s, 1e-12);
        cr_assert_eq(s->report.field.residual, 0.0, "zeros %u", zeros);
        cr_assert_eq(s->words[7], 0.1, "an open line has its source's voltage");
    }
    free(s);
}

Test(crossbar, no_drive_gives_zero_currents_and_residual)
{
    struct solved *s = calloc(1, sizeof *s);
    array_oracle_make(5, 9, 1, &s->array);
    memset(s->array.volts, 0, sizeof s->array.volts);
    solve(s, 1e-9);
    cr_assert(s->certified);
    cr_assert_eq(s->report.field.residual, 0.0);
    for (size_t j = 0; j < s->array.network.n_columns; j++)
        cr_assert(s->amperes[j] == 0 && s->transfer_amperes[j] == 0);
    free(s);
}

Test(crossbar, a_plan_gives_the_same_bits_again)
{
    static struct array_oracle one, other;
    static double first[ORACLE_CELLS_MAX], again[ORACLE_CELLS_MAX];
    double first_amperes[LINES_MAX], again_amperes[LINES_MAX];
    struct transfer_plan *plan = NULL;
    struct rs_error err;
    array_oracle_make(21, 40, 2, &one);
    array_oracle_make(22, 40, 2, &other);
    one.network = (struct network){19, 23, 2, 2, 100, 100};
    cr_assert_eq(transfer_plan_create(&one.network, NULL, kernel_chosen(), TRANSFER_F64, &plan, &err), RS_OK);
    transfer_compute(plan, one.conductance, first);
    transfer_compute(plan, other.conductance, again);
    transfer_compute(plan, one.conductance, again);
    cr_assert(memcmp(first, again, n_cells(&one.network) * sizeof *first) == 0);
    transfer_plan_destroy(plan);
    struct field_plan *field = factored(&one.network, one.conductance);
    field_solve(field, one.volts, 1e-9, first_amperes, NULL, NULL, NULL);
    field_factor(field, other.conductance);
    field_solve(field, other.volts, 1e-9, again_amperes, NULL, NULL, NULL);
    field_factor(field, one.conductance);
    field_solve(field, one.volts, 1e-9, again_amperes, NULL, NULL, NULL);
    cr_assert(memcmp(first_amperes, again_amperes, one.network.n_columns * sizeof *first_amperes) == 0);
    field_plan_destroy(field);
}
