/*
 * How fast sweeps over an array's lines (sweep.h) converge: the largest eigenvalue of one sweep.
 *
 * A line of n segments r with its end at the terminal resistance R and the other end open has the slowest
 * mode x tan x = n r / R, 0 < x < pi/2; per node it leads a = (x / n)^2 / r to the terminal. With the mean
 * conductance G of the cells, the eigenvalue is close to G / (G + a_word) x G / (G + a_bit): within 1 % for n
 * >= 64 and equal cells; for cells spread over two decades it is larger than that, by up to 12 % at n = 32, 6
 * % at 64, 3 % at 128.
 */
#ifndef CROSSBAR_CONTRACTION_H
#define CROSSBAR_CONTRACTION_H

#include "crossbar/edges.h"

/* Siemens per node of the slowest word line and bit line; 0 where a line floats. */
struct contraction_lines {
    double word_siemens, bit_siemens;
};

/* edges may be NULL: the default. */
struct contraction_lines contraction_of_lines(const struct network *network, const struct edges *edges);

/* The eigenvalue, for the mean conductance of the cells along the word lines and along the bit lines. */
double contraction_predict(const struct contraction_lines *lines, double word_mean_siemens,
                           double bit_mean_siemens);

#endif
