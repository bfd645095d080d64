/*
 * A front: a small dense resistor network, reduced to some of its nodes without a single subtraction.
 *
 * Only the conductances between different nodes are stored; a pivot is rebuilt as the sum of what is left at
 * its node (Grassmann, Taksar, Heyman, Oper. Res. 33, 1985), so every entry keeps its relative accuracy.
 * Nodes are numbered from 0, those to be eliminated first. A node without any conductance carries no current.
 *
 * Two forms: a large front fills the vectors with neighbouring nodes; a front in lanes holds as many fronts
 * of one shape as a vector has lanes, [..][n_lanes]. Every function is compiled once per kernel and
 * precision; `real` below is double or float. In single precision conductances are kept times
 * FRONT_SCALE_F32, so that products of small ones stay in range.
 */
#ifndef CROSSBAR_FRONT_H
#define CROSSBAR_FRONT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/kernel.h"

enum {
    FRONT_SEGMENTS = 4,
    FRONT_LANES_MAX = 16,
    FRONT_ALIGNMENT = 64,
    FRONT_LANES_NODES_MAX = 384,
    FRONT_CORE_NODES_MAX = 32
};

#define FRONT_SCALE_F32 0x1p40

/* Nodes of a network, in order, and the first node of the front on which they come to lie. */
struct front_segment {
    size_t n, place;
};

/* Kept nodes begin ... end - 1, counted from the first kept one, whose conductances to each other nobody
 * reads: they need not be right. */
struct front_idle {
    size_t begin, end;
};

/* Two networks become one: their nodes go to the places of the segments, which do not overlap inside a
 * network, and the first n_eliminated of the n nodes are eliminated; each network has them in one segment. */
struct front_merge {
    size_t n_eliminated, n;
    struct front_segment segments[2][FRONT_SEGMENTS];
    struct front_idle idle[2];
};

/* A network's conductances, real [i][j] with i < j: by rows of `stride`, or packed (stride 0): the rows of a
 * strict upper triangle, one after the other. */
struct front_network {
    const void *siemens;
    size_t n, stride;
};

/* Nodes row ... row + n_rows - 1 with nodes column ... column + n_columns - 1, all of which come later. */
struct front_rectangle {
    size_t row, n_rows, column, n_columns;
};

/* A branch of a network in lanes. */
struct front_branch {
    size_t i, j; /* i < j */
    double siemens[FRONT_LANES_MAX];
};

size_t front_packed_size(size_t n);

/*
 * The rows of the eliminated nodes are stored in slivers of a few columns, [n_columns /
 * width][n_rows][width], the columns of the kept nodes beginning at first_kept; the conductances among the
 * kept ones by rows, [n_kept][stride].
 */
struct front_shape {
    size_t n_eliminated, n_kept;
    size_t n_rows, first_kept, n_columns, stride;
    size_t pivots_size, kept_size; /* reals */
};

struct front_kernel {
    size_t real_size, n_lanes, column_unit;

    /* kept [kept_size] becomes a front_network of stride shape->stride; pivots [pivots_size] is scratch. */
    void (*merge)(const struct front_shape *shape, const struct front_merge *merge,
                  const struct front_network networks[2], void *kept, void *pivots);

    /* Adds a rectangle of a network to siemens [n_rows][n_columns]. */
    void (*read)(const struct front_network *network, const struct front_rectangle *nodes, double *siemens);

    /*
     * Networks in lanes are packed by columns: (i, j), i < j, is vector j (j - 1) / 2 + i. kept must not
     * overlap the networks; pivots [front_lanes_pivots_size] is scratch.
     */
    void (*lanes_merge)(const struct front_merge *merge, const void *const packed[2], void *kept,
                        void *pivots);

    /* The same from the branches between n <= FRONT_CORE_NODES_MAX nodes, in any order and number. */
    void (*lanes_core)(const struct front_branch *branches, size_t n_branches, size_t n_eliminated, size_t n,
                       void *kept);

    /* One network by rows (front_network, stride 0) for each lane, its nodes in the order given, or
     * what read() adds; those that are NULL are left out. */
    void (*lanes_part)(const void *packed, size_t n, const size_t *const orders[FRONT_LANES_MAX],
                       void *const parts[FRONT_LANES_MAX]);
    void (*lanes_read)(const void *packed, const struct front_rectangle *nodes,
                       double *const siemens[FRONT_LANES_MAX]);
};

/* The functions of a kernel that runs here, in single precision or else in double. */
const struct front_kernel *front_kernel_of(enum kernel kernel, bool f32);

struct front_shape front_shape_of(const struct front_kernel *kernel, size_t n_eliminated, size_t n_kept);

/* Vectors. */
size_t front_lanes_pivots_size(size_t n_eliminated, size_t n);

#endif
