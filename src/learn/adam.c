#include "learn/adam.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const double mean_memory = 0.9, square_memory = 0.999, epsilon = 1e-8; /* as published */

enum rs_status adam_init(struct adam *adam, size_t n, struct rs_error *err)
{
    *adam = (struct adam){.n = n};
    adam->mean = memory_allocate(n, sizeof *adam->mean, err);
    adam->square = memory_allocate(n, sizeof *adam->square, err);
    if (adam->mean == NULL || adam->square == NULL) {
        adam_clear(adam);
        return RS_INTERNAL;
    }
    adam_restart(adam);
    return RS_OK;
}

void adam_clear(struct adam *adam)
{
    free(adam->mean);
    free(adam->square);
    *adam = (struct adam){0};
}

void adam_restart(struct adam *adam)
{
    memset(adam->mean, 0, adam->n * sizeof *adam->mean);
    memset(adam->square, 0, adam->n * sizeof *adam->square);
    adam->mean_left = adam->square_left = 1;
}

void adam_step(struct adam *adam, double rate, double decay, double factor, const double *gradient,
               double *weights)
{
    adam->mean_left *= mean_memory;
    adam->square_left *= square_memory;
    double mean_scale = 1 / (1 - adam->mean_left), square_scale = 1 / (1 - adam->square_left);
    double *restrict mean = adam->mean, *restrict square = adam->square, *restrict w = weights;
    for (size_t i = 0; i < adam->n; i++) {
        double g = gradient[i] * factor;
        mean[i] = mean_memory * mean[i] + (1 - mean_memory) * g;
        square[i] = square_memory * square[i] + (1 - square_memory) * g * g;
        w[i] -= rate * (mean[i] * mean_scale / (sqrt(square[i] * square_scale) + epsilon) + decay * w[i]);
    }
}
