#include "crossbar/response.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* T is used for any drive: as good as the solver gets. */
#define TOLERANCE 1e-14

static bool respond_to_bias(struct field_plan *plan, const struct network *network, const double *conductance,
                            const double *volts, double *words, double *bits, double *amperes, double *scale)
{
    size_t n = network->n_columns;
    bool converged = field_solve(plan, volts, TOLERANCE, amperes, words, bits, NULL);
    memset(scale, 0, n * sizeof *scale);
    for (size_t i = 0; i < network->n_rows; i++)
        for (size_t j = 0; j < n; j++)
            scale[j] += fabs(conductance[i * n + j] * (words[i * n + j] - bits[i * n + j]));
    return converged;
}

/* Word lines driven together: enough for all lanes. */
enum { N_TOGETHER = 32 };

/* Rows `first` to before `last` of T; volts [N_TOGETHER][n_rows] and ground [n_columns] hold 0. */
static bool respond_to_rows(struct field_plan *plan, const struct network *network, size_t first, size_t last,
                            double *volts, const double *ground, double *transfer)
{
    struct field_drive drives[N_TOGETHER] = {{NULL}};
    for (size_t i = first; i < last; i++) {
        double *own = volts + (i - first) * network->n_rows;
        own[i] = 1;
        drives[i - first] = (struct field_drive){.volts = own, .sense_volts = ground};
    }
    bool converged = field_solve_many(plan, last - first, drives, TOLERANCE,
                                      transfer + first * network->n_columns, NULL, NULL, NULL);
    for (size_t i = first; i < last; i++)
        volts[(i - first) * network->n_rows + i] = 0;
    return converged;
}

enum rs_status response_compute(struct field_plan *plan, const struct network *network,
                                const double *conductance_siemens, double *transfer_siemens,
                                double *bias_amperes, double *bias_scale_amperes, bool *converged,
                                struct rs_error *err)
{
    size_t n_rows = network->n_rows, n_cells = n_rows * network->n_columns;
    double *volts =
        memory_allocate(N_TOGETHER * n_rows + 2 * n_cells + network->n_columns, sizeof *volts, err);
    if (volts == NULL)
        return RS_INTERNAL;
    double *words = volts + N_TOGETHER * n_rows, *bits = words + n_cells, *ground = bits + n_cells;
    *converged = respond_to_bias(plan, network, conductance_siemens, volts, words, bits, bias_amperes,
                                 bias_scale_amperes);
    for (size_t i = 0; i < n_rows; i += N_TOGETHER)
        *converged &= respond_to_rows(plan, network, i, n_rows - i < N_TOGETHER ? n_rows : i + N_TOGETHER,
                                      volts, ground, transfer_siemens);
    free(volts);
    return RS_OK;
}
