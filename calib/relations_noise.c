/*
 * Where the noise of a latch comes from. Its standard deviation at the input is
 *     sigma^2 = latch^2 + source^2 + sense^2
 * with the transistors' white and flicker noise within the aperture, Johnson noise of the resistances that
 * the inputs see, and that of the sense path (calib/noise.h has the formulas).
 */
#include <math.h>

#include "calib/relations.h"

static bool predict_constant(const void *context, const struct observations *data, const double *values,
                             double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++)
        fitted[i] = values[0];
    return true;
}

static bool predict_parts(const void *context, const struct observations *data, const double *values,
                          double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++)
        fitted[i] = values[(size_t)data->rows[i].inputs[RELATIONS_PARTS_PART]];
    return true;
}

static const struct relation_parameter aperture_parameters[] = {
    {.name = "noise_aperture_seconds",
     .unit = "s",
     .help = "effective time over which the latch integrates its input: noise bandwidth 1 / (2 aperture)",
     .start = 30e-12,
     .low = 1e-15,
     .high = 1,
     .scale = 1,
     .logarithmic = true},
};
const struct relation relations_aperture = {
    .name = "aperture",
    .summary = "1 / integral of w^2, w the latch's weight of its input in time",
    .unit = "s",
    .kind = RELATION_CURVE,
    .n_parameters = 1,
    .parameters = aperture_parameters,
    .model = predict_constant};

static const struct relation_parameter density_parameters[] = {
    {.name = "noise_density_volts_per_root_hertz",
     .unit = "V/sqrt(Hz)",
     .help = "white noise of the transistors, at the input, one-sided",
     .start = 5e-9,
     .low = 1e-15,
     .high = 1,
     .scale = 1,
     .logarithmic = true},
};
const struct relation relations_density = {
    .name = "density",
    .summary = "input-referred white noise of the latch's transistors where it integrates, by .noise",
    .unit = "V/sqrt(Hz)",
    .kind = RELATION_CURVE,
    .n_parameters = 1,
    .parameters = density_parameters,
    .model = predict_constant};

#define PART(name_, help_)                                                                                   \
    {                                                                                                        \
        .name = name_, .unit = "V", .help = help_, .start = 0, .low = -10, .high = 10, .scale = 1e-3         \
    }
static const struct relation_parameter parts_parameters[] = {
    [RELATIONS_PARTS_LATCH] = PART("noise_latch_volts", "noise of the latch's transistors, rms"),
    [RELATIONS_PARTS_SOURCE] = PART("noise_source_volts", "Johnson noise of what the inputs see, rms"),
    [RELATIONS_PARTS_SENSE] = PART("noise_sense_volts", "noise of the sense path, rms"),
};
const struct relation relations_parts = {.name = "parts",
                                         .summary = "noise at the latch's input by where it comes from",
                                         .unit = "V",
                                         .kind = RELATION_CURVE,
                                         .n_parameters = 3,
                                         .parameters = parts_parameters,
                                         .model = predict_parts};

static const struct relation_parameter total_parameters[] = {
    {.name = "noise_sigma_volts",
     .unit = "V",
     .help = "standard deviation of the noise at the latch's input",
     .start = 1e-3,
     .low = 1e-9,
     .high = 10,
     .scale = 1,
     .logarithmic = true},
};
const struct relation relations_noise = {
    .name = "noise",
    .summary = "noise of a decision, from densities and aperture (no transient has it)",
    .unit = "V",
    .kind = RELATION_CURVE,
    .n_parameters = 1,
    .parameters = total_parameters,
    .model = predict_constant};
