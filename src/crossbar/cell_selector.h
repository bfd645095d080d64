/*
 * A selector in series with a cell: a two-terminal device of I = i0 sinh(v / v0), so that v = v0 asinh(I /
 * i0). Far below i0 it is a resistance v0 / i0, far above it takes v0 more for each factor e of current.
 */
#ifndef CROSSBAR_CELL_SELECTOR_H
#define CROSSBAR_CELL_SELECTOR_H

#include <stdbool.h>

/* All zero: no selector. */
struct cell_selector {
    double i0_amperes, v0_volts;
};

bool cell_selector_exists(const struct cell_selector *selector);

/* Voltage of the selector at a current, dV/dI in slope_ohm; both 0 where there is none. */
double cell_selector_volts(const struct cell_selector *selector, double amperes, double *slope_ohm);

#endif
