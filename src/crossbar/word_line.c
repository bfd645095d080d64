#include "crossbar/word_line.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { LANES = WORD_LINE_LANES };

size_t word_line_rows(size_t n_rows)
{
    return (n_rows + LANES - 1) / LANES * LANES;
}

enum rs_status word_line_init(struct word_line *line, const struct network *network, struct rs_error *err)
{
    size_t n_rows = word_line_rows(network->n_rows), n_cells = n_rows * network->n_columns;
    *line = (struct word_line){.branches = network_word_line(network),
                               .n_rows = network->n_rows,
                               .n_columns = network->n_columns,
                               .n_groups = n_rows / LANES};
    line->conductance = memory_allocate(n_cells, sizeof *line->conductance, err);
    line->share = memory_allocate(n_cells, sizeof *line->share, err);
    line->inverse = memory_allocate(line->branches.joined ? n_rows : n_cells, sizeof *line->inverse, err);
    line->group = memory_allocate(2 * LANES * network->n_columns, sizeof *line->group, err);
    if (line->conductance != NULL && line->share != NULL && line->inverse != NULL && line->group != NULL)
        return RS_OK;
    word_line_clear(line);
    return RS_INTERNAL;
}

void word_line_clear(struct word_line *line)
{
    free(line->conductance);
    free(line->share);
    free(line->inverse);
    free(line->group);
    *line = (struct word_line){0};
}

/* group [n_columns][lane] from n rows of a field; the other lanes are left alone. */
static void interleave(const double *field, size_t step, size_t n, size_t n_columns, double *restrict group)
{
    for (size_t l = 0; l < n; l++)
        for (size_t j = 0; j < n_columns; j++)
            group[j * LANES + l] = field[l * step + j];
}

static void interleave_all(const double *restrict field, size_t step, size_t n_columns,
                           double *restrict group)
{
    for (size_t j = 0; j < n_columns; j++)
        for (size_t l = 0; l < LANES; l++)
            group[j * LANES + l] = field[l * step + j];
}

static void separate(const double *restrict group, size_t n_columns, double *restrict field)
{
    for (size_t l = 0; l < LANES; l++)
        for (size_t j = 0; j < n_columns; j++)
            field[l * n_columns + j] = group[j * LANES + l];
}

static void factor_wired(struct word_line *line, size_t i_group)
{
    size_t start = i_group * line->n_columns * LANES;
    const double *conductance = line->conductance + start;
    double *restrict share = line->share + start, *restrict inverse = line->inverse + start;
    double excess[LANES] = {0};
    for (size_t j = line->n_columns; j-- > 0;) {
        double left = j > 0 ? line->branches.wire_siemens : line->branches.end_siemens, r_left = 1 / left;
        for (size_t l = 0; l < LANES; l++) {
            double s = conductance[j * LANES + l] + excess[l];
            share[j * LANES + l] = left / (s + left);
            inverse[j * LANES + l] = share[j * LANES + l] * r_left;
            excess[l] = s * share[j * LANES + l];
        }
    }
}

static void factor_joined(struct word_line *line, size_t i_group)
{
    const double *conductance = line->conductance + i_group * line->n_columns * LANES;
    double *share = line->share + i_group * line->n_columns * LANES,
           *inverse = line->inverse + i_group * LANES;
    double pivot[LANES];
    for (size_t l = 0; l < LANES; l++)
        pivot[l] = line->branches.end_siemens;
    for (size_t j = 0; j < line->n_columns; j++)
        for (size_t l = 0; l < LANES; l++)
            pivot[l] += conductance[j * LANES + l];
    for (size_t l = 0; l < LANES; l++) {
        inverse[l] = line->branches.shorted ? 0 : 1 / pivot[l];
        share[l] = line->branches.shorted ? 1 : line->branches.end_siemens / pivot[l];
    }
}

void word_line_factor(struct word_line *line, const double *conductance_siemens)
{
    for (size_t g = 0; g < line->n_groups; g++) {
        size_t row = g * LANES, n = line->n_rows - row < LANES ? line->n_rows - row : LANES;
        interleave(conductance_siemens + row * line->n_columns, line->n_columns, n, line->n_columns,
                   line->conductance + row * line->n_columns);
        if (line->branches.joined)
            factor_joined(line, g);
        else
            factor_wired(line, g);
    }
}

/* On entry `bits` holds the bit-line voltages of the group, on return `words` its word-line voltages. */
static void solve_wired(const struct word_line *line, size_t i_group, const double *restrict drive,
                        const double *restrict bits, double *restrict words)
{
    size_t start = i_group * line->n_columns * LANES;
    const double *conductance = line->conductance + start, *share = line->share + start;
    const double *inverse = line->inverse + start;
    double y[LANES] = {0}, u[LANES];
    if (bits != NULL)
        for (size_t j = line->n_columns; j-- > 0;)
            for (size_t l = 0; l < LANES; l++) {
                double next = j + 1 < line->n_columns ? share[(j + 1) * LANES + l] * y[l] : 0;
                y[l] = conductance[j * LANES + l] * bits[j * LANES + l] + next;
                words[j * LANES + l] = y[l] * inverse[j * LANES + l];
            }
    for (size_t l = 0; l < LANES; l++)
        u[l] = drive[l];
    for (size_t j = 0; j < line->n_columns; j++)
        for (size_t l = 0; l < LANES; l++) {
            u[l] = share[j * LANES + l] * u[l] + (bits != NULL ? words[j * LANES + l] : 0);
            words[j * LANES + l] = u[l];
        }
}

static void solve_joined(const struct word_line *line, size_t i_group, const double *drive,
                         const double *bits, double *words)
{
    size_t start = i_group * line->n_columns * LANES;
    const double *conductance = line->conductance + start, *share = line->share + start;
    const double *inverse = line->inverse + i_group * LANES;
    double y[LANES] = {0};
    for (size_t j = 0; bits != NULL && j < line->n_columns; j++)
        for (size_t l = 0; l < LANES; l++)
            y[l] += conductance[j * LANES + l] * bits[j * LANES + l];
    for (size_t j = 0; j < line->n_columns; j++)
        for (size_t l = 0; l < LANES; l++)
            words[j * LANES + l] = share[l] * drive[l] + inverse[l] * y[l];
}

static void scale(const double *restrict conductance, size_t n, double *restrict words)
{
    for (size_t i = 0; i < n; i++)
        words[i] *= conductance[i];
}

void word_line_solve(struct word_line *line, const double *volts, const double *bit_volts, size_t step,
                     double *word_volts, double *cell_amperes)
{
    size_t n_group = line->n_columns * LANES;
    double *bits = bit_volts != NULL ? line->group : NULL, *words = line->group + n_group;
    for (size_t g = 0; g < line->n_groups; g++) {
        double drive[LANES] = {0};
        for (size_t l = 0; volts != NULL && l < LANES && g * LANES + l < line->n_rows; l++)
            drive[l] = volts[g * LANES + l];
        if (bits != NULL)
            interleave_all(bit_volts + g * LANES * step, step, line->n_columns, bits);
        if (line->branches.joined)
            solve_joined(line, g, drive, bits, words);
        else
            solve_wired(line, g, drive, bits, words);
        if (word_volts != NULL)
            separate(words, line->n_columns, word_volts + g * n_group);
        if (cell_amperes == NULL)
            continue;
        scale(line->conductance + g * n_group, n_group, words);
        separate(words, line->n_columns, cell_amperes + g * n_group);
    }
}
