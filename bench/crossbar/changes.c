/* T after k changed cells: an update against a reduction (README.md); prints a table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "crossbar/changes.h"
#include "crossbar/transfer.h"
#include "measure.h"

enum { CHANGES_MAX = 64 };

#define SECONDS_PER_MEASUREMENT 0.5

struct call {
    struct transfer_plan *plan;
    struct changes_plan *changes;
    struct measure_array array;
    struct changes_cell cells[CHANGES_MAX];
    size_t n_cells;
    double *after;
};

static void call_transfer(void *state)
{
    struct call *call = state;
    transfer_compute(call->plan, call->array.conductance, call->array.transfer);
}

static void call_update(void *state)
{
    struct call *call = state;
    struct rs_error err;
    bool converged;
    if (changes_update(call->changes, call->n_cells, call->cells, call->after, &converged, &err) != RS_OK ||
        !converged)
        abort();
}

static void print_row(size_t n)
{
    struct call call = {.after = measure_doubles(n * n)};
    struct rs_error err;
    measure_make(n, &call.array);
    if (transfer_plan_create(&call.array.network, NULL, kernel_chosen(), TRANSFER_F64, &call.plan, &err) !=
            RS_OK ||
        changes_plan_create(&call.array.network, &call.changes, &err) != RS_OK)
        abort();
    double reduction = measure_seconds(call_transfer, &call, SECONDS_PER_MEASUREMENT), even = 0, before = 0;
    changes_factor(call.changes, call.array.conductance, call.array.transfer);
    for (size_t k = 0; k < CHANGES_MAX; k++)
        call.cells[k] = (struct changes_cell){k * 7 % n, k * 13 % n, k % 2 == 0 ? 0 : 1e-4};
    printf("| %zu | %.3f |", n, 1e3 * reduction);
    for (call.n_cells = 1; call.n_cells <= CHANGES_MAX; call.n_cells *= 2) {
        double share = measure_seconds(call_update, &call, SECONDS_PER_MEASUREMENT) / reduction;
        double half = (double)call.n_cells / 2;
        if (share >= 1 && even == 0)
            even = half + half * (1 - before) / (share - before);
        before = share;
        printf(" %.2f |", share);
    }
    if (even > 0)
        printf(" %.0f |\n", even);
    else
        printf(" > %d |\n", CHANGES_MAX);
    fflush(stdout);
    transfer_plan_destroy(call.plan);
    changes_plan_destroy(call.changes);
    measure_clear(&call.array);
    free(call.after);
}

int main(void)
{
    const size_t sizes[] = {16, 32, 64, 128, 256, 512};
    printf("# T after k changed cells\n\n");
    measure_print_machine();
    printf("Time of an update, in units of the reduction's.\n\n| N | reduction, ms |");
    for (size_t k = 1; k <= CHANGES_MAX; k *= 2)
        printf(" k = %zu |", k);
    printf(" even at k |\n|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        print_row(sizes[k]);
    return 0;
}
