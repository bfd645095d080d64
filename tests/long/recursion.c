/* T of large arrays against the Riccati row recursion (array_oracle.h): another order, another arithmetic. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "../array_oracle.h"
#include "crossbar/transfer.h"

TestSuite(recursion, .timeout = 1800);

Test(recursion, t_of_large_arrays_is_that_of_the_row_recursion)
{
    const size_t shapes[][2] = {{128, 128}, {100, 177}, {256, 128}, {256, 256}};
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        struct network network = {.n_rows = shapes[k][0], .n_columns = shapes[k][1]};
        size_t n_cells = network.n_rows * network.n_columns;
        double *cells = calloc(3 * n_cells, sizeof *cells), *transfer = cells + n_cells,
               *oracle = transfer + n_cells;
        array_oracle_make_large(k + 1, 4, &network, cells);
        struct transfer_plan *plan = NULL;
        struct rs_error err;
        cr_assert_eq(transfer_plan_create(&network, &plan, &err), RS_OK, "%s", err.text);
        transfer_compute(plan, cells, transfer);
        transfer_plan_destroy(plan);
        array_oracle_riccati(&network, cells, oracle);
        double distance = array_oracle_distance(transfer, oracle, n_cells);
        cr_assert_lt(distance, 1e-11, "seed %zu, %zu x %zu: %g", k + 1, network.n_rows, network.n_columns,
                     distance);
        free(cells);
    }
}
