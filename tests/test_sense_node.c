/* A bit line as its comparator sees it: against dense solutions of the whole array and against transients. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array_oracle.h"
#include "crossbar/loading.h"
#include "crossbar/sense_node.h"

TestSuite(sense_node, .timeout = 60);

enum { ROWS = 6, COLUMNS = 5, UNKNOWN_MAX = 2 * ROWS * COLUMNS + COLUMNS };

static double matrix[UNKNOWN_MAX][UNKNOWN_MAX + 1];

/* Adds a resistor between unknowns a and b; -1 is ground. */
static void join(int a, int b, double siemens)
{
    if (a >= 0)
        matrix[a][a] += siemens;
    if (b >= 0)
        matrix[b][b] += siemens;
    if (a >= 0 && b >= 0) {
        matrix[a][b] -= siemens;
        matrix[b][a] -= siemens;
    }
}

static double solve_for(int n, int wanted)
{
    for (int k = 0; k < n; k++)
        for (int i = k + 1; i < n; i++) {
            double factor = matrix[i][k] / matrix[k][k];
            for (int j = k; j <= n; j++)
                matrix[i][j] -= factor * matrix[k][j];
        }
    double x[UNKNOWN_MAX];
    for (int k = n - 1; k >= 0; k--) {
        x[k] = matrix[k][n];
        for (int j = k + 1; j < n; j++)
            x[k] -= matrix[k][j] * x[j];
        x[k] /= matrix[k][k];
    }
    return x[wanted];
}

/* Volts at the sense node of column `seen` for 1 A into that of column `column`; word wires and drivers, bit
 * wires and r_sense above 0. */
static double dense_transfer(const struct network *w, const double *g, int column, int seen)
{
    int n = (int)w->n_rows, m = (int)w->n_columns, size = 2 * n * m + m;
    memset(matrix, 0, sizeof matrix);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) {
            int word = i * m + j, bit = n * m + word;
            join(word, j == 0 ? -1 : word - 1,
                 1 / (j == 0 ? w->r_driver_ohm + w->r_word_line_ohm : w->r_word_line_ohm));
            join(word, bit, g[word]);
            join(bit, i == n - 1 ? 2 * n * m + j : bit + m, 1 / w->r_bit_line_ohm);
        }
    for (int j = 0; j < m; j++)
        join(2 * n * m + j, -1, 1 / w->r_sense_ohm);
    matrix[2 * n * m + column][size] = 1;
    return solve_for(size, 2 * n * m + seen);
}

static double dense_resistance(const struct network *w, const double *g, int column)
{
    return dense_transfer(w, g, column, column);
}

static void draw(uint64_t *state, size_t n, double *conductance)
{
    for (size_t c = 0; c < n; c++)
        conductance[c] = 1e-6 + 40e-6 * array_oracle_uniform(state);
}

static void compute(const struct network *network, const double *conductance, double line_farads,
                    double *resistance, double *delay)
{
    struct sense_node *node;
    struct rs_error err = {{0}};
    cr_assert_eq(sense_node_create(network, &node, &err), RS_OK, "%s", err.text);
    sense_node_compute(node, conductance, line_farads, resistance, delay);
    sense_node_destroy(node);
}

/* Stiff word lines: a column stands alone, and so does an array of one column. Else within the load. */
Test(sense_node, the_resistance_is_that_of_a_dense_solution)
{
    uint64_t state = 5;
    double conductance[ROWS * COLUMNS], resistance[COLUMNS];
    for (int repeat = 0; repeat < 10; repeat++) {
        struct network network = {ROWS, COLUMNS, 1e-9, 3, 1e-9, 1500};
        draw(&state, ROWS * COLUMNS, conductance);
        compute(&network, conductance, 0, resistance, NULL);
        for (int j = 0; j < COLUMNS; j++)
            cr_assert_float_eq(resistance[j] / dense_resistance(&network, conductance, j), 1, 1e-9);
        network.r_word_line_ohm = 2;
        network.r_driver_ohm = 100;
        compute(&network, conductance, 0, resistance, NULL);
        for (int j = 0; j < COLUMNS; j++)
            cr_assert_float_eq(resistance[j] / dense_resistance(&network, conductance, j), 1, 2e-4);
        network.n_columns = 1;
        compute(&network, conductance, 0, resistance, NULL);
        cr_assert_float_eq(resistance[0] / dense_resistance(&network, conductance, 0), 1, 1e-12);
    }
}

Test(sense_node, without_a_sense_resistor_the_node_is_ground)
{
    uint64_t state = 6;
    double conductance[ROWS * COLUMNS], resistance[COLUMNS];
    struct network network = {ROWS, COLUMNS, 2, 3, 100, 0};
    draw(&state, ROWS * COLUMNS, conductance);
    compute(&network, conductance, 0, resistance, NULL);
    for (int j = 0; j < COLUMNS; j++)
        cr_assert_eq(resistance[j], 0);
    memset(conductance, 0, sizeof conductance);
    network.r_sense_ohm = 75;
    compute(&network, conductance, 0, resistance, NULL);
    for (int j = 0; j < COLUMNS; j++)
        cr_assert_eq(resistance[j], 75, "open cells leave r_sense alone");
}

static void load(const struct network *network, const double *conductance, const double *drawn, double *loss)
{
    struct loading *loading;
    struct rs_error err = {{0}};
    cr_assert_eq(loading_create(network, NULL, &loading, &err), RS_OK, "%s", err.text);
    loading_factor(loading, conductance);
    cr_assert(loading_compute(loading, drawn, loss));
    loading_destroy(loading);
}

/* One cell alone: what it, its wires and its driver carry is missing from r_sense. */
Test(sense_node, a_current_drawn_from_one_cell_divides_between_the_cell_and_the_sense_resistance)
{
    const struct network network = {1, 1, 2, 3, 100, 1500};
    double conductance = 50e-6, drawn = 4e-6, loss, line_ohm = 3 + 1 / conductance + 2 + 100;
    load(&network, &conductance, &drawn, &loss);
    cr_assert_float_eq(loss / drawn, line_ohm / (line_ohm + 1500), 1e-13, "%g", loss);
}

/* Several currents at once, coupling through the word lines included. */
Test(sense_node, drawn_currents_lose_what_a_dense_solution_says)
{
    uint64_t state = 8;
    double conductance[ROWS * COLUMNS], drawn[COLUMNS] = {3e-6, 0, -1e-6, 2e-6, 0}, loss[COLUMNS];
    const struct network network = {ROWS, COLUMNS, 2, 3, 100, 1500};
    for (int repeat = 0; repeat < 5; repeat++) {
        draw(&state, ROWS * COLUMNS, conductance);
        load(&network, conductance, drawn, loss);
        for (int j = 0; j < COLUMNS; j++) {
            double expected = 0;
            for (int k = 0; k < COLUMNS; k++)
                expected += dense_transfer(&network, conductance, k, j) / 1500 * drawn[k];
            cr_assert_float_eq(loss[j], expected, 1e-11 * 6e-6, "column %d: %g A, %g expected", j, loss[j],
                               expected);
        }
    }
}

Test(sense_node, what_is_drawn_from_ground_is_lost_whole)
{
    uint64_t state = 9;
    double conductance[ROWS * COLUMNS], drawn[COLUMNS] = {3e-6, 0, -1e-6, 2e-6, 0}, loss[COLUMNS];
    const struct network network = {ROWS, COLUMNS, 2, 3, 100, 0};
    draw(&state, ROWS * COLUMNS, conductance);
    load(&network, conductance, drawn, loss);
    cr_assert_eq(memcmp(loss, drawn, sizeof drawn), 0);
}

/* The step response of one line by Runge's and Kutta's rule, and the area above it. */
static double transient_delay(const struct network *w, const double *g, double line_farads, double seconds)
{
    enum { STEPS = 20000 };
    double v[ROWS] = {0}, c = line_farads / ROWS, h = seconds / STEPS, current[STEPS + 1], area = 0;
    double r_end = w->r_bit_line_ohm + w->r_sense_ohm;
    for (int step = 0; step <= STEPS; step++) {
        double k[5][ROWS] = {{0}};
        current[step] = v[ROWS - 1] / r_end;
        for (int stage = 1; stage <= 4; stage++) {
            double part = stage == 1 ? 0 : stage == 4 ? 1 : 0.5, u[ROWS];
            for (int i = 0; i < ROWS; i++)
                u[i] = v[i] + part * h * k[stage - 1][i];
            for (int i = 0; i < ROWS; i++) {
                double g_cell = 1 / (1 / g[i] + w->r_driver_ohm + w->r_word_line_ohm);
                double into = g_cell * (1 - u[i]);
                into += i > 0 ? (u[i - 1] - u[i]) / w->r_bit_line_ohm : 0;
                into += i < ROWS - 1 ? (u[i + 1] - u[i]) / w->r_bit_line_ohm : -u[i] / r_end;
                k[stage][i] = into / c;
            }
        }
        for (int i = 0; i < ROWS; i++)
            v[i] += h / 6 * (k[1][i] + 2 * k[2][i] + 2 * k[3][i] + k[4][i]);
    }
    for (int step = 0; step < STEPS; step++)
        area += h * (1 - 0.5 * (current[step] + current[step + 1]) / current[STEPS]);
    return area;
}

Test(sense_node, the_delay_is_the_area_above_the_step_response)
{
    uint64_t state = 7;
    double conductance[ROWS], delay;
    for (int repeat = 0; repeat < 6; repeat++) {
        struct network network = {ROWS, 1, 2, 200, 100, repeat < 3 ? 1500 : 10};
        draw(&state, ROWS, conductance);
        compute(&network, conductance, 1e-12, NULL, &delay);
        double area = transient_delay(&network, conductance, 1e-12, 40 * delay);
        cr_assert_float_eq(delay / area, 1, 1e-4, "%g s, %g s expected", delay, area);
    }
}

Test(sense_node, a_line_of_one_node_has_the_delay_of_one_pole)
{
    uint64_t state = 8;
    double conductance[ROWS * COLUMNS], delay[COLUMNS];
    struct network network = {ROWS, COLUMNS, 0, 0, 0, 1500};
    draw(&state, ROWS * COLUMNS, conductance);
    compute(&network, conductance, 1e-12, NULL, delay);
    for (int j = 0; j < COLUMNS; j++) {
        double sum = 1 / 1500.0;
        for (int i = 0; i < ROWS; i++)
            sum += conductance[i * COLUMNS + j];
        cr_assert_float_eq(delay[j] * sum / 1e-12, 1, 1e-12);
    }
    network.r_sense_ohm = 0;
    compute(&network, conductance, 1e-12, NULL, delay);
    for (int j = 0; j < COLUMNS; j++)
        cr_assert_eq(delay[j], 0, "a grounded line");
}
