/*
 * Large fronts, compiled once per kernel. Elimination of node k: g_ij += g_ik g_jk / d_k with d_k the sum of
 * all g_ik left, a Cholesky factorisation whose factor is stored with positive sign. The rows to be
 * eliminated go in blocks; a block first takes up all that earlier ones add to it, then its diagonal part is
 * factored and inverted (the inverse has no negative entry), and the rest of its rows is multiplied with the
 * inverse. All products run through one register tile.
 */
#ifndef CROSSBAR_FRONT_LARGE_H
#define CROSSBAR_FRONT_LARGE_H

#include <stdbool.h>

#include "crossbar/front.h"
#include "crossbar/front_vector.h"

/* Columns of a sliver; rows of a block; depth and columns of the part of a product that stays in cache. */
enum { WIDTH = TILE_VECTORS * VECTOR_LANES };
enum { BLOCK = WIDTH > 24 ? WIDTH : 24, DEPTH = 256, STRIPE = 240 / WIDTH * WIDTH };
enum { BLOCK_VECTORS = BLOCK / VECTOR_LANES };
_Static_assert(BLOCK % WIDTH == 0 && WIDTH % TILE_ROWS == 0, "slivers fill blocks, tiles lie inside slivers");

/*
 * out [TILE_ROWS][WIDTH] (+)= left^T right, left [depth][left_stride], right [depth][WIDTH]. Kept out of its
 * callers: only alone do all sums stay in registers.
 */
static __attribute__((noinline)) void multiply_tile(size_t depth, const real *left, size_t left_stride,
                                                    const real *right, real *out, size_t out_stride, int adds)
{
    vector total[TILE_ROWS][TILE_VECTORS];
#pragma GCC unroll 8
    for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
        for (int v = 0; v < TILE_VECTORS; v++)
            total[r][v] = vector_all(0);
    for (size_t k = 0; k < depth; k++) {
        vector factor[TILE_VECTORS];
#pragma GCC unroll 3
        for (int v = 0; v < TILE_VECTORS; v++)
            factor[v] = vector_load(right + v * VECTOR_LANES);
#pragma GCC unroll 8
        for (int r = 0; r < TILE_ROWS; r++) {
            vector row = vector_all(left[r]);
#pragma GCC unroll 3
            for (int v = 0; v < TILE_VECTORS; v++)
                total[r][v] = vector_multiply_add(row, factor[v], total[r][v]);
        }
        left += left_stride;
        right += WIDTH;
    }
#pragma GCC unroll 8
    for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
        for (int v = 0; v < TILE_VECTORS; v++) {
            real *at = out + (size_t)r * out_stride + v * VECTOR_LANES;
            if (adds)
                total[r][v] += vector_load(at);
            vector_store(at, total[r][v]);
        }
}

/* Row `row` of the sliver that holds `column`, at that column. */
static inline real *sliver_at(const struct front_shape *shape, real *pivots, size_t row, size_t column)
{
    return pivots + (column / WIDTH * shape->n_rows + row) * WIDTH + column % WIDTH;
}

/* A part of a network: `at` is its first conductance, the next row begins `step` reals further on and the
 * step after that is shorter by `shrinks`. */
struct part {
    const real *at;
    size_t step, shrinks;
};

/* From (i, j) on; j = i is a place left of a row's first conductance, whose value means nothing. */
static inline struct part part_of(const struct front_network *network, size_t i, size_t j)
{
    const real *siemens = network->siemens;
    size_t n = network->n;
    if (network->stride > 0)
        return (struct part){siemens + i * network->stride + j, network->stride, 0};
    return (struct part){siemens + i * (2 * n - i - 1) / 2 + j - i - 1, n - i - 2, 1};
}

/* Sets n_rows x n reals, or adds to them. */
static void take_part(real *out, size_t stride, struct part in, size_t n_rows, size_t n, bool adds)
{
    for (size_t r = 0; r < n_rows; r++, out += stride) {
        if (adds)
            vector_add_part(out, in.at, n);
        else
            vector_copy_part(out, in.at, n);
        in.at += in.step;
        in.step -= in.shrinks;
    }
}

/* Part of the eliminated rows; columns of kept nodes are counted from first_kept. */
static void take_pivots(const struct front_shape *shape, real *pivots, const struct front_network *network,
                        size_t row, size_t n_rows, size_t column, size_t node, size_t n, bool adds)
{
    struct part in = part_of(network, row, node);
    size_t width;
    for (; n > 0; n -= width, column += width, in.at += width) {
        width = WIDTH - column % WIDTH;
        width = n < width ? n : width;
        take_part(sliver_at(shape, pivots, row, column), WIDTH, in, n_rows, width, adds);
    }
}

static bool overlaps(const struct front_merge *merge, const struct front_segment *segment)
{
    for (int p = 0; p < FRONT_SEGMENTS; p++)
        if (merge->segments[0][p].n > 0 && merge->segments[0][p].place == segment->place)
            return true;
    return false;
}

/* What belongs to no node in the rows of the eliminated ones. */
static void clear_padding(const struct front_shape *shape, real *pivots)
{
    for (size_t column = 0; column < shape->n_columns; column++) {
        bool kept = column >= shape->first_kept;
        bool used = kept ? column - shape->first_kept < shape->n_kept : column < shape->n_eliminated;
        for (size_t row = used ? shape->n_eliminated : 0; row < shape->n_rows; row++)
            *sliver_at(shape, pivots, row, column) = 0;
    }
}

/* The rows of the eliminated nodes, with which each network begins: set by the first one, which together with
 * the second has all columns. What lies left of the diagonal is scratch. */
static void assemble_pivots(const struct front_shape *shape, const struct front_merge *merge,
                            const struct front_network networks[2], real *pivots)
{
    clear_padding(shape, pivots);
    for (int c = 0; c < 2; c++) {
        const struct front_segment *segments = merge->segments[c];
        size_t n = shape->n_eliminated, node = segments[0].n;
        for (size_t row = 0; row < n; row += TILE_ROWS)
            take_pivots(shape, pivots, &networks[c], row, n - row < TILE_ROWS ? n - row : TILE_ROWS, row, row,
                        n - row, c > 0);
        for (int q = 1; q < FRONT_SEGMENTS; node += segments[q++].n)
            take_pivots(shape, pivots, &networks[c], 0, n,
                        shape->first_kept + segments[q].place - shape->n_eliminated, node, segments[q].n,
                        c > 0 && overlaps(merge, &segments[q]));
    }
}

/* Kept nodes [begin, end), neighbours in both networks, where the first of them is node[c] or ABSENT. */
struct run {
    size_t begin, end;
    size_t node[2];
};

enum { RUNS_MAX = 2 * FRONT_SEGMENTS };
#define NOWHERE ((size_t)-1)

static size_t find_runs(const struct front_merge *merge, struct run runs[RUNS_MAX])
{
    size_t n_runs = 0;
    for (size_t begin = merge->n_eliminated; begin < merge->n; n_runs++) {
        struct run *run = &runs[n_runs];
        *run = (struct run){begin - merge->n_eliminated, merge->n - merge->n_eliminated, {NOWHERE, NOWHERE}};
        for (int c = 0; c < 2; c++) {
            size_t node = 0;
            for (int p = 0; p < FRONT_SEGMENTS; p++) {
                size_t first = merge->segments[c][p].place, n = merge->segments[c][p].n;
                size_t border = first > begin ? first : first + n;
                if (first <= begin && begin < first + n)
                    run->node[c] = node + begin - first;
                if (n > 0 && border > begin && border - merge->n_eliminated < run->end)
                    run->end = border - merge->n_eliminated;
                node += n;
            }
        }
        begin = run->end + merge->n_eliminated;
    }
    return n_runs;
}

/* What the networks have among the kept nodes of two runs: rows [i, i + n_rows), n columns from j on. */
static void take_kept(const struct front_network networks[2], const struct run *from, const struct run *to,
                      size_t i, size_t n_rows, size_t j, size_t n, real *out, size_t stride)
{
    bool adds = false;
    for (int c = 0; c < 2; c++) {
        if (from->node[c] == NOWHERE || to->node[c] == NOWHERE)
            continue;
        struct part in = part_of(&networks[c], from->node[c] + i - from->begin, to->node[c] + j - to->begin);
        take_part(out, stride, in, n_rows, n, adds);
        adds = true;
    }
    for (size_t r = 0; r < n_rows && !adds; r++)
        vector_clear_part(out + r * stride, n);
}

struct large_front {
    const struct front_shape *shape;
    const struct front_merge *merge;
    const struct front_network *networks;
    size_t n_runs;
    struct run runs[RUNS_MAX];
};

/* Kept rows [row, row + TILE_ROWS), columns [begin, end). */
static void assemble_kept(const struct large_front *front, size_t row, size_t begin, size_t end, real *kept)
{
    for (size_t p = 0; p < front->n_runs; p++) {
        const struct run *from = &front->runs[p];
        size_t i = row > from->begin ? row : from->begin, i_end = row + TILE_ROWS;
        i_end = i_end < from->end ? i_end : from->end;
        for (size_t q = p; q < front->n_runs && i < i_end; q++) {
            const struct run *to = &front->runs[q];
            size_t j = begin > to->begin ? begin : to->begin, j_end = end < to->end ? end : to->end;
            j = j > i ? j : i;
            if (j < j_end)
                take_kept(front->networks, from, to, i, i_end - i, j, j_end - j,
                          kept + i * front->shape->stride + j, front->shape->stride);
        }
    }
}

/* Adds to the block of rows from `first` on what the rows above it contribute. */
static void update_block(const struct front_shape *shape, real *pivots, size_t first, size_t n_rows)
{
    for (size_t column = first / WIDTH * WIDTH; column < shape->n_columns; column += WIDTH)
        for (size_t r = 0; r < n_rows; r += TILE_ROWS)
            multiply_tile(first, sliver_at(shape, pivots, 0, first + r), WIDTH,
                          sliver_at(shape, pivots, 0, column), sliver_at(shape, pivots, first + r, column),
                          WIDTH, 1);
}

/* outside [n_rows]: what the rows of a block hold beyond its diagonal part. */
static void sum_outside(const struct front_shape *shape, real *pivots, size_t first, size_t n_rows,
                        real *outside)
{
    for (size_t r = 0; r < n_rows; r += TILE_ROWS) {
        vector total[TILE_ROWS];
#pragma GCC unroll 8
        for (size_t i = 0; i < TILE_ROWS; i++)
            total[i] = vector_all(0);
        for (size_t column = first + BLOCK; column < shape->n_columns; column += WIDTH) {
            const real *row = sliver_at(shape, pivots, first + r, column);
#pragma GCC unroll 8
            for (size_t i = 0; i < TILE_ROWS; i++)
#pragma GCC unroll 3
                for (size_t v = 0; v < TILE_VECTORS; v++)
                    total[i] += vector_load(row + i * WIDTH + v * VECTOR_LANES);
        }
        for (size_t i = 0; i < TILE_ROWS; i++)
            outside[r + i] = vector_sum(total[i]);
    }
}

/* A block's diagonal part, by rows; what is not right of the diagonal is scratch. */
struct diagonal {
    real g[BLOCK][BLOCK], scale[BLOCK];
};

static void load_diagonal(const struct front_shape *shape, real *pivots, size_t first, size_t n_rows,
                          struct diagonal *block)
{
    for (size_t k = 0; k < n_rows; k++)
        for (size_t c = 0; c < BLOCK; c += WIDTH)
            for (size_t v = 0; v < WIDTH; v += VECTOR_LANES)
                vector_store(block->g[k] + c + v,
                             vector_load(sliver_at(shape, pivots, first + k, first + c) + v));
}

/* Vectors that the diagonal part of a block's row takes. */
static size_t count_vectors(size_t n_rows)
{
    return (n_rows + VECTOR_LANES - 1) / VECTOR_LANES;
}

/* On return the rows hold the factor, `scale` the inverse roots of the pivots. */
static void factor_diagonal(struct diagonal *block, size_t n_rows, real *outside)
{
    size_t n_vectors = count_vectors(n_rows);
    for (size_t k = 0; k < n_rows; k++) {
        real *row = block->g[k];
        vector values[BLOCK_VECTORS], total = vector_all(0);
        for (size_t v = 0; v < n_vectors; v++)
            total += values[v] = vector_from(vector_load(row + v * VECTOR_LANES), v * VECTOR_LANES, k + 1);
        real pivot = outside[k] + vector_sum(total), scale = pivot > 0 ? 1 / REAL_ROOT(pivot) : 0;
        block->scale[k] = scale;
        for (size_t v = 0; v < n_vectors; v++)
            vector_store(row + v * VECTOR_LANES, values[v] *= vector_all(scale));
        for (size_t i = k + 1; i < n_rows; i++) {
            vector factor = vector_all(row[i]);
            outside[i] += row[i] * scale * outside[k];
            for (size_t v = i / VECTOR_LANES; v < n_vectors; v++) {
                real *at = block->g[i] + v * VECTOR_LANES;
                vector_store(at, vector_multiply_add(factor, values[v], vector_load(at)));
            }
        }
    }
}

/* inverse [n_rows][BLOCK]: transposed inverse of the factor with its diagonal, column r being what row r of
 * the block becomes of its rows so far. */
static void invert_diagonal(const struct diagonal *block, size_t n_rows, real (*inverse)[BLOCK])
{
    size_t n_vectors = count_vectors(n_rows);
    for (size_t k = n_rows; k-- > 0;) {
        vector total[BLOCK_VECTORS];
        for (size_t v = 0; v < n_vectors; v++)
            total[v] = vector_all(0);
        for (size_t j = k + 1; j < n_rows; j++)
            for (size_t v = 0; v < n_vectors; v++)
                total[v] = vector_multiply_add(vector_all(block->g[k][j]),
                                               vector_load(inverse[j] + v * VECTOR_LANES), total[v]);
        for (size_t v = 0; v < n_vectors; v++)
            vector_store(inverse[k] + v * VECTOR_LANES, total[v] * vector_all(block->scale[k]));
        inverse[k][k] = block->scale[k];
    }
}

/* In place: the last rows first, since none depends on later ones. */
static void apply_inverse(const struct front_shape *shape, real *pivots, size_t first, size_t n_rows,
                          real (*inverse)[BLOCK])
{
    for (size_t column = first + BLOCK; column < shape->n_columns; column += WIDTH) {
        real *sliver = sliver_at(shape, pivots, first, column);
        for (size_t r = n_rows; r > 0; r -= TILE_ROWS)
            multiply_tile(r, inverse[0] + r - TILE_ROWS, BLOCK, sliver, sliver + (r - TILE_ROWS) * WIDTH,
                          WIDTH, 0);
    }
}

/* Where the columns begin that are wanted of kept rows [row, row + TILE_ROWS). */
static size_t first_wanted(const struct front_merge *merge, size_t row)
{
    for (int c = 0; c < 2; c++)
        if (row >= merge->idle[c].begin && row + TILE_ROWS <= merge->idle[c].end)
            return merge->idle[c].end;
    return row;
}

/* Adds to the kept nodes what the rows [first, first + depth) contribute; the first time, to what the
 * networks have there. */
static void update_kept(const struct large_front *front, real *pivots, real *kept, size_t first, size_t depth)
{
    const struct front_shape *shape = front->shape;
    for (size_t stripe = 0; stripe < shape->n_kept; stripe += STRIPE) {
        size_t end = shape->n_kept - stripe < STRIPE ? shape->n_kept : stripe + STRIPE;
        for (size_t i = 0; i < end; i += TILE_ROWS) {
            size_t start = first_wanted(front->merge, i);
            start = start > stripe ? start : stripe;
            if (first == 0)
                assemble_kept(front, i, start, end, kept);
            const real *left = sliver_at(shape, pivots, first, shape->first_kept + i);
            for (size_t j = start / WIDTH * WIDTH; j < end && depth > 0; j += WIDTH)
                multiply_tile(depth, left, WIDTH, sliver_at(shape, pivots, first, shape->first_kept + j),
                              kept + i * shape->stride + j, shape->stride, 1);
        }
    }
}

static void factor(const struct front_shape *shape, real *pivots)
{
    for (size_t first = 0; first < shape->n_rows; first += BLOCK) {
        size_t n_rows = shape->n_rows - first < BLOCK ? shape->n_rows - first : BLOCK;
        real outside[BLOCK], inverse[BLOCK][BLOCK];
        struct diagonal block;
        if (first > 0)
            update_block(shape, pivots, first, n_rows);
        sum_outside(shape, pivots, first, n_rows, outside);
        load_diagonal(shape, pivots, first, n_rows, &block);
        factor_diagonal(&block, n_rows, outside);
        invert_diagonal(&block, n_rows, inverse);
        apply_inverse(shape, pivots, first, n_rows, inverse);
    }
}

static void merge(const struct front_shape *shape, const struct front_merge *merged,
                  const struct front_network networks[2], void *kept, void *pivots)
{
    struct large_front front = {shape, merged, networks, 0, {{0}}};
    front.n_runs = find_runs(merged, front.runs);
    if (shape->n_eliminated > 0) {
        assemble_pivots(shape, merged, networks, pivots);
        factor(shape, pivots);
    }
    for (size_t first = 0; first == 0 || first < shape->n_rows; first += DEPTH)
        update_kept(&front, pivots, kept, first,
                    shape->n_rows - first < DEPTH ? shape->n_rows - first : DEPTH);
}

static void read_network(const struct front_network *network, const struct front_rectangle *nodes,
                         double *siemens)
{
    for (size_t i = 0; i < nodes->n_rows; i++) {
        const real *row = part_of(network, nodes->row + i, nodes->column).at;
        for (size_t j = 0; j < nodes->n_columns; j++)
            siemens[i * nodes->n_columns + j] += (double)row[j] * (1 / REAL_SCALE);
    }
}

#endif
