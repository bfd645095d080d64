#include "crossbar/word_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { LANES = WORD_LINE_LANES };

size_t word_line_rows(size_t n_rows)
{
    return (n_rows + LANES - 1) / LANES * LANES;
}

static void connect(struct word_line *line, const struct network *network, const struct edges *edges)
{
    for (size_t i = 0; i < line->n_rows; i++) {
        struct edges_ends ends = edges_word_line(network, edges, i);
        line->r_wire_ohm[i] = network_word_line(network, i).r_wire_ohm;
        line->left[i] = ends.first;
        line->right[i] = ends.last;
        line->right_driven |= ends.last > 0;
    }
}

enum rs_status word_line_init(struct word_line *line, const struct network *network,
                              const struct edges *edges, struct rs_error *err)
{
    size_t n_rows = word_line_rows(network->n_rows), n_cells = n_rows * network->n_columns;
    *line = (struct word_line){
        .n_rows = network->n_rows, .n_columns = network->n_columns, .n_groups = n_rows / LANES};
    line->conductance = memory_allocate(n_cells, sizeof *line->conductance, err);
    line->share = memory_allocate(n_cells, sizeof *line->share, err);
    line->inverse = memory_allocate(n_cells, sizeof *line->inverse, err);
    line->r_wire_ohm = memory_allocate(n_rows, sizeof *line->r_wire_ohm, err);
    line->left = memory_allocate(n_rows, sizeof *line->left, err);
    line->right = memory_allocate(n_rows, sizeof *line->right, err);
    line->group = memory_allocate(3 * LANES * network->n_columns, sizeof *line->group, err);
    if (line->conductance != NULL && line->share != NULL && line->inverse != NULL && line->group != NULL &&
        line->r_wire_ohm != NULL && line->left != NULL && line->right != NULL) {
        connect(line, network, edges);
        return RS_OK;
    }
    word_line_clear(line);
    return RS_INTERNAL;
}

void word_line_clear(struct word_line *line)
{
    free(line->conductance);
    free(line->share);
    free(line->inverse);
    free(line->r_wire_ohm);
    free(line->left);
    free(line->right);
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

/* The pivot of a line's first node, which its left end leads to the source. */
static void factor_first(const double *restrict left, const double *restrict conductance,
                         const double *restrict excess, double *restrict share, double *restrict inverse)
{
    for (size_t l = 0; l < LANES; l++) {
        double s = conductance[l] + excess[l], pivot = s + left[l];
        bool held = isinf(left[l]);
        share[l] = held ? 1 : pivot > 0 ? left[l] / pivot : 0;
        inverse[l] = pivot > 0 ? 1 / pivot : 0; /* of a held one: 1 / infinity */
    }
}

static void factor_group(struct word_line *line, size_t i_group)
{
    size_t start = i_group * line->n_columns * LANES;
    const double *conductance = line->conductance + start, *r_wire_ohm = line->r_wire_ohm + i_group * LANES;
    double *restrict share = line->share + start, *restrict inverse = line->inverse + start;
    double excess[LANES];
    memcpy(excess, line->right + i_group * LANES, sizeof excess);
    for (size_t j = line->n_columns; j-- > 1;)
        for (size_t l = 0; l < LANES; l++) {
            double s = conductance[j * LANES + l] + excess[l];
            share[j * LANES + l] = 1 / (1 + r_wire_ohm[l] * s);
            inverse[j * LANES + l] = share[j * LANES + l] * r_wire_ohm[l];
            excess[l] = s * share[j * LANES + l];
        }
    factor_first(line->left + i_group * LANES, conductance, excess, share, inverse);
}

void word_line_factor(struct word_line *line, const double *conductance_siemens)
{
    for (size_t g = 0; g < line->n_groups; g++) {
        size_t row = g * LANES, n = line->n_rows - row < LANES ? line->n_rows - row : LANES;
        interleave(conductance_siemens + row * line->n_columns, line->n_columns, n, line->n_columns,
                   line->conductance + row * line->n_columns);
        factor_group(line, g);
    }
}

/* What reaches each node from its bit line and its source; bits or sources may be NULL. */
static double into(const double *conductance, const double *bits, const double *sources, size_t i)
{
    return (bits != NULL ? conductance[i] * bits[i] : 0) - (sources != NULL ? sources[i] : 0);
}

/* Currents into all nodes, first onto `words`; as solve_group without them otherwise. */
static void collect(const double *restrict conductance, const double *bits, const double *sources, size_t n,
                    double *restrict words)
{
    if (bits != NULL && sources == NULL)
        for (size_t i = 0; i < n; i++)
            words[i] = conductance[i] * bits[i];
    else
        for (size_t i = 0; i < n; i++)
            words[i] = into(conductance, bits, sources, i);
}

/* bits, sources: voltages and sources of the group, or NULL; on return `words` holds its word-line voltages.
 */
static void solve_group(const struct word_line *line, size_t i_group, const double *restrict drive,
                        const double *bits, const double *sources, double *restrict words)
{
    size_t start = i_group * line->n_columns * LANES, n = line->n_columns;
    const double *conductance = line->conductance + start;
    const double *share = line->share + start, *inverse = line->inverse + start;
    const double *right = line->right + i_group * LANES;
    bool fed = bits != NULL || sources != NULL || line->right_driven;
    double y[LANES], u[LANES];
    if (bits != NULL && sources == NULL && !line->right_driven) {
        memset(y, 0, sizeof y);
        for (size_t j = n; j-- > 0;)
            for (size_t l = 0; l < LANES; l++) {
                double next = j + 1 < n ? share[(j + 1) * LANES + l] * y[l] : 0;
                y[l] = conductance[j * LANES + l] * bits[j * LANES + l] + next;
                words[j * LANES + l] = y[l] * inverse[j * LANES + l];
            }
    } else if (fed) {
        collect(conductance, bits, sources, n * LANES, words);
        for (size_t l = 0; l < LANES; l++)
            y[l] = right[l] * drive[l];
        for (size_t j = n; j-- > 0;)
            for (size_t l = 0; l < LANES; l++) {
                double next = j + 1 < n ? share[(j + 1) * LANES + l] * y[l] : y[l];
                y[l] = words[j * LANES + l] + next;
                words[j * LANES + l] = y[l] * inverse[j * LANES + l];
            }
    }
    memcpy(u, drive, sizeof u);
    for (size_t j = 0; j < n; j++)
        for (size_t l = 0; l < LANES; l++) {
            u[l] = share[j * LANES + l] * u[l] + (fed ? words[j * LANES + l] : 0);
            words[j * LANES + l] = u[l];
        }
}

/* Voltages become cell currents, G u and the source of the cell. */
static void scale(const double *restrict conductance, const double *sources, size_t n, double *restrict words)
{
    for (size_t i = 0; i < n; i++)
        words[i] *= conductance[i];
    for (size_t i = 0; sources != NULL && i < n; i++)
        words[i] += sources[i];
}

void word_line_solve(struct word_line *line, const double *volts, const double *bit_volts, size_t step,
                     const double *source_amperes, double *word_volts, double *cell_amperes)
{
    size_t n_group = line->n_columns * LANES;
    double *bits = bit_volts != NULL ? line->group : NULL, *words = line->group + n_group;
    double *sources = source_amperes != NULL ? words + n_group : NULL;
    for (size_t g = 0; g < line->n_groups; g++) {
        double drive[LANES] = {0};
        for (size_t l = 0; volts != NULL && l < LANES && g * LANES + l < line->n_rows; l++)
            drive[l] = volts[g * LANES + l];
        if (bits != NULL)
            interleave_all(bit_volts + g * LANES * step, step, line->n_columns, bits);
        if (sources != NULL)
            interleave_all(source_amperes + g * n_group, line->n_columns, line->n_columns, sources);
        solve_group(line, g, drive, bits, sources, words);
        if (word_volts != NULL)
            separate(words, line->n_columns, word_volts + g * n_group);
        if (cell_amperes == NULL)
            continue;
        scale(line->conductance + g * n_group, sources, n_group, words);
        separate(words, line->n_columns, cell_amperes + g * n_group);
    }
}
