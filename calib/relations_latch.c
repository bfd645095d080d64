/* The latch: offset, delay, kickback, noise. */
#include <math.h>

#include "calib/relations.h"

#define UNBOUNDED .low = -(double)INFINITY, .high = (double)INFINITY

/* --- offset --- */

enum { MEAN, INPUT, NLATCH, PLATCH };

static bool predict_offset(const void *context, const struct observations *data, const double *values,
                           double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++) {
        const double *volts = data->rows[i].inputs;
        fitted[i] = values[MEAN] + values[INPUT] * volts[RELATIONS_OFFSET_INPUT_VOLTS] +
                    values[NLATCH] * volts[RELATIONS_OFFSET_NLATCH_VOLTS] +
                    values[PLATCH] * volts[RELATIONS_OFFSET_PLATCH_VOLTS];
    }
    return true;
}

#define SENSITIVITY(name_, start_, help_)                                                                    \
    {                                                                                                        \
        .name = name_, .unit = "1", .help = help_, .start = start_, .scale = 0.1, UNBOUNDED                  \
    }
static const struct relation_parameter offset_parameters[] = {
    [MEAN] = {.name = "offset_mean_volts",
              .unit = "V",
              .help = "offset without mismatch",
              .scale = 1e-3,
              UNBOUNDED},
    [INPUT] = SENSITIVITY("offset_sensitivity_input", 1, "per threshold difference of the input pair"),
    [NLATCH] =
        SENSITIVITY("offset_sensitivity_nlatch", 0.3, "per threshold difference of the latch's n pair"),
    [PLATCH] =
        SENSITIVITY("offset_sensitivity_platch", 0.1, "per threshold difference of the latch's p pair"),
};
const struct relation relations_offset = {
    .name = "offset",
    .summary = "offset of a latch against the threshold differences of its pairs",
    .unit = "V",
    .kind = RELATION_CURVE,
    .n_parameters = 4,
    .parameters = offset_parameters,
    .model = predict_offset};

static const struct relation_parameter spread_parameters[] = {
    {.name = "offset_sample_mean_volts",
     .unit = "V",
     .help = "mean offset of the latches drawn",
     .scale = 1e-3,
     UNBOUNDED},
    {.name = "offset_sigma_volts",
     .unit = "V",
     .help = "standard deviation of the offset",
     .scale = 1e-3,
     UNBOUNDED},
};
const struct relation relations_spread = {.name = "spread",
                                          .summary =
                                              "offsets of the latches drawn, as one normal distribution",
                                          .unit = "V",
                                          .kind = RELATION_SPREAD,
                                          .has_noise = true,
                                          .n_parameters = 2,
                                          .parameters = spread_parameters};

/* --- delay --- */

enum { T0, TAU, V1, T_MIN, KELVIN };

static bool predict_delay(const void *context, const struct observations *data, const double *values,
                          double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++)
        fitted[i] = fmax(values[T0] + values[TAU] *
                                          log(values[V1] / fabs(data->rows[i].inputs[RELATIONS_DELAY_VOLTS])),
                         values[T_MIN]);
    return true;
}

static const struct relation_parameter delay_parameters[] = {
    [T0] = {.name = "delay_t0_seconds",
            .unit = "s",
            .help = "decision time at delay_v1_volts",
            .start = 30e-12,
            .scale = 1e-12,
            UNBOUNDED},
    [TAU] = {.name = "delay_tau_seconds",
             .unit = "s",
             .help = "regeneration time constant",
             .start = 10e-12,
             .low = 1e-15,
             .high = 1e-3,
             .scale = 1,
             .logarithmic = true},
    /* Only t0 + tau ln v1 enters: v1 is where t0 is measured, unless it is fixed elsewhere. */
    [V1] = {.name = "delay_v1_volts",
            .unit = "V",
            .help = "input at which delay_t0_seconds is told",
            .start = 0.1,
            .low = 1e-6,
            .high = 10,
            .scale = 1,
            .logarithmic = true,
            .fixed = true},
    [T_MIN] = {.name = "delay_min_seconds",
               .unit = "s",
               .help = "shortest decision time",
               .start = 0,
               .low = 0,
               .high = 1,
               .scale = 1e-12,
               .fixed = true},
    [KELVIN] = {.name = "delay_temperature_kelvin",
                .unit = "K",
                .help = "temperature of the decks that were timed",
                .start = 300.15,
                .low = 1,
                .high = 1000,
                .scale = 1,
                .fixed = true},
};
const struct relation relations_delay = {.name = "delay",
                                         .summary =
                                             "decision time: t0 + tau ln(v1 / |d|), not below a least one",
                                         .unit = "s",
                                         .kind = RELATION_CURVE,
                                         .n_parameters = 5,
                                         .parameters = delay_parameters,
                                         .model = predict_delay};

enum { OVERDRIVE, INTEGRATION, TAU_SHARE };

/* The integration phase lasts C dV / I and amplifies by gm dV / I, with I ~ the input pair's overdrive U and
 * gm / I ~ 1 / U; afterwards its transistors are resistors, 1 / R ~ U, below the n pair's sources, and tau =
 * C (1 / gm + R). */
static bool predict_delay_common(const void *context, const struct observations *data, const double *values,
                                 double *fitted)
{
    const struct relations_delay_known *known = context;
    for (size_t i = 0; i < data->n; i++) {
        const double *inputs = data->rows[i].inputs;
        double u = 1 + inputs[RELATIONS_DELAY_COMMON_VOLTS] / values[OVERDRIVE];
        if (!(u > 0))
            return false;
        fitted[i] = known->t0_seconds + values[INTEGRATION] * (1 / u - 1) +
                    known->tau_seconds * (1 + values[TAU_SHARE] * (1 / u - 1)) *
                        log(known->v1_volts * u / fabs(inputs[RELATIONS_DELAY_VOLTS]));
    }
    return true;
}

static const struct relation_parameter delay_common_parameters[] = {
    [OVERDRIVE] = {.name = "delay_overdrive_volts",
                   .unit = "V",
                   .help = "the input pair's overdrive at the path's common mode",
                   .start = 0.2,
                   .low = 1e-3,
                   .high = 10,
                   .scale = 1,
                   .logarithmic = true},
    [INTEGRATION] = {.name = "delay_integration_seconds",
                     .unit = "s",
                     .help = "part of delay_t0_seconds that goes as 1 / overdrive",
                     .start = 20e-12,
                     .scale = 1e-12,
                     UNBOUNDED},
    [TAU_SHARE] = {.name = "delay_tau_share",
                   .unit = "1",
                   .help = "part of delay_tau_seconds that goes as 1 / overdrive",
                   .start = 0.2,
                   .scale = 0.1,
                   UNBOUNDED},
};
const struct relation relations_delay_common = {
    .name = "delays",
    .summary =
        "decision time against the common mode: t0 + t_i (1/u - 1) + tau (1 + rho (1/u - 1)) ln(v1 u / "
        "|d|), u = 1 + common mode / overdrive",
    .unit = "s",
    .kind = RELATION_CURVE,
    .n_parameters = 3,
    .parameters = delay_common_parameters,
    .model = predict_delay_common};

enum { TAU_PER_KELVIN, T0_PER_KELVIN };

static bool predict_delay_temperature(const void *context, const struct observations *data,
                                      const double *values, double *fitted)
{
    const struct relations_delay_known *known = context;
    for (size_t i = 0; i < data->n; i++) {
        const double *inputs = data->rows[i].inputs;
        double kelvin = inputs[RELATIONS_DELAY_KELVIN_ABOVE];
        fitted[i] = known->t0_seconds + values[T0_PER_KELVIN] * kelvin +
                    known->tau_seconds * (1 + values[TAU_PER_KELVIN] * kelvin) *
                        log(known->v1_volts / fabs(inputs[RELATIONS_DELAY_VOLTS]));
    }
    return true;
}

static const struct relation_parameter delay_temperature_parameters[] = {
    [TAU_PER_KELVIN] = {.name = "delay_tau_per_kelvin",
                        .unit = "1/K",
                        .help = "relative change of delay_tau_seconds",
                        .start = 0,
                        .scale = 1e-3,
                        UNBOUNDED},
    [T0_PER_KELVIN] = {.name = "delay_t0_per_kelvin",
                       .unit = "s/K",
                       .help = "change of delay_t0_seconds",
                       .start = 0,
                       .scale = 1e-14,
                       UNBOUNDED},
};
const struct relation relations_delay_temperature = {
    .name = "delays",
    .summary = "decision time against temperature: t0 + b T + tau (1 + c T) ln(v1 / |d|), T above the path's",
    .unit = "s",
    .kind = RELATION_CURVE,
    .n_parameters = 2,
    .parameters = delay_temperature_parameters,
    .model = predict_delay_temperature};

/* --- kickback --- */

enum { PER_OHM, R0, CONSTANT };

/* The kick's low-pass: a source resistance R and the gate's capacitance C attenuate it by 1 / sqrt(1 + (R /
 * r0)^2) per ohm, r0 = 1 / (2 pi f C); from 0 to R that is r0 asinh(R / r0). */
double relations_kicked_ohm(double source_ohm, double r0_ohm)
{
    return r0_ohm * asinh(source_ohm / r0_ohm);
}

static bool predict_kickback(const void *context, const struct observations *data, const double *values,
                             double *fitted)
{
    (void)context;
    for (size_t i = 0; i < data->n; i++) {
        const double *inputs = data->rows[i].inputs;
        double column = inputs[RELATIONS_KICKBACK_COLUMN_OHM],
               reference = column + inputs[RELATIONS_KICKBACK_OHM];
        fitted[i] = values[CONSTANT] + values[PER_OHM] * (relations_kicked_ohm(reference, values[R0]) -
                                                          relations_kicked_ohm(column, values[R0]));
    }
    return true;
}

static const struct relation_parameter kickback_parameters[] = {
    [PER_OHM] = {.name = "kickback_volts_per_ohm",
                 .unit = "V/ohm",
                 .help = "shift per difference of small source resistances, reference less column",
                 .start = 1e-5,
                 .scale = 1e-5,
                 UNBOUNDED},
    [R0] = {.name = "kickback_r0_ohm",
            .unit = "ohm",
            .help = "source resistance above which kickback grows like its logarithm",
            .start = 2e3,
            .low = 1,
            .high = 1e9,
            .scale = 1,
            .logarithmic = true},
    [CONSTANT] = {.name = "kickback_constant_volts",
                  .unit = "V",
                  .help = "shift at equal source resistances",
                  .scale = 1e-3,
                  UNBOUNDED},
};
const struct relation relations_kickback = {.name = "kickback",
                                            .unit = "V",
                                            .kind = RELATION_CURVE,
                                            .n_parameters = 3,
                                            .parameters = kickback_parameters,
                                            .model = predict_kickback};

/* --- decisions --- */

static const struct relation_parameter decisions_parameters[] = {
    {.name = "recovered_sigma_volts",
     .unit = "V",
     .help = "standard deviation of the noise, from decisions",
     .start = 1e-3,
     .scale = 1e-3,
     UNBOUNDED},
    {.name = "recovered_threshold_volts",
     .unit = "V",
     .help = "input difference that gives 1 as often as 0",
     .scale = 1e-3,
     UNBOUNDED},
    {.name = "hysteresis_volts",
     .unit = "V",
     .help = "distance between the thresholds after a 0 and after a 1",
     .scale = 1e-3,
     UNBOUNDED},
};
const struct relation relations_decisions = {
    .name = "decisions",
    .summary = "share of decisions that are 1 against the input difference, with noise put in",
    .unit = "decisions",
    .kind = RELATION_PROBIT,
    .has_noise = true,
    .n_parameters = 3,
    .parameters = decisions_parameters};
