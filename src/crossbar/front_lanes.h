/*
 * Fronts in lanes, compiled once per kernel: one front in each lane of the vectors, all of one shape.
 * Blocked: a panel of rows is finished, then added to all that remains.
 */
#ifndef CROSSBAR_FRONT_LANES_H
#define CROSSBAR_FRONT_LANES_H

#include "crossbar/front.h"
#include "crossbar/front_vector.h"

enum { PANEL = 16, SQUARE = 4 };

static void lanes_add(double *front, size_t n, const double *packed,
                      const struct front_segment segments[FRONT_SEGMENTS])
{
    vector *out = (vector *)(void *)front;
    const vector *values = (const vector *)(const void *)packed;
    size_t stride = front_lanes_stride(n);
    for (int p = 0; p < FRONT_SEGMENTS; p++)
        for (size_t i = 0; i < segments[p].n; i++) {
            size_t place = segments[p].place + i;
            vector *row = out + place * stride;
            for (size_t j = 1; j < segments[p].n - i; j++)
                row[place + j] += *values++;
            for (int q = p + 1; q < FRONT_SEGMENTS; q++) {
                size_t other = segments[q].place, step = other > place ? 1 : stride;
                vector *at = other > place ? row + other : out + other * stride + place;
                for (size_t j = 0; j < segments[q].n; j++)
                    at[j * step] += *values++;
            }
        }
}

/* Four partial sums, so that the additions do not wait for each other. */
static vector sum_row(const vector *values, size_t n)
{
    vector part[4] = {vector_all(0), vector_all(0), vector_all(0), vector_all(0)};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t l = 0; l < 4; l++)
            part[l] += values[i + l];
    for (; i < n; i++)
        part[0] += values[i];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

/* Rows of a panel, from its first node on: on return they hold the factor with positive sign. */
static void factor_panel(vector *rows, size_t stride, size_t n_pivots, size_t n)
{
    for (size_t k = 0; k < n_pivots; k++) {
        vector *restrict row = rows + k * stride;
        vector scale = vector_inverse_root(sum_row(row + k + 1, n - k - 1));
        for (size_t i = k + 1; i < n; i++)
            row[i] *= scale;
        for (size_t i = k + 1; i < n_pivots; i++) {
            vector *restrict other = rows + i * stride;
            vector factor = row[i];
            for (size_t j = i + 1; j < n; j++)
                other[j] = vector_multiply_add(factor, row[j], other[j]);
        }
    }
}

static void add_square(vector *restrict out, size_t stride, const vector *restrict left,
                       const vector *restrict right, size_t depth)
{
    vector total[SQUARE][SQUARE];
#pragma GCC unroll 4
    for (size_t r = 0; r < SQUARE; r++)
#pragma GCC unroll 4
        for (size_t c = 0; c < SQUARE; c++)
            total[r][c] = out[r * stride + c];
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
        for (size_t c = 0; c < SQUARE; c++)
            out[r * stride + c] = total[r][c];
}

/* Squares reach below the diagonal, past the window and past the last node, where nothing is read. */
static void lanes_eliminate(double *front, size_t n, size_t n_eliminated, const struct front_window *window)
{
    vector *siemens = (vector *)(void *)front;
    size_t stride = front_lanes_stride(n), column = window->column + n_eliminated;
    for (size_t first = 0; first < n_eliminated; first += PANEL) {
        size_t n_pivots = n_eliminated - first < PANEL ? n_eliminated - first : PANEL, end = first + n_pivots;
        vector *panel = siemens + first * stride;
        factor_panel(panel + first, stride, n_pivots, n - first);
        for (size_t i = end; i < n_eliminated + window->row_end; i += SQUARE)
            for (size_t j = i < n_eliminated || i + 1 > column ? i + 1 : column; j < n; j += SQUARE)
                add_square(siemens + i * stride + j, stride, panel + i, panel + j, n_pivots);
    }
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
