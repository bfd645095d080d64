/*
 * Blocks reduced in the lanes of the kernel's vectors: tiles of one array that have the same shape, or the
 * same block of several arrays.
 */
#ifndef CROSSBAR_TRANSFER_LANES_H
#define CROSSBAR_TRANSFER_LANES_H

#include "crossbar/transfer_tree.h"

/* Lane l holds the block that lies row_shift[l] rows below and column_shift[l] columns right (mod 2^64) of
 * the one that the functions are given, in the array conductance[l]. */
struct transfer_lanes {
    const struct transfer_tree *tree;
    const struct front_kernel *kernel;
    const double *conductance[FRONT_LANES_MAX];
    size_t row_shift[FRONT_LANES_MAX], column_shift[FRONT_LANES_MAX];
};

/* Vectors that transfer_lanes_reduce needs from its base on. */
size_t transfer_lanes_size(const struct transfer_tree *tree, const struct transfer_tree_block *block);

/* Reduces a block to its ports, of which `window` (NULL: all) is wanted: nodes n_eliminated ... n - 1 of the
 * front in lanes (front.h) that is returned and lies at or after `base`. */
double *transfer_lanes_reduce(const struct transfer_lanes *lanes, const struct transfer_tree_block *block,
                              double *base, const struct front_window *window, size_t *n,
                              size_t *n_eliminated);

#endif
