/*
 * Current against voltage of one cell, by a factor on its small-signal conductance: the chord conductance
 * I / V is g factor(V). sinh: factor = sinh(V / v0) / (V / v0); table: linear in |V| between the given volts,
 * constant beyond. Acts on no conductance by itself: conductances are small-signal values everywhere
 * (definitions 6).
 */
#include "devices/law_current_voltage.h"

#include <math.h>
#include <stdio.h>

#include "devices/laws.h"

struct sine {
    double v0_volts, v_read_volts;
};

struct curve {
    struct option_reals volts, factor;
    double v_read_volts;
};

#define VOLTS(name, place, what)                                                                             \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_VOLT, .offset = (place), .high = 100,             \
        .flags = OPTION_LOW_OPEN, .help = what                                                               \
    }
#define V_READ_HELP "voltage at which the source states targets and reads"
static const struct option sine_options[] = {
    VOLTS("v0", offsetof(struct sine, v0_volts), "voltage over which the current bends up"),
    VOLTS("v_read", offsetof(struct sine, v_read_volts), V_READ_HELP),
};
static const struct option_table sine_table = {sine_options, sizeof sine_options / sizeof sine_options[0],
                                               sizeof(struct sine)};

static const struct option curve_options[] = {
    {.key = "volts",
     .kind = OPTION_REALS,
     .unit = QUANTITY_VOLT,
     .offset = offsetof(struct curve, volts),
     .low = 0,
     .high = 100,
     .help = "voltages of the table, rising"},
    {.key = "factor",
     .kind = OPTION_REALS,
     .unit = QUANTITY_NONE,
     .offset = offsetof(struct curve, factor),
     .high = 1e6,
     .flags = OPTION_LOW_OPEN,
     .help = "chord conductance at each, in parts of the small-signal one"},
    VOLTS("v_read", offsetof(struct curve, v_read_volts), V_READ_HELP),
};
static const struct option_table curve_table = {curve_options, sizeof curve_options / sizeof curve_options[0],
                                                sizeof(struct curve)};

static bool check_curve(const void *params, char *why, size_t why_size)
{
    const struct curve *p = params;
    if (p->volts.n != p->factor.n) {
        snprintf(why, why_size, "%d volts and %d factors found, as many of each expected", p->volts.n,
                 p->factor.n);
        return false;
    }
    return law_check_rising("volts", &p->volts, why, why_size);
}

static double curve_factor(const struct curve *p, double volts)
{
    const double *v = p->volts.values, *f = p->factor.values;
    int last = p->volts.n - 1, i = 0;
    if (volts <= v[0])
        return f[0];
    if (volts >= v[last])
        return f[last];
    while (volts > v[i + 1])
        i++;
    return f[i] + (volts - v[i]) / (v[i + 1] - v[i]) * (f[i + 1] - f[i]);
}

double law_current_voltage_sinh(double squared)
{
    double x = sqrt(fabs(squared));
    if (x < 1e-3)
        return 1 + squared / 6 + squared * squared / 120;
    return squared > 0 ? sinh(x) / x : sin(x) / x;
}

double law_current_voltage_factor(const struct law *law, const void *params, double volts)
{
    const struct sine *sine = params;
    if (law->params == &curve_table)
        return curve_factor(params, fabs(volts));
    return law_current_voltage_sinh(volts * volts / (sine->v0_volts * sine->v0_volts));
}

bool law_current_voltage_v0(const struct law *law, const void *params, double *v0_volts)
{
    if (law->params == &sine_table)
        *v0_volts = ((const struct sine *)params)->v0_volts;
    return law->params == &sine_table;
}

size_t law_current_voltage_points(const struct law *law, const void *params, const double **volts,
                                  const double **factor)
{
    const struct curve *curve = params;
    if (law->params != &curve_table)
        return 0;
    *volts = curve->volts.values;
    *factor = curve->factor.values;
    return (size_t)curve->volts.n;
}

const struct law law_current_voltage_sine = {
    .block = LAW_CURRENT_VOLTAGE,
    .kind = "sinh",
    .summary = "I = g v0 sinh(V / v0), g the small-signal conductance",
    .source = "the usual form for HfO2 cells (textbook)",
    .params = &sine_table,
};

const struct law law_current_voltage_table = {
    .block = LAW_CURRENT_VOLTAGE,
    .kind = "table",
    .summary = "chord conductance in parts of the small-signal one, from a table",
    .source = "the user's measurement",
    .params = &curve_table,
    .check = check_curve,
};
