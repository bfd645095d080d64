/* Products with a packed matrix: against long double, query by query and in batches, and noisy decisions. */
#include <criterion/criterion.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "crossbar/decide.h"
#include "numeric/random_f32.h"

TestSuite(product, .timeout = 60);

enum { QUERIES = 61 };

/* Below, at and above the sizes of lanes, slivers, stripes and depths. */
static const size_t shapes[][2] = {{1, 1},   {3, 5},   {7, 16},   {16, 17},  {20, 33},
                                   {64, 64}, {65, 31}, {100, 49}, {256, 24}, {300, 70}};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

struct inputs {
    size_t n_rows, n_columns;
    double *matrix, *volts, *expected, *scale, *out, *alone;
    float *volts_f32, *out_f32, *alone_f32;
};

/* Whole numbers, or any; `expected` in long double, `scale` its sum of magnitudes. */
static void make(struct inputs *in, const size_t shape[2], uint64_t seed, bool whole)
{
    size_t n = shape[0], m = shape[1];
    *in = (struct inputs){.n_rows = n, .n_columns = m};
    double **const blocks[] = {&in->matrix, &in->volts, &in->expected, &in->scale, &in->out, &in->alone};
    const size_t sizes[] = {n * m, QUERIES * n, QUERIES * m, QUERIES * m, QUERIES * m, m};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        *blocks[i] = calloc(sizes[i], sizeof(double));
    in->volts_f32 = calloc(QUERIES * n, sizeof(float));
    in->out_f32 = calloc(QUERIES * m, sizeof(float));
    in->alone_f32 = calloc(m, sizeof(float));
    const struct random_key key = {.seed = seed, .purpose = RANDOM_PROBE}, other = {.seed = seed, .draw = 1};
    random_normals(&key, n * m, in->matrix);
    random_normals(&other, QUERIES * n, in->volts);
    for (size_t i = 0; i < n * m; i++)
        in->matrix[i] = whole ? rint(3 * in->matrix[i]) : (double)(float)in->matrix[i];
    for (size_t i = 0; i < QUERIES * n; i++)
        in->volts_f32[i] =
            (float)(in->volts[i] = whole ? rint(3 * in->volts[i]) : (double)(float)in->volts[i]);
    for (size_t q = 0; q < QUERIES; q++)
        for (size_t j = 0; j < m; j++) {
            long double sum = 0, scale = 0;
            for (size_t i = 0; i < n; i++) {
                sum += (long double)in->volts[q * n + i] * (long double)in->matrix[i * m + j];
                scale += fabsl((long double)in->volts[q * n + i] * (long double)in->matrix[i * m + j]);
            }
            in->expected[q * m + j] = (double)sum;
            in->scale[q * m + j] = (double)scale;
        }
}

static void clear(struct inputs *in)
{
    void *const blocks[] = {in->matrix, in->volts,     in->expected, in->scale,    in->out,
                            in->alone,  in->volts_f32, in->out_f32,  in->alone_f32};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        free(blocks[i]);
}

static struct product *packed(const struct inputs *in, enum product_precision precision, enum kernel kernel,
                              const double *matrix)
{
    struct product *product = NULL;
    struct rs_error err;
    cr_assert_eq(product_create(in->n_rows, in->n_columns, precision, kernel, &product, &err), RS_OK);
    product_load(product, matrix);
    return product;
}

Test(product, sums_are_right_to_rounding_with_every_kernel)
{
    for (size_t s = 0; s < N_SHAPES; s++)
        for (int k = 0; k < N_KERNELS; k++) {
            struct inputs in;
            if (!kernel_runs((enum kernel)k))
                continue;
            make(&in, shapes[s], s, false);
            struct product *f64 = packed(&in, PRODUCT_F64, (enum kernel)k, in.matrix);
            struct product *f32 = packed(&in, PRODUCT_F32, (enum kernel)k, in.matrix);
            product_apply(f64, QUERIES, in.volts, in.out);
            product_apply_f32(f32, QUERIES, in.volts_f32, in.out_f32);
            double n = (double)in.n_rows;
            for (size_t i = 0; i < QUERIES * in.n_columns; i++) {
                cr_assert_leq(fabs(in.out[i] - in.expected[i]), n * 0x1p-53 * in.scale[i], "%s, shape %zu",
                              kernel_name((enum kernel)k), s);
                cr_assert_leq(fabs((double)in.out_f32[i] - in.expected[i]), (n + 1) * 0x1p-24 * in.scale[i],
                              "%s, shape %zu", kernel_name((enum kernel)k), s);
            }
            product_destroy(f64);
            product_destroy(f32);
            clear(&in);
        }
}

Test(product, sums_of_whole_numbers_are_exact)
{
    for (size_t s = 0; s < N_SHAPES; s++)
        for (int k = 0; k < N_KERNELS; k++) {
            struct inputs in;
            if (!kernel_runs((enum kernel)k))
                continue;
            make(&in, shapes[s], s, true);
            struct product *f64 = packed(&in, PRODUCT_F64, (enum kernel)k, in.matrix);
            product_apply(f64, QUERIES, in.volts, in.out);
            for (size_t i = 0; i < QUERIES * in.n_columns; i++)
                cr_assert(in.out[i] == in.expected[i], "%s, shape %zu", kernel_name((enum kernel)k), s);
            product_destroy(f64);
            clear(&in);
        }
}

Test(product, a_query_has_the_same_bits_alone_and_in_any_batch)
{
    for (size_t s = 0; s < N_SHAPES; s++)
        for (int k = 0; k < N_KERNELS; k++) {
            struct inputs in;
            if (!kernel_runs((enum kernel)k))
                continue;
            make(&in, shapes[s], s, false);
            size_t n = in.n_rows, m = in.n_columns;
            struct product *f64 = packed(&in, PRODUCT_F64, (enum kernel)k, in.matrix);
            struct product *f32 = packed(&in, PRODUCT_F32, (enum kernel)k, in.matrix);
            product_apply(f64, QUERIES, in.volts, in.out);
            product_apply_f32(f32, QUERIES, in.volts_f32, in.out_f32);
            for (size_t q = 0; q < QUERIES; q++) {
                product_apply(f64, 1, in.volts + q * n, in.alone);
                product_apply_f32(f32, 1, in.volts_f32 + q * n, in.alone_f32);
                cr_assert_eq(memcmp(in.alone, in.out + q * m, m * sizeof(double)), 0,
                             "query %zu of shape %zu", q, s);
                cr_assert_eq(memcmp(in.alone_f32, in.out_f32 + q * m, m * sizeof(float)), 0,
                             "query %zu of shape %zu", q, s);
            }
            product_destroy(f64);
            product_destroy(f32);
            clear(&in);
        }
}

/* A noisy array of arbitrary tables; E small enough that the variance is positive. */
struct noisy {
    struct inputs in;
    struct product *transfer, *d, *minus_2e;
    double *d_matrix, *e_matrix;
    float *f, *threshold;
    uint64_t *bits, *part;
    size_t n_words;
};

static struct decide_tables make_noisy(struct noisy *noisy, const size_t shape[2], enum kernel kernel)
{
    struct inputs *in = &noisy->in;
    size_t n = shape[0], m = shape[1];
    make(in, shape, 7, false);
    noisy->d_matrix = calloc(n * m, sizeof(double));
    noisy->e_matrix = calloc(n * m, sizeof(double));
    noisy->f = calloc(m, sizeof(float));
    noisy->threshold = calloc(m, sizeof(float));
    noisy->n_words = (m + 63) / 64;
    noisy->bits = calloc(QUERIES * noisy->n_words, sizeof(uint64_t));
    noisy->part = calloc(QUERIES * noisy->n_words, sizeof(uint64_t));
    for (size_t i = 0; i < n * m; i++) {
        noisy->d_matrix[i] = (double)(float)(0.5 + fabs(in->matrix[i]));
        noisy->e_matrix[i] = (double)(float)(-2 * 0.05 * in->matrix[i]);
    }
    for (size_t j = 0; j < m; j++) {
        noisy->f[j] = 0.02f;
        noisy->threshold[j] = (float)((double)(j % 9) - 4);
    }
    noisy->transfer = packed(in, PRODUCT_F32, kernel, in->matrix);
    noisy->d = packed(in, PRODUCT_F32, kernel, noisy->d_matrix);
    noisy->minus_2e = packed(in, PRODUCT_F32, kernel, noisy->e_matrix);
    return (struct decide_tables){noisy->transfer, noisy->d, noisy->minus_2e, noisy->f};
}

static void clear_noisy(struct noisy *noisy)
{
    product_destroy(noisy->transfer);
    product_destroy(noisy->d);
    product_destroy(noisy->minus_2e);
    void *const blocks[] = {noisy->d_matrix,  noisy->e_matrix, noisy->f,
                            noisy->threshold, noisy->bits,     noisy->part};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        free(blocks[i]);
    clear(&noisy->in);
}

/* (threshold - I) / sigma of one query and column, in double. */
static double needed_normal(const struct noisy *noisy, size_t q, size_t j)
{
    const struct inputs *in = &noisy->in;
    double d = 0, e = 0, amperes = in->expected[q * in->n_columns + j];
    for (size_t i = 0; i < in->n_rows; i++) {
        double v = in->volts[q * in->n_rows + i];
        d += v * v * noisy->d_matrix[i * in->n_columns + j];
        e += v * noisy->e_matrix[i * in->n_columns + j];
    }
    double variance = d + amperes * e + amperes * amperes * (double)noisy->f[j];
    return ((double)noisy->threshold[j] - amperes) / sqrt(variance);
}

Test(product, a_noisy_decision_is_that_of_its_formula_with_the_documented_normal)
{
    const struct random_key key = {.seed = 3, .purpose = RANDOM_READ, .trial = 1, .array = 2, .draw = 100};
    for (size_t s = 0; s < N_SHAPES; s++)
        for (int k = 0; k < N_KERNELS; k++) {
            struct noisy noisy;
            struct rs_error err;
            float normals[128];
            size_t n_close = 0, m = shapes[s][1];
            if (!kernel_runs((enum kernel)k))
                continue;
            const struct decide_tables tables = make_noisy(&noisy, shapes[s], (enum kernel)k);
            cr_assert_eq(
                decide_queries(&tables, QUERIES, noisy.in.volts_f32, noisy.threshold, &key, noisy.bits, &err),
                RS_OK);
            for (size_t q = 0; q < QUERIES; q++) {
                struct random_key own = key;
                own.draw += (uint32_t)q;
                random_f32_of(KERNEL_BASELINE)(&own, m, normals);
                for (size_t j = 0; j < 64 * noisy.n_words; j++) {
                    bool bit = noisy.bits[q * noisy.n_words + j / 64] >> (j % 64) & 1;
                    cr_assert(j < m || !bit, "a bit beyond the last column");
                    double needed = j < m ? needed_normal(&noisy, q, j) : 0;
                    if (j >= m || fabs((double)normals[j] - needed) < 1e-4 * (1 + fabs(needed)))
                        n_close += j < m;
                    else
                        cr_assert_eq(bit, (double)normals[j] >= needed,
                                     "%s, shape %zu, query %zu, column %zu", kernel_name((enum kernel)k), s,
                                     q, j);
                }
            }
            cr_assert_lt(n_close, 2 + QUERIES * m / 100);
            clear_noisy(&noisy);
        }
}

Test(product, noisy_decisions_do_not_depend_on_how_queries_are_shared_out)
{
    const struct random_key key = {.seed = 3, .purpose = RANDOM_READ, .draw = 5};
    const size_t shape[2] = {40, 100}, parts[] = {0, 1, 14, 50, QUERIES};
    struct noisy noisy;
    struct rs_error err;
    const struct decide_tables tables = make_noisy(&noisy, shape, kernel_chosen());
    cr_assert_eq(
        decide_queries(&tables, QUERIES, noisy.in.volts_f32, noisy.threshold, &key, noisy.bits, &err), RS_OK);
    for (size_t p = 0; p + 1 < sizeof parts / sizeof parts[0]; p++) {
        struct random_key own = key;
        own.draw += (uint32_t)parts[p];
        cr_assert_eq(decide_queries(&tables, parts[p + 1] - parts[p],
                                    noisy.in.volts_f32 + parts[p] * shape[0], noisy.threshold, &own,
                                    noisy.part + parts[p] * noisy.n_words, &err),
                     RS_OK);
    }
    cr_assert_eq(memcmp(noisy.part, noisy.bits, QUERIES * noisy.n_words * sizeof(uint64_t)), 0);
    clear_noisy(&noisy);
}

/* Over many draws of one query: keep probability = normal distribution function. */
Test(product, a_decision_is_kept_as_often_as_the_law_says)
{
    enum { DRAWS = 4000 };
    const size_t shape[2] = {16, 17};
    struct noisy noisy;
    struct rs_error err;
    const struct decide_tables tables = make_noisy(&noisy, shape, kernel_chosen());
    double kept[17] = {0};
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        const struct random_key key = {.seed = 11, .purpose = RANDOM_READ, .draw = draw};
        cr_assert_eq(decide_queries(&tables, 1, noisy.in.volts_f32, noisy.threshold, &key, noisy.bits, &err),
                     RS_OK);
        for (size_t j = 0; j < shape[1]; j++)
            kept[j] += (double)(noisy.bits[0] >> j & 1);
    }
    for (size_t j = 0; j < shape[1]; j++) {
        double p = gsl_cdf_ugaussian_Q(needed_normal(&noisy, 0, j)), sd = sqrt(p * (1 - p) * DRAWS);
        cr_assert_lt(fabs(kept[j] - p * DRAWS), 4 * sd + 1e-3, "column %zu: %g of %g", j, kept[j], p * DRAWS);
    }
    clear_noisy(&noisy);
}
