/*
 * A front: a small dense resistor network, reduced to some of its nodes without a single subtraction.
 *
 * Only the conductances between different nodes are stored; a pivot is rebuilt as the sum of what is left at
 * its node (Grassmann, Taksar, Heyman, Oper. Res. 33, 1985), so every entry keeps its relative accuracy.
 */
#ifndef CROSSBAR_FRONT_H
#define CROSSBAR_FRONT_H

#include <stddef.h>

/* Distance between rows, and doubles in all, of a front of `n` nodes: both leave room for whole tiles. */
size_t front_stride(size_t n);
size_t front_size(size_t n);

/* What is wanted of the reduced network: of the nodes kept, the rows before `row_end` and the columns from
 * `column`. */
struct front_window {
    size_t row_end, column;
};

/*
 * Eliminates nodes 0 ... n_eliminated-1 of `siemens` [n][front_stride(n)], the conductance between nodes i <
 * j at [i][j]. On return [i][j], i < j, both kept and inside `window`, hold the conductances of the reduced
 * network; all else is scratch. Columns from n on must be 0. A node without any conductance carries no
 * current.
 */
void front_eliminate(double *siemens, size_t n, size_t n_eliminated, const struct front_window *window);

#endif
