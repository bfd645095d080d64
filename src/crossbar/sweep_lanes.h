/*
 * The passes of sweep.h, compiled once per kernel. A group of four rows goes through two loops: along the
 * columns from the right, finishing the bit lines and eliminating the word lines; back from the left,
 * finishing the word lines and eliminating the bit lines. What a lane holds never depends on the others.
 */
#ifndef CROSSBAR_SWEEP_LANES_H
#define CROSSBAR_SWEEP_LANES_H

#include <stdbool.h>

#include "crossbar/front_vector.h"
#include "crossbar/sweep.h"

enum { ROWS = SWEEP_ROWS };

#define INLINE static inline __attribute__((always_inline))

/* What a pass does with its cells: known to the compiler, so that each kind has loops of its own. */
struct kind {
    bool fresh;   /* from w = 0, without sources */
    bool sources; /* beside linear cells */
    enum cell_law_kind law;
    bool measure;   /* their |currents| are added up */
    bool chebyshev; /* plain steps are accelerated */
    bool keep;      /* the half-solved field stays; otherwise word-line currents take its place */
    bool volts;     /* `cells` gets the bit-line volts */
};

/* A group of rows: its factors from `c` on, and where its rows lie in the order of the pass. */
struct place {
    size_t group, c;
    int first, step;
};

INLINE struct place place_of(const struct sweep *sweep, enum sweep_way way, size_t k)
{
    size_t group = way == SWEEP_DOWN ? k : sweep->n_groups - 1 - k;
    return (struct place){group, group * sweep->n_columns * ROWS, way == SWEEP_DOWN ? 0 : ROWS - 1,
                          way == SWEEP_DOWN ? 1 : -1};
}

INLINE vector at(const double *field, size_t i)
{
    return vector_load(field + i * VECTOR_LANES);
}

INLINE void put(double *field, size_t i, vector value)
{
    vector_store(field + i * VECTOR_LANES, value);
}

INLINE vector add(double factor, vector a, vector b)
{
    return vector_multiply_add(vector_all(factor), a, b);
}

/* --- lanes --- */

typedef long long mask __attribute__((vector_size(sizeof(vector))));

INLINE vector choose(mask which, vector one, vector other)
{
    return (vector)((which & (mask)one) | (~which & (mask)other));
}

INLINE vector magnitude(vector a)
{
    return (vector)((mask)a & ~(mask)vector_all(-0.0));
}

INLINE bool any(mask which)
{
#if defined(__AVX512F__)
    return _mm512_movepi64_mask((__m512i)which) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_pd((__m256d)which) != 0;
#else
    return (which[0] | which[1]) != 0;
#endif
}

/* --- the law of the cells --- */

enum { SINH_TERMS = 8, EXP_TERMS = 14 };

/* Taylor series of (sinh x - x) / x^3 in x^2: at |x| = 1 the first term left out is 8e-18. */
static const double sinh_series[SINH_TERMS] = {
    1.0 / 6,        1.0 / 120,        1.0 / 5040,          1.0 / 362880,
    1.0 / 39916800, 1.0 / 6227020800, 1.0 / 1307674368000, 1.0 / 355687428096000};

/* Of exp x; at |x| = ln 2 / 2 the first term left out is 4e-18. */
static const double exp_series[EXP_TERMS] = {
    1,          1,           1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,
    1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};

/* ln 2 in two parts, the first of 32 bits, so that small multiples of it are exact. */
#define LN2_HIGH 0.69314718036912381649
#define LN2_LOW 1.90821492927058770002e-10
#define LOG2_E 1.44269504088896340736
#define ROUND_TO_INTEGER 6755399441055744.0 /* 1.5 x 2^52: the integer is in the last bits of the sum */

/* exp of 0 ... CELL_LAW_SINH_LIMIT */
INLINE vector exponential(vector x)
{
    vector shifted = vector_multiply_add(x, vector_all(LOG2_E), vector_all(ROUND_TO_INTEGER));
    vector n = shifted - vector_all(ROUND_TO_INTEGER);
    vector rest = vector_multiply_add(n, vector_all(-LN2_HIGH), x);
    rest = vector_multiply_add(n, vector_all(-LN2_LOW), rest);
    vector sum = vector_all(exp_series[EXP_TERMS - 1]);
#pragma GCC unroll 13
    for (int k = EXP_TERMS - 2; k >= 0; k--)
        sum = vector_multiply_add(sum, rest, vector_all(exp_series[k]));
    mask exponent = ((mask)shifted << 52) + (mask)vector_all(1);
    return sum * (vector)exponent;
}

/* v0 sinh(volts / v0) - volts for any voltage, straight beyond the limit of cell_law.h. Apart, so that the
 * loops around the usual case keep their registers. */
static __attribute__((noinline)) vector sinh_excess_large(double v0, vector volts)
{
    vector x = magnitude(volts) / vector_all(v0), limit = vector_all(CELL_LAW_SINH_LIMIT);
    vector inside = choose((mask)(x < limit), x, limit);
    vector grown = exponential(inside), shrunk = vector_all(1) / grown;
    vector shape = (grown - shrunk + (grown + shrunk) * (x - inside)) * vector_all(v0 / 2);
    mask sign = (mask)volts & (mask)vector_all(-0.0);
    return (vector)((mask)shape | sign) - volts;
}

INLINE vector sinh_excess(double v0, double r_v0, vector volts)
{
    vector x = volts * vector_all(r_v0), square = x * x;
    vector sum = vector_all(sinh_series[SINH_TERMS - 1]);
#pragma GCC unroll 7
    for (int k = SINH_TERMS - 2; k >= 0; k--)
        sum = vector_multiply_add(sum, square, vector_all(sinh_series[k]));
    vector excess = sum * (square * volts);
    mask large = (mask)(square > vector_all(1));
    if (any(large))
        excess = choose(large, sinh_excess_large(v0, volts), excess);
    return excess;
}

/* f(volts) - volts of a table */
static __attribute__((noinline)) vector table_excess(const struct cell_law *law, vector volts)
{
    _Alignas(vector) double size[VECTOR_LANES], start[VECTOR_LANES], a[VECTOR_LANES], b[VECTOR_LANES],
        c[VECTOR_LANES], d[VECTOR_LANES];
    vector_store(size, magnitude(volts));
    for (size_t l = 0; l < VECTOR_LANES; l++) {
        const struct cell_law_piece *piece = law->pieces;
        for (size_t n = law->n_pieces; n > 1; n -= n / 2)
            piece = size[l] < piece[n / 2].start_volts ? piece : piece + n / 2;
        start[l] = piece->start_volts;
        a[l] = piece->a;
        b[l] = piece->b;
        c[l] = piece->c;
        d[l] = piece->d;
    }
    vector s = vector_load(size) - vector_load(start);
    vector shape = vector_multiply_add(s, vector_load(d), vector_load(c));
    shape = vector_multiply_add(s, shape, vector_load(b));
    shape = vector_multiply_add(s, shape, vector_load(a));
    mask sign = (mask)volts & (mask)vector_all(-0.0);
    return (vector)((mask)shape | sign) - volts;
}

/* f(volts) - volts for a kind of law that the compiler knows. */
INLINE vector excess_of(enum cell_law_kind kind, const struct cell_law *law, double r_v0, vector volts)
{
    if (kind == CELL_LAW_SINH)
        return sinh_excess(law->v0_volts, r_v0, volts);
    if (kind == CELL_LAW_TABLE)
        return table_excess(law, volts);
    return vector_all(0);
}

INLINE void excess_kind(enum cell_law_kind kind, const struct cell_law *law, const double *volts, size_t n,
                        double *excess_volts)
{
    const double r_v0 = kind == CELL_LAW_SINH ? 1 / law->v0_volts : 0;
    _Alignas(vector) double rest[VECTOR_LANES] = {0};
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES)
        vector_store(excess_volts + i, excess_of(kind, law, r_v0, vector_load(volts + i)));
    if (i == n)
        return;
    memcpy(rest, volts + i, (n - i) * sizeof *rest);
    vector_store(rest, excess_of(kind, law, r_v0, vector_load(rest)));
    memcpy(excess_volts + i, rest, (n - i) * sizeof *rest);
}

static void excess(const struct cell_law *law, const double *volts, size_t n, double *excess_volts)
{
    if (law->kind == CELL_LAW_SINH)
        excess_kind(CELL_LAW_SINH, law, volts, n, excess_volts);
    else if (law->kind == CELL_LAW_TABLE)
        excess_kind(CELL_LAW_TABLE, law, volts, n, excess_volts);
    else
        memset(excess_volts, 0, n * sizeof *excess_volts);
}

/* What the drivers on the right send into their lines, and the voltages that those on the left start with. */
INLINE void start_right(const struct sweep *sweep, struct place place, const struct sweep_batch *batch,
                        vector y[ROWS])
{
#pragma GCC unroll 4
    for (size_t r = 0; r < ROWS; r++)
        y[r] =
            vector_all(sweep->drive_right[place.group * ROWS + r]) * at(batch->volts, place.group * ROWS + r);
}

INLINE void start_left(const struct sweep *sweep, struct place place, const struct sweep_batch *batch,
                       vector u[ROWS])
{
#pragma GCC unroll 4
    for (size_t r = 0; r < ROWS; r++)
        u[r] =
            vector_all(sweep->drive_left[place.group * ROWS + r]) * at(batch->volts, place.group * ROWS + r);
}

/* The Chebyshev step from this iterate and the one before, whose place the new one takes. */
INLINE vector accelerate(struct sweep_batch *batch, size_t c, vector swept)
{
    vector now = at(batch->now, c), before = at(batch->before, c);
    vector step = add(batch->gain, swept - now, now - before);
    vector next = add(batch->momentum, step, before);
    put(batch->before, c, next);
    return next;
}

/* Right to left: bit-line voltages are finished on the way, the word lines' scaled currents take the
 * place of the half-solved field, and with a law the bit-line volts that of the sources. */
INLINE void collect(const struct sweep *sweep, struct kind kind, enum sweep_way way, struct place place,
                    struct sweep_batch *batch)
{
    const double *restrict finish = sweep->finish[way] + place.c,
                           *restrict to_word = sweep->to_word[way] + place.c,
                           *restrict scale = sweep->bit_scale[way] + place.c,
                           *restrict cell = sweep->cell_word + place.c,
                           *restrict source = sweep->source_word + place.c;
    double *half = batch->half + place.c * VECTOR_LANES, *words = kind.keep ? batch->words : half;
    double *sources = kind.sources || kind.law ? batch->sources + place.c * VECTOR_LANES : NULL;
    double *cells = kind.law && !kind.keep ? sources : batch->cells, *restrict line = batch->bits;
    const size_t n = sweep->n_columns;
    vector y[ROWS];
    start_right(sweep, place, batch, y);
    for (size_t j = n; j-- > 0;) {
        vector bits = at(line, j);
#pragma GCC unroll 4
        for (int k = 0; k < ROWS; k++) {
            const int r = place.first + place.step * k;
            const size_t c = j * ROWS + (size_t)r;
            bits = add(finish[c], at(half, c), bits);
            vector volts = bits;
            if (kind.law || kind.chebyshev || kind.volts)
                volts = bits * vector_all(scale[c]);
            if (kind.chebyshev)
                volts = accelerate(batch, place.c + c, volts);
            if (kind.law)
                y[r] = add(cell[c], volts - at(sources, c), y[r]);
            else if (kind.chebyshev)
                y[r] = add(cell[c], volts, y[r]);
            else
                y[r] = add(to_word[c], bits, y[r]);
            if (kind.sources)
                y[r] = add(-source[c], at(sources, c), y[r]);
            if (kind.law || kind.volts)
                put(cells, c, volts);
            put(words, c, y[r]);
        }
        put(line, j, bits);
    }
}

/* Left to right: word-line voltages are finished on the way, and the half-solved field made anew. */
INLINE void spread(const struct sweep *sweep, struct kind kind, enum sweep_way way, struct place place,
                   struct sweep_batch *batch)
{
    const double *restrict along = sweep->along + place.c, *restrict to_bit = sweep->to_bit[way] + place.c,
                           *restrict source = sweep->source_bit[way] + place.c;
    double *restrict half = batch->half + place.c * VECTOR_LANES, *restrict line = batch->passed;
    const double *restrict sources = kind.sources ? batch->sources + place.c * VECTOR_LANES : NULL;
    const size_t n = sweep->n_columns;
    vector y[ROWS], u[ROWS];
    start_right(sweep, place, batch, y);
    start_left(sweep, place, batch, u);
    for (size_t j = 0; j < n; j++) {
        vector passed = at(line, j);
#pragma GCC unroll 4
        for (int k = 0; k < ROWS; k++) {
            const int r = place.first + place.step * k;
            const size_t c = j * ROWS + (size_t)r;
            if (!kind.fresh)
                y[r] = at(half, c);
            u[r] = add(along[c], y[r], u[r]);
            passed = add(to_bit[c], u[r], passed);
            if (kind.sources)
                passed = add(source[c], at(sources, c), passed);
            put(half, c, passed);
        }
        put(line, j, passed);
    }
}

/* The same for cells with a law: where the bit-line volts stand come their new sources. */
INLINE void spread_law(const struct sweep *sweep, const struct cell_law *law, struct kind kind,
                       enum sweep_way way, struct place place, struct sweep_batch *batch)
{
    const double *restrict along = sweep->along + place.c, *restrict scale = sweep->word_scale + place.c,
                           *restrict cell = sweep->cell_bit[way] + place.c,
                           *restrict siemens = sweep->conductance + place.c, *restrict bias = batch->bias;
    double *restrict half = batch->half + place.c * VECTOR_LANES, *restrict line = batch->passed,
                     *restrict sources = batch->sources + place.c * VECTOR_LANES,
                     *restrict unit = batch->unit;
    const double r_v0 = kind.law == CELL_LAW_SINH ? 1 / law->v0_volts : 0;
    const size_t n = sweep->n_columns;
    vector y[ROWS], u[ROWS];
    start_right(sweep, place, batch, y);
    start_left(sweep, place, batch, u);
    for (size_t j = 0; j < n; j++) {
        vector passed = at(line, j), shift = at(bias, j);
#pragma GCC unroll 4
        for (int k = 0; k < ROWS; k++) {
            const int r = place.first + place.step * k;
            const size_t c = j * ROWS + (size_t)r;
            if (!kind.fresh)
                y[r] = at(half, c);
            u[r] = add(along[c], y[r], u[r]);
            vector word = u[r] * vector_all(scale[c]), volts = word - shift;
            if (!kind.fresh)
                volts = volts - at(sources, c);
            vector excess = excess_of(kind.law, law, r_v0, volts), beside = excess - shift;
            put(sources, c, beside);
            passed = add(cell[c], word + beside, passed);
            put(half, c, passed);
            if (kind.measure)
                put(unit, j, add(siemens[c], magnitude(volts + excess), at(unit, j)));
        }
        put(line, j, passed);
    }
}

/* Currents of the iterate that a pass starts from, at the row `row` of a group whose bit lines are finished
 * and whose half-solved field still stands. */
INLINE void sense(const struct sweep *sweep, struct kind kind, enum sweep_way way, struct place place,
                  int row, bool more, struct sweep_batch *batch)
{
    const double *siemens = row == 0 ? sweep->top : sweep->bottom;
    for (size_t j = 0; j < sweep->n_columns; j++) {
        const size_t c = place.c + j * ROWS + (size_t)row;
        vector volts;
        if (kind.chebyshev)
            volts = at(batch->before, c);
        else if (more)
            volts = vector_all(sweep->bit_scale[way][c]) * at(batch->bits, j);
        else
            volts = vector_all(sweep->bit_scale[way][c] * sweep->finish[way][c]) * at(batch->half, c);
        vector sum = more ? at(batch->amperes, j) : vector_all(0);
        put(batch->amperes, j, add(siemens[j], volts, sum));
    }
}

INLINE void pass_kind(const struct sweep *sweep, const struct cell_law *law, struct kind kind,
                      enum sweep_way way, struct sweep_batch *batch)
{
    const size_t n_line = sweep->n_columns * VECTOR_LANES * sizeof(double);
    memset(batch->bits, 0, n_line);
    memset(batch->passed, 0, n_line);
    if (kind.measure)
        memset(batch->unit, 0, n_line);
    for (size_t k = 0; k < sweep->n_groups; k++) {
        const struct place place = place_of(sweep, way, k);
        if (!kind.fresh) {
            if (k == 0 && !kind.chebyshev)
                sense(sweep, kind, way, place, place.first, false, batch);
            collect(sweep, kind, way, place, batch);
            if (k == 0 && kind.chebyshev)
                sense(sweep, kind, way, place, place.first, false, batch);
            if (k + 1 == sweep->n_groups)
                sense(sweep, kind, way, place, ROWS - 1 - place.first, true, batch);
        }
        if (kind.law)
            spread_law(sweep, law, kind, way, place, batch);
        else
            spread(sweep, kind, way, place, batch);
    }
}

/* Calls pass_kind with a kind and a way that the compiler knows. */
#define PASS(law, ...)                                                                                       \
    do {                                                                                                     \
        if (way == SWEEP_DOWN)                                                                               \
            pass_kind(sweep, law, (struct kind){__VA_ARGS__}, SWEEP_DOWN, batch);                            \
        else                                                                                                 \
            pass_kind(sweep, law, (struct kind){__VA_ARGS__}, SWEEP_UP, batch);                              \
    } while (0)

static void pass_linear(const struct sweep *sweep, enum sweep_way way, bool fresh, struct sweep_batch *batch)
{
    bool chebyshev = !fresh && batch->now != NULL;
    if (fresh && batch->sources != NULL)
        memset(batch->half, 0, sweep->n_groups * sweep->n_columns * ROWS * VECTOR_LANES * sizeof(double));
    if (batch->sources != NULL && chebyshev)
        PASS(NULL, .sources = true, .chebyshev = true);
    else if (batch->sources != NULL)
        PASS(NULL, .sources = true);
    else if (fresh)
        PASS(NULL, .fresh = true);
    else if (chebyshev)
        PASS(NULL, .chebyshev = true);
    else
        PASS(NULL, .sources = false);
}

static void pass_sinh(const struct sweep *sweep, const struct cell_law *law, enum sweep_way way, bool fresh,
                      struct sweep_batch *batch)
{
    if (fresh)
        PASS(law, .law = CELL_LAW_SINH, .fresh = true);
    else if (batch->unit != NULL)
        PASS(law, .law = CELL_LAW_SINH, .measure = true);
    else
        PASS(law, .law = CELL_LAW_SINH);
}

static void pass_table(const struct sweep *sweep, const struct cell_law *law, enum sweep_way way, bool fresh,
                       struct sweep_batch *batch)
{
    if (fresh)
        PASS(law, .law = CELL_LAW_TABLE, .fresh = true);
    else if (batch->unit != NULL)
        PASS(law, .law = CELL_LAW_TABLE, .measure = true);
    else
        PASS(law, .law = CELL_LAW_TABLE);
}

static void pass(const struct sweep *sweep, const struct cell_law *law, enum sweep_way way, bool fresh,
                 struct sweep_batch *batch)
{
    if (law == NULL)
        pass_linear(sweep, way, fresh, batch);
    else if (law->kind == CELL_LAW_SINH)
        pass_sinh(sweep, law, way, fresh, batch);
    else
        pass_table(sweep, law, way, fresh, batch);
}

INLINE void finish_kind(const struct sweep *sweep, struct kind kind, enum sweep_way way,
                        struct sweep_batch *batch, double *word_volts, double *bit_volts)
{
    memset(batch->bits, 0, sweep->n_columns * VECTOR_LANES * sizeof(double));
    for (size_t k = 0; k < sweep->n_groups; k++) {
        const struct place place = place_of(sweep, way, k);
        collect(sweep, kind, way, place, batch);
        if (k == 0)
            sense(sweep, kind, way, place, place.first, false, batch);
        if (k + 1 == sweep->n_groups)
            sense(sweep, kind, way, place, ROWS - 1 - place.first, true, batch);
        if (!kind.volts)
            continue;
        vector u[ROWS];
        start_left(sweep, place, batch, u);
        for (size_t j = 0; j < sweep->n_columns; j++)
#pragma GCC unroll 4
            for (size_t r = 0; r < ROWS; r++) {
                const size_t c = j * ROWS + r;
                u[r] = add(sweep->along[place.c + c], at(batch->words, c), u[r]);
                put(word_volts, place.c + c, u[r] * vector_all(sweep->word_scale[place.c + c]));
                put(bit_volts, place.c + c, at(batch->cells, c));
            }
    }
}

static void finish(const struct sweep *sweep, bool law, enum sweep_way way, struct sweep_batch *batch,
                   double *word_volts, double *bit_volts)
{
    const bool volts = word_volts != NULL;
#define FINISH(...)                                                                                          \
    do {                                                                                                     \
        if (way == SWEEP_DOWN)                                                                               \
            finish_kind(sweep, (struct kind){__VA_ARGS__}, SWEEP_DOWN, batch, word_volts, bit_volts);        \
        else                                                                                                 \
            finish_kind(sweep, (struct kind){__VA_ARGS__}, SWEEP_UP, batch, word_volts, bit_volts);          \
    } while (0)
    if (law)
        FINISH(.law = CELL_LAW_SINH, .keep = true, .volts = volts);
    else if (batch->sources != NULL)
        FINISH(.sources = true, .keep = true, .volts = volts);
    else
        FINISH(.keep = true, .volts = volts);
#undef FINISH
}

static void distance(const double *one, const double *other, const double *weight, size_t n, double *largest)
{
    vector most = vector_all(0);
    for (size_t j = 0; j < n; j++) {
        vector now = magnitude(at(one, j) - at(other, j)) * at(weight, j);
        most = choose((mask)(now <= most) | (mask)(most != most), most, now); /* a NaN is kept */
    }
    put(largest, 0, most);
}

/* A block of as many columns as there are lanes, turned round. */
INLINE void turn(const double *field, const double *scale, const double *shift, double *const *out,
                 size_t place)
{
    _Alignas(vector) double block[VECTOR_LANES][VECTOR_LANES];
    for (size_t k = 0; k < VECTOR_LANES; k++) {
        vector value = vector_load(field + k * ROWS * VECTOR_LANES);
        if (shift != NULL)
            value = value + vector_load(shift + k * VECTOR_LANES);
        vector_store(block[k], value * vector_load(scale));
    }
    for (size_t l = 0; l < VECTOR_LANES; l++)
        for (size_t k = 0; k < VECTOR_LANES && out[l] != NULL; k++)
            out[l][place + k] = block[k][l];
}

static void extract(const struct sweep *sweep, const double *field, const double *scale, const double *shift,
                    double *const *out)
{
    const size_t n = sweep->n_columns;
    for (size_t i = 0; i < sweep->n_rows; i++) {
        const double *row = field + (i / ROWS * n * ROWS + i % ROWS) * VECTOR_LANES;
        size_t j = 0;
        for (; j + VECTOR_LANES <= n; j += VECTOR_LANES)
            turn(row + j * ROWS * VECTOR_LANES, scale, shift != NULL ? shift + j * VECTOR_LANES : NULL, out,
                 i * n + j);
        for (; j < n; j++)
            for (size_t l = 0; l < VECTOR_LANES; l++)
                if (out[l] != NULL)
                    out[l][i * n + j] = (row[j * ROWS * VECTOR_LANES + l] +
                                         (shift != NULL ? shift[j * VECTOR_LANES + l] : 0)) *
                                        scale[l];
    }
}

#endif
