/*
 * T against solutions of another kind: node by node in quadruple precision over twelve decades, the row
 * recursion and sparse Cholesky (CHOLMOD) at 64 x 64 over four; long/large.c has the larger ones.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "array_oracle.h"
#include "cholmod_oracle.h"
#include "crossbar/transfer.h"

TestSuite(oracle, .timeout = 60);

enum { N_WIDE = 150, N_LARGE = 4, LINES = 64 };

static void compute(const struct network *network, enum kernel kernel, bool batch, const double *conductance,
                    double *transfer)
{
    struct transfer_plan *plan = NULL;
    struct rs_error err;
    cr_assert_eq(transfer_plan_create_for(network, kernel, &plan, &err), RS_OK, "%s", err.text);
    if (batch)
        transfer_compute_batch(plan, 1, conductance, transfer);
    else
        transfer_compute(plan, conductance, transfer);
    transfer_plan_destroy(plan);
}

/* Sums of positive terms, products, quotients and roots: each operation adds its rounding, n x m cells take
 * some thousands, of which those on one path of merges, about 100, count: 100 eps = 2e-14. */
Test(oracle, every_entry_is_exact_over_twelve_decades)
{
    static struct array_oracle array;
    static double transfer[ORACLE_CELLS_MAX], oracle[ORACLE_CELLS_MAX];
    for (uint64_t seed = 1; seed <= N_WIDE; seed++) {
        array_oracle_make(seed, 12, 12, &array);
        size_t n_cells = array.network.n_rows * array.network.n_columns;
        uint64_t state = seed + 500;
        for (size_t c = 0; c < n_cells; c++)
            if (array.conductance[c] > 0)
                array.conductance[c] = 1e-6 * pow(10, 12 * (array_oracle_uniform(&state) - 0.5));
        array_oracle_nodal(&array.network, array.conductance, oracle);
        for (int k = 0; k < 2 * N_KERNELS; k++) {
            if (!kernel_runs((enum kernel)(k / 2)))
                continue;
            compute(&array.network, (enum kernel)(k / 2), k % 2 == 1, array.conductance, transfer);
            double distance = array_oracle_distance(transfer, oracle, n_cells);
            cr_assert_lt(distance, 1e-13, "seed %d kernel %d batch %d: %g", (int)seed, k / 2, k % 2,
                         distance);
        }
    }
}

/* The oracles themselves agree to some 2e-12. */
Test(oracle, t_of_64_lines_is_that_of_the_row_recursion)
{
    static double cells[LINES * LINES], transfer[LINES * LINES], oracle[LINES * LINES];
    for (uint64_t seed = 1; seed <= N_LARGE; seed++) {
        struct network network = {.n_rows = LINES, .n_columns = LINES};
        array_oracle_make_large(seed, 4, &network, cells);
        compute(&network, kernel_chosen(), false, cells, transfer);
        array_oracle_riccati(&network, cells, oracle);
        double distance = array_oracle_distance(transfer, oracle, LINES * LINES);
        cr_assert_lt(distance, 1e-11, "seed %d: %g", (int)seed, distance);
    }
}

Test(oracle, t_of_64_lines_is_that_of_cholmod)
{
    static double cells[LINES * LINES], transfer[LINES * LINES], oracle[LINES * LINES];
    for (uint64_t seed = 1; seed <= N_LARGE; seed++) {
        struct network network = {.n_rows = LINES, .n_columns = LINES};
        array_oracle_make_large(seed, 4, &network, cells);
        compute(&network, kernel_chosen(), false, cells, transfer);
        if (!cholmod_oracle_transfer(&network, cells, oracle))
            cr_skip_test("built without SuiteSparse (package libsuitesparse-dev)");
        double distance = array_oracle_distance(transfer, oracle, LINES * LINES);
        cr_assert_lt(distance, 1e-11, "seed %d: %g", (int)seed, distance);
    }
}
