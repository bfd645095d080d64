/*
 * Identical pulses between soft bounds, as fitted to arrays by Gong and Rasch: a weight w,
 *     w += dw ((1 - w / upper) + cycle_spread z)  for a positive,
 *     w -= dw ((1 - w / lower) + cycle_spread z)  for a negative pulse, whatever its amplitude;
 * each cell has a dw of its own, lognormal with median dw, and bounds of its own, normal; of bounds that come
 * out in the wrong order the larger is the upper one, and each counts on its side of 0 whatever its sign.
 * What is read until the next pulse is w + write_noise z' of the median dw. w = -1 ... 1 is g_low ... g_high.
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
    NUMBER("dw", dw, 1e-9, 2, "median step of the weight at w = 0"),
    NUMBER("dw_spread", dw_spread, 0, 5, "device-to-device standard deviation of the logarithm of the step"),
    NUMBER("cycle_spread", cycle_spread, 0, 100, "pulse-to-pulse spread of the step, in parts of it"),
    NUMBER("write_noise", write_noise, 0, 100,
           "spread of what is read around w, in parts of the median step"),
    NUMBER("upper", upper, 0.01, 10, "upper bound of w"),
    NUMBER("upper_spread", upper_spread, 0, 5, "its device-to-device spread, in parts of it"),
    NUMBER("lower", lower, -10, -0.01, "lower bound of w"),
    NUMBER("lower_spread", lower_spread, 0, 5, "its device-to-device spread, in parts of it"),
    SIEMENS("g_low", g_low_siemens, "conductance of w = -1"),
    SIEMENS("g_high", g_high_siemens, "conductance of w = 1"),
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct soft_bounds)};

/* Smallest distance of a bound from 0: it is divided by. */
static const double narrowest = 1e-6;

static bool check(const void *params, char *why, size_t why_size)
{
    const struct soft_bounds *p = params;
    if (p->g_low_siemens < p->g_high_siemens)
        return true;
    snprintf(why, why_size, "g_low must be below g_high");
    return false;
}

/* own: the step at w = 0, the upper and the lower bound. */
static void prepare(const void *params, size_t n, struct pulse_cell *own)
{
    const struct soft_bounds *p = params;
    for (size_t i = 0; i < n; i++) {
        double one = p->upper * (1 + p->upper_spread * own[i].upper);
        double other = p->lower * (1 + p->lower_spread * own[i].lower);
        own[i].speed = p->dw * exp(p->dw_spread * own[i].speed);
        own[i].upper = fmax(fabs(fmax(one, other)), narrowest);
        own[i].lower = -fmax(fabs(fmin(one, other)), narrowest);
    }
}

static double conductance_of(const struct soft_bounds *p, double w)
{
    double g = p->g_low_siemens + (w + 1) / 2 * (p->g_high_siemens - p->g_low_siemens);
    return g > 0 ? g : 0;
}

static double conductance(const void *params, const struct pulse_cell *cell, struct pulse_state at)
{
    (void)cell;
    return conductance_of(params, at.x + at.offset);
}

static struct pulse_state state(const void *params, const struct pulse_cell *cell, double conductance_siemens)
{
    const struct soft_bounds *p = params;
    double w = 2 * (conductance_siemens - p->g_low_siemens) / (p->g_high_siemens - p->g_low_siemens) - 1;
    return (struct pulse_state){fmin(fmax(w, cell->lower), cell->upper), 0};
}

static double current(const void *params, const struct pulse_cell *cell, struct pulse_state at, double volts)
{
    return conductance(params, cell, at) * volts;
}

static inline struct pulse_state after(const struct soft_bounds *p, const struct pulse_cell *own, double x,
                                       double volts, double z0, double z1)
{
    double bound = volts > 0 ? own->upper : own->lower, step = volts > 0 ? own->speed : -own->speed;
    double next = x + step * (1 - x / bound + p->cycle_spread * z0);
    double above = next > own->lower ? next : own->lower;
    return (struct pulse_state){above < own->upper ? above : own->upper, p->write_noise * p->dw * z1};
}

static struct pulse_state pulse(const void *params, const struct pulse_cell *cell, struct pulse_state from,
                                double volts, double seconds, const double normals[2])
{
    (void)seconds;
    return after(params, cell, from.x, volts, normals[0], normals[1]);
}

static void pulse_many(const void *params, const struct pulse_batch *batch)
{
    const struct soft_bounds *p = params;
    for (size_t i = 0; i < batch->n; i++) {
        struct pulse_state *at = &batch->state[i];
        double before = conductance_of(p, at->x + at->offset), volts = batch->volts[i];
        *at = after(p, &batch->own[i], at->x, volts, batch->normals[0][i], batch->normals[1][i]);
        batch->conductance_siemens[i] = conductance_of(p, at->x + at->offset);
        batch->energy_joules[i] =
            volts * volts * (before + batch->conductance_siemens[i]) / 2 * batch->seconds;
    }
}

static const struct pulse_model model = {
    .state = state,
    .conductance = conductance,
    .pulse = pulse,
    .current = current,
    .prepare = prepare,
    .pulse_many = pulse_many,
};

const struct law law_soft_bounds = {
    .block = LAW_PULSE,
    .kind = "soft-bounds",
    .summary = "identical pulses whose steps shrink towards bounds of each cell's own",
    .source = "Gong et al., IEEE IEDM (2022), as in aihwkit's presets (code)",
    .params = &table,
    .check = check,
    .pulse = &model,
};
