/*
 * Fronts in lanes, compiled once per kernel: one front in each lane of the vectors, all of one shape. What
 * two networks contribute is read where it lies and added in registers: every vector of the result is written
 * once (per DEPTH_MAX eliminated nodes).
 *
 * The rows to be eliminated go in panels of LANES_ROWS. With x the finished rows above it, a panel is
 * g + x^T x, then divided by the factor of its diagonal part. Pivots are sums of whole rows: `rest` is the
 * part of the rows right of the panel, which follows from that of the rows above (`tails`).
 */
#ifndef CROSSBAR_FRONT_LANES_H
#define CROSSBAR_FRONT_LANES_H

#include <stdbool.h>

#include "crossbar/front.h"
#include "crossbar/front_vector.h"

enum { ABSENT = -1, DEPTH_MAX = 32 };

struct lanes_front {
    size_t n, n_eliminated, stride;
    vector *pivots; /* x by columns, [n][stride] */
    vector *tails;  /* [panel][stride]: sums of x over the columns right of the panel */
    vector *kept;
    const vector *packed[2];
    int node[2][FRONT_LANES_NODES_MAX]; /* which node of a network lies at a place, or ABSENT */
};

/* A panel's diagonal part: (i, j) with i < j in g[j][i]. */
struct lanes_block {
    vector g[LANES_ROWS][LANES_ROWS], rest[LANES_ROWS], scale[LANES_ROWS];
};

static inline size_t column_start(size_t j)
{
    return j * (j - 1) / 2;
}

/* Where a network has the conductances of a column and the rows from `row` on; NULL: nowhere. */
static inline const vector *find_source(const struct lanes_front *front, int network, size_t row,
                                        size_t column)
{
    int i = front->node[network][row], j = front->node[network][column];
    if (i == ABSENT || j == ABSENT)
        return NULL;
    return front->packed[network] + column_start((size_t)j) + (size_t)i;
}

#define LANES_INLINE static inline __attribute__((always_inline))

/* A tile's sums: products of `depth` finished rows, beginning with those of left and right, and, if
 * `assembles`, what the networks have there. `rows` and `columns` are constants. */
LANES_INLINE void add_tile(size_t rows, size_t columns, const struct lanes_front *front, size_t row,
                           size_t column, const vector *left, const vector *right, size_t depth,
                           bool assembles, vector total[LANES_ROWS][LANES_COLUMNS])
{
    size_t stride = front->stride;
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (size_t c = 0; c < columns; c++)
            total[r][c] = vector_all(0);
    for (size_t k = 0; k < depth; k++) {
        vector factor[LANES_COLUMNS];
#pragma GCC unroll 3
        for (size_t c = 0; c < columns; c++)
            factor[c] = right[c * stride + k];
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            vector value = left[r * stride + k];
            VECTOR_HOLD(value);
#pragma GCC unroll 3
            for (size_t c = 0; c < columns; c++)
                total[r][c] = vector_multiply_add(value, factor[c], total[r][c]);
        }
    }
    if (!assembles)
        return;
#pragma GCC unroll 3
    for (size_t c = 0; c < columns; c++)
        for (int network = 0; network < 2; network++) {
            const vector *source = find_source(front, network, row, column + c);
            if (source == NULL)
                continue;
#pragma GCC unroll 8
            for (size_t r = 0; r < rows; r++)
                total[r][c] += source[r];
        }
}

/* Kept conductances of a tile, from the rows first ... first + depth - 1. */
LANES_INLINE void update_kept_tile(size_t rows, size_t columns, const struct lanes_front *front, size_t row,
                                   size_t column, size_t first, size_t depth)
{
    vector total[LANES_ROWS][LANES_COLUMNS];
    add_tile(rows, columns, front, row, column, front->pivots + row * front->stride + first,
             front->pivots + column * front->stride + first, depth, first == 0, total);
    bool whole = row + rows <= column;
#pragma GCC unroll 3
    for (size_t c = 0; c < columns; c++) {
        vector *out =
            front->kept + column_start(column + c - front->n_eliminated) + row - front->n_eliminated;
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++)
            if (whole || row + r < column + c) {
                if (first > 0)
                    total[r][c] += out[r];
                out[r] = total[r][c];
            }
    }
}

/* Part of a panel, with all rows above it added: its diagonal part as it is (`block` NULL), or divided by the
 * block's factor. */
LANES_INLINE void update_panel_tile(size_t rows, size_t columns, const struct lanes_front *front, size_t row,
                                    size_t column, const struct lanes_block *block, vector *out,
                                    size_t out_stride)
{
    vector total[LANES_ROWS][LANES_COLUMNS];
    add_tile(rows, columns, front, row, column, front->pivots + row * front->stride,
             front->pivots + column * front->stride, row, true, total);
    if (block != NULL) {
#pragma GCC unroll 8
        for (size_t k = 0; k < rows; k++) {
#pragma GCC unroll 3
            for (size_t c = 0; c < columns; c++)
                total[k][c] *= block->scale[k];
#pragma GCC unroll 8
            for (size_t i = k + 1; i < rows; i++)
#pragma GCC unroll 3
                for (size_t c = 0; c < columns; c++)
                    total[i][c] = vector_multiply_add(block->g[i][k], total[k][c], total[i][c]);
        }
    }
#pragma GCC unroll 3
    for (size_t c = 0; c < columns; c++)
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++)
            out[c * out_stride + r] = total[r][c];
}

/* sum [rows] of what the networks have at the panel's rows, from `column` on. */
LANES_INLINE void sum_panel(size_t rows, const struct lanes_front *front, size_t row, size_t column,
                            vector *sum)
{
    vector total[LANES_ROWS];
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
        total[r] = vector_all(0);
    for (int network = 0; network < 2; network++)
        for (size_t j = column; j < front->n; j++) {
            const vector *source = find_source(front, network, row, j);
            if (source == NULL)
                continue;
#pragma GCC unroll 8
            for (size_t r = 0; r < rows; r++)
                total[r] += source[r];
        }
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
        sum[r] = total[r];
}

/* The diagonal part becomes its factor. */
LANES_INLINE void factor_block(size_t n, struct lanes_block *block)
{
#pragma GCC unroll 8
    for (size_t k = 0; k < n; k++) {
        vector total = block->rest[k];
#pragma GCC unroll 8
        for (size_t j = k + 1; j < n; j++)
            total += block->g[j][k];
        vector scale = vector_inverse_root(total), rest = block->rest[k] * scale;
        block->scale[k] = scale;
#pragma GCC unroll 8
        for (size_t j = k + 1; j < n; j++)
            block->g[j][k] *= scale;
#pragma GCC unroll 8
        for (size_t i = k + 1; i < n; i++) {
            vector factor = block->g[i][k];
            block->rest[i] = vector_multiply_add(factor, rest, block->rest[i]);
#pragma GCC unroll 8
            for (size_t j = i + 1; j < n; j++)
                block->g[j][i] = vector_multiply_add(factor, block->g[j][k], block->g[j][i]);
        }
    }
}

/* Functions of their own, since only so do all sums stay in registers. */
#define LANES_TILE(rows, columns)                                                                            \
    static __attribute__((noinline)) void kept_##rows##x##columns(                                           \
        const struct lanes_front *front, size_t row, size_t column, size_t first, size_t depth)              \
    {                                                                                                        \
        update_kept_tile(rows, columns, front, row, column, first, depth);                                   \
    }                                                                                                        \
    static __attribute__((noinline)) void panel_##rows##x##columns(                                          \
        const struct lanes_front *front, size_t row, size_t column, const struct lanes_block *block,         \
        vector *out, size_t out_stride)                                                                      \
    {                                                                                                        \
        update_panel_tile(rows, columns, front, row, column, block, out, out_stride);                        \
    }
#define LANES_TILES(rows)                                                                                    \
    LANES_TILE(rows, 1)                                                                                      \
    LANES_TILE(rows, 2)                                                                                      \
    LANES_TILE(rows, 3)                                                                                      \
    static __attribute__((noinline)) void sum_##rows(const struct lanes_front *front, size_t row,            \
                                                     size_t column, vector *sum)                             \
    {                                                                                                        \
        sum_panel(rows, front, row, column, sum);                                                            \
    }                                                                                                        \
    static __attribute__((noinline)) void factor_##rows(struct lanes_block *block)                           \
    {                                                                                                        \
        factor_block(rows, block);                                                                           \
    }
#define LANES_TABLE(rows)                                                                                    \
    {                                                                                                        \
        {kept_##rows##x1, kept_##rows##x2, kept_##rows##x3},                                                 \
            {panel_##rows##x1, panel_##rows##x2, panel_##rows##x3}, sum_##rows, factor_##rows                \
    }

LANES_TILES(1)
LANES_TILES(2)
LANES_TILES(4)
#if defined(__AVX512F__)
LANES_TILES(8)
#endif

static const struct {
    void (*kept[3])(const struct lanes_front *front, size_t row, size_t column, size_t first, size_t depth);
    void (*panel[3])(const struct lanes_front *front, size_t row, size_t column,
                     const struct lanes_block *block, vector *out, size_t out_stride);
    void (*sum)(const struct lanes_front *front, size_t row, size_t column, vector *sum);
    void (*factor)(struct lanes_block *block);
} lanes_tiles[] = {LANES_TABLE(1), LANES_TABLE(2), LANES_TABLE(4),
#if defined(__AVX512F__)
                   LANES_TABLE(8)
#endif
};

/* The largest tile of at most n rows: its rows, and its place in the table. */
static size_t choose_rows(size_t n, size_t *place)
{
    size_t rows = LANES_ROWS;
    for (*place = sizeof lanes_tiles / sizeof lanes_tiles[0] - 1; rows > n; rows /= 2)
        (*place)--;
    return rows;
}

/* The panel's columns [begin, end), whose values are added to `tail` unless that is NULL. */
static void finish_panel(const struct lanes_front *front, size_t row, size_t begin, size_t end,
                         const struct lanes_block *block, vector *tail)
{
    size_t place, rows = choose_rows(front->n_eliminated - row, &place), n_columns;
    for (size_t j = begin; j < end; j += n_columns) {
        n_columns = end - j < LANES_COLUMNS ? end - j : LANES_COLUMNS;
        vector *out = front->pivots + j * front->stride + row;
        lanes_tiles[place].panel[n_columns - 1](front, row, j, block, out, front->stride);
        for (size_t c = 0; c < n_columns && tail != NULL; c++)
            for (size_t r = 0; r < rows; r++)
                tail[r] += out[c * front->stride + r];
    }
}

/* Columns of later panels come last, so that what lies right of each is known. */
static void finish_columns(const struct lanes_front *front, size_t row, size_t end, size_t n_panels,
                           const size_t *panels, const struct lanes_block *block)
{
    vector tail[LANES_ROWS];
    for (size_t r = 0; r < LANES_ROWS; r++)
        tail[r] = vector_all(0);
    finish_panel(front, row, front->n_eliminated, front->n, block, end < front->n_eliminated ? tail : NULL);
    for (size_t p = n_panels, last = front->n_eliminated; p-- > 0 && panels[p] >= end; last = panels[p]) {
        memcpy(front->tails + p * front->stride + row, tail, (end - row) * sizeof tail[0]);
        finish_panel(front, row, panels[p], last, block, tail);
    }
}

static void eliminate(const struct lanes_front *front)
{
    size_t panels[FRONT_LANES_NODES_MAX], n_panels = 0, place, rows;
    for (size_t row = 0; row < front->n_eliminated; row += choose_rows(front->n_eliminated - row, &place))
        panels[n_panels++] = row;
    for (size_t p = 0; p < n_panels; p++) {
        size_t row = panels[p], n_columns;
        struct lanes_block block;
        rows = choose_rows(front->n_eliminated - row, &place);
        for (size_t c = 0; c < rows; c += n_columns) {
            n_columns = rows - c < LANES_COLUMNS ? rows - c : LANES_COLUMNS;
            lanes_tiles[place].panel[n_columns - 1](front, row, row + c, NULL, block.g[c], LANES_ROWS);
        }
        lanes_tiles[place].sum(front, row, row + rows, block.rest);
        for (size_t r = 0; r < rows; r++)
            for (size_t k = 0; k < row; k++)
                block.rest[r] = vector_multiply_add(front->pivots[(row + r) * front->stride + k],
                                                    front->tails[p * front->stride + k], block.rest[r]);
        lanes_tiles[place].factor(&block);
        finish_columns(front, row, row + rows, n_panels, panels, &block);
    }
}

/* A tile's rows lie together in both networks. */
static size_t find_run_end(const struct lanes_front *front, size_t row)
{
    for (size_t end = row + 1; end < front->n; end++)
        for (int c = 0; c < 2; c++)
            if (front->node[c][end] !=
                (front->node[c][end - 1] == ABSENT ? ABSENT : front->node[c][end - 1] + 1))
                return end;
    return front->n;
}

static void update_columns(const struct lanes_front *front, size_t place, size_t row, size_t begin,
                           size_t end, size_t first, size_t depth)
{
    size_t n_columns;
    for (size_t j = begin; j < end; j += n_columns) {
        n_columns = end - j < LANES_COLUMNS ? end - j : LANES_COLUMNS;
        lanes_tiles[place].kept[n_columns - 1](front, row, j, first, depth);
    }
}

static void update_rows(const struct lanes_front *front, const struct front_idle idle[2], size_t row,
                        size_t end, size_t first, size_t depth)
{
    size_t place, rows, n = front->n;
    for (; row < end; row += rows) {
        rows = choose_rows(end - row, &place);
        size_t begin = row + 1;
        for (int c = 0; c < 2; c++)
            if (row >= front->n_eliminated + idle[c].begin && row + rows <= front->n_eliminated + idle[c].end)
                begin = front->n_eliminated + idle[c].end;
        if (rows == 8 && begin == row + 1) { /* around the diagonal half the rows, so that less is in vain */
            begin = row + 8 < n ? row + 8 : n;
            update_columns(front, place - 1, row, row + 1, begin, first, depth);
            update_columns(front, place - 1, row + 4, row + 5, begin, first, depth);
        }
        update_columns(front, place, row, begin, n, first, depth);
    }
}

static void place_nodes(struct lanes_front *front, const struct front_merge *merge)
{
    for (int c = 0; c < 2; c++) {
        int node = 0;
        for (size_t i = 0; i < merge->n; i++)
            front->node[c][i] = ABSENT;
        for (int p = 0; p < FRONT_SEGMENTS; p++)
            for (size_t i = 0; i < merge->segments[c][p].n; i++)
                front->node[c][merge->segments[c][p].place + i] = node++;
    }
}

static void lanes_merge(const struct front_merge *merge, const void *const packed[2], void *kept,
                        void *pivots)
{
    struct lanes_front front;
    front.n = merge->n;
    front.n_eliminated = merge->n_eliminated;
    front.stride = merge->n_eliminated | 1;
    front.pivots = pivots;
    front.tails = front.pivots + front.n * front.stride;
    front.kept = kept;
    for (int c = 0; c < 2; c++)
        front.packed[c] = packed[c];
    place_nodes(&front, merge);
    eliminate(&front);
    for (size_t first = 0; first == 0 || first < front.n_eliminated; first += DEPTH_MAX) {
        size_t rest = front.n_eliminated - first, end;
        for (size_t row = front.n_eliminated; row < front.n; row = end) {
            end = find_run_end(&front, row);
            update_rows(&front, merge->idle, row, end, first, rest < DEPTH_MAX ? rest : DEPTH_MAX);
        }
    }
}

/* A small network by its branches. `joined` has a bit for each node that a node has a branch to: what has
 * none costs nothing. */
struct sparse {
    size_t n_eliminated;
    unsigned joined[FRONT_CORE_NODES_MAX];
    vector inner[FRONT_CORE_NODES_MAX][FRONT_CORE_NODES_MAX]; /* of eliminated nodes to later ones */
    vector *kept;
};

static inline void add_branch(struct sparse *network, size_t i, size_t j, vector siemens)
{
    size_t first = network->n_eliminated;
    vector *at = i < first ? &network->inner[i][j] : network->kept + column_start(j - first) + i - first;
    if ((network->joined[i] >> j & 1) != 0)
        siemens += *at;
    *at = siemens;
    network->joined[i] |= 1u << j;
}

static inline size_t take_first(unsigned *nodes)
{
    size_t first = (size_t)__builtin_ctz(*nodes);
    *nodes &= *nodes - 1;
    return first;
}

static void eliminate_node(struct sparse *network, size_t k)
{
    const vector *siemens = network->inner[k];
    vector total = vector_all(0);
    for (unsigned nodes = network->joined[k]; nodes != 0;)
        total += siemens[take_first(&nodes)];
    vector inverse = vector_inverse(total);
    for (unsigned nodes = network->joined[k]; nodes != 0;) {
        size_t i = take_first(&nodes);
        vector factor = siemens[i] * inverse;
        for (unsigned others = nodes; others != 0;) {
            size_t j = take_first(&others);
            add_branch(network, i, j, factor * siemens[j]);
        }
    }
}

static void lanes_core(const struct front_branch *branches, size_t n_branches, size_t n_eliminated, size_t n,
                       void *kept)
{
    struct sparse network;
    network.n_eliminated = n_eliminated;
    network.kept = kept;
    for (size_t i = 0; i < n; i++)
        network.joined[i] = 0;
    for (size_t b = 0; b < n_branches; b++) {
        real value[VECTOR_LANES];
        for (size_t l = 0; l < VECTOR_LANES; l++)
            value[l] = (real)(branches[b].siemens[l] * REAL_SCALE);
        add_branch(&network, branches[b].i, branches[b].j, vector_load(value));
    }
    for (size_t k = 0; k < n_eliminated; k++)
        eliminate_node(&network, k);
    for (size_t j = n_eliminated; j < n; j++)
        for (size_t i = n_eliminated; i < j; i++)
            if ((network.joined[i] >> j & 1) == 0)
                network.kept[column_start(j - n_eliminated) + i - n_eliminated] = vector_all(0);
}

static void lanes_part(const void *packed, size_t n, const size_t *const orders[FRONT_LANES_MAX],
                       void *const parts[FRONT_LANES_MAX])
{
    const real *siemens = packed;
    for (size_t lane = 0; lane < VECTOR_LANES; lane++) {
        real *out = parts[lane];
        const size_t *order = orders[lane];
        size_t start[FRONT_LANES_NODES_MAX];
        for (size_t i = 0; i < n && out != NULL; i++)
            start[i] = column_start(order[i]) * VECTOR_LANES + lane;
        for (size_t i = 0; i < n && out != NULL; i++)
            for (size_t j = i + 1; j < n; j++)
                *out++ = siemens[order[i] < order[j] ? start[j] + order[i] * VECTOR_LANES
                                                     : start[i] + order[j] * VECTOR_LANES];
    }
}

static void lanes_read(const void *packed, const struct front_rectangle *nodes,
                       double *const siemens[FRONT_LANES_MAX])
{
    const real *values = packed;
    for (size_t l = 0; l < VECTOR_LANES; l++)
        for (size_t i = 0; i < nodes->n_rows && siemens[l] != NULL; i++)
            for (size_t j = 0; j < nodes->n_columns; j++) {
                size_t place = column_start(nodes->column + j) + nodes->row + i;
                siemens[l][i * nodes->n_columns + j] +=
                    (double)values[place * VECTOR_LANES + l] * (1 / REAL_SCALE);
            }
}

#endif
