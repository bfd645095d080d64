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
    bool fresh;     /* from w = 0, without sources */
    bool sources;   /* beside linear cells */
    bool law;       /* cells follow a law */
    bool measure;   /* their |currents| are added up */
    bool chebyshev; /* plain steps are accelerated */
    bool keep;      /* the half-solved field stays; otherwise word-line currents take its place */
    bool volts;     /* `cells` gets the bit-line volts, as it always does with a law */
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

/* f(v) - v - bias, whose v = volts - bias; placeholder removed below */
INLINE vector exceed(const struct cell_law *law, struct kind kind, size_t j, vector volts,
                     struct sweep_batch *batch)
{
    (void)law;
    (void)kind;
    (void)j;
    (void)batch;
    return volts;
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

/* Right to left: bit-line voltages are finished on the way, the word lines' scaled currents take
 * the place of the half-solved field. */
INLINE void collect(const struct sweep *sweep, struct kind kind, enum sweep_way way, struct place place,
                    struct sweep_batch *batch)
{
    const double *restrict finish = sweep->finish[way] + place.c,
                           *restrict to_word = sweep->to_word[way] + place.c,
                           *restrict scale = sweep->bit_scale[way] + place.c,
                           *restrict cell = sweep->cell_word + place.c,
                           *restrict source = sweep->source_word + place.c;
    double *half = batch->half + place.c * VECTOR_LANES, *words = kind.keep ? batch->words : half;
    double *restrict cells = batch->cells, *restrict line = batch->bits;
    const size_t n = sweep->n_columns;
    const double *restrict sources =
        kind.sources || kind.law ? batch->sources + place.c * VECTOR_LANES : NULL;
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
            if (kind.law || kind.volts)
                put(cells, c, volts);
            if (kind.law)
                y[r] = add(cell[c], volts - at(sources, c), y[r]);
            else if (kind.chebyshev)
                y[r] = add(cell[c], volts, y[r]);
            else
                y[r] = add(to_word[c], bits, y[r]);
            if (kind.sources)
                y[r] = add(-source[c], at(sources, c), y[r]);
            put(words, c, y[r]);
        }
        put(line, j, bits);
    }
}

/* Left to right: word-line voltages are finished on the way, and the half-solved field made anew. */
INLINE void spread(const struct sweep *sweep, const struct cell_law *law, struct kind kind,
                   enum sweep_way way, struct place place, struct sweep_batch *batch)
{
    const double *restrict along = sweep->along + place.c, *restrict to_bit = sweep->to_bit[way] + place.c,
                           *restrict scale = sweep->word_scale + place.c,
                           *restrict cell = sweep->cell_bit[way] + place.c,
                           *restrict source = sweep->source_bit[way] + place.c;
    double *restrict half = batch->half + place.c * VECTOR_LANES, *restrict line = batch->passed;
    const double *restrict cells = batch->cells;
    const size_t n = sweep->n_columns;
    double *restrict sources = kind.sources || kind.law ? batch->sources + place.c * VECTOR_LANES : NULL;
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
            if (kind.law) {
                vector word = u[r] * vector_all(scale[c]);
                vector bits = vector_all(0);
                if (!kind.fresh)
                    bits = at(cells, c);
                vector excess = exceed(law, kind, j, word - bits, batch);
                put(sources, c, excess);
                passed = add(cell[c], word + excess, passed);
            } else {
                passed = add(to_bit[c], u[r], passed);
            }
            if (kind.sources)
                passed = add(source[c], at(sources, c), passed);
            put(half, c, passed);
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
        spread(sweep, law, kind, way, place, batch);
    }
}

static void pass_linear(const struct sweep *sweep, const struct kind kind, enum sweep_way way,
                        struct sweep_batch *batch)
{
#define PASS(...)                                                                                            \
    do {                                                                                                     \
        if (way == SWEEP_DOWN)                                                                               \
            pass_kind(sweep, NULL, (struct kind){__VA_ARGS__}, SWEEP_DOWN, batch);                           \
        else                                                                                                 \
            pass_kind(sweep, NULL, (struct kind){__VA_ARGS__}, SWEEP_UP, batch);                             \
    } while (0)
    if (kind.fresh)
        PASS(.fresh = true);
    else if (kind.sources && kind.chebyshev)
        PASS(.sources = true, .chebyshev = true);
    else if (kind.sources)
        PASS(.sources = true);
    else if (kind.chebyshev)
        PASS(.chebyshev = true);
    else
        PASS(.sources = false);
#undef PASS
}

static void pass(const struct sweep *sweep, const struct cell_law *law, enum sweep_way way, bool fresh,
                 struct sweep_batch *batch)
{
    (void)law;
    if (fresh && batch->sources != NULL)
        memset(batch->half, 0, sweep->n_groups * sweep->n_columns * ROWS * VECTOR_LANES * sizeof(double));
    const struct kind kind = {.fresh = fresh && batch->sources == NULL,
                              .sources = batch->sources != NULL,
                              .chebyshev = !fresh && batch->now != NULL};
    pass_linear(sweep, kind, way, batch);
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
        FINISH(.law = true, .keep = true, .volts = volts);
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
    double block[VECTOR_LANES][VECTOR_LANES];
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
