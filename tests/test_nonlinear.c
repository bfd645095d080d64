/*
 * Nonlinear cells. Oracles: closed forms, bisection of a single loop, the linear solvers where a law is
 * straight, and Kirchhoff's law with the cells' own currents; tests/compare.sh holds the same against
 * ngspice.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array_oracle.h"
#include "crossbar/nonlinear.h"
#include "crossbar/transfer.h"

TestSuite(nonlinear, .timeout = 60);

enum { N_RANDOM = 100, LINES_MAX = 64 };

static struct cell_law table_of(size_t n, const double *volts, const double *factor)
{
    struct cell_law law;
    struct rs_error err;
    cr_assert_eq(cell_law_init_table(&law, n, volts, factor, &err), RS_OK, "%s", err.text);
    return law;
}

static const double some_volts[] = {0, 0.05, 0.1, 0.2, 0.3}, some_factor[] = {1, 1.02, 1.1, 1.5, 1.4};
enum { N_SOME = sizeof some_volts / sizeof some_volts[0] };

Test(nonlinear, a_sinh_cell_is_that_of_the_formula)
{
    const struct cell_law law = {.kind = CELL_LAW_SINH, .v0_volts = 0.25};
    double tangent;
    for (double volts = -1; volts <= 1; volts += 0.0625) {
        double current = cell_law_current(&law, 2e-5, volts, &tangent),
               expected = 2e-5 * 0.25 * sinh(volts / 0.25);
        cr_assert_float_eq(current, expected, 1e-15 * fabs(expected));
        cr_assert_float_eq(tangent, 2e-5 * cosh(volts / 0.25), 1e-14 * tangent);
    }
    double before = cell_law_current(&law, 1, 7.5, &tangent), slope = tangent;
    double beyond = cell_law_current(&law, 1, 8.5, &tangent);
    cr_assert_float_eq(beyond - before, slope, 1e-9 * slope, "straight beyond 30 v0");
}

Test(nonlinear, a_table_meets_its_points_and_rises_between_them)
{
    struct cell_law law = table_of(N_SOME, some_volts, some_factor);
    double tangent, before = 0;
    for (size_t k = 0; k < N_SOME; k++)
        cr_assert_float_eq(cell_law_current(&law, 3e-6, some_volts[k], &tangent),
                           3e-6 * some_volts[k] * some_factor[k], 1e-20);
    cell_law_current(&law, 3e-6, 0, &tangent);
    cr_assert_float_eq(tangent, 3e-6, 1e-21, "the conductance is that at 0 V");
    for (double volts = 1e-4; volts < 0.6; volts += 1e-4) {
        double current = cell_law_current(&law, 1, volts, &tangent), unused;
        cr_assert_gt(current, before, "at %g V", volts);
        cr_assert_eq(cell_law_current(&law, 1, -volts, &unused), -current);
        double difference = cell_law_current(&law, 1, volts + 1e-7, &unused) -
                            cell_law_current(&law, 1, volts - 1e-7, &unused);
        cr_assert_float_eq(tangent, difference / 2e-7, 1e-5, "at %g V", volts);
        before = current;
    }
    cell_law_clear(&law);
}

Test(nonlinear, half_a_table_is_the_whole_one)
{
    const double volts[] = {-0.2, -0.1, 0, 0.1, 0.2}, factor[] = {1.5, 1.1, 1, 1.1, 1.5};
    struct cell_law whole = table_of(5, volts, factor), upper = table_of(3, volts + 2, factor + 2),
                    bare = table_of(2, volts + 3, factor + 3);
    double tangent;
    for (double v = -0.4; v < 0.4; v += 0.03) {
        double current = cell_law_current(&whole, 1, v, &tangent);
        cr_assert_eq(cell_law_current(&upper, 1, v, &tangent), current);
        cr_assert_eq(cell_law_current(&bare, 1, v, &tangent), current);
    }
    cell_law_clear(&whole);
    cell_law_clear(&upper);
    cell_law_clear(&bare);
}

Test(nonlinear, an_access_device_takes_its_share_of_the_voltage)
{
    struct cell_law laws[] = {{.kind = CELL_LAW_SINH, .v0_volts = 0.05},
                              table_of(N_SOME, some_volts, some_factor)};
    for (size_t k = 0; k < 2; k++)
        for (double ohm = 1; ohm < 1e7; ohm *= 10)
            for (double inner = -0.5; inner < 0.55; inner += 0.05) {
                double tangent, bare;
                laws[k].r_access_ohm = 0;
                double current = cell_law_current(&laws[k], 1e-5, inner, &bare);
                laws[k].r_access_ohm = ohm;
                double found = cell_law_current(&laws[k], 1e-5, inner + ohm * current, &tangent);
                cr_assert_float_eq(found, current, 1e-12 * fabs(current) + 1e-25, "%g ohm %g V: %g %g", ohm,
                                   inner, found, current);
                cr_assert_float_eq(tangent, 1 / (1 / bare + ohm), 1e-9 * tangent);
            }
    cell_law_clear(&laws[1]);
}

struct solved {
    struct array_oracle array;
    double amperes[LINES_MAX], words[ORACLE_CELLS_MAX], bits[ORACLE_CELLS_MAX];
    struct nonlinear_report report;
    bool good;
};

static void solve(struct solved *s, const struct edges *edges, const struct cell_law *law, double tolerance)
{
    struct nonlinear_plan *plan = NULL;
    struct rs_error err;
    cr_assert_eq(
        nonlinear_plan_create_borrow(&s->array.network, edges, law, s->array.conductance, &plan, &err), RS_OK,
        "%s", err.text);
    s->good = nonlinear_solve(plan, s->array.volts, tolerance, s->amperes, s->words, s->bits, &s->report);
    nonlinear_plan_destroy(plan);
}

/* v + R G v0 sinh(v / v0) = V */
Test(nonlinear, one_cell_is_a_series_circuit)
{
    struct solved *s = calloc(1, sizeof *s);
    for (double v0 = 0.02; v0 < 2; v0 *= 2) {
        const struct cell_law law = {.kind = CELL_LAW_SINH, .v0_volts = v0};
        double low = 0, high = 0.4;
        s->array.network = (struct network){1, 1, 20, 30, 500, 700};
        s->array.conductance[0] = 1e-4;
        s->array.volts[0] = -0.4;
        solve(s, NULL, &law, 1e-12);
        for (int k = 0; k < 200; k++) {
            double middle = (low + high) / 2;
            *(middle + 1250 * 1e-4 * v0 * sinh(middle / v0) > 0.4 ? &high : &low) = middle;
        }
        double expected = -(0.4 - low) / 1250;
        cr_assert(s->good);
        cr_assert_float_eq(s->amperes[0], expected, 2e-12 * fabs(expected), "v0 %g: %.17g %.17g", v0,
                           s->amperes[0], expected);
    }
    free(s);
}

Test(nonlinear, a_straight_law_gives_the_linear_currents)
{
    const double volts[] = {0.1, 0.3}, factor[] = {1, 1};
    struct cell_law law = table_of(2, volts, factor);
    struct solved *s = calloc(1, sizeof *s);
    static double transfer[ORACLE_CELLS_MAX];
    for (uint64_t seed = 1; seed <= N_RANDOM; seed++) {
        double expected[LINES_MAX], scale[LINES_MAX];
        struct transfer_plan *plan = NULL;
        struct rs_error err;
        array_oracle_make(seed, 20, 3, &s->array);
        solve(s, NULL, &law, 1e-11);
        cr_assert(s->good && s->report.newton_steps == 0, "seed %d: error %g, %zu + %zu steps, %zu, conv %d",
                  (int)seed, s->report.error, s->report.chord_steps, s->report.newton_steps,
                  s->report.iterations, s->report.converged);
        cr_assert_eq(transfer_plan_create(&s->array.network, &plan, &err), RS_OK);
        transfer_compute(plan, s->array.conductance, transfer);
        transfer_apply(&s->array.network, transfer, s->array.volts, expected, scale);
        transfer_plan_destroy(plan);
        for (size_t j = 0; j < s->array.network.n_columns; j++)
            cr_assert_float_eq(s->amperes[j], expected[j], 1e-10 * scale[j] + 1e-300, "seed %d", (int)seed);
    }
    cell_law_clear(&law);
    free(s);
}

/* The sum of a column's cell currents by the law is its current; nothing of the iteration enters. */
static void check_columns(const struct solved *s, const struct cell_law *law, double tolerance, uint64_t seed)
{
    size_t n = s->array.network.n_columns;
    for (size_t j = 0; j < n; j++) {
        double sum = 0, scale = 0, tangent;
        for (size_t i = 0; i < s->array.network.n_rows; i++) {
            size_t c = i * n + j;
            double current =
                cell_law_current(law, s->array.conductance[c], s->words[c] - s->bits[c], &tangent);
            sum += current;
            scale += fabs(current);
        }
        cr_assert_float_eq(s->amperes[j], sum, tolerance * scale + 1e-19, "seed %d column %zu: %g %g",
                           (int)seed, j, s->amperes[j], sum);
    }
}

Test(nonlinear, random_arrays_obey_kirchhoff_with_the_law_of_their_cells)
{
    struct cell_law laws[] = {{.kind = CELL_LAW_SINH, .v0_volts = 0.3},
                              {.kind = CELL_LAW_SINH, .v0_volts = 0.03},
                              {.kind = CELL_LAW_SINH, .v0_volts = 0.1, .r_access_ohm = 2000},
                              {.selector = {1e-9, 0.04}},
                              {.kind = CELL_LAW_SINH, .v0_volts = 0.1, .selector = {1e-7, 0.02}},
                              table_of(N_SOME, some_volts, some_factor)};
    enum { N_LAWS = sizeof laws / sizeof laws[0] };
    struct solved *s = calloc(1, sizeof *s);
    for (uint64_t seed = 1; seed <= N_RANDOM; seed++)
        for (size_t k = 0; k < N_LAWS; k++) {
            array_oracle_make(seed, 20, 3, &s->array);
            solve(s, NULL, &laws[k], 1e-9);
            cr_assert(s->good, "seed %d law %zu: error %g after %zu + %zu steps", (int)seed, k,
                      s->report.error, s->report.chord_steps, s->report.newton_steps);
            cr_assert_lt(s->report.residual, 1e-7, "seed %d law %zu: %g", (int)seed, k, s->report.residual);
            check_columns(s, &laws[k], 2e-9, seed);
        }
    cell_law_clear(&laws[N_LAWS - 1]);
    free(s);
}

Test(nonlinear, opposite_drives_give_opposite_currents)
{
    const struct cell_law law = {.kind = CELL_LAW_SINH, .v0_volts = 0.1};
    struct solved *s = calloc(1, sizeof *s);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        double before[LINES_MAX];
        array_oracle_make(seed, 16, 2, &s->array);
        solve(s, NULL, &law, 1e-10);
        memcpy(before, s->amperes, sizeof before);
        for (size_t i = 0; i < s->array.network.n_rows; i++)
            s->array.volts[i] = -s->array.volts[i];
        solve(s, NULL, &law, 1e-10);
        for (size_t j = 0; j < s->array.network.n_columns; j++)
            cr_assert_eq(s->amperes[j], -before[j], "seed %d", (int)seed);
    }
    free(s);
}

Test(nonlinear, weak_laws_need_chords_alone_and_strong_ones_newton)
{
    const struct cell_law weak = {.kind = CELL_LAW_SINH, .v0_volts = 2},
                          strong = {.kind = CELL_LAW_SINH, .v0_volts = 0.01};
    struct solved *s = calloc(1, sizeof *s);
    array_oracle_make(3, 24, 1, &s->array);
    s->array.network = (struct network){16, 16, 2, 2, 100, 100};
    for (size_t c = 0; c < 256; c++)
        s->array.conductance[c] = 1e-6 * (double)(1 + c % 50);
    for (size_t i = 0; i < 16; i++)
        s->array.volts[i] = 0.4;
    solve(s, NULL, &weak, 1e-10);
    cr_assert(s->good && s->report.newton_steps == 0 && s->report.chord_steps > 1);
    solve(s, NULL, &strong, 1e-10);
    cr_assert(s->good && s->report.newton_steps > 1, "40 v0 across the array: %zu + %zu steps, error %g",
              s->report.chord_steps, s->report.newton_steps, s->report.error);
    cr_assert_lt(s->report.residual, 1e-9);
    free(s);
}

Test(nonlinear, what_rounding_forbids_is_not_claimed)
{
    const struct cell_law law = {.kind = CELL_LAW_SINH, .v0_volts = 0.1};
    struct solved *s = calloc(1, sizeof *s);
    array_oracle_make(4, 12, 1, &s->array);
    solve(s, NULL, &law, 1e-18);
    cr_assert(!s->good && s->report.error > 1e-18);
    free(s);
}

Test(nonlinear, edges_and_laws_go_together)
{
    const struct cell_law law = {.kind = CELL_LAW_SINH, .v0_volts = 0.05};
    struct solved *s = calloc(1, sizeof *s);
    for (uint64_t seed = 1; seed <= 60; seed++) {
        unsigned char rows[LINES_MAX], columns[LINES_MAX];
        double bias[LINES_MAX];
        uint64_t state = seed;
        array_oracle_make(seed, 14, 3, &s->array);
        for (size_t i = 0; i < LINES_MAX; i++) {
            rows[i] = array_oracle_uniform(&state) < 0.3;
            columns[i] = array_oracle_uniform(&state) < 0.3;
            bias[i] = 0.2 * array_oracle_uniform(&state) - 0.1;
        }
        const struct edges edges = {
            (enum edges_drive)(seed % 3), (enum edges_sense)(seed / 3 % 3), rows, columns, bias, 0};
        solve(s, &edges, &law, 1e-9);
        cr_assert(s->good, "seed %d: error %g, %zu + %zu steps, converged %d", (int)seed, s->report.error,
                  s->report.chord_steps, s->report.newton_steps, s->report.converged);
        cr_assert_lt(s->report.residual, 1e-7, "seed %d: %g", (int)seed, s->report.residual);
        check_columns(s, &law, 1e-7, seed);
    }
    free(s);
}
