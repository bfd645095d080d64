/*
 * The product of inputs and a packed matrix for one precision: REAL is the type, NAMED(x) appends its name
 * to x. Included twice by each kernel. Every sum runs over the rows of the matrix in order, in steps of PRODUCT_DEPTH,
 * whatever else is in the batch.
 */

enum { NAMED(LANES) = VECTOR_BYTES / (int)sizeof(REAL) };

static inline NAMED(vector) NAMED(load)(const REAL *at)
{
    NAMED(vector) value;
    memcpy(&value, at, sizeof value);
    return value;
}

/*
 * out [n_rows][n_vectors x lanes] (+)= left [n_rows][depth] right [depth][n_vectors x lanes]. The counts are
 * constants of the callers, which are kept apart: only alone do all sums stay in registers.
 */
static inline __attribute__((always_inline)) void NAMED(tile)(const int n_rows, const int n_vectors,
                                                              size_t depth, const REAL *left,
                                                              size_t left_stride, const REAL *right,
                                                              REAL *out, size_t out_stride, bool adds)
{
    NAMED(vector) total[TILE_ROWS][2];
#pragma GCC unroll 12
    for (int r = 0; r < n_rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < n_vectors; v++)
            total[r][v] = adds ? NAMED(load)(out + (size_t)r * out_stride + v * NAMED(LANES)) : NAMED(all)(0);
    for (size_t k = 0; k < depth; k++) {
        NAMED(vector) factor[2];
#pragma GCC unroll 2
        for (int v = 0; v < n_vectors; v++)
            factor[v] = NAMED(load)(right + v * NAMED(LANES));
#pragma GCC unroll 12
        for (int r = 0; r < n_rows; r++) {
            NAMED(vector) row = NAMED(all)(left[(size_t)r * left_stride + k]);
#pragma GCC unroll 2
            for (int v = 0; v < n_vectors; v++)
                total[r][v] = NAMED(multiply_add)(row, factor[v], total[r][v]);
        }
        right += n_vectors * NAMED(LANES);
    }
#pragma GCC unroll 12
    for (int r = 0; r < n_rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < n_vectors; v++)
            memcpy(out + (size_t)r * out_stride + v * NAMED(LANES), &total[r][v], VECTOR_BYTES);
}

#define TILE(name, n_rows, n_vectors)                                                                        \
    static __attribute__((noinline)) void name(size_t depth, const REAL *left, size_t left_stride,           \
                                               const REAL *right, REAL *out, size_t out_stride, bool adds)   \
    {                                                                                                        \
        NAMED(tile)(n_rows, n_vectors, depth, left, left_stride, right, out, out_stride, adds);              \
    }
TILE(NAMED(tile_full_2), TILE_ROWS, 2)
TILE(NAMED(tile_4_2), 4, 2)
TILE(NAMED(tile_1_2), 1, 2)
TILE(NAMED(tile_full_1), TILE_ROWS, 1)
TILE(NAMED(tile_4_1), 4, 1)
TILE(NAMED(tile_1_1), 1, 1)
#undef TILE

typedef void NAMED(tile_call)(size_t, const REAL *, size_t, const REAL *, REAL *, size_t, bool);

/* A sliver of `n_vectors` vectors of columns for up to PRODUCT_STRIPE inputs. */
static void NAMED(multiply_sliver)(size_t n_vectors, size_t n_inputs, size_t depth, const REAL *left,
                                   size_t left_stride, const REAL *right, REAL *out, size_t out_stride,
                                   bool adds)
{
    static NAMED(tile_call) *const calls[2][3] = {
        {NAMED(tile_full_1), NAMED(tile_4_1), NAMED(tile_1_1)},
        {NAMED(tile_full_2), NAMED(tile_4_2), NAMED(tile_1_2)},
    };
    const size_t heights[3] = {TILE_ROWS, 4, 1};
    size_t q = 0;
    for (int h = 0; h < 3; h++)
        for (; q + heights[h] <= n_inputs; q += heights[h])
            calls[n_vectors - 1][h](depth, left + q * left_stride, left_stride, right, out + q * out_stride,
                                    out_stride, adds);
}

/* As product_kernel's. Where the last vector reaches past the last column, its sums pass through `edge`. */
static void NAMED(multiply)(const struct product_shape *shape, const void *packed, size_t n_inputs,
                            const void *inputs, void *out)
{
    size_t n_rows = shape->n_rows, n_columns = shape->n_columns, lanes = NAMED(LANES);
    size_t n_vectors = (n_columns + lanes - 1) / lanes;
    REAL stripe[PRODUCT_STRIPE][PRODUCT_DEPTH + PRODUCT_PAD], edge[PRODUCT_STRIPE][2 * NAMED(LANES)];
    for (size_t first = 0; first < n_inputs; first += PRODUCT_STRIPE) {
        size_t n_here = n_inputs - first < PRODUCT_STRIPE ? n_inputs - first : PRODUCT_STRIPE;
        for (size_t k = 0; k < n_rows; k += PRODUCT_DEPTH) {
            size_t depth = n_rows - k < PRODUCT_DEPTH ? n_rows - k : PRODUCT_DEPTH;
            for (size_t q = 0; q < n_here; q++)
                memcpy(stripe[q], (const REAL *)inputs + (first + q) * shape->input_stride + k, depth * sizeof(REAL));
            for (size_t v = 0; v < n_vectors; v += 2) {
                size_t n_here_vectors = n_vectors - v < 2 ? 1 : 2, width = n_here_vectors * lanes;
                const REAL *right = (const REAL *)packed + v * lanes * n_rows + k * width;
                REAL *at = (REAL *)out + first * n_columns + v * lanes;
                size_t n_inside = n_columns - v * lanes;
                if (n_inside >= width) {
                    NAMED(multiply_sliver)
                    (n_here_vectors, n_here, depth, stripe[0], PRODUCT_DEPTH + PRODUCT_PAD, right, at,
                     n_columns, k > 0);
                    continue;
                }
                for (size_t q = 0; q < n_here && k > 0; q++)
                    memcpy(edge[q], at + q * n_columns, n_inside * sizeof(REAL));
                NAMED(multiply_sliver)
                (n_here_vectors, n_here, depth, stripe[0], PRODUCT_DEPTH + PRODUCT_PAD, right, edge[0],
                 2 * lanes, k > 0);
                for (size_t q = 0; q < n_here; q++)
                    memcpy(at + q * n_columns, edge[q], n_inside * sizeof(REAL));
            }
        }
    }
}

/* Slivers of two vectors of columns, [n_slivers][n_rows][2 lanes], the last perhaps of one; zeros beyond the
 * last column. */
static void NAMED(pack)(const struct product_shape *shape, const double *matrix, void *packed)
{
    size_t n_rows = shape->n_rows, n_columns = shape->n_columns, lanes = NAMED(LANES);
    size_t n_vectors = (n_columns + lanes - 1) / lanes;
    REAL *at = packed;
    for (size_t v = 0; v < n_vectors; v += 2) {
        size_t width = (n_vectors - v < 2 ? 1 : 2) * lanes, first = v * lanes;
        for (size_t k = 0; k < n_rows; k++)
            for (size_t j = first; j < first + width; j++)
                *at++ = j < n_columns ? (REAL)matrix[k * n_columns + j] : 0;
    }
}
