/*
 * Layers of a transformer, forward and backward, over packed rows of tokens, for one precision: REAL is the
 * type, BITS an unsigned integer of its size, NAMED(x) appends its name to x. Sums run in eight parts, in a
 * fixed order.
 */
#include <math.h>
#include <string.h>

#include "model/transformer.h"
#include "model/transformer_pruning_real.h"
#include "numeric/activation.h"
#include "numeric/matrix.h"

enum { PARTS = 8 };

static REAL NAMED(sum)(size_t n, const REAL *x)
{
    REAL parts[PARTS] = {0};
    size_t i = 0;
    for (; i + PARTS <= n; i += PARTS)
        for (int p = 0; p < PARTS; p++)
            parts[p] += x[i + (size_t)p];
    for (int p = 0; i < n; i++, p++)
        parts[p] += x[i];
    return ((parts[0] + parts[4]) + (parts[1] + parts[5])) + ((parts[2] + parts[6]) + (parts[3] + parts[7]));
}

static REAL NAMED(product)(size_t n, const REAL *x, const REAL *y)
{
    REAL parts[PARTS] = {0};
    size_t i = 0;
    for (; i + PARTS <= n; i += PARTS)
        for (int p = 0; p < PARTS; p++)
            parts[p] += x[i + (size_t)p] * y[i + (size_t)p];
    for (int p = 0; i < n; i++, p++)
        parts[p] += x[i] * y[i];
    return ((parts[0] + parts[4]) + (parts[1] + parts[5])) + ((parts[2] + parts[6]) + (parts[3] + parts[7]));
}

/*
 * exp(x) for x <= 0, at least exp(LOWEST): x = k ln 2 + r, then Taylor's series from term FIRST_TERM of the
 * table, as far as the precision needs. LARGE makes the sum's last bits the whole number k.
 */
static inline REAL NAMED(exponential)(REAL x)
{
    static const REAL inverse_factorials[] = {(REAL)(1.0 / 6227020800),
                                              (REAL)(1.0 / 479001600),
                                              (REAL)(1.0 / 39916800),
                                              (REAL)(1.0 / 3628800),
                                              (REAL)(1.0 / 362880),
                                              (REAL)(1.0 / 40320),
                                              (REAL)(1.0 / 5040),
                                              (REAL)(1.0 / 720),
                                              (REAL)(1.0 / 120),
                                              (REAL)(1.0 / 24),
                                              (REAL)(1.0 / 6),
                                              (REAL)0.5,
                                              (REAL)1,
                                              (REAL)1};
    x = x < LOWEST ? LOWEST : x;
    REAL shifted = x * (REAL)1.44269504088896340736 + LARGE, k = shifted - LARGE;
    REAL r = x - k * LN2_HIGH - k * LN2_LOW, value = inverse_factorials[FIRST_TERM], scale;
#pragma GCC unroll 16
    for (size_t i = FIRST_TERM + 1; i < sizeof inverse_factorials / sizeof inverse_factorials[0]; i++)
        value = value * r + inverse_factorials[i];
    BITS bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + EXPONENT_OF_1) << EXPONENT_SHIFT;
    memcpy(&scale, &bits, sizeof scale);
    return value * scale;
}

static inline REAL NAMED(tangent)(REAL x)
{
    REAL e = NAMED(exponential)(-2 * (x < 0 ? -x : x)), t = (1 - e) / (1 + e);
    return x < 0 ? -t : t;
}

/* 1 / (1 + exp(-x)) */
static inline REAL NAMED(logistic)(REAL x)
{
    REAL e = NAMED(exponential)(x < 0 ? x : -x);
    return (x < 0 ? e : 1) / (1 + e);
}

static REAL NAMED(largest)(size_t n, const REAL *x)
{
    REAL parts[PARTS], most = x[0];
    size_t i = 0;
    for (int p = 0; p < PARTS; p++)
        parts[p] = x[0];
    for (; i + PARTS <= n; i += PARTS)
        for (int p = 0; p < PARTS; p++)
            parts[p] = x[i + (size_t)p] > parts[p] ? x[i + (size_t)p] : parts[p];
    for (int p = 0; p < PARTS; p++)
        most = parts[p] > most ? parts[p] : most;
    for (; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

/* x [n >= 1] times scale > 0 becomes probabilities; returns ln of the sum of exp(scale x). */
static double NAMED(soften)(size_t n, REAL scale, REAL *x)
{
    REAL largest = NAMED(largest)(n, x);
    for (size_t i = 0; i < n; i++)
        x[i] = NAMED(exponential)(scale * (x[i] - largest));
    REAL total = NAMED(sum)(n, x), inverse = 1 / total;
    for (size_t i = 0; i < n; i++)
        x[i] *= inverse;
    return (double)(scale * largest) + log((double)total);
}

/* sum [n_columns] += all rows of x [n_rows][n_columns]. */
static void NAMED(add_rows)(size_t n_rows, size_t n_columns, const REAL *x, REAL *restrict sum)
{
    for (size_t t = 0; t < n_rows; t++, x += n_columns)
        for (size_t i = 0; i < n_columns; i++)
            sum[i] += x[i];
}

static void NAMED(add)(size_t n, const REAL *restrict x, REAL *restrict sum)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += x[i];
}

/* --- norms: y = (x - mean) / deviation * scale (+ bias), of each row; moments [n][2]: mean, 1 / deviation */

static void NAMED(norm)(const struct transformer_shape *shape, const REAL *weights, size_t n, const REAL *x,
                        REAL *y, REAL *moments)
{
    size_t d = shape->d;
    bool centred = shape->norm == TRANSFORMER_NORM_LAYER;
    for (size_t t = 0; t < n; t++, x += d, y += d, moments += 2) {
        REAL mean = centred ? NAMED(sum)(d, x) / (REAL)d : 0;
        for (size_t i = 0; i < d; i++)
            y[i] = x[i] - mean;
        REAL square = NAMED(product)(d, y, y) / (REAL)d;
        REAL factor = (REAL)(1 / sqrt((double)square + shape->norm_epsilon));
        for (size_t i = 0; i < d; i++)
            y[i] *= factor * weights[i];
        if (centred)
            NAMED(add)(d, weights + d, y);
        moments[0] = mean;
        moments[1] = factor;
    }
}

/* From the slopes by y to those by x, which replace them; those by the weights are added to `gradient`.
 * room [d]. */
static void NAMED(norm_backward)(const struct transformer_shape *shape, const REAL *weights, size_t n,
                                 const REAL *x, const REAL *moments, REAL *slopes, REAL *restrict gradient,
                                 REAL *restrict room)
{
    size_t d = shape->d;
    bool centred = shape->norm == TRANSFORMER_NORM_LAYER;
    for (size_t t = 0; t < n; t++, x += d, slopes += d, moments += 2) {
        REAL mean = moments[0], factor = moments[1];
        if (centred)
            NAMED(add)(d, slopes, gradient + d);
        for (size_t i = 0; i < d; i++) {
            room[i] = (x[i] - mean) * factor;
            gradient[i] += slopes[i] * room[i];
            slopes[i] *= weights[i];
        }
        REAL along = NAMED(product)(d, slopes, room) / (REAL)d;
        REAL level = centred ? NAMED(sum)(d, slopes) / (REAL)d : 0;
        for (size_t i = 0; i < d; i++)
            slopes[i] = (slopes[i] - level - room[i] * along) * factor;
    }
}

/* --- activations: hidden [n][hidden] to acted [n][d_hidden] */

static const REAL NAMED(root_of_2_by_pi) = (REAL)0.79788456080286535588, NAMED(cubic) = (REAL)0.044715;

static void NAMED(activate)(const struct transformer_shape *shape, size_t n, const REAL *restrict hidden,
                            REAL *restrict acted)
{
    size_t d = shape->d_hidden;
    if (shape->activation == TRANSFORMER_GELU_ERF)
        for (size_t i = 0; i < n * d; i++)
            acted[i] = (REAL)activation_gelu_erf((double)hidden[i]);
    if (shape->activation == TRANSFORMER_GELU_TANH)
        for (size_t i = 0; i < n * d; i++) {
            REAL x = hidden[i], u = NAMED(root_of_2_by_pi) * (x + NAMED(cubic) * x * x * x);
            acted[i] = (REAL)0.5 * x * (1 + NAMED(tangent)(u));
        }
    for (size_t t = 0; t < n && shape->activation == TRANSFORMER_SWIGLU; t++, hidden += 2 * d, acted += d)
        for (size_t i = 0; i < d; i++)
            acted[i] = hidden[i] * NAMED(logistic)(hidden[i]) * hidden[d + i];
}

/* From the slopes by `acted` to those by `hidden`. */
static void NAMED(activate_backward)(const struct transformer_shape *shape, size_t n,
                                     const REAL *restrict hidden, const REAL *restrict acted_slopes,
                                     REAL *restrict slopes)
{
    size_t d = shape->d_hidden;
    if (shape->activation == TRANSFORMER_GELU_ERF)
        for (size_t i = 0; i < n * d; i++) {
            double x = (double)hidden[i];
            slopes[i] = acted_slopes[i] * (REAL)(activation_normal(x) + x * activation_normal_density(x));
        }
    if (shape->activation == TRANSFORMER_GELU_TANH)
        for (size_t i = 0; i < n * d; i++) {
            REAL x = hidden[i], square = x * x;
            REAL t = NAMED(tangent)(NAMED(root_of_2_by_pi) * (x + NAMED(cubic) * x * square));
            REAL bend = (1 - t * t) * NAMED(root_of_2_by_pi) * (1 + 3 * NAMED(cubic) * square);
            slopes[i] = acted_slopes[i] * (REAL)0.5 * (1 + t + x * bend);
        }
    for (size_t row = 0; row < n && shape->activation == TRANSFORMER_SWIGLU;
         row++, hidden += 2 * d, acted_slopes += d, slopes += 2 * d)
        for (size_t i = 0; i < d; i++) {
            REAL gate = hidden[i], s = NAMED(logistic)(gate);
            slopes[i] = acted_slopes[i] * hidden[d + i] * s * (1 + gate * (1 - s));
            slopes[d + i] = acted_slopes[i] * gate * s;
        }
}

/* --- attention of one sample: qkv [n][qkv] */

/* Rotates queries and keys of all heads, or back. turns [n_positions][d_head]: cosine and sine of each pair.
 */
static void NAMED(rotate)(const struct transformer_shape *shape, const REAL *turns, size_t n, bool back,
                          REAL *qkv)
{
    size_t d = shape->d_head, n_pairs = d / 2, n_heads = shape->n_heads + shape->n_kv_heads;
    bool halves = shape->positions == TRANSFORMER_POSITIONS_ROTARY_HALVES;
    for (size_t t = 0; t < n; t++, turns += d, qkv += transformer_shape_qkv(shape))
        for (size_t h = 0; h < n_heads; h++)
            for (size_t i = 0; i < n_pairs; i++) {
                REAL *one = qkv + h * d + (halves ? i : 2 * i), *other = one + (halves ? n_pairs : 1);
                REAL x = *one, y = *other, c = turns[2 * i], s = back ? -turns[2 * i + 1] : turns[2 * i + 1];
                *one = x * c - y * s;
                *other = y * c + x * s;
            }
}

static struct NAMED(matrix) NAMED(plain)(const REAL *at, size_t stride)
{
    return (struct NAMED(matrix)){at, stride, false};
}

static struct NAMED(matrix) NAMED(turned)(const REAL *at, size_t stride)
{
    return (struct NAMED(matrix)){at, stride, true};
}

static size_t NAMED(kv_column)(const struct transformer_shape *shape, size_t head, bool value)
{
    size_t kv_head = head / (shape->n_heads / shape->n_kv_heads);
    return (shape->n_heads + (value ? shape->n_kv_heads : 0) + kv_head) * shape->d_head;
}

/* mixed [n][n_heads d_head]; weights [n_heads][n][n] are kept for the way back. pruned NULL: no thresholds.
 */
static void NAMED(attend)(const struct transformer_shape *shape, size_t n, const REAL *qkv,
                          struct NAMED(pruned) * pruned, REAL *weights, REAL *mixed)
{
    size_t d = shape->d_head, stride = transformer_shape_qkv(shape);
    REAL scale = (REAL)transformer_score_scale(shape);
    bool causal = shape->task == TRANSFORMER_LANGUAGE;
    for (size_t h = 0; h < shape->n_heads; h++, weights += n * n) {
        NAMED(matrix_multiply)
        (n, n, d, NAMED(plain)(qkv + h * d, stride),
         NAMED(turned)(qkv + NAMED(kv_column)(shape, h, false), stride), false, weights, n);
        if (pruned != NULL)
            NAMED(prune)
        (pruned, n, causal, h, scale, stride, qkv + h * d, qkv + NAMED(kv_column)(shape, h, false), weights);
        for (size_t i = 0; i < n; i++) {
            size_t n_visible = causal ? i + 1 : n;
            NAMED(soften)(n_visible, pruned != NULL ? 1 : scale, weights + i * n);
            memset(weights + i * n + n_visible, 0, (n - n_visible) * sizeof(REAL));
        }
        NAMED(matrix_multiply)
        (n, d, n, NAMED(plain)(weights, n), NAMED(plain)(qkv + NAMED(kv_column)(shape, h, true), stride),
         false, mixed + h * d, shape->n_heads * d);
    }
}

/* From the slopes by `mixed` to those by qkv; room [n][n]. */
static void NAMED(attend_backward)(const struct transformer_shape *shape, size_t n, const REAL *qkv,
                                   const struct NAMED(pruned) * pruned, const REAL *weights,
                                   const REAL *mixed_slopes, REAL *room, REAL *slopes)
{
    size_t d = shape->d_head, stride = transformer_shape_qkv(shape), width = shape->n_heads * d;
    size_t group = shape->n_heads / shape->n_kv_heads;
    REAL scale = (REAL)transformer_score_scale(shape), factor = pruned != NULL ? 1 : scale;
    for (size_t h = 0; h < shape->n_heads; h++, weights += n * n) {
        size_t key = NAMED(kv_column)(shape, h, false), value = NAMED(kv_column)(shape, h, true);
        bool adds = h % group > 0;
        const REAL *own = mixed_slopes + h * d;
        NAMED(matrix_multiply)
        (n, d, n, NAMED(turned)(weights, n), NAMED(plain)(own, width), adds, slopes + value, stride);
        NAMED(matrix_multiply)
        (n, n, d, NAMED(plain)(own, width), NAMED(turned)(qkv + value, stride), false, room, n);
        for (size_t i = 0; i < n; i++) {
            const REAL *row = weights + i * n;
            REAL *slope = room + i * n, mean = NAMED(product)(n, row, slope);
            for (size_t j = 0; j < n; j++)
                slope[j] = factor * row[j] * (slope[j] - mean);
        }
        if (pruned != NULL)
            NAMED(prune_backward)(pruned, n, shape->task == TRANSFORMER_LANGUAGE, h, scale, room);
        NAMED(matrix_multiply)
        (n, d, n, NAMED(plain)(room, n), NAMED(plain)(qkv + key, stride), false, slopes + h * d, stride);
        NAMED(matrix_multiply)
        (n, d, n, NAMED(turned)(room, n), NAMED(plain)(qkv + h * d, stride), adds, slopes + key, stride);
    }
}
