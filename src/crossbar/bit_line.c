#include "crossbar/bit_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void connect(struct bit_line *line, const struct network *network, const struct edges *edges)
{
    for (size_t j = 0; j < line->n_columns; j++) {
        struct edges_ends ends = edges_bit_line(network, edges, j);
        line->r_wire_ohm[j] = network_bit_line(network, j).r_wire_ohm;
        line->top[j] = ends.first;
        line->bottom[j] = ends.last;
        line->any_held |= isinf(ends.last) != 0;
    }
}

enum rs_status bit_line_init(struct bit_line *line, const struct network *network, const struct edges *edges,
                             struct rs_error *err)
{
    size_t n_cells = network->n_rows * network->n_columns;
    *line = (struct bit_line){.n_rows = network->n_rows, .n_columns = network->n_columns};
    line->share = memory_allocate(n_cells, sizeof *line->share, err);
    line->inverse = memory_allocate(n_cells, sizeof *line->inverse, err);
    line->r_wire_ohm = memory_allocate(line->n_columns, sizeof *line->r_wire_ohm, err);
    line->top = memory_allocate(line->n_columns, sizeof *line->top, err);
    line->bottom = memory_allocate(line->n_columns, sizeof *line->bottom, err);
    if (line->share != NULL && line->inverse != NULL && line->r_wire_ohm != NULL && line->top != NULL &&
        line->bottom != NULL) {
        connect(line, network, edges);
        return RS_OK;
    }
    bit_line_clear(line);
    return RS_INTERNAL;
}

void bit_line_clear(struct bit_line *line)
{
    free(line->share);
    free(line->inverse);
    free(line->r_wire_ohm);
    free(line->top);
    free(line->bottom);
    *line = (struct bit_line){0};
}

/* One step down all columns. On entry `share` holds what the rows above add to each node; `next` gets the
 * same. */
static void factor_row(const double *restrict conductance, const double *restrict r_wire_ohm, size_t n,
                       double *restrict share, double *restrict inverse, double *restrict next)
{
    for (size_t j = 0; j < n; j++) {
        double s = conductance[j] + share[j];
        share[j] = 1 / (1 + r_wire_ohm[j] * s);
        inverse[j] = share[j] * r_wire_ohm[j];
        next[j] = share[j] * s;
    }
}

void bit_line_factor(struct bit_line *line, const double *conductance_siemens)
{
    size_t n = line->n_columns, last = (line->n_rows - 1) * n;
    memcpy(line->share, line->top, n * sizeof *line->share);
    for (size_t c = 0; c < last; c += n)
        factor_row(conductance_siemens + c, line->r_wire_ohm, n, line->share + c, line->inverse + c,
                   line->share + c + n);
    for (size_t j = 0; j < n; j++) {
        double pivot = conductance_siemens[last + j] + line->share[last + j] + line->bottom[j];
        line->inverse[last + j] = pivot > 0 ? 1 / pivot : 0; /* of a held one: 1 / infinity */
    }
}

static void eliminate_row(const double *restrict share, const double *restrict above,
                          const double *restrict amperes, size_t n, double *restrict row)
{
    for (size_t j = 0; j < n; j++)
        row[j] = amperes[j] + share[j] * above[j];
}

static void substitute_row(const double *restrict share, const double *restrict inverse,
                           const double *restrict below, size_t n, double *restrict row)
{
    for (size_t j = 0; j < n; j++)
        row[j] = inverse[j] * row[j] + share[j] * below[j];
}

void bit_line_solve(const struct bit_line *line, const double *node_amperes, double *bit_volts)
{
    size_t n = line->n_columns, last = line->n_rows - 1;
    memcpy(bit_volts, node_amperes, n * sizeof *bit_volts);
    for (size_t i = 1; i <= last; i++)
        eliminate_row(line->share + (i - 1) * n, bit_volts + (i - 1) * n, node_amperes + i * n, n,
                      bit_volts + i * n);
    for (size_t j = 0; j < n; j++)
        bit_volts[last * n + j] *= line->inverse[last * n + j];
    for (size_t i = last; i-- > 0;)
        substitute_row(line->share + i * n, line->inverse + i * n, bit_volts + (i + 1) * n, n,
                       bit_volts + i * n);
}
