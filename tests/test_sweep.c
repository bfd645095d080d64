/*
 * Sweeps over all lines: their kernels against each other and against libm, and how fast they contract
 * against the formula.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array_oracle.h"
#include "base/memory.h"
#include "crossbar/contraction.h"
#include "crossbar/sweep.h"

TestSuite(sweep, .timeout = 60);

/* An array that can be swept, and a batch with workspace for it. */
struct swept {
    struct network network;
    struct word_line word;
    struct bit_line bit;
    struct sweep sweep;
    const struct sweep_kernel *kernel;
    struct sweep_batch batch;
    double *memory, *before;
};

static double *zeros(size_t n)
{
    struct rs_error err;
    double *values = memory_allocate(n, sizeof *values, &err);
    cr_assert_not_null(values);
    return values;
}

static void make_swept(struct swept *s, const struct network *network, const double *conductance,
                       enum kernel kernel)
{
    struct rs_error err;
    size_t n = network->n_columns;
    *s = (struct swept){.network = *network, .kernel = sweep_kernel_of(kernel)};
    cr_assert_eq(word_line_init(&s->word, network, NULL, &err), RS_OK);
    cr_assert_eq(bit_line_init(&s->bit, network, NULL, &err), RS_OK);
    cr_assert_eq(sweep_init(&s->sweep, network->n_rows, n, &err), RS_OK);
    word_line_factor(&s->word, conductance);
    bit_line_factor(&s->bit, conductance);
    cr_assert(sweep_factor(&s->sweep, &s->word, &s->bit, conductance));
    size_t field = sweep_field_size(&s->sweep) * SWEEP_LANES_MAX, line = n * SWEEP_LANES_MAX;
    s->memory = zeros(2 * field + s->sweep.n_groups * SWEEP_ROWS * SWEEP_LANES_MAX + 13 * line);
    s->batch = (struct sweep_batch){.half = s->memory, .words = s->memory + 2 * field};
    s->batch.cells = s->batch.words + 4 * line;
    s->batch.bits = s->batch.cells + 4 * line;
    s->batch.passed = s->batch.bits + line;
    s->batch.amperes = s->batch.passed + line;
    s->batch.bias = s->batch.amperes + line;
    s->before = s->batch.bias + line;
    s->batch.volts = s->before + line;
}

static void clear_swept(struct swept *s)
{
    word_line_clear(&s->word);
    bit_line_clear(&s->bit);
    sweep_clear(&s->sweep);
    free(s->memory);
}

static void run_pass(struct swept *s, const struct cell_law *law, int k)
{
    memcpy(s->before, s->batch.amperes, s->network.n_columns * s->kernel->n_lanes * sizeof *s->before);
    s->batch.sources = law != NULL ? s->memory + sweep_field_size(&s->sweep) * SWEEP_LANES_MAX : NULL;
    s->kernel->pass(&s->sweep, law, k % 2 == 0 ? SWEEP_DOWN : SWEEP_UP, k == 0, &s->batch);
}

Test(sweep, kernels_agree_with_and_without_a_law)
{
    const struct cell_law law = {.kind = CELL_LAW_SINH, .v0_volts = 0.1};
    static double conductance[33 * 30];
    uint64_t state = 5;
    for (size_t c = 0; c < 33 * 30; c++)
        conductance[c] = c % 11 == 0 ? 0 : 1e-6 + 1e-4 * array_oracle_uniform(&state);
    for (int with_law = 0; with_law < 2; with_law++)
        for (size_t rows = 29; rows <= 33; rows++) {
            const struct network network = {rows, 30, 2, 3, 100, 50};
            double first[30];
            for (int k = 0; k < N_KERNELS; k++) {
                if (!kernel_runs((enum kernel)k))
                    continue;
                struct swept s;
                make_swept(&s, &network, conductance, (enum kernel)k);
                size_t n_lanes = s.kernel->n_lanes;
                for (size_t i = 0; i < rows * n_lanes; i++)
                    s.batch.volts[i] = 0.2 * cos((double)(i / n_lanes));
                for (int p = 0; p < 12; p++)
                    run_pass(&s, with_law ? &law : NULL, p);
                for (size_t j = 0; j < 30; j++) {
                    double ampere = s.batch.amperes[j * n_lanes + n_lanes - 1];
                    first[j] = k == 0 ? ampere : first[j];
                    cr_assert_float_eq(ampere, first[j], 1e-13 * fabs(first[j]) + 1e-19, "%s: %g %g",
                                       kernel_name((enum kernel)k), ampere, first[j]);
                }
                clear_swept(&s);
            }
        }
}

/* f(v) - v, to the rounding of f(v). */
Test(sweep, the_laws_of_the_kernels_are_those_of_the_cells)
{
    enum { N = 4001 };
    static double volts[N], excess[N];
    const double table_volts[] = {0.1, 0.2, 0.7, 1, 2}, factor[] = {1.1, 1.3, 1.2, 1.4, 2};
    struct cell_law laws[2] = {{.kind = CELL_LAW_SINH, .v0_volts = 0.07}};
    struct rs_error err;
    cr_assert_eq(cell_law_init_table(&laws[1], 5, table_volts, factor, &err), RS_OK);
    for (size_t i = 0; i < N; i++)
        volts[i] = i % 2 == 0 ? 2.5 * ((double)i / (N - 1) * 2 - 1)
                              : exp(-20 * (double)i / N) * ((double)(i % 3) - 1);
    for (int k = 0; k < N_KERNELS; k++)
        for (int law = 0; law < 2 && kernel_runs((enum kernel)k); law++) {
            double tangent;
            sweep_kernel_of((enum kernel)k)->excess(&laws[law], volts, N, excess);
            for (size_t i = 0; i < N; i++) {
                double expected = cell_law_current(&laws[law], 1, volts[i], &tangent);
                double allowed = law == 0 && fabs(volts[i]) > CELL_LAW_SINH_LIMIT * 0.07 ? 1e-14 : 6e-16;
                cr_assert_float_eq(volts[i] + excess[i], expected, allowed * fabs(expected),
                                   "%s %d at %g V: %g %g", kernel_name((enum kernel)k), law, volts[i],
                                   volts[i] + excess[i], expected);
            }
        }
    cell_law_clear(&laws[1]);
}

/* Change per pass, once the slowest mode alone is left. */
static double contraction_of(const struct network *network, const double *conductance, int n_passes)
{
    struct swept s;
    double change = 0, change_before = 0;
    make_swept(&s, network, conductance, kernel_chosen());
    size_t n_lanes = s.kernel->n_lanes;
    for (size_t i = 0; i < network->n_rows * n_lanes; i++)
        s.batch.volts[i] = 0.2;
    for (int k = 0; k < n_passes; k++) {
        run_pass(&s, NULL, k);
        change_before = change;
        change = 0;
        for (size_t j = 0; j < network->n_columns * n_lanes; j += n_lanes)
            change = fmax(change, fabs(s.batch.amperes[j] - s.before[j]));
    }
    clear_swept(&s);
    return change / change_before;
}

Test(sweep, the_predicted_contraction_is_the_measured_one)
{
    static double conductance[128 * 128];
    const struct {
        size_t n;
        double r_wire_ohm, r_largest_ohm, error;
        int n_passes;
    } cases[] = {{32, 2, 1e6, 0.12, 6},   {32, 5, 1e6, 0.12, 7},   {64, 1, 1e6, 0.06, 8},
                 {64, 2, 1e6, 0.06, 8},   {64, 5, 1e6, 0.06, 9},   {64, 5, 1e4, 0.01, 20},
                 {128, 2, 1e6, 0.03, 12}, {128, 5, 1e6, 0.03, 16}, {128, 5, 1e4, 0.01, 40}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        size_t n = cases[k].n;
        const struct network network = {n, n, cases[k].r_wire_ohm, cases[k].r_wire_ohm, 100, 100};
        uint64_t state = (k + 1) * 0x9e3779b97f4a7c15;
        double mean = 0;
        for (size_t c = 0; c < n * n; c++) {
            conductance[c] = 1e-4 * pow(1e4 / cases[k].r_largest_ohm, array_oracle_uniform(&state));
            mean += conductance[c] / (double)(n * n);
        }
        struct contraction_lines lines = contraction_of_lines(&network, NULL);
        double predicted = contraction_predict(&lines, mean, mean);
        double measured = contraction_of(&network, conductance, cases[k].n_passes);
        cr_assert_float_eq(predicted, measured, cases[k].error * measured,
                           "case %zu: %g predicted, %g measured", k, predicted, measured);
    }
}

Test(sweep, lines_that_float_or_are_terminals_are_predicted_too)
{
    const unsigned char floats[2] = {0, 1};
    const struct edges edges = {.word_line_floating = floats}, both = {.drive = EDGES_DRIVE_BOTH};
    const struct network joined = {2, 2, 0, 0, 0, 0}, wired = {2, 8, 1, 1, 10, 10};
    struct contraction_lines lines = contraction_of_lines(&joined, NULL);
    cr_assert_eq(contraction_predict(&lines, 1e-3, 1e-3), 0.0);
    lines = contraction_of_lines(&joined, &edges);
    cr_assert_eq(lines.word_siemens, 0.0);
    lines = contraction_of_lines(&wired, NULL);
    cr_assert_gt(contraction_of_lines(&wired, &both).word_siemens, 2 * lines.word_siemens);
}
