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
enum { WIDTH = TILE_VECTORS * VECTOR_LANES, BLOCK = 24, DEPTH = 256, STRIPE = 240 };
enum { BLOCK_VECTORS = BLOCK / VECTOR_LANES };
_Static_assert(BLOCK % WIDTH == 0 && WIDTH % TILE_ROWS == 0, "slivers fill blocks, tiles lie inside slivers");

/*
 * out [TILE_ROWS][WIDTH] (+)= left^T right, left [depth][left_stride], right [depth][WIDTH]. Kept out of its
 * callers: only alone do all sums stay in registers.
 */
static __attribute__((noinline)) void multiply_tile(size_t depth, const double *left, size_t left_stride,
                                                    const double *right, double *out, size_t out_stride,
                                                    int adds)
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
            double *at = out + (size_t)r * out_stride + v * VECTOR_LANES;
            if (adds)
                total[r][v] += vector_load(at);
            vector_store(at, total[r][v]);
        }
}

/* Row `row` of the sliver that holds `column`, at that column. */
static inline double *sliver_at(const struct front_shape *shape, double *pivots, size_t row, size_t column)
{
    return pivots + (column / WIDTH * shape->n_rows + row) * WIDTH + column % WIDTH;
}

static void add_row(const struct front_shape *shape, const struct front_parts *parts, size_t row,
                    size_t column, const double *values, size_t n)
{
    if (row >= shape->n_eliminated) {
        double *out =
            parts->kept + (row - shape->n_eliminated) * shape->stride + column - shape->n_eliminated;
        for (size_t j = 0; j < n; j++)
            out[j] += values[j];
        return;
    }
    if (column >= shape->n_eliminated)
        column += shape->first_kept - shape->n_eliminated;
    while (n > 0) {
        size_t part = WIDTH - column % WIDTH;
        part = n < part ? n : part;
        double *out = sliver_at(shape, parts->pivots, row, column);
        for (size_t j = 0; j < part; j++)
            out[j] += values[j];
        column += part;
        values += part;
        n -= part;
    }
}

static void add_column(const struct front_shape *shape, const struct front_parts *parts, size_t row,
                       size_t column, const double *values, size_t n)
{
    size_t stride = WIDTH;
    double *out;
    if (row >= shape->n_eliminated) {
        stride = shape->stride;
        out = parts->kept + (row - shape->n_eliminated) * stride + column - shape->n_eliminated;
    } else {
        if (column >= shape->n_eliminated)
            column += shape->first_kept - shape->n_eliminated;
        out = sliver_at(shape, parts->pivots, row, column);
    }
    for (size_t j = 0; j < n; j++)
        out[j * stride] += values[j];
}

/* Adds the part of a network that touches nodes to be eliminated, or else the rest of it. */
static void add_network(const struct front_shape *shape, const struct front_parts *parts,
                        const struct front_network *network,
                        const struct front_segment segments[FRONT_SEGMENTS], bool eliminated)
{
    size_t k = 0;
    for (int p = 0; p < FRONT_SEGMENTS; p++) {
        bool own = segments[p].place < shape->n_eliminated;
        for (size_t i = 0; i < segments[p].n; i++, k++) {
            const double *values = front_network_row(network, k);
            size_t place = segments[p].place + i, n_own = segments[p].n - i - 1;
            if (own == eliminated)
                add_row(shape, parts, place, place + 1, values, n_own);
            values += n_own;
            for (int q = p + 1; q < FRONT_SEGMENTS; values += segments[q++].n) {
                size_t other = segments[q].place;
                if ((own || other < shape->n_eliminated) != eliminated)
                    continue;
                if (other > place)
                    add_row(shape, parts, place, other, values, segments[q].n);
                else
                    add_column(shape, parts, other, place, values, segments[q].n);
            }
        }
    }
}

/* Adds to the block of rows from `first` on what the rows above it contribute. */
static void update_block(const struct front_shape *shape, double *pivots, size_t first, size_t n_rows)
{
    for (size_t column = first / WIDTH * WIDTH; column < shape->n_columns; column += WIDTH)
        for (size_t r = 0; r < n_rows; r += TILE_ROWS)
            multiply_tile(first, sliver_at(shape, pivots, 0, first + r), WIDTH,
                          sliver_at(shape, pivots, 0, column), sliver_at(shape, pivots, first + r, column),
                          WIDTH, 1);
}

/* outside [n_rows]: what the rows of a block hold beyond its diagonal part. */
static void sum_outside(const struct front_shape *shape, double *pivots, size_t first, size_t n_rows,
                        double *outside)
{
    vector total[BLOCK];
    for (size_t r = 0; r < n_rows; r++)
        total[r] = vector_all(0);
    for (size_t column = first + BLOCK; column < shape->n_columns; column += WIDTH) {
        const double *row = sliver_at(shape, pivots, first, column);
        for (size_t r = 0; r < n_rows; r++, row += WIDTH)
            for (int v = 0; v < TILE_VECTORS; v++)
                total[r] += vector_load(row + v * VECTOR_LANES);
    }
    for (size_t r = 0; r < n_rows; r++)
        outside[r] = vector_sum(total[r]);
}

/* A block's diagonal part, by rows; what is not right of the diagonal is scratch. */
struct diagonal {
    double g[BLOCK][BLOCK], scale[BLOCK];
};

static void load_diagonal(const struct front_shape *shape, double *pivots, size_t first, size_t n_rows,
                          struct diagonal *block)
{
    for (size_t k = 0; k < n_rows; k++)
        for (size_t c = 0; c < BLOCK; c += WIDTH)
            for (size_t v = 0; v < WIDTH; v += VECTOR_LANES)
                vector_store(block->g[k] + c + v,
                             vector_load(sliver_at(shape, pivots, first + k, first + c) + v));
}

/* On return the rows hold the factor, `scale` the inverse roots of the pivots. */
static void factor_diagonal(struct diagonal *block, size_t n_rows, double *outside)
{
    for (size_t k = 0; k < n_rows; k++) {
        double *row = block->g[k];
        memset(row, 0, (k + 1) * sizeof *row);
        vector values[BLOCK_VECTORS], total = vector_all(0);
        for (size_t v = 0; v < BLOCK_VECTORS; v++)
            total += values[v] = vector_load(row + v * VECTOR_LANES);
        double pivot = outside[k] + vector_sum(total), scale = pivot > 0 ? 1 / sqrt(pivot) : 0;
        block->scale[k] = scale;
        for (size_t v = 0; v < BLOCK_VECTORS; v++)
            vector_store(row + v * VECTOR_LANES, values[v] *= vector_all(scale));
        for (size_t i = k + 1; i < n_rows; i++) {
            vector factor = vector_all(row[i]);
            outside[i] += row[i] * scale * outside[k];
            for (size_t v = i / VECTOR_LANES; v < BLOCK_VECTORS; v++) {
                double *at = block->g[i] + v * VECTOR_LANES;
                vector_store(at, vector_multiply_add(factor, values[v], vector_load(at)));
            }
        }
    }
}

/* inverse [n_rows][BLOCK]: transposed inverse of the factor with its diagonal, column r being what row r of
 * the block becomes of its rows so far. */
static void invert_diagonal(const struct diagonal *block, size_t n_rows, double (*inverse)[BLOCK])
{
    for (size_t k = n_rows; k-- > 0;) {
        vector total[BLOCK_VECTORS];
        for (size_t v = 0; v < BLOCK_VECTORS; v++)
            total[v] = vector_all(0);
        for (size_t j = k + 1; j < n_rows; j++)
            for (size_t v = 0; v < BLOCK_VECTORS; v++)
                total[v] = vector_multiply_add(vector_all(block->g[k][j]),
                                               vector_load(inverse[j] + v * VECTOR_LANES), total[v]);
        for (size_t v = 0; v < BLOCK_VECTORS; v++)
            vector_store(inverse[k] + v * VECTOR_LANES, total[v] * vector_all(block->scale[k]));
        inverse[k][k] = block->scale[k];
    }
}

/* In place: the last rows first, since none depends on later ones. */
static void apply_inverse(const struct front_shape *shape, double *pivots, size_t first, size_t n_rows,
                          double (*inverse)[BLOCK])
{
    for (size_t column = first + BLOCK; column < shape->n_columns; column += WIDTH) {
        double *sliver = sliver_at(shape, pivots, first, column);
        for (size_t r = n_rows; r > 0; r -= TILE_ROWS)
            multiply_tile(r, inverse[0] + r - TILE_ROWS, BLOCK, sliver, sliver + (r - TILE_ROWS) * WIDTH,
                          WIDTH, 0);
    }
}

/* Adds to the kept nodes inside the window what the rows [first, first + depth) contribute; sets them to it
 * where first is 0. */
static void update_kept(const struct front_shape *shape, const struct front_parts *parts,
                        const struct front_window *window, size_t first, size_t depth)
{
    size_t n_columns = shape->n_columns - shape->first_kept;
    for (size_t stripe = window->column / WIDTH * WIDTH; stripe < n_columns; stripe += STRIPE) {
        size_t stripe_end = n_columns - stripe < STRIPE ? n_columns : stripe + STRIPE;
        for (size_t i = 0; i < window->row_end && i < stripe_end; i += TILE_ROWS) {
            const double *left = sliver_at(shape, parts->pivots, first, shape->first_kept + i);
            size_t start = i / WIDTH * WIDTH > stripe ? i / WIDTH * WIDTH : stripe;
            for (size_t j = start; j < stripe_end; j += WIDTH)
                multiply_tile(depth, left, WIDTH,
                              sliver_at(shape, parts->pivots, first, shape->first_kept + j),
                              parts->kept + i * shape->stride + j, shape->stride, first > 0);
        }
    }
}

static void factor(const struct front_shape *shape, double *pivots)
{
    for (size_t first = 0; first < shape->n_rows; first += BLOCK) {
        size_t n_rows = shape->n_rows - first < BLOCK ? shape->n_rows - first : BLOCK;
        double outside[BLOCK], inverse[BLOCK][BLOCK];
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

static void merge(const struct front_shape *shape, const struct front_parts *parts,
                  const struct front_network networks[2],
                  const struct front_segment (*const segments[2])[FRONT_SEGMENTS],
                  const struct front_window *window)
{
    if (shape->n_eliminated == 0)
        memset(parts->kept, 0, shape->kept_size * sizeof *parts->kept);
    memset(parts->pivots, 0, shape->pivots_size * sizeof *parts->pivots);
    for (int i = 0; i < 2 && shape->n_eliminated > 0; i++)
        add_network(shape, parts, &networks[i], *segments[i], true);
    factor(shape, parts->pivots);
    for (size_t first = 0; first < shape->n_rows; first += DEPTH)
        update_kept(shape, parts, window, first,
                    shape->n_rows - first < DEPTH ? shape->n_rows - first : DEPTH);
    for (int i = 0; i < 2; i++)
        add_network(shape, parts, &networks[i], *segments[i], false);
}

#endif
