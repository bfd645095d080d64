/*
 * SpAtten's zero eliminator (HPCA 2021): closes the gaps of a row. Each element's distance is the number of
 * gaps before it, a prefix sum; stage t of ceil(log2 n) moves it by 2^t places if bit t of the distance is
 * set.
 */
#ifndef DIGITAL_ZERO_ELIMINATOR_H
#define DIGITAL_ZERO_ELIMINATOR_H

#include <stdbool.h>
#include <stddef.h>

enum { ZERO_ELIMINATOR_WIDTH_MAX = 64 };

/* Stages for a row of n <= 64. */
int zero_eliminator_stages(size_t n);

/* Moves the present elements of row [n] to its beginning, in order; the others become 0. Returns how many. */
size_t zero_eliminator_run(double *row, const bool *present, size_t n);

#endif
