/*
 * A front: a small dense resistor network, reduced to some of its nodes without a single subtraction.
 *
 * Only the conductances between different nodes are stored; a pivot is rebuilt as the sum of what is left at
 * its node (Grassmann, Taksar, Heyman, Oper. Res. 33, 1985), so every entry keeps its relative accuracy.
 * Nodes are numbered from 0, those to be eliminated first. A node without any conductance carries no current.
 *
 * Two forms: a large front fills the vectors with neighbouring nodes; a front in lanes holds as many fronts
 * of one shape as a vector has lanes, [..][n_lanes]. Every function is compiled once per kernel.
 */
#ifndef CROSSBAR_FRONT_H
#define CROSSBAR_FRONT_H

#include <stddef.h>

#include "base/kernel.h"

enum { FRONT_SEGMENTS = 4, FRONT_LANES_MAX = 8, FRONT_ALIGNMENT = 64 };

/* Nodes of a packed network, in order, and the first node of the front on which they come to lie. */
struct front_segment {
    size_t n, place;
};

/* What is wanted of the reduced network: of the nodes kept, counted from 0, the rows before `row_end` and the
 * columns from `column`. */
struct front_window {
    size_t row_end, column;
};

/* A network's conductances, [i][j] with i < j: by rows of `stride`, or packed (stride 0): the rows of a
 * strict upper triangle, one after the other. */
struct front_network {
    const double *siemens;
    size_t n, stride;
};

size_t front_packed_size(size_t n);

/* Row k from column k + 1 on. */
const double *front_network_row(const struct front_network *network, size_t k);

/*
 * The rows of the eliminated nodes are stored in slivers of a few columns, [n_columns /
 * width][n_rows][width], the columns of the kept nodes beginning at first_kept; the conductances among the
 * kept ones by rows, [n_kept][stride].
 */
struct front_shape {
    size_t n_eliminated, n_kept;
    size_t n_rows, first_kept, n_columns, stride;
    size_t pivots_size, kept_size; /* doubles */
};

struct front_shape front_shape_of(size_t n_eliminated, size_t n_kept);

struct front_parts {
    double *pivots, *kept;
};

/* A front in lanes: rows of all nodes, [..][front_lanes_stride][n_lanes]; its size in vectors. */
size_t front_lanes_stride(size_t n);
size_t front_lanes_size(size_t n);

struct front_kernel {
    size_t n_lanes;

    /*
     * Two networks become one: their nodes go to the places of the segments, which do not overlap inside a
     * network, and n_eliminated of them are eliminated. parts->kept, inside the window, holds the result,
     * which is a front_network of stride shape->stride; parts->pivots is scratch.
     */
    void (*merge)(const struct front_shape *shape, const struct front_parts *parts,
                  const struct front_network networks[2],
                  const struct front_segment (*const segments[2])[FRONT_SEGMENTS],
                  const struct front_window *window);

    /* A front in lanes, [n][front_lanes_stride(n)] vectors, all of it 0 where no conductance was added. */
    void (*lanes_eliminate)(double *front, size_t n, size_t n_eliminated, const struct front_window *window);

    /* Two packed networks become one in such a front, as with merge. */
    void (*lanes_merge)(double *front, size_t n, size_t n_eliminated, const double *const packed[2],
                        const struct front_segment (*const segments[2])[FRONT_SEGMENTS],
                        const struct front_window *window);
    void (*lanes_pack)(const double *front, size_t n, size_t n_eliminated, double *packed);

    /* packed [size][n_lanes] to one packed network per lane; those that are NULL are left out. */
    void (*lanes_part)(const double *packed, size_t size, double *const parts[FRONT_LANES_MAX]);
};

/* The functions of a kernel that runs here. */
const struct front_kernel *front_kernel_of(enum kernel kernel);

#endif
