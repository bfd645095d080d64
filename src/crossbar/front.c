/*
 * Elimination of node k: g_ij += g_ik g_jk / d_k with d_k the sum of all g_ik left, a Cholesky factorisation
 * whose factor is stored with positive sign. Blocked: a panel of rows is finished, then added to all that
 * remains.
 */
#include "crossbar/front.h"

#include <math.h>

enum { PANEL = 32, STRIP = 64, TILE_ROWS = 4, TILE_COLUMNS = 4 };

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

size_t front_stride(size_t n)
{
    return round_up(n, TILE_COLUMNS) + TILE_COLUMNS;
}

size_t front_size(size_t n)
{
    return (n + TILE_ROWS) * front_stride(n);
}

/* Four partial sums, so that the additions do not wait for each other. */
static double sum(const double *values, size_t n)
{
    double part[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t l = 0; l < 4; l++)
            part[l] += values[i + l];
    for (; i < n; i++)
        part[0] += values[i];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

/* The diagonal block: on return its rows hold the factor, `scale` the inverse roots of the pivots. */
static void factor_block(double *rows, size_t stride, size_t first, size_t n_pivots, size_t n, double *scale)
{
    double outside[PANEL];
    for (size_t k = 0; k < n_pivots; k++)
        outside[k] = sum(rows + k * stride + first + n_pivots, n - first - n_pivots);
    for (size_t k = 0; k < n_pivots; k++) {
        double *row = rows + k * stride + first;
        double pivot = outside[k] + sum(row + k + 1, n_pivots - k - 1);
        scale[k] = pivot > 0 ? 1 / sqrt(pivot) : 0;
        outside[k] *= scale[k];
        for (size_t i = k + 1; i < n_pivots; i++)
            row[i] *= scale[k];
        for (size_t i = k + 1; i < n_pivots; i++) {
            double *other = rows + i * stride + first;
            outside[i] += row[i] * outside[k];
            for (size_t j = i + 1; j < n_pivots; j++)
                other[j] += row[i] * row[j];
        }
    }
}

/* The rest of the panel's rows, columns [column, column + width): forward substitution with the factor. */
static void solve_strip(double *rows, size_t stride, size_t first, size_t n_pivots, const double *scale,
                        size_t column, size_t width)
{
    for (size_t k = 0; k < n_pivots; k++) {
        double *restrict row = rows + k * stride + column;
        for (size_t i = 0; i < k; i++) {
            const double *restrict above = rows + i * stride + column;
            double factor = rows[i * stride + first + k];
            for (size_t c = 0; c < width; c++)
                row[c] += factor * above[c];
        }
        for (size_t c = 0; c < width; c++)
            row[c] *= scale[k];
    }
}

static void add_tile(double *restrict out, size_t stride, const double *restrict left,
                     const double *restrict right, size_t depth)
{
    double total[TILE_ROWS][TILE_COLUMNS] = {{0}};
    for (size_t k = 0; k < depth; k++)
        for (size_t r = 0; r < TILE_ROWS; r++)
            for (size_t c = 0; c < TILE_COLUMNS; c++)
                total[r][c] += left[k * stride + r] * right[k * stride + c];
    for (size_t r = 0; r < TILE_ROWS; r++)
        for (size_t c = 0; c < TILE_COLUMNS; c++)
            out[r * stride + c] += total[r][c];
}

/*
 * Adds panel^T panel to the rows from `row` on: those still to be eliminated whole, the others inside the
 * window. Tiles reach below the diagonal, past the window and past the last node, where nothing is read.
 */
static void add_panel(double *siemens, size_t n, size_t n_eliminated, const struct front_window *window,
                      const double *panel, size_t depth, size_t row)
{
    size_t stride = front_stride(n);
    for (size_t i = row; i < window->row_end; i += TILE_ROWS) {
        size_t start = i < n_eliminated || i + 1 > window->column ? i + 1 : window->column;
        for (size_t j = start; j < n; j += TILE_COLUMNS)
            add_tile(siemens + i * stride + j, stride, panel + i, panel + j, depth);
    }
}

void front_eliminate(double *siemens, size_t n, size_t n_eliminated, const struct front_window *window)
{
    size_t stride = front_stride(n);
    double scale[PANEL];
    for (size_t first = 0; first < n_eliminated; first += PANEL) {
        size_t n_pivots = n_eliminated - first < PANEL ? n_eliminated - first : PANEL, end = first + n_pivots;
        double *rows = siemens + first * stride;
        factor_block(rows, stride, first, n_pivots, n, scale);
        for (size_t c = end; c < n; c += STRIP)
            solve_strip(rows, stride, first, n_pivots, scale, c, n - c < STRIP ? n - c : STRIP);
        add_panel(siemens, n, n_eliminated, window, rows, n_pivots, end);
    }
}
