/* What decks answered, one row per number that a model has to explain. Floor 5. */
#ifndef CALIB_OBSERVATIONS_H
#define CALIB_OBSERVATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OBSERVATIONS_INPUTS_MAX = 8 };

/* One number: what was observed under which inputs, where it comes from (-1: nowhere), and how far a good
 * model may miss it. */
struct observation {
    double inputs[OBSERVATIONS_INPUTS_MAX];
    double value;
    double sigma;        /* declared noise or tolerance of the model, in the unit of `value`; above 0 */
    double trials;       /* of a count of decisions: how many; else 0 */
    double load_amperes; /* sum_i V_i (G+ + G-) of its column; NAN: does not apply */
    int32_t deck, column;
};

/* Start from {0}. Running out of memory sets `failed` and further calls do nothing. */
struct observations {
    size_t n, capacity;
    struct observation *rows; /* [n] */
    bool failed;
};

void observations_add(struct observations *observations, const struct observation *row);
void observations_clear(struct observations *observations);

#endif
