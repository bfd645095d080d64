/* What the benches of the array share: processor time, the same arrays, the line that names the machine. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>

#include "crossbar/network.h"

/* Median processor time of one call, over at least 3 calls and `seconds` or 201 calls; one call before. */
double measure_seconds(void (*call)(void *state), void *state, double seconds);

/* Likewise, the tenth percentile: what else runs on the machine only adds. */
double measure_quick_seconds(void (*call)(void *state), void *state, double seconds);

/* Of this process, and of the children that have ended. */
double measure_now(void);
double measure_children(void);

/* n zeros, aligned for vectors. */
double *measure_doubles(size_t n);

/* n x n cells, log-uniform from 1 to 100 microsiemens, inputs of 0 ... 0.2 V, 2 ohm wires, 100 ohm ends. */
struct measure_array {
    struct network network;
    double *conductance, *volts, *transfer, *amperes; /* [n][n], [n], [n][n], [n] */
};

/* The cells and inputs; T and the currents are 0. */
void measure_make_cells(size_t n, struct measure_array *array);

/* The array, its T, and the currents of its inputs. */
void measure_make(size_t n, struct measure_array *array);
void measure_clear(struct measure_array *array);

/* Largest difference of currents [n] from the array's, in units of the largest of these. */
double measure_difference(const struct measure_array *array, const double *amperes);

/* "Processor ..., compiler ..., commit ..., kernel ... One core." */
void measure_print_machine(void);

#endif
