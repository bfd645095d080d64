#include "crossbar/sweep.h"

#include <math.h>
#include <stdlib.h>

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
        memory_allocate(N_FIELDS * n_cells + 4 * n_lines + 2 * n_columns, sizeof *sweep->memory, err);
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
    sweep->line = sweep->drive_right + n_lines;
    sweep->top = sweep->line + 2 * n_lines;
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

/* Scales of row i and its `along`; rows beyond the last one are open and lead nowhere. The least scale. */
static double factor_word(struct sweep *sweep, const struct word_line *word, size_t i)
{
    size_t n = sweep->n_columns, lane = i % WORD_LINE_LANES, start = i / WORD_LINE_LANES * n;
    bool real = i < sweep->n_rows;
    double current = 1, voltage = 1;
    for (size_t j = n; j-- > 0;) {
        double share = real ? word->share[(start + j) * WORD_LINE_LANES + lane] : 1;
        sweep->source_word[sweep_place(sweep, i, j)] = 1 / current;
        current = j > 0 ? current * share : current;
    }
    double least = current;
    for (size_t j = 0; j < n; j++) {
        size_t c = sweep_place(sweep, i, j), k = (start + j) * WORD_LINE_LANES + lane;
        voltage *= real && j > 0 ? word->share[k] : 1;
        sweep->word_scale[c] = voltage;
        sweep->along[c] = real ? word->inverse[k] / (voltage * sweep->source_word[c]) : 0;
    }
    sweep->drive_left[i] = real ? word->share[start * WORD_LINE_LANES + lane] : 0;
    sweep->drive_right[i] = real ? word->right[i] : 0;
    return least;
}

/*
 * Column j eliminated one way: shares and inverses of the nodes in this order, from `share` and `inverse`.
 * Fills what the pass this way needs of the elimination, and the pass the other way of the substitution.
 */
static double scale_bit(struct sweep *sweep, enum sweep_way way, size_t j, const double *share,
                        const double *inverse)
{
    enum sweep_way back = way == SWEEP_DOWN ? SWEEP_UP : SWEEP_DOWN;
    size_t n = sweep->n_groups * ROWS;
    double current = 1, voltage = 1;
    for (size_t k = 0; k < n; k++) {
        size_t c = sweep_place(sweep, way == SWEEP_DOWN ? k : n - 1 - k, j);
        sweep->source_bit[way][c] = 1 / current;
        current *= k + 1 < n ? share[k] : 1;
    }
    for (size_t k = n; k-- > 0;) {
        size_t c = sweep_place(sweep, way == SWEEP_DOWN ? k : n - 1 - k, j);
        voltage *= k + 1 < n ? share[k] : 1;
        sweep->bit_scale[back][c] = voltage;
        sweep->finish[back][c] = inverse[k] / (voltage * sweep->source_bit[way][c]);
    }
    return current;
}

/* Down: as bit_line.h has it, the line led on to the last row of its group by wires of 0 ohm. */
static double factor_down(struct sweep *sweep, const struct bit_line *bit, size_t j)
{
    size_t n = sweep->n_groups * ROWS, last = sweep->n_rows - 1;
    double *share = sweep->line, *inverse = share + n;
    for (size_t k = 0; k < n; k++) {
        share[k] = k < last ? bit->share[k * sweep->n_columns + j] : 1;
        inverse[k] = k < last ? bit->inverse[k * sweep->n_columns + j] : 0;
    }
    inverse[n - 1] = bit->inverse[last * sweep->n_columns + j];
    return scale_bit(sweep, SWEEP_DOWN, j, share, inverse);
}

/* The same elimination from the last row to row 0. */
static double factor_up(struct sweep *sweep, const struct bit_line *bit, const double *conductance, size_t j)
{
    size_t n = sweep->n_groups * ROWS, beyond = n - sweep->n_rows;
    double *share = sweep->line, *inverse = share + n, excess = bit->bottom[j];
    for (size_t k = 0; k < n; k++) {
        double s = k < beyond ? excess : excess + conductance[(n - 1 - k) * sweep->n_columns + j];
        double r_wire_ohm = k < beyond ? 0 : bit->r_wire_ohm[j];
        share[k] = 1 / (1 + r_wire_ohm * s);
        inverse[k] = r_wire_ohm * share[k];
        excess = k + 1 < n ? s * share[k] : s + bit->top[j];
    }
    inverse[n - 1] = excess > 0 ? 1 / excess : 0;
    return scale_bit(sweep, SWEEP_UP, j, share, inverse);
}

/* Products of the factors with the conductances, and with each other. */
static void multiply(struct sweep *sweep, size_t c, double conductance)
{
    sweep->conductance[c] = conductance;
    sweep->cell_word[c] = conductance * sweep->source_word[c];
    for (int way = 0; way < SWEEP_WAYS; way++) {
        sweep->cell_bit[way][c] = conductance * sweep->source_bit[way][c];
        sweep->to_word[way][c] = sweep->cell_word[c] * sweep->bit_scale[way][c];
        sweep->to_bit[way][c] = sweep->cell_bit[way][c] * sweep->word_scale[c];
    }
}

bool sweep_factor(struct sweep *sweep, const struct word_line *word, const struct bit_line *bit,
                  const double *conductance_siemens)
{
    size_t n = sweep->n_columns;
    double least = bit->any_held ? 0 : 1;
    for (size_t i = 0; i < sweep->n_groups * ROWS && least >= SCALE_MIN; i++)
        least = fmin(least, factor_word(sweep, word, i));
    for (size_t j = 0; j < n && least >= SCALE_MIN; j++) {
        least = fmin(least, factor_down(sweep, bit, j));
        least = fmin(least, factor_up(sweep, bit, conductance_siemens, j));
        sweep->top[j] = bit->top[j];
        sweep->bottom[j] = bit->bottom[j];
    }
    if (!(least >= SCALE_MIN))
        return false;
    for (size_t i = 0; i < sweep->n_groups * ROWS; i++)
        for (size_t j = 0; j < n; j++)
            multiply(sweep, sweep_place(sweep, i, j), i < sweep->n_rows ? conductance_siemens[i * n + j] : 0);
    return true;
}
