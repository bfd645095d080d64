/*
 * Laws that every resistor network obeys, over 1,000 random arrays: up to 20 lines each way, one row or one
 * column in every tenth, all combinations of resistances that are 0, cells over four decades, open cells and
 * lines. A failing array is named by its seed.
 *
 * Bounds. T is made of sums of positive terms: 1e-14 of each entry is some 50 roundings. Fields are solved to
 * TOLERANCE of sum |V| T; what leaves a node may be off by that share of the driver currents (LEFT), and by
 * the rounding of the voltages times the conductances at it (ROUNDINGS), which is all there is where wires
 * conduct well.
 */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array_oracle.h"
#include "crossbar/field.h"
#include "crossbar/transfer.h"

TestSuite(property, .timeout = 60);

enum {
    N_ARRAYS = 1000,
    LINES_MAX = 22,
    CELLS_MAX = LINES_MAX * LINES_MAX,
    NODES_MAX = 2 * CELLS_MAX + 2 * LINES_MAX
};

#define T_BOUND 1e-14
#define TOLERANCE 1e-13
#define LEFT 1e-11
#define ROUNDINGS (16 * DBL_EPSILON)

/* Every combination of zero resistances comes about 60 times. */
static void make(uint64_t seed, struct array_oracle *array)
{
    struct network *network = &array->network;
    double *const ohm[] = {&network->r_word_line_ohm, &network->r_bit_line_ohm, &network->r_driver_ohm,
                           &network->r_sense_ohm};
    uint64_t state = seed;
    array_oracle_make(seed, 20, 3, array);
    for (size_t k = 0; k < 4; k++)
        *ohm[k] = seed >> k & 1 ? 0 : pow(10, 3 * array_oracle_uniform(&state) - 0.5);
    if (seed % 10 == 0)
        network->n_rows = 1;
    if (seed % 10 == 5)
        network->n_columns = 1;
}

static void compute(const struct array_oracle *array, double *transfer)
{
    struct transfer_plan *plan = NULL;
    struct rs_error err;
    cr_assert_eq(transfer_plan_create(&array->network, &plan, &err), RS_OK, "%s", err.text);
    transfer_compute(plan, array->conductance, transfer);
    transfer_plan_destroy(plan);
}

static size_t count_cells(const struct array_oracle *array)
{
    return array->network.n_rows * array->network.n_columns;
}

/* What each node gets from its branches, and what rounding may make of that. */
struct balance {
    double potential[NODES_MAX], net[NODES_MAX], rounding[NODES_MAX];
    double watts, watts_rounding;
};

static void flow(void *context, long a, long b, array_oracle_quad quad)
{
    struct balance *balance = context;
    double siemens = (double)quad, drop = balance->potential[a] - balance->potential[b];
    double size = fabs(balance->potential[a]) + fabs(balance->potential[b]),
           rounding = ROUNDINGS * siemens * size;
    balance->net[a] -= siemens * drop;
    balance->net[b] += siemens * drop;
    balance->rounding[a] += rounding;
    balance->rounding[b] += rounding;
    balance->watts += siemens * drop * drop;
    balance->watts_rounding += rounding * size;
}

/* Solves for the array's drives; what its sources give is -balance->net[n_unknown + i]. Returns n_unknown. */
static size_t solve(const struct array_oracle *array, const double *volts, double *amperes,
                    struct balance *balance, uint64_t seed)
{
    static double words[CELLS_MAX], bits[CELLS_MAX];
    struct field_plan *plan = NULL;
    struct field_report report;
    struct rs_error err;
    cr_assert_eq(field_plan_create(&array->network, &plan, &err), RS_OK, "%s", err.text);
    field_factor(plan, array->conductance);
    cr_assert(field_solve(plan, volts, TOLERANCE, amperes, words, bits, &report), "seed %d: %zu steps",
              (int)seed, report.iterations);
    field_plan_destroy(plan);
    memset(balance, 0, sizeof *balance);
    array_oracle_potentials(&array->network, volts, words, bits, balance->potential);
    return (size_t)array_oracle_branches(&array->network, array->conductance, flow, balance);
}

Test(property, currents_into_every_node_add_up_to_nothing)
{
    static struct array_oracle array;
    static struct balance balance;
    double lines[4][LINES_MAX], amperes[LINES_MAX];
    for (uint64_t seed = 1; seed <= N_ARRAYS; seed++) {
        uint64_t state = seed;
        make(seed, &array);
        for (size_t k = 0; k < 4 * LINES_MAX; k++)
            lines[k / LINES_MAX][k % LINES_MAX] =
                array_oracle_uniform(&state) < 0.2 ? 0 : 100 * array_oracle_uniform(&state);
        if (seed % 3 == 0)
            array.network.lines = (struct network_lines){lines[0], lines[1], lines[2], lines[3]};
        size_t n = array.network.n_rows, n_unknown = solve(&array, array.volts, amperes, &balance, seed);
        double largest = 0;
        for (size_t i = 0; i < n; i++)
            largest = fmax(largest, fabs(balance.net[n_unknown + i]));
        for (size_t k = 0; k < n_unknown; k++)
            cr_assert_leq(fabs(balance.net[k]), LEFT * largest + balance.rounding[k],
                          "seed %d node %zu: %g of %g", (int)seed, k, balance.net[k], largest);
        for (size_t j = 0; j < array.network.n_columns; j++) {
            size_t k = n_unknown + n + j;
            cr_assert_float_eq(balance.net[k], amperes[j], LEFT * largest + balance.rounding[k],
                               "seed %d column %zu: %g %g", (int)seed, j, balance.net[k], amperes[j]);
        }
    }
}

/* Tellegen: what the sources give, the branches turn into heat. */
Test(property, sources_give_what_branches_take)
{
    static struct array_oracle array;
    static struct balance balance;
    double amperes[LINES_MAX];
    for (uint64_t seed = 1; seed <= N_ARRAYS; seed++) {
        make(seed, &array);
        size_t n_unknown = solve(&array, array.volts, amperes, &balance, seed);
        double given = 0;
        for (size_t i = 0; i < array.network.n_rows; i++)
            given -= array.volts[i] * balance.net[n_unknown + i];
        cr_assert_float_eq(given, balance.watts, LEFT * balance.watts + balance.watts_rounding,
                           "seed %d: %g %g", (int)seed, given, balance.watts);
    }
}

/* 1 V at sense terminal j drives T_ij into source i, as 1 V at source i does into terminal j. */
Test(property, source_and_sense_terminal_may_be_exchanged)
{
    static struct array_oracle array;
    static struct balance balance;
    static double transfer[CELLS_MAX], words[CELLS_MAX], bits[CELLS_MAX];
    const double none[LINES_MAX] = {0};
    for (uint64_t seed = 1; seed <= N_ARRAYS; seed++) {
        make(seed, &array);
        compute(&array, transfer);
        size_t n = array.network.n_columns, j = seed % n;
        double sense[LINES_MAX] = {0};
        sense[j] = 1;
        const struct field_drive drive = {.sense_volts = sense};
        struct field_plan *plan = NULL;
        struct rs_error err;
        cr_assert_eq(field_plan_create(&array.network, &plan, &err), RS_OK, "%s", err.text);
        field_factor(plan, array.conductance);
        cr_assert(field_solve_many(plan, 1, &drive, TOLERANCE, NULL, words, bits, NULL), "seed %d", (int)seed);
        field_plan_destroy(plan);
        memset(&balance, 0, sizeof balance);
        array_oracle_potentials(&array.network, none, words, bits, balance.potential);
        size_t n_unknown = (size_t)array_oracle_branches(&array.network, array.conductance, flow, &balance);
        for (size_t i = 0; i < array.network.n_rows; i++) {
            double expected = transfer[i * n + j], found = balance.net[n_unknown + i];
            cr_assert_float_eq(found, expected, LEFT * expected, "seed %d T[%zu][%zu]: %g %g", (int)seed, i,
                               j, found, expected);
        }
    }
}

/* The array seen from its sense terminals: lines change roles, and both orders turn round. */
static void turn(const struct array_oracle *array, struct array_oracle *other)
{
    const struct network *network = &array->network;
    size_t n_rows = network->n_rows, n_columns = network->n_columns;
    other->network = (struct network){.n_rows = n_columns,
                                      .n_columns = n_rows,
                                      .r_word_line_ohm = network->r_bit_line_ohm,
                                      .r_bit_line_ohm = network->r_word_line_ohm,
                                      .r_driver_ohm = network->r_sense_ohm,
                                      .r_sense_ohm = network->r_driver_ohm};
    for (size_t a = 0; a < n_columns; a++)
        for (size_t b = 0; b < n_rows; b++)
            other->conductance[a * n_rows + b] =
                array->conductance[(n_rows - 1 - b) * n_columns + n_columns - 1 - a];
}

Test(property, the_array_seen_from_its_sense_side_has_the_transposed_t)
{
    static struct array_oracle array, other;
    static double transfer[CELLS_MAX], back[CELLS_MAX], expected[CELLS_MAX];
    for (uint64_t seed = 1; seed <= N_ARRAYS; seed++) {
        make(seed, &array);
        turn(&array, &other);
        compute(&array, transfer);
        compute(&other, back);
        size_t n_rows = array.network.n_rows, n_columns = array.network.n_columns;
        for (size_t a = 0; a < n_columns; a++)
            for (size_t b = 0; b < n_rows; b++)
                expected[a * n_rows + b] = transfer[(n_rows - 1 - b) * n_columns + n_columns - 1 - a];
        double distance = array_oracle_distance(back, expected, n_rows * n_columns);
        cr_assert_lt(distance, T_BOUND, "seed %d: %g", (int)seed, distance);
    }
}

Test(property, drives_superpose_and_scale)
{
    static struct array_oracle array;
    static double transfer[CELLS_MAX];
    static struct balance balance;
    for (uint64_t seed = 1; seed <= N_ARRAYS; seed++) {
        double one[LINES_MAX], rest[LINES_MAX], thrice[LINES_MAX], scale[LINES_MAX], by_t[LINES_MAX];
        double amperes[4][LINES_MAX];
        make(seed, &array);
        compute(&array, transfer);
        transfer_apply(&array.network, transfer, array.volts, by_t, scale);
        for (size_t i = 0; i < array.network.n_rows; i++) {
            one[i] = i % 2 == 0 ? array.volts[i] : 0.5 * array.volts[i];
            rest[i] = array.volts[i] - one[i];
            thrice[i] = 3 * array.volts[i];
        }
        const double *const drives[] = {one, rest, thrice, array.volts};
        for (size_t k = 0; k < 4; k++)
            solve(&array, drives[k], amperes[k], &balance, seed);
        for (size_t j = 0; j < array.network.n_columns; j++) {
            double bound = 10 * TOLERANCE * scale[j];
            cr_assert_float_eq(amperes[0][j] + amperes[1][j], amperes[3][j], bound, "seed %d", (int)seed);
            cr_assert_float_eq(amperes[2][j], 3 * amperes[3][j], 3 * bound, "seed %d", (int)seed);
            cr_assert_float_eq(by_t[j], amperes[3][j], bound, "seed %d column %zu: %.17g %.17g of %g", (int)seed, j, by_t[j], amperes[3][j], scale[j]);
        }
    }
}

/* All conductances times c, also those of wires and ends; the last digits of c x G round. */
Test(property, t_scales_with_all_conductances)
{
    static struct array_oracle array;
    static double transfer[CELLS_MAX], scaled[CELLS_MAX];
    const double c = 3.7;
    for (uint64_t seed = 1; seed <= N_ARRAYS; seed++) {
        make(seed, &array);
        struct network *network = &array.network;
        compute(&array, transfer);
        network->r_word_line_ohm /= c;
        network->r_bit_line_ohm /= c;
        network->r_driver_ohm /= c;
        network->r_sense_ohm /= c;
        for (size_t k = 0; k < count_cells(&array); k++) {
            array.conductance[k] *= c;
            transfer[k] *= c;
        }
        compute(&array, scaled);
        double distance = array_oracle_distance(scaled, transfer, count_cells(&array));
        cr_assert_lt(distance, T_BOUND, "seed %d: %g", (int)seed, distance);
    }
}

/* A line's sum of T is what its end would pass if all else were ground, at most, or its cells alone. */
Test(property, t_is_passive)
{
    static struct array_oracle array;
    static double transfer[CELLS_MAX];
    for (uint64_t seed = 1; seed <= N_ARRAYS; seed++) {
        make(seed, &array);
        compute(&array, transfer);
        size_t n_rows = array.network.n_rows, n = array.network.n_columns;
        double word_ohm = array.network.r_word_line_ohm + array.network.r_driver_ohm;
        double bit_ohm = array.network.r_bit_line_ohm + array.network.r_sense_ohm;
        double columns[LINES_MAX] = {0}, column_cells[LINES_MAX] = {0};
        for (size_t i = 0; i < n_rows; i++) {
            double row = 0, row_cells = 0;
            for (size_t j = 0; j < n; j++) {
                cr_assert_geq(transfer[i * n + j], 0.0, "seed %d", (int)seed);
                row += transfer[i * n + j];
                row_cells += array.conductance[i * n + j];
                columns[j] += transfer[i * n + j];
                column_cells[j] += array.conductance[i * n + j];
            }
            cr_assert_leq(row * word_ohm, 1 + T_BOUND, "seed %d row %zu", (int)seed, i);
            cr_assert_leq(row, row_cells * (1 + T_BOUND), "seed %d row %zu", (int)seed, i);
        }
        for (size_t j = 0; j < n; j++) {
            cr_assert_leq(columns[j] * bit_ohm, 1 + T_BOUND, "seed %d column %zu", (int)seed, j);
            cr_assert_leq(columns[j], column_cells[j] * (1 + T_BOUND), "seed %d column %zu", (int)seed, j);
        }
    }
}

/* What 1 V at source `i` sends into all other terminals: a sum of currents of one sign, unlike the source's
 * own. */
static double input_siemens(const struct array_oracle *array, size_t i_row, uint64_t seed)
{
    static struct balance balance;
    double volts[LINES_MAX] = {0}, amperes[LINES_MAX], sum = 0;
    volts[i_row] = 1;
    size_t n_unknown = solve(array, volts, amperes, &balance, seed);
    for (size_t k = 0; k < array->network.n_rows + array->network.n_columns; k++)
        sum += k == i_row ? 0 : balance.net[n_unknown + k];
    return sum;
}

/* Rayleigh: a cell made more conductive, or a wire, never lowers the conductance that a source sees. */
Test(property, raising_a_conductance_raises_no_input_resistance)
{
    static struct array_oracle array;
    for (uint64_t seed = 1; seed <= N_ARRAYS; seed++) {
        make(seed, &array);
        struct network *network = &array.network;
        double *const ohm[] = {&network->r_word_line_ohm, &network->r_bit_line_ohm, &network->r_driver_ohm,
                               &network->r_sense_ohm};
        size_t i = seed % network->n_rows;
        double before = input_siemens(&array, i, seed);
        array.conductance[seed * 7 % count_cells(&array)] += 1e-4;
        double more = input_siemens(&array, i, seed);
        cr_assert_geq(more, before * (1 - 10 * TOLERANCE), "seed %d: %.17g %.17g", (int)seed, before, more);
        *ohm[seed % 4] /= 2;
        double most = input_siemens(&array, i, seed);
        cr_assert_geq(most, more * (1 - 10 * TOLERANCE), "seed %d: %.17g %.17g", (int)seed, more, most);
    }
}

/* Open lines beyond the open ends of the others: nothing hangs on them. */
Test(property, an_open_row_on_top_and_an_open_column_on_the_right_are_not_there)
{
    static struct array_oracle array, larger;
    static double transfer[CELLS_MAX], expected[CELLS_MAX], found[CELLS_MAX];
    for (uint64_t seed = 1; seed <= N_ARRAYS; seed++) {
        make(seed, &array);
        size_t n_rows = array.network.n_rows, n = array.network.n_columns;
        larger = array;
        larger.network.n_rows++;
        larger.network.n_columns++;
        memset(larger.conductance, 0, sizeof larger.conductance);
        memset(expected, 0, sizeof expected);
        compute(&array, transfer);
        for (size_t i = 0; i < n_rows; i++)
            for (size_t j = 0; j < n; j++) {
                larger.conductance[(i + 1) * (n + 1) + j] = array.conductance[i * n + j];
                expected[(i + 1) * (n + 1) + j] = transfer[i * n + j];
            }
        compute(&larger, found);
        double distance = array_oracle_distance(found, expected, (n_rows + 1) * (n + 1));
        cr_assert_lt(distance, T_BOUND, "seed %d: %g", (int)seed, distance);
    }
}

/* Where bit lines have no wire resistance, a row twice is one row of half the resistances. */
Test(property, a_row_twice_is_a_row_of_half_the_resistance)
{
    static struct array_oracle array, twice;
    static double transfer[CELLS_MAX], found[4 * CELLS_MAX], expected[4 * CELLS_MAX];
    for (uint64_t seed = 1; seed <= N_ARRAYS; seed++) {
        make(seed, &array);
        array.network.r_bit_line_ohm = 0;
        twice = array;
        twice.network.n_rows *= 2;
        size_t n_rows = array.network.n_rows, n = array.network.n_columns;
        for (size_t k = 0; k < 2 * n_rows * n; k++)
            twice.conductance[k] = array.conductance[k / (2 * n) * n + k % n];
        array.network.r_word_line_ohm /= 2;
        array.network.r_driver_ohm /= 2;
        for (size_t k = 0; k < n_rows * n; k++)
            array.conductance[k] *= 2;
        compute(&array, transfer);
        compute(&twice, found);
        for (size_t k = 0; k < 2 * n_rows * n; k++)
            expected[k] = transfer[k / (2 * n) * n + k % n] / 2;
        double distance = array_oracle_distance(found, expected, 2 * n_rows * n);
        cr_assert_lt(distance, T_BOUND, "seed %d: %g", (int)seed, distance);
    }
}
