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

enum rs_status response_compute(struct field_plan *plan, const struct network *network,
                                const double *conductance_siemens, double *transfer_siemens,
                                double *bias_amperes, double *bias_scale_amperes, bool *converged,
                                struct rs_error *err)
{
    size_t n_rows = network->n_rows, n_cells = n_rows * network->n_columns;
    double *volts = memory_allocate(n_rows + 2 * n_cells + network->n_columns, sizeof *volts, err);
    if (volts == NULL)
        return RS_INTERNAL;
    *converged = respond_to_bias(plan, network, conductance_siemens, volts, volts + n_rows,
                                 volts + n_rows + n_cells, bias_amperes, bias_scale_amperes);
    for (size_t i = 0; i < n_rows; i++) {
        const struct field_drive drive = {.volts = volts, .sense_volts = volts + n_rows + 2 * n_cells};
        volts[i] = 1;
        *converged &= field_solve_drive(plan, &drive, TOLERANCE, transfer_siemens + i * network->n_columns,
                                        NULL, NULL, NULL);
        volts[i] = 0;
    }
    free(volts);
    return RS_OK;
}
