/* Effective thresholds: a shift that grows along the array and with what a column carries (IR drop). */
#include <math.h>

#include "calib/relations.h"

enum { CONSTANT, PER_SLOT, PER_LOAD };

static bool predict(const void *context, const struct observations *data, const double *values,
                    double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++) {
        const double *inputs = data->rows[i].inputs;
        fitted[i] = values[CONSTANT] + values[PER_SLOT] * inputs[RELATIONS_COLUMN_SLOT] +
                    values[PER_LOAD] * inputs[RELATIONS_COLUMN_LOAD_AMPERES];
    }
    return true;
}

#define PARAMETER(name_, unit_, scale_, help_)                                                               \
    {                                                                                                        \
        .name = name_, .unit = unit_, .help = help_, .scale = scale_, .low = -(double)INFINITY,              \
        .high = (double)INFINITY                                                                             \
    }
static const struct relation_parameter parameters[] = {
    [CONSTANT] = PARAMETER("threshold_shift_amperes", "A", 1e-7,
                           "effective threshold less the ideal one, at key slot 0 without load"),
    [PER_SLOT] = PARAMETER("threshold_shift_per_slot_amperes", "A", 1e-8, "... more per key slot"),
    [PER_LOAD] = PARAMETER("threshold_shift_per_load", "1", 1e-2, "... more per ampere of load"),
};
const struct relation relations_column = {
    .name = "column",
    .summary = "effective threshold against key slot and load: a + b j + c sum V (G+ + G-)",
    .unit = "A",
    .kind = RELATION_CURVE,
    .n_parameters = 3,
    .parameters = parameters,
    .model = predict};

void relations_column_shifts(const double *values, size_t n_slots, double *amperes)
{
    for (size_t j = 0; j < n_slots; j++)
        amperes[j] = values[CONSTANT] + values[PER_SLOT] * (double)j;
}
