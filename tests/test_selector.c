/*
 * A selector in series with each cell. Oracle: its law the other way round, v = I / G + r I + v0 asinh(I /
 * i0), which is closed; tests/compare.sh holds the same against ngspice.
 */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "crossbar/array_solver.h"

TestSuite(selector, .timeout = 60);

/* The current's rounding: that of the voltages, magnified by their share (dI/I) / (dV/V), and of the sums. */
static double allowed(double amperes, double volts, double tangent)
{
    return 8 * DBL_EPSILON * (fabs(amperes) + fabs(volts) * tangent);
}

Test(selector, currents_and_slopes_are_those_of_the_devices_in_series)
{
    const double volts[] = {0.1, 0.3}, factor[] = {1.1, 1.4};
    struct cell_law laws[] = {{.kind = CELL_LAW_LINEAR}, {.kind = CELL_LAW_SINH, .v0_volts = 0.1}, {0}};
    struct rs_error err;
    cr_assert_eq(cell_law_init_table(&laws[2], 2, volts, factor, &err), RS_OK, "%s", err.text);
    for (int k = 0; k < 3; k++)
        for (double i0 = 1e-15; i0 < 1e-3; i0 *= 100)
            for (double v0 = 0.01; v0 < 1; v0 *= 3)
                for (double inner = 1e-9; inner < 1; inner *= 7) {
                    double siemens = 2e-5, bare, found, tangent, ohm = 700.0 * k;
                    laws[k].selector = (struct cell_selector){0};
                    laws[k].r_access_ohm = 0;
                    double current = cell_law_current(&laws[k], siemens, inner, &bare);
                    double whole = inner + ohm * current + v0 * asinh(current / i0);
                    double slope = 1 / (1 / bare + ohm + v0 / hypot(i0, current));
                    laws[k].selector = (struct cell_selector){i0, v0};
                    laws[k].r_access_ohm = ohm;
                    found = cell_law_current(&laws[k], siemens, whole, &tangent);
                    cr_assert_float_eq(found, current, allowed(current, whole, slope),
                                       "law %d i0 %g v0 %g: %.17g %.17g", k, i0, v0, found, current);
                    cr_assert_float_eq(tangent, slope, 1e-11 * slope, "law %d i0 %g v0 %g", k, i0, v0);
                    cr_assert_eq(cell_law_current(&laws[k], siemens, -whole, &tangent), -found);
                }
    cell_law_clear(&laws[2]);
}

Test(selector, without_one_a_straight_cell_stays_straight)
{
    struct cell_law law = {.r_access_ohm = 10};
    cr_assert(cell_law_is_linear(&law));
    law.selector = (struct cell_selector){1e-9, 0.05};
    cr_assert_not(cell_law_is_linear(&law));
    double tangent;
    cr_assert_eq(cell_law_current(&law, 0, 0.3, &tangent), 0.0, "an open cell");
    cr_assert_eq(tangent, 0.0);
}

enum { LINES = 4 };

/* An array of ideal wires, all cells `siemens`, read at (0, 0). */
struct scheme {
    double conductance[LINES * LINES], volts[LINES], bias[LINES], amperes[LINES];
    unsigned char rows[LINES], columns[LINES];
    struct array_file file;
};

static void make_scheme(struct scheme *s, double read, double other_rows, double other_columns,
                        double siemens)
{
    for (size_t i = 0; i < LINES; i++) {
        s->volts[i] = i == 0 ? read : other_rows;
        s->bias[i] = i == 0 ? 0 : other_columns;
        s->rows[i] = s->columns[i] = i > 0;
        for (size_t j = 0; j < LINES; j++)
            s->conductance[i * LINES + j] = siemens;
    }
    s->file = (struct array_file){.network = {LINES, LINES, 0, 0, 0, 0}, .conductance = s->conductance};
    s->file.edges.bit_line_bias_volts = s->bias;
}

static void solve(struct scheme *s)
{
    struct array_solver *solver = NULL;
    struct rs_error err;
    struct array_solver_report report;
    cr_assert_eq(array_solver_create_borrow(&s->file, &solver, &err), RS_OK, "%s", err.text);
    array_solver_solve(solver, s->volts, NETWORK_SOLVER_FIELD, 1e-12, s->amperes, NULL, NULL, &report);
    cr_assert(report.good, "error %g", report.difference);
    array_solver_destroy(solver);
}

static double volts_of(const struct cell_law *law, double siemens, double amperes)
{
    return amperes / siemens + law->selector.v0_volts * asinh(amperes / law->selector.i0_amperes);
}

/* V/2: cells of the read row and column see half of it, all others nothing. */
Test(selector, half_selected_cells_carry_what_the_closed_form_says)
{
    const double read = 0.8, siemens = 1e-3;
    static struct scheme s;
    for (double v0 = 0.02; v0 < 0.2; v0 *= 2) {
        make_scheme(&s, read, read / 2, read / 2, siemens);
        s.file.law.selector = (struct cell_selector){1e-12, v0};
        solve(&s);
        double half = s.amperes[1], full = s.amperes[0] - (LINES - 1) * half;
        for (size_t j = 1; j < LINES; j++)
            cr_assert_float_eq(s.amperes[j], half, 1e-11 * half);
        cr_assert_float_eq(volts_of(&s.file.law, siemens, half), read / 2, 1e-11 * read, "v0 %g", v0);
        cr_assert_float_eq(volts_of(&s.file.law, siemens, full), read, 1e-9 * read, "v0 %g", v0);
    }
}

/* Where the selector takes all the voltage a half of it gives 2 cosh(V / 2 v0) times less current. */
Test(selector, suppression_is_that_of_the_selector_where_it_takes_all_the_voltage)
{
    const double read = 0.8, v0 = 0.05;
    static struct scheme s;
    make_scheme(&s, read, read / 2, read / 2, 1);
    s.file.law.selector = (struct cell_selector){1e-15, v0};
    solve(&s);
    double half = s.amperes[1], full = s.amperes[0] - (LINES - 1) * half, expected = 2 * cosh(read / 2 / v0);
    cr_assert_float_eq(full / half, expected, 1e-6 * expected, "%g %g", full / half, expected);
    s.file.law.selector = (struct cell_selector){0};
    solve(&s);
    cr_assert_float_eq((s.amperes[0] - (LINES - 1) * s.amperes[1]) / s.amperes[1], 2, 1e-12,
                       "none: half of it");
}

/* V/3: half-selected cells see a third, all others a third the other way round. */
Test(selector, a_third_is_seen_both_ways_in_a_scheme_of_thirds)
{
    const double read = 0.9, siemens = 1e-4;
    static struct scheme s;
    make_scheme(&s, read, read / 3, 2 * read / 3, siemens);
    s.file.law.selector = (struct cell_selector){1e-10, 0.04};
    solve(&s);
    double tangent, third = cell_law_current(&s.file.law, siemens, read / 3, &tangent);
    double full = cell_law_current(&s.file.law, siemens, read, &tangent);
    cr_assert_float_eq(s.amperes[0], full + (LINES - 1) * third, 1e-11 * full);
    for (size_t j = 1; j < LINES; j++)
        cr_assert_float_eq(s.amperes[j], third - (LINES - 1) * third, 1e-11 * LINES * third);
}

/* Other lines floating: a sneak path is one cell, (LINES-1)^2 beside each other, one cell, in series. */
Test(selector, a_sneak_path_has_three_selectors_in_series)
{
    const double read = 0.6, siemens = 1e-4, n = LINES - 1;
    static struct scheme s;
    make_scheme(&s, read, 0, 0, siemens);
    s.file.edges.word_line_floating = s.rows;
    s.file.edges.bit_line_floating = s.columns;
    s.file.law.selector = (struct cell_selector){1e-9, 0.05};
    solve(&s);
    double tangent, sneak = s.amperes[0] - cell_law_current(&s.file.law, siemens, read, &tangent);
    double volts =
        2 * volts_of(&s.file.law, siemens, sneak / n) + volts_of(&s.file.law, siemens, sneak / n / n);
    cr_assert_float_eq(volts, read, 1e-7 * read, "%g", volts);
    cr_assert_lt(sneak, 0.05 * s.amperes[0]);
    s.file.law.selector = (struct cell_selector){0};
    solve(&s);
    double expected = read * siemens * (1 + 1 / (2 / n + 1 / n / n));
    cr_assert_float_eq(s.amperes[0], expected, 1e-11 * expected,
                       "none: the sneak paths carry more than the cell");
}
