/*
 * Batcher's odd-even merge sorting network (AFIPS 1968), the full sorter that SpAtten compares its top-k
 * engine with: comparators, depth, and cycles where a number of comparators serves one step of the network
 * after the other.
 */
#ifndef DIGITAL_BATCHER_H
#define DIGITAL_BATCHER_H

#include <stddef.h>

enum { BATCHER_STEPS_MAX = 210 }; /* of n = 2^20 */

struct batcher_network {
    size_t n_steps, n_comparators;
    size_t step_comparators[BATCHER_STEPS_MAX];
};

/* The network of n elements, a power of 2 up to 2^20. Closed form: p = log2 n, (p^2 - p + 4) 2^(p-2) - 1
 * comparators in p (p + 1) / 2 steps. */
struct batcher_network batcher_network_of(size_t n);

/* Sorts values [n] by the network, the largest first. */
void batcher_sort(double *values, size_t n);

/* Sum over the steps of ceil(step's comparators / n_comparators): each step waits for the one before. */
size_t batcher_cycles(const struct batcher_network *network, size_t n_comparators);

#endif
