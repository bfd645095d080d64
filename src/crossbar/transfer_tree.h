/*
 * How an array is cut into blocks, and how blocks go together.
 *
 * Ports of a block of cells, in this order: L (the left neighbour's word-line nodes, or the sources), R (its
 * own last word-line column), T (its own first bit-line row), B (the next row's bit-line nodes, or the sense
 * terminals). A block owns its cells and the wires to their left and below. At the right and the top edge
 * R and T are terminals of their own where lines are driven on the right or sensed on top, or else lead
 * nowhere and are eliminated at once. Where the wire is joined there is no R (it is L) and no T (it is B),
 * except in the blocks of the first column and last row, which hold the driver and sense branches.
 */
#ifndef CROSSBAR_TRANSFER_TREE_H
#define CROSSBAR_TRANSFER_TREE_H

#include "crossbar/front.h"
#include "crossbar/edges.h"

enum transfer_tree_port {
    TRANSFER_TREE_LEFT,
    TRANSFER_TREE_RIGHT,
    TRANSFER_TREE_TOP,
    TRANSFER_TREE_BOTTOM,
    TRANSFER_TREE_PORTS
};

/* The array's branches, siemens; 0: none. */
struct transfer_tree {
    size_t n_rows, n_columns;
    bool words_joined, words_shorted, bits_joined, bits_shorted; /* network.h; the same for all lines */
    bool right_driven, top_sensed;
    double *word_wire, *left_end, *right_end; /* [n_rows] */
    double *bit_wire, *top_end, *bottom_end;  /* [n_columns] */
};

struct transfer_tree_block {
    size_t row, n_rows, column, n_columns;
};

/* Whether a tree can stand for such an array: its word lines are all joined or none is, all shorted or none,
 * and so are its bit lines; and all bit lines have one potential. edges may be NULL. */
bool transfer_tree_supports(const struct network *network, const struct edges *edges);

/* lines [transfer_tree_lines_size] is the tree's memory, the caller's. */
size_t transfer_tree_lines_size(const struct network *network);
void transfer_tree_init(struct transfer_tree *tree, const struct network *network, const struct edges *edges,
                        double *lines);

/* Whether the block's word (bit) lines are part of the node at their left (lower) end. */
bool transfer_tree_words_joined(const struct transfer_tree *tree, const struct transfer_tree_block *block);
bool transfer_tree_bits_joined(const struct transfer_tree *tree, const struct transfer_tree_block *block);

/* Nodes of each port; returns their sum. */
size_t transfer_tree_count_ports(const struct transfer_tree *tree, const struct transfer_tree_block *block,
                                 size_t n[TRANSFER_TREE_PORTS]);

/* Cuts the longer side in the middle; true: into left and right, false: into top and bottom. */
bool transfer_tree_split(const struct transfer_tree_block *block, struct transfer_tree_block *first,
                         struct transfer_tree_block *second);

/* In which order the ports' nodes are numbered. */
struct transfer_tree_order {
    enum transfer_tree_port ports[TRANSFER_TREE_PORTS];
};

extern const struct transfer_tree_order transfer_tree_natural;

/* Where the nodes of each port begin, the first one at `place`. */
void transfer_tree_place_ports(const struct transfer_tree_order *order, const size_t n[TRANSFER_TREE_PORTS],
                               size_t place, size_t start[TRANSFER_TREE_PORTS]);

/* Splits a block and says how its halves go together again. The order of the whole decides that of the
 * halves: first what their merge eliminates, then as in the whole. Sources have no use for conductances
 * between them, nor have sense terminals. */
void transfer_tree_plan_merge(const struct transfer_tree *tree, const struct transfer_tree_block *whole,
                              const struct transfer_tree_order *order, struct transfer_tree_block *first,
                              struct transfer_tree_block *second, struct transfer_tree_order orders[2],
                              struct front_merge *merge);

#endif
