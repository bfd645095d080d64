/*
 * How an array is cut into blocks, and how blocks go together.
 *
 * Ports of a block of cells, in this order: L (the left neighbour's word-line nodes, or the sources), R (its
 * own last word-line column), T (its own first bit-line row), B (the next row's bit-line nodes, or ground). A
 * block owns its cells and the wires to their left and below. At the right and the top edge R and T lead
 * nowhere and are eliminated at once. Where the wire is joined there is no R (it is L) and no T (it is B),
 * except in the blocks of the first column and last row, which hold the driver and sense branches.
 */
#ifndef CROSSBAR_TRANSFER_TREE_H
#define CROSSBAR_TRANSFER_TREE_H

#include "crossbar/front.h"
#include "crossbar/network.h"

enum transfer_tree_port {
    TRANSFER_TREE_LEFT,
    TRANSFER_TREE_RIGHT,
    TRANSFER_TREE_TOP,
    TRANSFER_TREE_BOTTOM,
    TRANSFER_TREE_PORTS
};

struct transfer_tree {
    struct network network;
    struct network_branches word, bit;
};

struct transfer_tree_block {
    size_t row, n_rows, column, n_columns;
};

/* Whether the block's word (bit) lines are part of the node at their left (lower) end. */
bool transfer_tree_words_joined(const struct transfer_tree *tree, const struct transfer_tree_block *block);
bool transfer_tree_bits_joined(const struct transfer_tree *tree, const struct transfer_tree_block *block);

/* Nodes of each port; returns their sum. */
size_t transfer_tree_count_ports(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                                 size_t n[TRANSFER_TREE_PORTS]);

/* Cuts the longer side in the middle; true: into left and right, false: into top and bottom. */
bool transfer_tree_split(const struct transfer_tree_block *block, struct transfer_tree_block *first,
                         struct transfer_tree_block *second);

/* Which port comes first in the block's network and in those of its halves, before the others in their order:
 * in the halves, the one that their merge eliminates. */
struct transfer_tree_leads {
    enum transfer_tree_port whole, first, second;
};

/* Splits a block of which port `lead` is to come first, and says how its halves go together again. Sources
 * have no use for conductances between them, nor have sense terminals. */
void transfer_tree_plan_merge(const struct transfer_tree *tree, const struct transfer_tree_block *whole,
                              enum transfer_tree_port lead, struct transfer_tree_block *first,
                              struct transfer_tree_block *second, struct transfer_tree_leads *leads,
                              struct front_merge *merge);

/* Where the nodes of each port begin, the first one at `place`, when `lead` comes first. */
void transfer_tree_place_ports(enum transfer_tree_port lead, const size_t n[TRANSFER_TREE_PORTS],
                               size_t place, size_t start[TRANSFER_TREE_PORTS]);

#endif
