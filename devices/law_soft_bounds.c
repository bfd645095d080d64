/*
 * Identical pulses between soft bounds, as fitted to arrays by Gong and Rasch: a weight w,
 *     w += dw ((1 - w / upper) + cycle_spread z)  for a positive,
 *     w -= dw ((1 - w / lower) + cycle_spread z)  for a negative pulse, whatever its amplitude;
 * each cell has a dw and bounds of its own: dw lognormal, bounds normal. What is read until the next pulse is
 * w + write_noise dw z'. w = -1 ... 1 is g_low ... g_high.
 */
#include <math.h>
#include <stdio.h>

#include "devices/laws.h"
#include "devices/pulse.h"

struct soft_bounds {
    double dw, dw_spread, cycle_spread, write_noise, upper, upper_spread, lower, lower_spread, g_low_siemens,
        g_high_siemens;
};

#define MEMBER(name) offsetof(struct soft_bounds, name)
#define NUMBER(name, member, least, most, what)                                                              \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_NONE, .offset = MEMBER(member), .low = (least),   \
        .high = (most), .help = what                                                                         \
    }
#define SIEMENS(name, member, what)                                                                          \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_SIEMENS, .offset = MEMBER(member), .low = 0,      \
        .high = 1, .help = what                                                                              \
    }
static const struct option options[] = {
    NUMBER("dw", dw, 1e-9, 2, "step of the weight at w = 0"),
    NUMBER("dw_spread", dw_spread, 0, 5, "device-to-device spread of the step, lognormal, in parts of it"),
    NUMBER("cycle_spread", cycle_spread, 0, 100, "pulse-to-pulse spread of the step, in parts of it"),
    NUMBER("write_noise", write_noise, 0, 100, "spread of what is read around w, in parts of the step"),
    NUMBER("upper", upper, 0.01, 10, "upper bound of w"),
    NUMBER("upper_spread", upper_spread, 0, 5, "its device-to-device spread, in parts of it"),
    NUMBER("lower", lower, -10, -0.01, "lower bound of w"),
    NUMBER("lower_spread", lower_spread, 0, 5, "its device-to-device spread, in parts of it"),
    SIEMENS("g_low", g_low_siemens, "conductance of w = -1"),
    SIEMENS("g_high", g_high_siemens, "conductance of w = 1"),
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct soft_bounds)};

/* A cell whose bound came out on the other side of 0 stays at 0. */
static const double narrowest = 1e-3;

static bool check(const void *params, char *why, size_t why_size)
{
    const struct soft_bounds *p = params;
    if (p->g_low_siemens < p->g_high_siemens)
        return true;
    snprintf(why, why_size, "g_low must be below g_high");
    return false;
}

static double upper(const struct soft_bounds *p, const struct pulse_cell *cell)
{
    return fmax(p->upper * (1 + p->upper_spread * cell->upper), narrowest);
}

static double lower(const struct soft_bounds *p, const struct pulse_cell *cell)
{
    return fmin(p->lower * (1 + p->lower_spread * cell->lower), -narrowest);
}

static double conductance(const void *params, const struct pulse_cell *cell, struct pulse_state at)
{
    const struct soft_bounds *p = params;
    (void)cell;
    double w = at.x + at.offset;
    return fmax(p->g_low_siemens + (w + 1) / 2 * (p->g_high_siemens - p->g_low_siemens), 0);
}

static struct pulse_state state(const void *params, const struct pulse_cell *cell, double conductance_siemens)
{
    const struct soft_bounds *p = params;
    double w = 2 * (conductance_siemens - p->g_low_siemens) / (p->g_high_siemens - p->g_low_siemens) - 1;
    return (struct pulse_state){fmin(fmax(w, lower(p, cell)), upper(p, cell)), 0};
}

static double current(const void *params, const struct pulse_cell *cell, struct pulse_state at, double volts)
{
    return conductance(params, cell, at) * volts;
}

static struct pulse_state pulse(const void *params, const struct pulse_cell *cell, struct pulse_state from,
                                double volts, double seconds, const double normals[2])
{
    const struct soft_bounds *p = params;
    double ln = sqrt(log1p(p->dw_spread * p->dw_spread)), step = p->dw * exp(ln * cell->speed - ln * ln / 2);
    double high = upper(p, cell), low = lower(p, cell), noise = p->cycle_spread * normals[0];
    (void)seconds;
    double next =
        volts > 0 ? from.x + step * (1 - from.x / high + noise) : from.x - step * (1 - from.x / low + noise);
    return (struct pulse_state){fmin(fmax(next, low), high), p->write_noise * step * normals[1]};
}

static const struct pulse_model model = {false, state, conductance, pulse, current};

const struct law law_soft_bounds = {
    .block = LAW_PULSE,
    .kind = "soft-bounds",
    .summary = "identical pulses whose steps shrink towards bounds of each cell's own",
    .source = "Gong et al., IEEE IEDM (2022), as in aihwkit's presets (code)",
    .params = &table,
    .check = check,
    .pulse = &model,
};
