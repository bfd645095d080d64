/* T of large arrays against other orders and other arithmetic: the row recursion and sparse Cholesky. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../array_oracle.h"
#include "../cholmod_oracle.h"
#include "crossbar/transfer.h"

TestSuite(large, .timeout = 1800);

static const size_t shapes[][2] = {{128, 128}, {100, 177}, {256, 128}, {256, 256}};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

struct large {
    struct network network;
    double *cells, *transfer, *oracle;
};

static struct large make(size_t k)
{
    struct large large = {.network = {.n_rows = shapes[k][0], .n_columns = shapes[k][1]}};
    size_t n_cells = large.network.n_rows * large.network.n_columns;
    struct transfer_plan *plan = NULL;
    struct rs_error err;
    large.cells = calloc(3 * n_cells, sizeof *large.cells);
    large.transfer = large.cells + n_cells;
    large.oracle = large.transfer + n_cells;
    array_oracle_make_large(k + 1, 4, &large.network, large.cells);
    cr_assert_eq(transfer_plan_create(&large.network, &plan, &err), RS_OK, "%s", err.text);
    transfer_compute(plan, large.cells, large.transfer);
    transfer_plan_destroy(plan);
    return large;
}

static void compare(struct large *large, size_t seed)
{
    size_t n_cells = large->network.n_rows * large->network.n_columns;
    double distance = array_oracle_distance(large->transfer, large->oracle, n_cells);
    cr_assert_lt(distance, 1e-11, "seed %zu, %zu x %zu: %g", seed, large->network.n_rows,
                 large->network.n_columns, distance);
    free(large->cells);
}

Test(large, t_is_that_of_the_row_recursion)
{
    for (size_t k = 0; k < N_SHAPES; k++) {
        struct large large = make(k);
        array_oracle_riccati(&large.network, large.cells, large.oracle);
        compare(&large, k + 1);
    }
}

Test(large, t_is_that_of_cholmod)
{
    for (size_t k = 0; k < N_SHAPES; k++) {
        struct large large = make(k);
        if (!cholmod_oracle_transfer(&large.network, large.cells, large.oracle))
            cr_skip_test("built without SuiteSparse (package libsuitesparse-dev)");
        compare(&large, k + 1);
    }
}
