/*
 * Fronts in lanes, compiled once per kernel: one front in each lane of the vectors, all of one shape.
 * Blocked: a panel of rows is finished, then added to all that remains.
 */
#ifndef CROSSBAR_FRONT_LANES_H
#define CROSSBAR_FRONT_LANES_H

#include <stdbool.h>

#include "crossbar/front.h"
#include "crossbar/front_vector.h"

enum { PANEL = 16, SQUARE = 4, GROUP = 4 };

/* Adds the part of a packed network that touches nodes to be eliminated, or else the rest of it. */
static void lanes_add(vector *front, size_t stride, size_t n_eliminated, const vector *values,
                      const struct front_segment segments[FRONT_SEGMENTS], bool eliminated)
{
    for (int p = 0; p < FRONT_SEGMENTS; p++) {
        bool own = segments[p].place < n_eliminated;
        for (size_t i = 0; i < segments[p].n; i++) {
            size_t place = segments[p].place + i, n_own = segments[p].n - i - 1;
            vector *row = front + place * stride;
            for (size_t j = 0; j < n_own && own == eliminated; j++)
                row[place + 1 + j] += values[j];
            values += n_own;
            for (int q = p + 1; q < FRONT_SEGMENTS; values += segments[q++].n) {
                size_t other = segments[q].place, step = other > place ? 1 : stride;
                if ((own || other < n_eliminated) != eliminated)
                    continue;
                vector *at = other > place ? row + other : front + other * stride + place;
                for (size_t j = 0; j < segments[q].n; j++)
                    at[j * step] += values[j];
            }
        }
    }
}

/* Rows of a panel, from its first node on: on return they hold the factor with positive sign. Each row takes
 * up at once what all rows above it add; groups of four, so that the sums do not wait for each other. */
static void factor_panel(vector *rows, size_t stride, size_t n_pivots, size_t n)
{
    for (size_t k = 0; k < n_pivots; k++) {
        vector *row = rows + k * stride;
        vector total[GROUP] = {vector_all(0), vector_all(0), vector_all(0), vector_all(0)};
        size_t j = k + 1;
        for (; j + GROUP <= n; j += GROUP) {
            vector value[GROUP];
#pragma GCC unroll 4
            for (size_t c = 0; c < GROUP; c++)
                value[c] = row[j + c];
            for (size_t i = 0; i < k; i++) {
                const vector *above = rows + i * stride;
                vector factor = above[k];
#pragma GCC unroll 4
                for (size_t c = 0; c < GROUP; c++)
                    value[c] = vector_multiply_add(factor, above[j + c], value[c]);
            }
#pragma GCC unroll 4
            for (size_t c = 0; c < GROUP; c++)
                total[c] += row[j + c] = value[c];
        }
        for (; j < n; j++) {
            for (size_t i = 0; i < k; i++)
                row[j] = vector_multiply_add(rows[i * stride + k], rows[i * stride + j], row[j]);
            total[0] += row[j];
        }
        vector scale = vector_inverse_root((total[0] + total[1]) + (total[2] + total[3]));
        for (j = k + 1; j < n; j++)
            row[j] *= scale;
    }
}

static void add_square(vector *restrict out, size_t stride, const vector *restrict left,
                       const vector *restrict right, size_t depth, bool adds)
{
    vector total[SQUARE][SQUARE];
#pragma GCC unroll 4
    for (size_t r = 0; r < SQUARE; r++)
#pragma GCC unroll 4
        for (size_t c = 0; c < SQUARE; c++)
            total[r][c] = vector_all(0);
    for (size_t k = 0; k < depth; k++) {
#pragma GCC unroll 4
        for (size_t r = 0; r < SQUARE; r++)
#pragma GCC unroll 4
            for (size_t c = 0; c < SQUARE; c++)
                total[r][c] = vector_multiply_add(left[k * stride + r], right[k * stride + c], total[r][c]);
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < SQUARE; r++)
#pragma GCC unroll 4
        for (size_t c = 0; c < SQUARE; c++) {
            if (adds)
                total[r][c] += out[r * stride + c];
            out[r * stride + c] = total[r][c];
        }
}

/* Squares reach below the diagonal, past the window and past the last node, where nothing is read. */
static void add_squares(vector *front, size_t stride, size_t n, const vector *panel, size_t depth, size_t row,
                        size_t row_end, size_t column, bool adds)
{
    for (size_t i = row; i < row_end; i += SQUARE)
        for (size_t j = i + 1 > column ? i + 1 : column; j < n; j += SQUARE)
            add_square(front + i * stride + j, stride, panel + i, panel + j, depth, adds);
}

/* The kept nodes' conductances are set, not added to, when `sets`, but for the first few, which belong to
 * squares that begin in eliminated rows. */
static void lanes_eliminate_into(vector *front, size_t n, size_t n_eliminated,
                                 const struct front_window *window, bool sets)
{
    size_t stride = front_lanes_stride(n);
    for (size_t first = 0; first < n_eliminated; first += PANEL) {
        size_t n_pivots = n_eliminated - first < PANEL ? n_eliminated - first : PANEL, end = first + n_pivots;
        vector *panel = front + first * stride;
        factor_panel(panel + first, stride, n_pivots, n - first);
        add_squares(front, stride, n, panel, n_pivots, end, n_eliminated, 0, true);
        size_t rest = end + (n_eliminated - end + SQUARE - 1) / SQUARE * SQUARE;
        add_squares(front, stride, n, panel, n_pivots, rest, n_eliminated + window->row_end,
                    n_eliminated + window->column, first > 0 || !sets);
    }
}

static void lanes_eliminate(double *front, size_t n, size_t n_eliminated, const struct front_window *window)
{
    lanes_eliminate_into((vector *)(void *)front, n, n_eliminated, window, false);
}

static void lanes_merge(double *front, size_t n, size_t n_eliminated, const double *const packed[2],
                        const struct front_segment (*const segments[2])[FRONT_SEGMENTS],
                        const struct front_window *window)
{
    vector *siemens = (vector *)(void *)front;
    size_t stride = front_lanes_stride(n), n_rows = n_eliminated > 0 ? n_eliminated : n;
    if (n_rows > PANEL) /* the first panel's squares reach kept rows */
        n_rows = n_rows + SQUARE < n ? n_rows + SQUARE : n;
    for (size_t i = 0; i < n_rows; i++)
        memset(siemens + i * stride + i, 0, (stride - i) * sizeof *siemens);
    for (int c = 0; c < 2 && n_eliminated > 0; c++)
        lanes_add(siemens, stride, n_eliminated, (const vector *)(const void *)packed[c], *segments[c], true);
    lanes_eliminate_into(siemens, n, n_eliminated, window, true);
    for (int c = 0; c < 2; c++)
        lanes_add(siemens, stride, n_eliminated, (const vector *)(const void *)packed[c], *segments[c],
                  false);
}

static void lanes_pack(const double *front, size_t n, size_t n_eliminated, double *packed)
{
    size_t stride = front_lanes_stride(n) * VECTOR_LANES;
    for (size_t i = n_eliminated; i < n; i++) {
        size_t size = (n - i - 1) * VECTOR_LANES;
        memmove(packed, front + i * stride + (i + 1) * VECTOR_LANES, size * sizeof *packed);
        packed += size;
    }
}

static void lanes_part(const double *packed, size_t size, double *const parts[FRONT_LANES_MAX])
{
    for (size_t l = 0; l < VECTOR_LANES; l++)
        if (parts[l] != NULL)
            for (size_t k = 0; k < size; k++)
                parts[l][k] = packed[k * VECTOR_LANES + l];
}

#endif
