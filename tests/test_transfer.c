/*
 * The kernels of the reduction to T, and its batch form: against each other here, against independent oracles
 * in test_crossbar.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array_oracle.h"
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
            cr_assert_eq(transfer_plan_create_for(&network, (enum kernel)k, &plan, &err), RS_OK);
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
            cr_assert_eq(transfer_plan_create_for(&network, (enum kernel)k, &plan, &err), RS_OK);
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
