#include "crossbar/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config.h"
#include "crossbar/sweep_kernels.h"

enum { ROWS = SWEEP_ROWS, N_FIELDS = 17 };

/* Products of shares below it are left to other solvers: squares of their inverses must stay finite. */
#define SCALE_MIN 1e-60

size_t sweep_field_size(const struct sweep *sweep)
{
    return sweep->n_groups * sweep->n_columns * ROWS;
}

size_t sweep_place(const struct sweep *sweep, size_t i_row, size_t j_column)
{
    return (i_row / ROWS * sweep->n_columns + j_column) * ROWS + i_row % ROWS;
}

enum rs_status sweep_init(struct sweep *sweep, size_t n_rows, size_t n_columns, struct rs_error *err)
{
    *sweep = (struct sweep){.n_rows = n_rows, .n_columns = n_columns, .n_groups = (n_rows + ROWS - 1) / ROWS};
    size_t n_cells = sweep_field_size(sweep), n_lines = sweep->n_groups * ROWS;
    sweep->memory =
        memory_allocate(N_FIELDS * n_cells + 2 * n_lines + 6 * n_columns, sizeof *sweep->memory, err);
    if (sweep->memory == NULL)
        return RS_INTERNAL;
    double **const fields[N_FIELDS] = {&sweep->finish[0],     &sweep->finish[1],    &sweep->to_word[0],
                                       &sweep->to_word[1],    &sweep->to_bit[0],    &sweep->to_bit[1],
                                       &sweep->bit_scale[0],  &sweep->bit_scale[1], &sweep->along,
                                       &sweep->word_scale,    &sweep->cell_word,    &sweep->cell_bit[0],
                                       &sweep->cell_bit[1],   &sweep->source_word,  &sweep->source_bit[0],
                                       &sweep->source_bit[1], &sweep->conductance};
    double *next = sweep->memory;
    for (size_t i = 0; i < N_FIELDS; i++, next += n_cells)
        *fields[i] = next;
    sweep->drive_left = next;
    sweep->drive_right = sweep->drive_left + n_lines;
    sweep->lines = sweep->drive_right + n_lines;
    sweep->top = sweep->lines + 4 * n_columns;
    sweep->bottom = sweep->top + n_columns;
    return RS_OK;
}

void sweep_clear(struct sweep *sweep)
{
    free(sweep->memory);
    *sweep = (struct sweep){0};
}

const struct sweep_kernel *sweep_kernel_of(enum kernel kernel)
{
#ifdef HAVE_X86_KERNELS
    if (kernel == KERNEL_AVX512)
        return &sweep_avx512;
    if (kernel == KERNEL_AVX2)
        return &sweep_avx2;
#endif
    (void)kernel;
    return &sweep_baseline;
}

/*
 * Scales of row i and its `along`; rows beyond the last one are open and lead nowhere. The current of node j
 * is scaled by the product of all shares on its right, the voltage by that on its left: their product is the
 * same for all nodes of the line, and is returned.
 */
static double factor_word(struct sweep *sweep, const struct word_line *word, size_t i)
{
    size_t n = sweep->n_columns, start = i / WORD_LINE_LANES * n * WORD_LINE_LANES + i % WORD_LINE_LANES;
    const double *share = word->share + start, *inverse = word->inverse + start;
    size_t first = sweep_place(sweep, i, 0);
    double *scale = sweep->word_scale + first, *along = sweep->along + first,
           *source = sweep->source_word + first;
    bool real = i < sweep->n_rows;
    double product = 1;
    for (size_t j = 0; j < n; j++) {
        product *= real && j > 0 ? share[j * WORD_LINE_LANES] : 1;
        scale[j * ROWS] = product;
    }
    double current = 1, r_product = 1 / product;
    for (size_t j = n; j-- > 0;) {
        source[j * ROWS] = scale[j * ROWS] * r_product;
        along[j * ROWS] = real ? inverse[j * WORD_LINE_LANES] * current * (current * r_product) : 0;
        current *= real && j > 0 ? share[j * WORD_LINE_LANES] : 1;
    }
    sweep->drive_left[i] = real ? share[0] : 0;
    sweep->drive_right[i] = real ? word->right[i] : 0;
    return product;
}

/* The row that comes k-th in an elimination of the bit lines this way. */
static size_t row_of(const struct sweep *sweep, enum sweep_way way, size_t k)
{
    return way == SWEEP_DOWN ? k : sweep->n_groups * ROWS - 1 - k;
}

/*
 * One row of the bit lines eliminated downwards, as bit_line.h has it; the line is led on to the last row of
 * its group by wires of 0 ohm.
 */
static void eliminate_down(const struct sweep *sweep, const struct bit_line *bit, size_t k, double *share,
                           double *inverse)
{
    size_t n = sweep->n_columns, last = sweep->n_rows - 1, end = sweep->n_groups * ROWS - 1;
    for (size_t j = 0; j < n; j++) {
        share[j] = k < last ? bit->share[k * n + j] : 1;
        inverse[j] = k < last ? bit->inverse[k * n + j] : k == end ? bit->inverse[last * n + j] : 0;
    }
}

/* The same upwards; `excess` [n_columns] holds what the rows below add, at first their sense branches. */
static void eliminate_up(const struct sweep *sweep, const struct bit_line *bit, const double *conductance,
                         size_t k, double *restrict excess, double *restrict share, double *restrict inverse)
{
    size_t n = sweep->n_columns, i = sweep->n_groups * ROWS - 1 - k;
    if (i >= sweep->n_rows)
        for (size_t j = 0; j < n; j++) {
            share[j] = 1;
            inverse[j] = 0;
        }
    for (size_t j = 0; j < n && i > 0 && i < sweep->n_rows; j++) {
        double s = excess[j] + conductance[i * n + j];
        share[j] = 1 / (1 + bit->r_wire_ohm[j] * s);
        inverse[j] = bit->r_wire_ohm[j] * share[j];
        excess[j] = s * share[j];
    }
    for (size_t j = 0; j < n && i == 0; j++) {
        double pivot = excess[j] + conductance[j] + bit->top[j];
        share[j] = 1;
        inverse[j] = pivot > 0 ? 1 / pivot : 0;
    }
}

/*
 * All bit lines one way: what the pass this way needs of the elimination, and the pass the other way of the
 * substitution, scaled as the word lines are. The least product of shares.
 */
static double factor_bits(struct sweep *sweep, enum sweep_way way, const struct bit_line *bit,
                          const double *conductance)
{
    enum sweep_way back = way == SWEEP_DOWN ? SWEEP_UP : SWEEP_DOWN;
    size_t n = sweep->n_columns, n_lines = sweep->n_groups * ROWS;
    double *product = sweep->lines, *share = product + n, *inverse = share + n, *excess = inverse + n,
           least = 1;
    memcpy(excess, bit->bottom, n * sizeof *excess);
    for (size_t j = 0; j < n; j++)
        product[j] = 1;
    for (size_t k = 0; k < n_lines; k++) {
        size_t first = sweep_place(sweep, row_of(sweep, way, k), 0);
        double *current = sweep->source_bit[way] + first, *shares = sweep->bit_scale[back] + first,
               *inverses = sweep->finish[back] + first;
        if (way == SWEEP_DOWN)
            eliminate_down(sweep, bit, k, share, inverse);
        else
            eliminate_up(sweep, bit, conductance, k, excess, share, inverse);
        for (size_t j = 0; j < n; j++) {
            current[j * ROWS] = product[j];
            shares[j * ROWS] = share[j];
            inverses[j * ROWS] = inverse[j];
            product[j] *= k + 1 < n_lines ? share[j] : 1;
        }
    }
    double *r_product = share, *voltage = inverse;
    for (size_t j = 0; j < n; j++) {
        least = fmin(least, product[j]);
        r_product[j] = 1 / product[j];
        voltage[j] = 1;
    }
    for (size_t k = n_lines; k-- > 0;) {
        size_t first = sweep_place(sweep, row_of(sweep, way, k), 0);
        double *current = sweep->source_bit[way] + first, *scale = sweep->bit_scale[back] + first,
               *finish = sweep->finish[back] + first;
        for (size_t j = 0; j < n; j++) {
            voltage[j] *= k + 1 < n_lines ? scale[j * ROWS] : 1;
            finish[j * ROWS] *= current[j * ROWS] * (current[j * ROWS] * r_product[j]);
            scale[j * ROWS] = voltage[j];
            current[j * ROWS] = voltage[j] * r_product[j];
        }
    }
    return least;
}

/* Products of the factors with the conductances, and with each other. */
static void multiply(struct sweep *sweep)
{
    const double *restrict conductance = sweep->conductance, *restrict source_word = sweep->source_word,
                           *restrict word_scale = sweep->word_scale;
    double *restrict cell_word = sweep->cell_word;
    size_t n = sweep_field_size(sweep);
    for (size_t c = 0; c < n; c++)
        cell_word[c] = conductance[c] * source_word[c];
    for (int way = 0; way < SWEEP_WAYS; way++) {
        const double *restrict source_bit = sweep->source_bit[way], *restrict bit_scale =
                                                                        sweep->bit_scale[way];
        double *restrict cell_bit = sweep->cell_bit[way], *restrict to_word = sweep->to_word[way],
                         *restrict to_bit = sweep->to_bit[way];
        for (size_t c = 0; c < n; c++) {
            cell_bit[c] = conductance[c] * source_bit[c];
            to_word[c] = cell_word[c] * bit_scale[c];
            to_bit[c] = cell_bit[c] * word_scale[c];
        }
    }
}

bool sweep_factor(struct sweep *sweep, const struct word_line *word, const struct bit_line *bit,
                  const double *conductance_siemens)
{
    size_t n = sweep->n_columns;
    double least = bit->any_held ? 0 : 1;
    for (size_t i = 0; i < sweep->n_groups * ROWS && least >= SCALE_MIN; i++)
        least = fmin(least, factor_word(sweep, word, i));
    if (least >= SCALE_MIN)
        least = fmin(least, factor_bits(sweep, SWEEP_DOWN, bit, conductance_siemens));
    if (least >= SCALE_MIN)
        least = fmin(least, factor_bits(sweep, SWEEP_UP, bit, conductance_siemens));
    if (!(least >= SCALE_MIN))
        return false;
    memcpy(sweep->top, bit->top, n * sizeof *sweep->top);
    memcpy(sweep->bottom, bit->bottom, n * sizeof *sweep->bottom);
    for (size_t i = 0; i < sweep->n_rows; i++)
        for (size_t j = 0; j < n; j++)
            sweep->conductance[sweep_place(sweep, i, 0) + j * ROWS] = conductance_siemens[i * n + j];
    multiply(sweep);
    return true;
}
