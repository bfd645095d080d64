/* The sense path: gain with compression, and settling. */
#include <math.h>

#include "calib/relations.h"

enum { GAIN, SWING, COMMON_MODE };

/* One bit line: swing tanh(gain I / swing). */
static double compress(double amperes, const double *values)
{
    double volts = values[GAIN] * amperes;
    return isinf(values[SWING]) ? volts : values[SWING] * tanh(volts / values[SWING]);
}

static bool predict_gain(const void *context, const struct observations *data, const double *values,
                         double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++) {
        const double *inputs = data->rows[i].inputs;
        double plus = compress(inputs[RELATIONS_GAIN_PLUS_AMPERES], values),
               minus = compress(inputs[RELATIONS_GAIN_MINUS_AMPERES], values);
        fitted[i] = plus - minus + values[COMMON_MODE] * 0.5 * (plus + minus);
    }
    return true;
}

static const struct relation_parameter gain_parameters[] = {
    [GAIN] = {.name = "gain_ohm",
              .unit = "ohm",
              .help = "volts per ampere of a bit line's current, at no current",
              .start = 1e3,
              .low = 1e-2,
              .high = 1e9,
              .scale = 1,
              .logarithmic = true},
    [SWING] = {.name = "swing_volts",
               .unit = "V",
               .help = "output at which the path saturates",
               .start = 0.5,
               .low = 1e-3,
               .high = 1e3,
               .scale = 1,
               .logarithmic = true},
    [COMMON_MODE] = {.name = "common_mode_volts_per_volt",
                     .unit = "1",
                     .help = "difference at the output per common output voltage of a pair",
                     .start = 0,
                     .low = -1,
                     .high = 1,
                     .scale = 1e-2,
                     .fixed = true},
};
const struct relation relations_gain = {
    .name = "gain",
    .summary =
        "output difference of a pair of bit lines against their currents: swing tanh(gain I / swing) each",
    .unit = "V",
    .kind = RELATION_CURVE,
    .n_parameters = 3,
    .parameters = gain_parameters,
    .model = predict_gain};

static bool predict_settling(const void *context, const struct observations *data, const double *values,
                             double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++) {
        const double *inputs = data->rows[i].inputs;
        fitted[i] =
            -inputs[RELATIONS_SETTLING_FINAL_VOLTS] * expm1(-inputs[RELATIONS_SETTLING_SECONDS] / values[0]);
    }
    return true;
}

static const struct relation_parameter settling_parameters[] = {
    {.name = "settling_seconds",
     .unit = "s",
     .help = "time constant of the path after a step",
     .start = 1e-9,
     .low = 1e-15,
     .high = 1,
     .scale = 1,
     .logarithmic = true},
};
const struct relation relations_settling = {.name = "settling",
                                            .summary = "output after a step: final (1 - exp(-t / tau))",
                                            .unit = "V",
                                            .kind = RELATION_CURVE,
                                            .n_parameters = 1,
                                            .parameters = settling_parameters,
                                            .model = predict_settling};
