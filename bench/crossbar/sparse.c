#include "sparse.h"

#ifndef HAVE_SUITESPARSE
bool sparse_cholmod(const struct measure_array *array, double seconds, struct sparse_times *times)
{
    (void)array;
    (void)seconds;
    (void)times;
    return false;
}

bool sparse_klu(const struct measure_array *array, double seconds, struct sparse_times *times)
{
    return sparse_cholmod(array, seconds, times);
}
#else

#include <stdlib.h>
#include <string.h>
#include <suitesparse/cholmod.h>
#include <suitesparse/klu.h>

enum { ENTRIES_PER_CELL = 12, COLUMNS_AT_ONCE = 32 };

/* Word-line nodes first, then bit-line nodes, both by rows. */
static size_t word_node(size_t n, size_t i, size_t j)
{
    return i * n + j;
}

static size_t bit_node(size_t n, size_t i, size_t j)
{
    return (n + i) * n + j;
}

static void add(cholmod_triplet *triplet, size_t row, size_t column, double siemens)
{
    size_t k = triplet->nnz++;
    ((int *)triplet->i)[k] = (int)row;
    ((int *)triplet->j)[k] = (int)column;
    ((double *)triplet->x)[k] = siemens;
}

/* a < b; in the lower triangle */
static void join(cholmod_triplet *triplet, size_t a, size_t b, double siemens)
{
    add(triplet, a, a, siemens);
    add(triplet, b, b, siemens);
    add(triplet, b, a, -siemens);
}

static cholmod_sparse *matrix_of(const struct measure_array *array, cholmod_common *common)
{
    const struct network *network = &array->network;
    size_t n = network->n_rows;
    cholmod_triplet *triplet =
        cholmod_allocate_triplet(2 * n * n, 2 * n * n, ENTRIES_PER_CELL * n * n, -1, CHOLMOD_REAL, common);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            join(triplet, word_node(n, i, j), bit_node(n, i, j), array->conductance[i * n + j]);
            if (j + 1 < n)
                join(triplet, word_node(n, i, j), word_node(n, i, j + 1), 1 / network->r_word_line_ohm);
            if (i + 1 < n)
                join(triplet, bit_node(n, i, j), bit_node(n, i + 1, j), 1 / network->r_bit_line_ohm);
        }
    for (size_t k = 0; k < n; k++) {
        add(triplet, word_node(n, k, 0), word_node(n, k, 0),
            1 / (network->r_driver_ohm + network->r_word_line_ohm));
        add(triplet, bit_node(n, n - 1, k), bit_node(n, n - 1, k),
            1 / (network->r_sense_ohm + network->r_bit_line_ohm));
    }
    cholmod_sparse *matrix = cholmod_triplet_to_sparse(triplet, 0, common);
    cholmod_free_triplet(&triplet, common);
    return matrix;
}

struct cholesky {
    cholmod_common common;
    cholmod_sparse *matrix;
    cholmod_factor *factor;
    cholmod_dense *right;
    const struct measure_array *array;
    double *transfer;
};

static void analyse_cholesky(void *state)
{
    struct cholesky *c = state;
    cholmod_free_factor(&c->factor, &c->common);
    c->factor = cholmod_analyze(c->matrix, &c->common);
}

static void factor_cholesky(void *state)
{
    struct cholesky *c = state;
    cholmod_factorize(c->matrix, c->factor, &c->common);
}

/* By reciprocity: 1 V at each sense terminal, COLUMNS_AT_ONCE together. */
static void solve_cholesky(void *state)
{
    struct cholesky *c = state;
    const struct network *network = &c->array->network;
    size_t n = network->n_rows, n_nodes = 2 * n * n;
    double sense = 1 / (network->r_sense_ohm + network->r_bit_line_ohm);
    double driver = 1 / (network->r_driver_ohm + network->r_word_line_ohm), *right = c->right->x;
    for (size_t first = 0; first < n; first += COLUMNS_AT_ONCE) {
        for (size_t k = 0; k < COLUMNS_AT_ONCE; k++)
            right[k * n_nodes + bit_node(n, n - 1, first + k)] = sense;
        cholmod_dense *solution = cholmod_solve(CHOLMOD_A, c->factor, c->right, &c->common);
        const double *volts = solution->x;
        for (size_t k = 0; k < COLUMNS_AT_ONCE; k++) {
            for (size_t i = 0; i < n; i++)
                c->transfer[i * n + first + k] = driver * volts[k * n_nodes + word_node(n, i, 0)];
            right[k * n_nodes + bit_node(n, n - 1, first + k)] = 0;
        }
        cholmod_free_dense(&solution, &c->common);
    }
}

static double difference_of(const struct measure_array *array, const double *transfer)
{
    size_t n = array->network.n_rows;
    double *amperes = measure_doubles(n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            amperes[j] += array->volts[i] * transfer[i * n + j];
    double difference = measure_difference(array, amperes);
    free(amperes);
    return difference;
}

bool sparse_cholmod(const struct measure_array *array, double seconds, struct sparse_times *times)
{
    size_t n = array->network.n_rows;
    struct cholesky c = {.array = array, .transfer = measure_doubles(n * n)};
    cholmod_start(&c.common);
    c.common.nmethods = 1;
    c.common.method[0].ordering = CHOLMOD_AMD;
    c.matrix = matrix_of(array, &c.common);
    c.right = cholmod_zeros(2 * n * n, COLUMNS_AT_ONCE, CHOLMOD_REAL, &c.common);
    times->analyse = measure_seconds(analyse_cholesky, &c, seconds);
    times->factor = measure_seconds(factor_cholesky, &c, seconds);
    times->solve = measure_seconds(solve_cholesky, &c, seconds);
    times->difference = difference_of(array, c.transfer);
    cholmod_free_dense(&c.right, &c.common);
    cholmod_free_factor(&c.factor, &c.common);
    cholmod_free_sparse(&c.matrix, &c.common);
    cholmod_finish(&c.common);
    free(c.transfer);
    return true;
}

struct lu {
    klu_common common;
    klu_symbolic *symbolic;
    klu_numeric *numeric;
    cholmod_sparse *matrix;
    const struct measure_array *array;
    double *volts;
};

static void analyse_lu(void *state)
{
    struct lu *lu = state;
    klu_free_symbolic(&lu->symbolic, &lu->common);
    lu->symbolic = klu_analyze((int)lu->matrix->nrow, lu->matrix->p, lu->matrix->i, &lu->common);
}

static void factor_lu(void *state)
{
    struct lu *lu = state;
    klu_free_numeric(&lu->numeric, &lu->common);
    lu->numeric = klu_factor(lu->matrix->p, lu->matrix->i, lu->matrix->x, lu->symbolic, &lu->common);
}

static void solve_lu(void *state)
{
    struct lu *lu = state;
    const struct network *network = &lu->array->network;
    size_t n = network->n_rows;
    double driver = 1 / (network->r_driver_ohm + network->r_word_line_ohm);
    memset(lu->volts, 0, 2 * n * n * sizeof *lu->volts);
    for (size_t i = 0; i < n; i++)
        lu->volts[word_node(n, i, 0)] = driver * lu->array->volts[i];
    klu_solve(lu->symbolic, lu->numeric, (int)(2 * n * n), 1, lu->volts, &lu->common);
}

bool sparse_klu(const struct measure_array *array, double seconds, struct sparse_times *times)
{
    size_t n = array->network.n_rows;
    struct lu lu = {.array = array, .volts = measure_doubles(2 * n * n)};
    cholmod_common common;
    cholmod_start(&common);
    klu_defaults(&lu.common);
    cholmod_sparse *lower = matrix_of(array, &common);
    lu.matrix = cholmod_copy(lower, 0, 1, &common);
    times->analyse = measure_seconds(analyse_lu, &lu, seconds);
    times->factor = measure_seconds(factor_lu, &lu, seconds);
    times->solve = measure_seconds(solve_lu, &lu, seconds);
    for (size_t j = 0; j < n; j++)
        lu.volts[j] =
            lu.volts[bit_node(n, n - 1, j)] / (array->network.r_sense_ohm + array->network.r_bit_line_ohm);
    times->difference = measure_difference(array, lu.volts);
    klu_free_numeric(&lu.numeric, &lu.common);
    klu_free_symbolic(&lu.symbolic, &lu.common);
    cholmod_free_sparse(&lu.matrix, &common);
    cholmod_free_sparse(&lower, &common);
    cholmod_finish(&common);
    free(lu.volts);
    return true;
}
#endif
