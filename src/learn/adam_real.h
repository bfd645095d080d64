/*
 * Adam for one precision: REAL is the type, ROOT its square root, ADAM the struct's name, PUBLIC(name) that
 * of its functions.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "learn/adam.h"

static const double mean_memory = 0.9, square_memory = 0.999, epsilon = 1e-8; /* as published */

enum rs_status PUBLIC(init)(struct ADAM *adam, size_t n, struct rs_error *err)
{
    *adam = (struct ADAM){.n = n};
    adam->mean = memory_allocate(n, sizeof *adam->mean, err);
    adam->square = memory_allocate(n, sizeof *adam->square, err);
    if (adam->mean == NULL || adam->square == NULL) {
        PUBLIC(clear)(adam);
        return RS_INTERNAL;
    }
    PUBLIC(restart)(adam);
    return RS_OK;
}

void PUBLIC(clear)(struct ADAM *adam)
{
    free(adam->mean);
    free(adam->square);
    *adam = (struct ADAM){0};
}

void PUBLIC(restart)(struct ADAM *adam)
{
    memset(adam->mean, 0, adam->n * sizeof *adam->mean);
    memset(adam->square, 0, adam->n * sizeof *adam->square);
    adam->mean_left = adam->square_left = 1;
}

/* To be called once before the parts of a step. */
static void begin_step(struct ADAM *adam)
{
    adam->mean_left *= mean_memory;
    adam->square_left *= square_memory;
}

/* Weights first ... first + n - 1. */
static void step_part(struct ADAM *adam, size_t first, size_t n, double rate, double decay, double factor,
                      const REAL *restrict gradient, REAL *restrict weights)
{
    const REAL mean_scale = (REAL)(1 / (1 - adam->mean_left));
    const REAL square_scale = (REAL)(1 / (1 - adam->square_left));
    const REAL b1 = (REAL)mean_memory, b2 = (REAL)square_memory, eps = (REAL)epsilon;
    const REAL a1 = (REAL)(1 - mean_memory), a2 = (REAL)(1 - square_memory);
    REAL *restrict mean = adam->mean, *restrict square = adam->square;
    for (size_t i = first; i < first + n; i++) {
        REAL g = gradient[i] * (REAL)factor;
        mean[i] = b1 * mean[i] + a1 * g;
        square[i] = b2 * square[i] + a2 * g * g;
        weights[i] -= (REAL)rate * (mean[i] * mean_scale / (ROOT(square[i] * square_scale) + eps) +
                                    (REAL)decay * weights[i]);
    }
}
