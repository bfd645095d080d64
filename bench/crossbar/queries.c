/* Queries on a transfer matrix beside the matrix product's speed, with and without read noise, and normals
 * beside GSL's (README.md); prints a table. */
#include <gsl/gsl_cblas.h> /* of whatever BLAS is linked, OpenBLAS before GSL's own */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crossbar/decide.h"
#include "crossbar/field.h"
#include "crossbar/transfer.h"
#include "measure.h"
#include "numeric/random_f32.h"

enum {
    PEAK_LINES = 512,
    N_QUERIES = 1024,
    ROUNDS_MIN = 7,
    ROUNDS_MAX = 101,
    N_NORMALS = 1 << 16,
    N_DRIVES = 16
};

#define SECONDS_PER_ROW 2.0 /* at least, or ROUNDS_MAX rounds */
#define OPERATIONS_PER_CALL                                                                                  \
    5e8 /* about: small sizes are repeated, so that they do not measure cold caches                          \
         */

/* One size: matrices of positive numbers, voltages of both signs. Doubles first, then floats. */
struct queries {
    size_t n;
    double *matrix, *volts, *amperes, *square[3];
    float *volts_f32, *amperes_f32, *f, *threshold, *square_f32[3], *normals;
    uint64_t *bits;
    struct product *f64, *f32, *d, *e;
    gsl_rng *generator;
};

static void *memory(size_t n, size_t size)
{
    void *values = aligned_alloc(64, (n * size + 63) / 64 * 64);
    if (values == NULL)
        abort();
    memset(values, 0, n * size);
    return values;
}

static struct product *packed(size_t n, enum product_precision precision, const double *matrix)
{
    struct product *product = NULL;
    struct rs_error err;
    if (product_create(n, n, precision, kernel_chosen(), &product, &err) != RS_OK)
        abort();
    product_load(product, matrix);
    return product;
}

static void make(struct queries *q, size_t n)
{
    *q = (struct queries){.n = n};
    size_t n_values = N_QUERIES * n;
    q->matrix = memory(n * n, sizeof(double));
    q->volts = memory(n_values, sizeof(double));
    q->amperes = memory(n_values, sizeof(double));
    q->volts_f32 = memory(n_values, sizeof(float));
    q->amperes_f32 = memory(n_values, sizeof(float));
    q->f = memory(n, sizeof(float));
    q->threshold = memory(n, sizeof(float));
    q->normals = memory(N_NORMALS, sizeof(float));
    q->bits = memory(N_QUERIES * (n / 64 + 1), sizeof(uint64_t));
    q->generator = gsl_rng_alloc(gsl_rng_mt19937);
    const struct random_key key = {.seed = n, .purpose = RANDOM_PROBE};
    random_uniforms(&key, n * n, q->matrix);
    random_normals(&key, n_values, q->volts);
    for (size_t i = 0; i < n_values; i++)
        q->volts_f32[i] = (float)q->volts[i];
    for (int i = 0; i < 3; i++) {
        q->square[i] = memory(PEAK_LINES * PEAK_LINES, sizeof(double));
        q->square_f32[i] = memory(PEAK_LINES * PEAK_LINES, sizeof(float));
        for (size_t c = 0; c < PEAK_LINES * PEAK_LINES; c++)
            q->square_f32[i][c] = (float)(q->square[i][c] = 1 + (double)(c % 7));
    }
    for (size_t j = 0; j < n; j++)
        q->f[j] = 1e-3f;
    q->f64 = packed(n, PRODUCT_F64, q->matrix);
    q->f32 = packed(n, PRODUCT_F32, q->matrix);
    q->d = packed(n, PRODUCT_F32, q->matrix);
    q->e = packed(n, PRODUCT_F32, q->matrix);
}

static void clear(struct queries *q)
{
    void *const blocks[] = {q->matrix, q->volts,     q->amperes, q->volts_f32, q->amperes_f32,
                            q->f,      q->threshold, q->normals, q->bits};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        free(blocks[i]);
    for (int i = 0; i < 3; i++) {
        free(q->square[i]);
        free(q->square_f32[i]);
    }
    struct product *const products[] = {q->f64, q->f32, q->d, q->e};
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
        product_destroy(products[i]);
    gsl_rng_free(q->generator);
}

/* What is timed, each with the number of operations (or normals) of a call. */
static void peak_f64(struct queries *q)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, PEAK_LINES, PEAK_LINES, PEAK_LINES, 1,
                q->square[0], PEAK_LINES, q->square[1], PEAK_LINES, 0, q->square[2], PEAK_LINES);
}

static void peak_f32(struct queries *q)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, PEAK_LINES, PEAK_LINES, PEAK_LINES, 1,
                q->square_f32[0], PEAK_LINES, q->square_f32[1], PEAK_LINES, 0, q->square_f32[2], PEAK_LINES);
}

/* Repeats of the queries in one timed call. */
static size_t repeats(const struct queries *q)
{
    double operations = 2.0 * N_QUERIES * (double)q->n * (double)q->n;
    return operations < OPERATIONS_PER_CALL ? (size_t)(OPERATIONS_PER_CALL / operations) : 1;
}

static void plain_f64(struct queries *q)
{
    for (size_t i = repeats(q); i > 0; i--)
        product_apply(q->f64, N_QUERIES, q->volts, q->amperes);
}

static void plain_f32(struct queries *q)
{
    for (size_t i = repeats(q); i > 0; i--)
        product_apply_f32(q->f32, N_QUERIES, q->volts_f32, q->amperes_f32);
}

static void noisy_f32(struct queries *q)
{
    const struct decide_tables noisy = {q->f32, q->d, q->e, q->f};
    const struct random_key key = {.seed = 1, .purpose = RANDOM_READ};
    struct rs_error err;
    for (size_t i = repeats(q); i > 0; i--)
        if (decide_queries(&noisy, N_QUERIES, q->volts_f32, q->threshold, &key, q->bits, &err) != RS_OK)
            abort();
}

static void own_normals(struct queries *q)
{
    const struct random_key key = {.seed = 1, .purpose = RANDOM_READ};
    random_f32_of(kernel_chosen())(&key, N_NORMALS, q->normals);
}

static void gsl_normals(struct queries *q)
{
    for (size_t i = 0; i < N_NORMALS; i++)
        q->normals[i] = (float)gsl_ran_gaussian_ziggurat(q->generator, 1);
}

enum what { PEAK_F64, PEAK_F32, PLAIN_F64, PLAIN_F32, NOISY_F32, OWN_NORMALS, GSL_NORMALS, N_WHATS };
static void (*const calls[N_WHATS])(struct queries *) = {peak_f64,  peak_f32,    plain_f64,  plain_f32,
                                                         noisy_f32, own_normals, gsl_normals};

static int by_size(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* Medians of the seconds of one call, all calls taken in turn, the first round left out. */
static void measure(struct queries *q, double seconds[N_WHATS])
{
    static double taken[N_WHATS][ROUNDS_MAX];
    size_t n = 0;
    for (int w = 0; w < N_WHATS; w++)
        calls[w](q);
    for (double start = measure_now();
         n < ROUNDS_MIN || (n < ROUNDS_MAX && measure_now() - start < SECONDS_PER_ROW); n++)
        for (int w = 0; w < N_WHATS; w++) {
            double before = measure_now();
            calls[w](q);
            taken[w][n] = measure_now() - before;
        }
    for (int w = 0; w < N_WHATS; w++) {
        qsort(taken[w], n, sizeof taken[w][0], by_size);
        seconds[w] = taken[w][n / 2];
    }
}

static void print_row(size_t n)
{
    struct queries q;
    double s[N_WHATS], peak = 2.0 * PEAK_LINES * PEAK_LINES * PEAK_LINES;
    double operations = 2.0 * N_QUERIES * (double)n * (double)n;
    make(&q, n);
    measure(&q, s);
    for (int w = PLAIN_F64; w <= NOISY_F32; w++)
        s[w] /= (double)repeats(&q);
    clear(&q);
    printf("| %zu | %.1f | %.2e | %.0f | %.1f | %.2e | %.0f | %.2e | %.3f | %.2f | %.1f |\n", n,
           1e-9 * peak / s[PEAK_F64], N_QUERIES / s[PLAIN_F64],
           100 * operations / s[PLAIN_F64] * s[PEAK_F64] / peak, 1e-9 * peak / s[PEAK_F32],
           N_QUERIES / s[PLAIN_F32], 100 * operations / s[PLAIN_F32] * s[PEAK_F32] / peak,
           N_QUERIES / s[NOISY_F32], s[PLAIN_F32] / s[NOISY_F32], 1e-9 * N_NORMALS / s[OWN_NORMALS],
           s[GSL_NORMALS] / s[OWN_NORMALS]);
    fflush(stdout);
}

/* What the reads of an array cost (src/attention/reads.c), for fields of the tolerance used there. */
struct costs {
    size_t n;
    struct transfer_plan *transfer_plan;
    struct field_plan *field_plan;
    double *conductance, *transfer, *drawn, *volts, *amperes, *word_volts, *bit_volts;
    struct field_drive drives[N_DRIVES], adjoints[N_DRIVES];
};

static void cost_field(struct costs *c)
{
    field_solve(c->field_plan, c->volts, 1e-10, c->amperes, NULL, NULL, NULL);
}

static void cost_redrawn(struct costs *c)
{
    const struct random_key key = {.seed = 1, .purpose = RANDOM_READ};
    random_normals(&key, c->n * c->n, c->drawn);
    for (size_t i = 0; i < c->n * c->n; i++)
        c->drawn[i] = c->conductance[i] * (1 + 0.01 * c->drawn[i]);
    field_factor(c->field_plan, c->drawn);
    cost_field(c);
}

static void cost_many(struct costs *c)
{
    field_solve_many(c->field_plan, N_DRIVES, c->drives, 1e-6, NULL, c->word_volts, c->bit_volts, NULL);
}

static void cost_adjoint(struct costs *c)
{
    field_solve_many(c->field_plan, N_DRIVES, c->adjoints, 1e-6, NULL, c->word_volts, c->bit_volts, NULL);
}

static void cost_transfer(struct costs *c)
{
    transfer_compute(c->transfer_plan, c->conductance, c->transfer);
}

static void print_costs(size_t n)
{
    enum { N_COSTS = 5 };
    static void (*const costs[N_COSTS])(struct costs *) = {cost_field, cost_redrawn, cost_many, cost_adjoint,
                                                           cost_transfer};
    static double taken[N_COSTS][ROUNDS_MAX];
    const struct network network = {.n_rows = n,
                                    .n_columns = n,
                                    .r_word_line_ohm = 2,
                                    .r_bit_line_ohm = 2,
                                    .r_driver_ohm = 100,
                                    .r_sense_ohm = 100};
    const struct random_key key = {.seed = n, .purpose = RANDOM_PROBE};
    struct costs c = {.n = n};
    struct rs_error err;
    double *const blocks = memory((3 + 2 * N_DRIVES) * n * n + (2 + N_DRIVES) * n, sizeof(double));
    c.conductance = blocks;
    c.transfer = c.conductance + n * n;
    c.drawn = c.transfer + n * n;
    c.word_volts = c.drawn + n * n;
    c.bit_volts = c.word_volts + N_DRIVES * n * n;
    c.amperes = c.bit_volts + N_DRIVES * n * n;
    c.volts = c.amperes + n;
    double *scale = c.volts + N_DRIVES * n;
    random_uniforms(&key, n * n, c.conductance);
    for (size_t i = 0; i < n * n; i++)
        c.conductance[i] = 1e-6 * pow(100, c.conductance[i]);
    for (size_t i = 0; i < N_DRIVES; i++) {
        c.volts[i * n + i] = 1;
        c.drives[i].volts = c.adjoints[i].sense_volts = c.volts + i * n;
        c.adjoints[i].unit_amperes = scale;
    }
    for (size_t i = 0; i < n; i++)
        scale[i] = 20e-6 * (double)n;
    if (transfer_plan_create(&network, NULL, kernel_chosen(), TRANSFER_F64, &c.transfer_plan, &err) !=
            RS_OK ||
        field_plan_create(&network, &c.field_plan, &err) != RS_OK)
        abort();
    field_factor(c.field_plan, c.conductance);
    for (int round = 0; round < ROUNDS_MIN; round++)
        for (int w = 0; w < N_COSTS; w++) {
            double before = measure_now();
            size_t repeats = 1 + (1 << 20) / (n * n);
            for (size_t i = 0; i < repeats; i++)
                costs[w](&c);
            taken[w][round] = (measure_now() - before) / (double)repeats;
        }
    for (int w = 0; w < N_COSTS; w++)
        qsort(taken[w], ROUNDS_MIN, sizeof taken[w][0], by_size);
    double field = taken[0][ROUNDS_MIN / 2];
    printf("| %zu | %.1f | %.2f | %.2f | %.2f | %.1f |\n", n, 1e9 * field / (double)(n * n),
           taken[1][ROUNDS_MIN / 2] / field, taken[2][ROUNDS_MIN / 2] / field / N_DRIVES,
           taken[3][ROUNDS_MIN / 2] / field / N_DRIVES, taken[4][ROUNDS_MIN / 2] / field);
    transfer_plan_destroy(c.transfer_plan);
    field_plan_destroy(c.field_plan);
    free(blocks);
}

int main(void)
{
    const size_t sizes[] = {32, 64, 100, 128, 256, 512, 1024};
    printf("# Queries beside the matrix product\n\n");
    measure_print_machine();
    printf("%d queries at a time.\n\n", N_QUERIES);
    printf("| N | dgemm, GF/s | f64 queries/s | %% of dgemm | sgemm, GF/s | f32 queries/s | %% of sgemm | "
           "noisy decided queries/s | of the f32 rate | G normals/s | times GSL's ziggurat |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        print_row(sizes[i]);
    printf("\nWhat one read costs, in fields solved alone (the constants of src/attention/reads.c):\n\n"
           "| N | one field, ns per cell | with redrawn cells | among many | adjoint among many | T |\n"
           "|---|---|---|---|---|---|\n");
    for (size_t n = 32; n <= 256; n *= 2)
        print_costs(n);
    return 0;
}
