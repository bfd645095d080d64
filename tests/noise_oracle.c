#include "noise_oracle.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "crossbar/field.h"
#include "numeric/random.h"

void noise_oracle_make_of(const struct network *network, const double *conductance, double sigma_ratio,
                          struct noise_oracle *out)
{
    size_t n_cells = network->n_rows * network->n_columns;
    struct rs_error err;
    *out = (struct noise_oracle){.network = *network};
    out->conductance = calloc(n_cells, sizeof(double));
    out->sigma = calloc(n_cells, sizeof(double));
    out->transfer = calloc(n_cells, sizeof(double));
    memcpy(out->conductance, conductance, n_cells * sizeof(double));
    for (size_t c = 0; c < n_cells; c++)
        out->sigma[c] = sigma_ratio * conductance[c];
    cr_assert_eq(transfer_plan_create(network, NULL, kernel_chosen(), TRANSFER_F64, &out->plan, &err), RS_OK,
                 "%s", err.text);
    cr_assert_eq(noise_create(network, &out->noise, &err), RS_OK, "%s", err.text);
    transfer_compute(out->plan, out->conductance, out->transfer);
    cr_assert(noise_load(out->noise, out->conductance, out->sigma));
}

void noise_oracle_make(const struct network *network, enum noise_oracle_cells cells, double sigma_ratio,
                       uint64_t seed, struct noise_oracle *out)
{
    size_t n_cells = network->n_rows * network->n_columns;
    double *conductance = calloc(n_cells, sizeof *conductance);
    const struct random_key key = {.seed = seed, .purpose = RANDOM_PROGRAMMING};
    random_uniforms(&key, n_cells, conductance);
    for (size_t c = 0; c < n_cells; c++)
        conductance[c] =
            cells == NOISE_ORACLE_TO_1M ? 1e-6 * pow(100, conductance[c]) : 1e-5 * pow(10, conductance[c]);
    noise_oracle_make_of(network, conductance, sigma_ratio, out);
    free(conductance);
}

void noise_oracle_clear(struct noise_oracle *array)
{
    transfer_plan_destroy(array->plan);
    noise_destroy(array->noise);
    free(array->conductance);
    free(array->sigma);
    free(array->transfer);
}

/* A code -7 ... 7 of one row, u uniform and z normal of the row, `common` of the query. */
static double code(enum noise_oracle_volts kind, size_t query, size_t row, double u, double z, double common)
{
    if (kind == NOISE_ORACLE_NORMAL)
        return fmax(-7, fmin(7, rint(2.5 * z)));
    if (kind == NOISE_ORACLE_POSITIVE)
        return floor(8 * u);
    if (kind == NOISE_ORACLE_COMMON)
        return rint(7 * (0.8 * common + 0.2 * u));
    if (kind == NOISE_ORACLE_PATTERNS)
        return rint(7 * sin((double)(row * (query % 3 + 1)) / 5) * (2 * common - 1));
    if (kind == NOISE_ORACLE_FEW_ROWS && row >= 20)
        return 0;
    if (kind == NOISE_ORACLE_SPARSE)
        return (7 * row + query) % 21 == 0 ? 7 : 0;
    return floor(15 * u) - 7;
}

void noise_oracle_volts(enum noise_oracle_volts kind, size_t n_rows, size_t n_queries, uint64_t seed,
                        double *volts)
{
    const double volts_per_code = 0.2 / 7;
    double *uniforms = calloc(2 * n_rows + 1, sizeof *uniforms), *normals = uniforms + n_rows + 1;
    for (size_t q = 0; q < n_queries; q++) {
        struct random_key key = {.seed = seed, .purpose = RANDOM_PROBE, .draw = (uint32_t)q};
        random_uniforms(&key, n_rows + 1, uniforms);
        key.write = 1;
        random_normals(&key, n_rows, normals);
        for (size_t i = 0; i < n_rows; i++)
            volts[q * n_rows + i] =
                volts_per_code * code(kind, q, i, uniforms[i], normals[i], uniforms[n_rows]);
    }
    free(uniforms);
}

/* sums [n_columns], squares [n_columns] of the deviations from `amperes`. */
static void redraw(const struct noise_oracle *array, const double *volts, size_t n_samples,
                   const double *amperes, double *sums, double *squares)
{
    size_t n_columns = array->network.n_columns, n_cells = array->network.n_rows * n_columns;
    double *normals = calloc(2 * n_cells + n_columns, sizeof *normals), *cells = normals + n_cells;
    double *drawn = cells + n_cells;
    struct field_plan *fields = NULL;
    struct rs_error err;
    cr_assert_eq(field_plan_create(&array->network, &fields, &err), RS_OK, "%s", err.text);
    for (size_t s = 0; s < n_samples; s++) {
        const struct random_key key = {.seed = 99, .purpose = RANDOM_READ, .draw = (uint32_t)s};
        random_normals(&key, n_cells, normals);
        for (size_t c = 0; c < n_cells; c++)
            cells[c] = fmax(0, array->conductance[c] + array->sigma[c] * normals[c]);
        field_factor(fields, cells);
        cr_assert(field_solve(fields, volts, 1e-7, drawn, NULL, NULL, NULL));
        for (size_t k = 0; k < n_columns; k++) {
            sums[k] += drawn[k] - amperes[k];
            squares[k] += (drawn[k] - amperes[k]) * (drawn[k] - amperes[k]);
        }
    }
    field_plan_destroy(fields);
    free(normals);
}

void noise_oracle_check_redrawn(const struct network *network, enum noise_oracle_cells cells,
                                double sigma_ratio, size_t n_samples)
{
    size_t n_columns = network->n_columns;
    struct noise_oracle array;
    noise_oracle_make(network, cells, sigma_ratio, 17, &array);
    double *volts = calloc(network->n_rows, sizeof *volts),
           *variance = calloc(4 * n_columns, sizeof *variance);
    double *amperes = variance + n_columns, *sums = amperes + n_columns, *squares = sums + n_columns;
    noise_oracle_volts(NOISE_ORACLE_POSITIVE, network->n_rows, 1, 23, volts);
    cr_assert(noise_law(array.noise, 1, volts, amperes, variance));
    redraw(&array, volts, n_samples, amperes, sums, squares);
    double n = (double)n_samples, error = 1 / sqrt(2 * n), mean_ratio = 0, mean_shift = 0;
    for (size_t k = 0; k < n_columns; k++) {
        double mean = sums[k] / n, sigma = sqrt(variance[k]);
        double ratio = sqrt((squares[k] / n - mean * mean) * n / (n - 1)) / sigma - 1;
        mean_ratio += ratio / (double)n_columns;
        mean_shift += mean / sigma / (double)n_columns;
        cr_assert_lt(fabs(ratio), 4 * error, "%g of G, column %zu: %g", sigma_ratio, k, ratio);
        cr_assert_lt(fabs(mean / sigma), 0.03 + 3 / sqrt(n), "%g of G, column %zu: shift %g", sigma_ratio, k,
                     mean / sigma);
    }
    cr_assert_lt(fabs(mean_ratio), 3 * error / sqrt((double)n_columns), "%g of G: %g", sigma_ratio,
                 mean_ratio);
    cr_assert_lt(fabs(mean_shift), 0.03, "%g of G: shift %g", sigma_ratio, mean_shift);
    free(volts);
    free(variance);
    noise_oracle_clear(&array);
}
