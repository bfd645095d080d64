/* Joules of a tally, by category (definitions 5). Digital energies are scaled from ARITHMETIC_NODE
 * (technology.h). */
#ifndef COST_ENERGY_H
#define COST_ENERGY_H

#include <stdbool.h>

#include "cost/tally.h"

enum energy_category {
    ENERGY_ARRAY_READ,
    ENERGY_SCREEN_OTHER,
    ENERGY_KEY_WRITE, /* K, V and Q into the main memory */
    ENERGY_FETCH,
    ENERGY_BUFFER,
    ENERGY_COMPUTE,
    ENERGY_SOFTMAX,
    ENERGY_N
};

/* "array_read", "screen_other" ..., as in result files. */
extern const char *const energy_names[ENERGY_N];

struct energy {
    double joules[ENERGY_N], total_joules, without_writes_joules;
    double array_constant_joules, array_solved_joules; /* the two ways; solved NAN if unknown for a query */
};

struct model;

/* solved: array_read is the circuit's own energy; NAN where it is not known. */
void energy_of(const struct model *model, bool solved, struct energy *energy);

#endif
