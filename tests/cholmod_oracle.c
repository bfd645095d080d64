#include "cholmod_oracle.h"

#ifndef HAVE_SUITESPARSE
bool cholmod_oracle_transfer(const struct network *network, const double *conductance, double *transfer)
{
    (void)network;
    (void)conductance;
    (void)transfer;
    return false;
}
#else

#include <stdlib.h>
#include <string.h>
#include <suitesparse/cholmod.h>

#include "array_oracle.h"

enum { ENTRIES_PER_CELL = 14 };

/* The admittance matrix, and what joins unknown nodes to sources and terminals, one branch each. */
struct admittance {
    cholmod_triplet *triplet; /* NULL while nodes are counted */
    long n_unknown;
    long *source_node, *terminal_node;
    double *source_siemens, *terminal_siemens;
};

static void add(cholmod_triplet *triplet, long row, long column, double value)
{
    size_t k = triplet->nnz++;
    ((int *)triplet->i)[k] = (int)row;
    ((int *)triplet->j)[k] = (int)column;
    ((double *)triplet->x)[k] = value;
}

static void stamp(void *context, long a, long b, array_oracle_quad quad)
{
    struct admittance *y = context;
    double siemens = (double)quad;
    long low = a < b ? a : b, high = a < b ? b : a;
    if (y->triplet == NULL || siemens == 0)
        return;
    add(y->triplet, low, low, siemens);
    if (high < y->n_unknown) {
        add(y->triplet, high, high, siemens);
        add(y->triplet, high, low, -siemens);
    } else {
        long end = high - y->n_unknown;
        y->source_node[end] = low;
        y->source_siemens[end] = siemens;
    }
}

/* Column j of T: the voltages at the drivers' nodes that 1 V at terminal j gives, by reciprocity. */
static void solve_columns(const struct network *network, const struct admittance *y, cholmod_factor *factor,
                          cholmod_common *common, double *transfer)
{
    size_t n_rows = network->n_rows, n_columns = network->n_columns;
    cholmod_dense *right = cholmod_zeros(factor->n, 1, CHOLMOD_REAL, common);
    for (size_t j = 0; j < n_columns; j++) {
        double *b = right->x;
        b[y->terminal_node[j]] = y->terminal_siemens[j];
        cholmod_dense *solution = cholmod_solve(CHOLMOD_A, factor, right, common);
        for (size_t i = 0; i < n_rows; i++)
            transfer[i * n_columns + j] =
                y->source_siemens[i] * ((const double *)solution->x)[y->source_node[i]];
        b[y->terminal_node[j]] = 0;
        cholmod_free_dense(&solution, common);
    }
    cholmod_free_dense(&right, common);
}

bool cholmod_oracle_transfer(const struct network *network, const double *conductance, double *transfer)
{
    size_t n_ends = network->n_rows + network->n_columns, n_cells = network->n_rows * network->n_columns;
    struct admittance y = {0};
    cholmod_common common;
    cholmod_start(&common);
    y.n_unknown = array_oracle_branches(network, conductance, stamp, &y);
    y.source_node = calloc(n_ends, sizeof *y.source_node);
    y.source_siemens = calloc(n_ends, sizeof *y.source_siemens);
    y.terminal_node = y.source_node + network->n_rows;
    y.terminal_siemens = y.source_siemens + network->n_rows;
    size_t n = (size_t)y.n_unknown;
    y.triplet = cholmod_allocate_triplet(n, n, ENTRIES_PER_CELL * n_cells, -1, CHOLMOD_REAL, &common);
    array_oracle_branches(network, conductance, stamp, &y);
    cholmod_sparse *matrix = cholmod_triplet_to_sparse(y.triplet, 0, &common);
    cholmod_factor *factor = cholmod_analyze(matrix, &common);
    bool good = cholmod_factorize(matrix, factor, &common) && common.status == CHOLMOD_OK;
    if (good)
        solve_columns(network, &y, factor, &common, transfer);
    cholmod_free_factor(&factor, &common);
    cholmod_free_sparse(&matrix, &common);
    cholmod_free_triplet(&y.triplet, &common);
    cholmod_finish(&common);
    free(y.source_node);
    free(y.source_siemens);
    return good;
}
#endif
