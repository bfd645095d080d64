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

/* Bytes of a block's network in lanes, and those that transfer_lanes_reduce needs from `base` on. */
size_t transfer_lanes_kept_bytes(const struct transfer_tree *tree, const struct front_kernel *kernel,
                                 const struct transfer_tree_block *block);
size_t transfer_lanes_work_bytes(const struct transfer_tree *tree, const struct front_kernel *kernel,
                                 const struct transfer_tree_block *block);

/* kept becomes the block's network in lanes (front.h), its ports numbered in this order. */
void transfer_lanes_reduce(const struct transfer_lanes *lanes, const struct transfer_tree_block *block,
                           const struct transfer_tree_order *order, char *kept, char *base);

#endif
