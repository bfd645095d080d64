#include "crossbar/loading.h"

#include <stdlib.h>

#include "base/memory.h"

#define TOLERANCE 1e-12

struct loading {
    const struct network *network;
    const struct edges *edges;
    struct field_plan *plan;
    double *siemens;     /* [n_rows][n_columns], access resistances included */
    double *sense_volts; /* [n_columns] */
};

enum rs_status loading_create(const struct network *network, const struct edges *edges, struct loading **out,
                              struct rs_error *err)
{
    size_t n_cells = network->n_rows * network->n_columns;
    struct loading *loading = memory_allocate(1, sizeof *loading, err);
    *out = NULL;
    if (loading == NULL)
        return RS_INTERNAL;
    loading->network = network;
    loading->edges = edges;
    loading->siemens = memory_allocate(n_cells + network->n_columns, sizeof(double), err);
    enum rs_status status = loading->siemens == NULL ? RS_INTERNAL : RS_OK;
    if (status == RS_OK)
        status = field_plan_create_edges(network, edges, &loading->plan, err);
    if (status != RS_OK) {
        loading_destroy(loading);
        return status;
    }
    loading->sense_volts = loading->siemens + n_cells;
    *out = loading;
    return RS_OK;
}

void loading_destroy(struct loading *loading)
{
    if (loading == NULL)
        return;
    field_plan_destroy(loading->plan);
    free(loading->siemens);
    free(loading);
}

void loading_factor(struct loading *loading, const double *conductance_siemens)
{
    size_t n_cells = loading->network->n_rows * loading->network->n_columns;
    for (size_t c = 0; c < n_cells; c++)
        loading->siemens[c] = loading->edges != NULL
                                  ? edges_cell_siemens(loading->edges, conductance_siemens[c])
                                  : conductance_siemens[c];
    field_factor(loading->plan, loading->siemens);
}

bool loading_compute(struct loading *loading, const double *drawn_amperes, double *loss_amperes)
{
    const struct network *network = loading->network;
    const struct field_drive drive = {.sense_volts = loading->sense_volts};
    double r_sense_ohm = network->r_sense_ohm;
    bool converged = true;
    for (size_t j = 0; j < network->n_columns; j++) {
        loading->sense_volts[j] = -r_sense_ohm * drawn_amperes[j];
        loss_amperes[j] = 0;
    }
    if (r_sense_ohm > 0) /* else the node is ground, whatever the array does */
        converged = field_solve_drive(loading->plan, &drive, TOLERANCE, loss_amperes, NULL, NULL, NULL);
    for (size_t j = 0; j < network->n_columns; j++)
        loss_amperes[j] = drawn_amperes[j] - loss_amperes[j];
    return converged;
}
