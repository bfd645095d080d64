/* Random arrays with a path around them, and what the engine's own solve says of the latch inputs. */
#ifndef TESTS_PATH_CASE_H
#define TESTS_PATH_CASE_H

#include "spice/path.h"

enum { PATH_CASE_LINES_MAX = 32, PATH_CASE_VECTORS_MAX = 32 };

/* Start from {0}; the arrays inside are its own. */
struct path_case {
    struct path_plan plan;
    struct array_file array;
    double conductance[PATH_CASE_LINES_MAX * PATH_CASE_LINES_MAX];
    double volts[PATH_CASE_VECTORS_MAX * PATH_CASE_LINES_MAX];
    struct path path;
};

/* n x n cells of 10 to 100 uS, wires of 2 ohm, queries of up to 0.1 V; the plan has its defaults. */
void path_case_fill(struct path_case *c, size_t n, size_t n_vectors, uint64_t seed);

/* Column currents [n_vectors][n_columns] by the engine. */
void path_case_currents(const struct path_case *c, double *amperes);

/* The latch inputs [n_vectors][n_slots] that definition and currents give; pairs, reference `ideal` or
 * `bias-rows`. */
void path_case_inputs(const struct path_case *c, double *volts);

#endif
