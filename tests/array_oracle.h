/* Independent solutions of small resistive arrays, and random arrays, for the tests of the array. */
#ifndef TESTS_ARRAY_ORACLE_H
#define TESTS_ARRAY_ORACLE_H

#include <float.h>
#include <stdint.h>

#include "crossbar/network.h"

enum { ORACLE_CELLS_MAX = 64 * 64 };

/* A random array, remade from its seed. */
struct array_oracle {
    uint64_t seed;
    struct network network;
    double conductance[ORACLE_CELLS_MAX], volts[64];
};

/* Uniform in (0, 1); advances the state. */
double array_oracle_uniform(uint64_t *state);

/*
 * Up to max_lines lines each way; cells of 1e-7 ... 1e-3 S, one in ten open, in one array of eight whole
 * lines open too; each resistance is 0 with probability 1/4, else within `decades` decades around 10 ohm;
 * signed drives, some 0.
 */
void array_oracle_make(uint64_t seed, size_t max_lines, double decades, struct array_oracle *array);

/* T node by node: each inner node's star becomes a mesh, in quadruple precision and without a subtraction, so
 * that every entry is exact to its last digit over any number of decades. Any zeros. */
void array_oracle_nodal(const struct network *network, const double *conductance, double *transfer);

/* The same kinds of cells (none open) and resistances (none 0) for a network whose size is given; conductance
 * [n_rows][n_columns]. */
void array_oracle_make_large(uint64_t seed, double decades, struct network *network, double *conductance);

/*
 * T by the row recursion: the admittance of the bit lines seen from below and its Norton currents, row after
 * row (a discrete Riccati equation), with dense Cholesky solves in double precision. Word-line wires must not
 * be 0.
 */
void array_oracle_riccati(const struct network *network, const double *conductance, double *transfer);

/* More than twice the digits of a double: sums and quotients of resistances lose nothing in it. */
#if LDBL_MANT_DIG >= 113
typedef long double array_oracle_quad;
#else
typedef __float128 array_oracle_quad;
#endif

/*
 * Calls `branch` for every resistor of an array. Nodes are numbered 0 ... n_unknown - 1 (returned) where they
 * are unknown, then the n_rows sources, then a terminal per bit line.
 */
long array_oracle_branches(const struct network *network, const double *conductance,
                           void (*branch)(void *context, long a, long b, array_oracle_quad siemens),
                           void *context);

/* Potentials of all these nodes [n_unknown + n_rows + n_columns] from drives [n_rows] and the voltages of a
 * solution [n_rows][n_columns]; terminals are at 0 V. */
void array_oracle_potentials(const struct network *network, const double *volts, const double *words,
                             const double *bits, double *potentials);

/* Largest |one - other| / |other| over n entries; an `other` of 0 must be met exactly (else infinite). */
double array_oracle_distance(const double *one, const double *other, size_t n);

#endif
