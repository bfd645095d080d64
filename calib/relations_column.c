/* Effective thresholds: wires take a share of every current, which grows along the array; what else shifts.
 */
#include <math.h>

#include "calib/relations.h"

enum { CONSTANT, PER_SLOT, PER_LOAD, PER_AMPERE, PER_AMPERE_SLOT, N_COLUMN };

static bool predict(const void *context, const struct observations *data, const double *values,
                    double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++) {
        const double *inputs = data->rows[i].inputs;
        double slot = inputs[RELATIONS_COLUMN_SLOT];
        fitted[i] =
            values[CONSTANT] + values[PER_SLOT] * slot +
            values[PER_LOAD] * inputs[RELATIONS_COLUMN_LOAD_AMPERES] +
            (values[PER_AMPERE] + values[PER_AMPERE_SLOT] * slot) * inputs[RELATIONS_COLUMN_IDEAL_AMPERES];
    }
    return true;
}

#define PARAMETER(name_, unit_, scale_, help_)                                                               \
    {                                                                                                        \
        .name = name_, .unit = unit_, .help = help_, .scale = scale_, .low = -(double)INFINITY,              \
        .high = (double)INFINITY                                                                             \
    }
static const struct relation_parameter parameters[N_COLUMN] = {
    [CONSTANT] =
        PARAMETER("threshold_shift_amperes", "A", 1e-7,
                  "effective threshold less the ideal one, at threshold 0 and key slot 0, without load"),
    [PER_SLOT] = PARAMETER("threshold_shift_per_slot_amperes", "A", 1e-8, "... more per key slot"),
    [PER_LOAD] = PARAMETER("threshold_shift_per_load", "1", 1e-2, "... more per ampere of load"),
    [PER_AMPERE] =
        PARAMETER("threshold_shift_per_ampere", "1", 1e-2, "... more per ampere of threshold, at key slot 0"),
    [PER_AMPERE_SLOT] = PARAMETER("threshold_shift_per_ampere_and_slot", "1", 1e-3,
                                  "... more per ampere of threshold and key slot"),
};
const struct relation relations_column = {
    .name = "column",
    .summary = "effective threshold less the ideal one: a + b j + c sum V (G+ + G-) + (g + h j) threshold",
    .unit = "A",
    .kind = RELATION_CURVE,
    .n_parameters = N_COLUMN,
    .parameters = parameters,
    .model = predict};

void relations_column_shifts(const double *values, size_t n_slots, double *amperes)
{
    for (size_t j = 0; j < n_slots; j++)
        amperes[j] = values[CONSTANT] + values[PER_SLOT] * (double)j;
}

/* --- what the engine's solution of the same array does not have --- */

static bool predict_rest(const void *context, const struct observations *data, const double *values,
                         double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++)
        fitted[i] = values[0] + values[1] * data->rows[i].inputs[RELATIONS_COLUMN_IDEAL_AMPERES];
    return true;
}

static const struct relation_parameter rest_parameters[] = {
    PARAMETER("threshold_rest_amperes", "A", 1e-8,
              "effective threshold less the one that the engine's solution of the same array gives"),
    PARAMETER("threshold_rest_per_ampere", "1", 1e-3, "... more per ampere of threshold"),
};
const struct relation relations_rest = {
    .name = "rest",
    .summary = "effective threshold less that of the engine's solution of the same array: a check, not used",
    .unit = "A",
    .kind = RELATION_CURVE,
    .n_parameters = 2,
    .parameters = rest_parameters,
    .model = predict_rest};
