/*
 * The kernels of the reduction to T, and its batch form: against each other here, against independent oracles
 * in test_crossbar.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array_oracle.h"
#include "crossbar/response.h"
#include "crossbar/transfer.h"

TestSuite(transfer, .timeout = 60);

/* Blocks, tiles, bundles and edges of all sizes; the kernels' sums have different orders. */
Test(transfer, kernels_agree_and_a_plan_used_twice_gives_the_same_bits)
{
    const size_t shapes[][2] = {{8, 8},    {9, 8},     {16, 40}, {65, 64},  {70, 131},
                                {129, 60}, {150, 150}, {3, 300}, {257, 256}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        size_t n = shapes[i][0] * shapes[i][1];
        struct network network = {shapes[i][0], shapes[i][1],    i % 4 == 1 ? 0 : 2.0,
                                  2.5,          i % 3 ? 100 : 0, i == 5 ? 0 : 90};
        double *conductance = calloc(n, sizeof *conductance), *transfer[3];
        for (size_t t = 0; t < 3; t++)
            transfer[t] = calloc(n, sizeof **transfer);
        uint64_t state = i;
        for (size_t c = 0; c < n; c++)
            conductance[c] = c % 11 == 3 ? 0 : 1e-6 * pow(100, array_oracle_uniform(&state));
        for (int k = 0; k < N_KERNELS; k++) {
            struct transfer_plan *plan = NULL;
            struct rs_error err;
            if (!kernel_runs((enum kernel)k))
                continue;
            cr_assert_eq(transfer_plan_create(&network, NULL, (enum kernel)k, TRANSFER_F64, &plan, &err),
                         RS_OK);
            transfer_compute(plan, conductance, transfer[k == KERNEL_BASELINE ? 0 : 1]);
            transfer_compute(plan, conductance, transfer[1]);
            transfer_compute(plan, conductance, transfer[2]);
            transfer_plan_destroy(plan);
            double distance = array_oracle_distance(transfer[1], transfer[0], n);
            cr_assert_lt(distance, 1e-14, "%zu x %zu %s: %g", network.n_rows, network.n_columns,
                         kernel_name((enum kernel)k), distance);
            cr_assert(memcmp(transfer[1], transfer[2], n * sizeof **transfer) == 0);
        }
        for (size_t t = 0; t < 3; t++)
            free(transfer[t]);
        free(conductance);
    }
}

Test(transfer, a_batch_gives_each_array_its_own_t)
{
    const size_t shapes[][2] = {{1, 1}, {5, 3}, {12, 9}, {16, 33}, {35, 37}, {64, 64}, {66, 10}};
    enum { N_ARRAYS = 11 };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        size_t n = shapes[i][0] * shapes[i][1];
        struct network network = {shapes[i][0], shapes[i][1], i % 3 == 1 ? 0 : 2, 2.5, i % 3 ? 100 : 0, 90};
        double *conductance = calloc(N_ARRAYS * n, sizeof *conductance), *one = calloc(n, sizeof *one);
        double *batch = calloc(N_ARRAYS * n, sizeof *batch), *last = calloc(n, sizeof *last);
        uint64_t state = i;
        for (size_t c = 0; c < N_ARRAYS * n; c++)
            conductance[c] = c % 11 == 3 ? 0 : 1e-6 * pow(100, array_oracle_uniform(&state));
        for (int k = 0; k < N_KERNELS; k++) {
            struct transfer_plan *plan = NULL;
            struct rs_error err;
            if (!kernel_runs((enum kernel)k))
                continue;
            cr_assert_eq(transfer_plan_create(&network, NULL, (enum kernel)k, TRANSFER_F64, &plan, &err),
                         RS_OK);
            transfer_compute_batch(plan, N_ARRAYS, conductance, batch);
            transfer_compute_batch(plan, 1, conductance + (N_ARRAYS - 1) * n, last);
            cr_assert(memcmp(last, batch + (N_ARRAYS - 1) * n, n * sizeof *last) == 0);
            for (size_t a = 0; a < N_ARRAYS; a++) {
                transfer_compute(plan, conductance + a * n, one);
                double distance = array_oracle_distance(batch + a * n, one, n);
                cr_assert_lt(distance, 1e-14, "%zu x %zu %s array %zu: %g", network.n_rows, network.n_columns,
                             kernel_name((enum kernel)k), a, distance);
            }
            transfer_plan_destroy(plan);
        }
        free(conductance);
        free(batch);
        free(one);
        free(last);
    }
}

static struct transfer_plan *plan_of(const struct network *network, int kernel,
                                     enum transfer_precision precision)
{
    struct transfer_plan *plan = NULL;
    struct rs_error err;
    cr_assert_eq(transfer_plan_create(network, NULL, (enum kernel)kernel, precision, &plan, &err), RS_OK,
                 "%s", err.text);
    return plan;
}

enum cells { CELLS_EQUAL, CELLS_LOG_UNIFORM, CELLS_OPEN, N_CELLS };

/* All of 10 kiloohm; 10 kiloohm ... 1 megaohm; the same, one in eleven open. */
static void fill(enum cells cells, size_t n, double *conductance)
{
    uint64_t state = n;
    for (size_t c = 0; c < n; c++)
        conductance[c] = cells == CELLS_EQUAL                 ? 1e-4
                         : cells == CELLS_OPEN && c % 11 == 3 ? 0
                                                              : 1e-6 * pow(100, array_oracle_uniform(&state));
}

/* Largest distance of single from double precision, one array alone and as the last of a batch. */
static double single_distance(const struct network *network, int kernel, const double *conductance,
                              double *exact, double *found)
{
    size_t n = network->n_rows * network->n_columns;
    struct transfer_plan *plan = plan_of(network, kernel, TRANSFER_F32),
                         *twin = plan_of(network, kernel, TRANSFER_F64);
    transfer_compute(twin, conductance, exact);
    transfer_compute(plan, conductance, found);
    double distance = array_oracle_distance(found, exact, n);
    transfer_compute_batch(plan, 1, conductance, found);
    distance = fmax(distance, array_oracle_distance(found, exact, n));
    transfer_plan_destroy(plan);
    transfer_plan_destroy(twin);
    return distance;
}

/* The bound is that of the header. */
Test(transfer, single_precision_is_that_of_double_to_5e_6)
{
    const struct network networks[] = {
        {16, 16, 2, 2, 100, 100},   {33, 20, 5, 5, 100, 100}, {64, 64, 1, 1, 100, 100},
        {64, 64, 5, 5, 100, 100},   {20, 70, 0, 2, 100, 90},  {70, 20, 3, 0, 0, 90},
        {24, 24, 0, 0, 100, 100},   {24, 24, 0, 0, 0, 100},   {128, 128, 5, 5, 100, 100},
        {128, 128, 1, 1, 100, 100}, {100, 30, 2, 4, 0, 0}};
    double *conductance = calloc(128 * 128, sizeof *conductance);
    double *exact = calloc(128 * 128, sizeof *exact), *found = calloc(128 * 128, sizeof *found);
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++)
        for (int cells = 0; cells < N_CELLS; cells++) {
            fill((enum cells)cells, networks[i].n_rows * networks[i].n_columns, conductance);
            for (int k = 0; k < N_KERNELS; k++) {
                if (!kernel_runs((enum kernel)k))
                    continue;
                double distance = single_distance(&networks[i], k, conductance, exact, found);
                cr_assert_lt(distance, 5e-6, "%zu x %zu, cells %d, %s: %g", networks[i].n_rows,
                             networks[i].n_columns, cells, kernel_name((enum kernel)k), distance);
            }
        }
    free(conductance);
    free(exact);
    free(found);
}

/* Wires and cells at both ends of what is accepted; paths through many small cells, where some are open. */
Test(transfer, single_precision_keeps_in_range_what_it_accepts)
{
    enum { N_LINES = 24, N_LINE_CELLS = N_LINES * N_LINES };
    const double wires_ohm[] = {1 / TRANSFER_F32_MAX, 1, 1 / TRANSFER_F32_MIN};
    const double cells_siemens[] = {TRANSFER_F32_MIN, 1e-6, TRANSFER_F32_MAX};
    double conductance[N_LINE_CELLS], exact[N_LINE_CELLS], found[N_LINE_CELLS];
    size_t n_small = 0;
    for (size_t w = 0; w < 9; w++)
        for (size_t g = 0; g < 3; g++) {
            struct network network = {N_LINES, N_LINES, wires_ohm[w % 3], wires_ohm[w / 3], 0, 0};
            for (size_t c = 0; c < N_LINE_CELLS; c++)
                conductance[c] = c % 5 == 2 ? 0 : cells_siemens[c % 7 == 0 ? 1 : g];
            single_distance(&network, (int)kernel_chosen(), conductance, exact, found);
            for (size_t c = 0; c < N_LINE_CELLS; c++) {
                n_small += exact[c] < 1e-9 * TRANSFER_F32_RESOLUTION;
                cr_assert_lt(fabs(found[c] - exact[c]), 5e-6 * fmax(exact[c], TRANSFER_F32_RESOLUTION),
                             "wires %g and %g ohm, cells %g S: %g instead of %g", network.r_word_line_ohm,
                             network.r_bit_line_ohm, cells_siemens[g], found[c], exact[c]);
            }
        }
    cr_assert_gt(n_small, 0);
    struct transfer_plan *plan = NULL;
    struct rs_error err;
    const struct network refused = {4, 4, 1e-9, 2, 100, 100};
    cr_assert_eq(transfer_plan_create(&refused, NULL, kernel_chosen(), TRANSFER_F32, &plan, &err), RS_INPUT);
    cr_assert(transfer_accepts(TRANSFER_F64, 1e-20) && !transfer_accepts(TRANSFER_F32, 1e-20));
    cr_assert(transfer_accepts(TRANSFER_F32, 0) && !transfer_accepts(TRANSFER_F32, -1));
}

enum { LINES_FEW = 14, LINES_MAX = 60 };

/* Resistances of their own for about half the kinds, of 0.1 ... 1000 ohm; where the network's is 0 it stays
 * so for wires, since joined lines among others are left to fields. */
static void draw_lines(uint64_t *state, double (*ohm)[LINES_MAX], struct network *network)
{
    const double **lines[] = {&network->lines.r_word_line_ohm, &network->lines.r_bit_line_ohm,
                              &network->lines.r_driver_ohm, &network->lines.r_sense_ohm};
    const bool fixed[] = {network->r_word_line_ohm == 0, network->r_bit_line_ohm == 0,
                          network->r_word_line_ohm == 0, network->r_bit_line_ohm == 0};
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 0; i < LINES_MAX && !fixed[k]; i++) {
            ohm[k][i] = 0.1 * pow(10, 4 * array_oracle_uniform(state));
            *lines[k] = i == 0 && array_oracle_uniform(state) < 0.5 ? NULL : i == 0 ? ohm[k] : *lines[k];
        }
}

Test(transfer, lines_may_have_resistances_of_their_own)
{
    static struct array_oracle array;
    static double exact[ORACLE_CELLS_MAX], found[ORACLE_CELLS_MAX], ohm[4][LINES_MAX];
    size_t n_own = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint64_t state = seed;
        array_oracle_make(seed, LINES_FEW, 4, &array);
        draw_lines(&state, ohm, &array.network);
        n_own += !network_is_uniform(&array.network);
        size_t n = array.network.n_rows * array.network.n_columns;
        array_oracle_nodal(&array.network, array.conductance, exact);
        struct transfer_plan *plan = plan_of(&array.network, (int)kernel_chosen(), TRANSFER_F64);
        for (int batch = 0; batch < 2; batch++) {
            if (batch)
                transfer_compute_batch(plan, 1, array.conductance, found);
            else
                transfer_compute(plan, array.conductance, found);
            double distance = array_oracle_distance(found, exact, n);
            cr_assert_lt(distance, 1e-13, "seed %d, batch %d: %g", (int)seed, batch, distance);
        }
        transfer_plan_destroy(plan);
    }
    cr_assert_gt(n_own, 20);
}

/* T of fields, each current to the last digits of its column's largest. */
static void transfer_of_fields(const struct array_oracle *array, const struct edges *edges, double *transfer)
{
    struct field_plan *plan = NULL;
    struct rs_error err;
    double bias[LINES_MAX], scale[LINES_MAX];
    bool converged;
    cr_assert_eq(field_plan_create_edges(&array->network, edges, &plan, &err), RS_OK, "%s", err.text);
    field_factor(plan, array->conductance);
    cr_assert_eq(
        response_compute(plan, &array->network, array->conductance, transfer, bias, scale, &converged, &err),
        RS_OK);
    field_plan_destroy(plan);
}

Test(transfer, lines_may_be_driven_and_sensed_at_either_end_or_both_or_float)
{
    static struct array_oracle array;
    static double expected[ORACLE_CELLS_MAX], found[2][ORACLE_CELLS_MAX], ohm[4][LINES_MAX];
    size_t n_supported = 0;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        unsigned char rows[LINES_MAX], columns[LINES_MAX];
        uint64_t state = seed;
        array_oracle_make(seed, seed % 8 == 0 ? LINES_MAX : LINES_FEW, 2, &array);
        draw_lines(&state, ohm, &array.network);
        for (size_t i = 0; i < LINES_MAX; i++) {
            rows[i] = array_oracle_uniform(&state) < 0.1;
            columns[i] = array_oracle_uniform(&state) < 0.1;
        }
        const struct edges edges = {.drive = (enum edges_drive)(seed % 3),
                                    .sense = (enum edges_sense)(seed / 3 % 3),
                                    .word_line_floating = seed % 4 == 0 ? rows : NULL,
                                    .bit_line_floating = seed % 5 == 0 ? columns : NULL};
        struct transfer_plan *plan = NULL;
        struct rs_error err;
        enum rs_status status =
            transfer_plan_create(&array.network, &edges, kernel_chosen(), TRANSFER_F64, &plan, &err);
        cr_assert_eq(status, transfer_supports(&array.network, &edges) ? RS_OK : RS_INPUT);
        if (status != RS_OK)
            continue;
        n_supported++;
        transfer_compute(plan, array.conductance, found[0]);
        transfer_compute_batch(plan, 1, array.conductance, found[1]);
        transfer_of_fields(&array, &edges, expected);
        size_t n_columns = array.network.n_columns, n = array.network.n_rows * n_columns;
        for (size_t c = 0; c < 2 * n; c++) {
            double scale = 0;
            for (size_t i = c % n % n_columns; i < n; i += n_columns)
                scale = fmax(scale, expected[i]);
            cr_assert_float_eq(found[c / n][c % n], expected[c % n], 1e-11 * scale + 1e-300,
                               "seed %d batch %zu cell %zu: %g instead of %g", (int)seed, c / n, c % n,
                               found[c / n][c % n], expected[c % n]);
        }
        transfer_plan_destroy(plan);
    }
    cr_assert_gt(n_supported, 80);
}
