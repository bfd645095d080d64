/*
 * Yakopcic's model (IEEE TCAD 32, 1201, 2013): I = a1 x sinh(b V) for V >= 0, a2 x sinh(b V) below,
 *     dx/dt = eta g(V) f(x),  g = Ap (e^V - e^Vp) above Vp, -An (e^-V - e^Vn) below -Vn, else 0,
 * f = 1, but beyond xp (rising) e^(-alpha_p (x - xp)) ((xp - x) / (1 - xp) + 1) and below 1 - xn (falling)
 * e^(alpha_n (x + xn - 1)) x / (1 - xn). spice/models/yakopcic.sub is the same circuit for ngspice.
 */
#include <math.h>
#include <stdio.h>

#include "devices/laws.h"
#include "devices/pulse.h"
#include "numeric/ode.h"

struct yakopcic {
    double a1, a2, b, vp_volts, vn_volts, ap, an, xp, xn, alpha_p, alpha_n, eta, v_read_volts;
    double speed_spread, cycle_spread;
};

#define MEMBER(name) offsetof(struct yakopcic, name)
#define NUMBER(name, member, least, most, what)                                                              \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_NONE, .offset = MEMBER(member), .low = (least),   \
        .high = (most), .help = what                                                                         \
    }
#define DEFAULT(name, member, value, least, most, what)                                                      \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_NONE, .offset = MEMBER(member), .low = (least),   \
        .high = (most), .initial = value, .help = what                                                       \
    }
#define VOLT(name, member, what)                                                                             \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_VOLT, .offset = MEMBER(member), .high = 100,      \
        .flags = OPTION_LOW_OPEN, .help = what                                                               \
    }
static const struct option options[] = {
    NUMBER("a1", a1, 1e-15, 1e3, "current factor for positive voltages, A"),
    NUMBER("a2", a2, 1e-15, 1e3, "current factor for negative voltages, A"),
    NUMBER("b", b, 1e-6, 1e3, "curvature of the current, 1/V"),
    VOLT("vp", vp_volts, "positive threshold"),
    VOLT("vn", vn_volts, "negative threshold, as a positive number"),
    NUMBER("ap", ap, 0, 1e15, "speed above vp, 1/s"),
    NUMBER("an", an, 0, 1e15, "speed below -vn, 1/s"),
    NUMBER("xp", xp, 0, 0.999999, "where rising slows down"),
    NUMBER("xn", xn, 0, 0.999999, "1 - xn is where falling slows down"),
    NUMBER("alpha_p", alpha_p, 0, 1000, "how fast rising slows down"),
    NUMBER("alpha_n", alpha_n, 0, 1000, "how fast falling slows down"),
    DEFAULT("eta", eta, "1", -1, 1, "direction: 1 or -1"),
    {.key = "v_read",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(v_read_volts),
     .high = 10,
     .flags = OPTION_LOW_OPEN,
     .initial = "0.1 V",
     .help = "voltage at which a conductance is meant"},
    DEFAULT("speed_spread", speed_spread, "0", 0, 5, "device-to-device standard deviation of ln dx/dt"),
    DEFAULT("cycle_spread", cycle_spread, "0", 0, 5, "pulse-to-pulse standard deviation of ln dx/dt"),
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct yakopcic)};

static bool check(const void *params, char *why, size_t why_size)
{
    const struct yakopcic *p = params;
    if (fabs(p->eta) == 1)
        return true;
    snprintf(why, why_size, "eta is 1 or -1");
    return false;
}

static double current_at(const void *params, double x, double volts)
{
    const struct yakopcic *p = params;
    return (volts >= 0 ? p->a1 : p->a2) * x * sinh(p->b * volts);
}

static double conductance_at(const void *params, double x)
{
    const struct yakopcic *p = params;
    return current_at(p, x, p->v_read_volts) / p->v_read_volts;
}

static struct pulse_state state(const void *params, const struct pulse_cell *cell, double conductance_siemens)
{
    (void)cell;
    return (struct pulse_state){fmin(fmax(conductance_siemens / conductance_at(params, 1), 0), 1), 0};
}

struct drive {
    const struct yakopcic *p;
    double volts, speed;
};

static double threshold(const struct yakopcic *p, double volts)
{
    if (volts > p->vp_volts)
        return p->ap * (exp(volts) - exp(p->vp_volts));
    if (volts < -p->vn_volts)
        return -p->an * (exp(-volts) - exp(p->vn_volts));
    return 0;
}

static double rate(const void *context, double x)
{
    const struct drive *drive = context;
    const struct yakopcic *p = drive->p;
    double f = 1, speed = p->eta * threshold(p, drive->volts);
    if (speed > 0 && x >= p->xp)
        f = exp(-p->alpha_p * (x - p->xp)) * ((p->xp - x) / (1 - p->xp) + 1);
    else if (speed < 0 && x <= 1 - p->xn)
        f = exp(p->alpha_n * (x + p->xn - 1)) * x / (1 - p->xn);
    return drive->speed * speed * fmax(f, 0);
}

static struct pulse_state pulse(const void *params, const struct pulse_cell *cell, struct pulse_state from,
                                double volts, double seconds, const double normals[2])
{
    const struct yakopcic *p = params;
    const struct drive drive = {p, volts, exp(p->speed_spread * cell->speed + p->cycle_spread * normals[0])};
    double end;
    bool good = ode_integrate(rate, &drive, from.x, seconds, 1e-7, 0.1, 0, 1, &end);
    return (struct pulse_state){good ? end : (double)NAN, 0};
}

static double conductance(const void *params, const struct pulse_cell *cell, struct pulse_state at)
{
    (void)cell;
    return conductance_at(params, at.x);
}

static double current(const void *params, const struct pulse_cell *cell, struct pulse_state at, double volts)
{
    (void)cell;
    return current_at(params, at.x, volts);
}

static const struct pulse_model model = {true, state, conductance, pulse, current};

const struct law law_yakopcic = {
    .block = LAW_PULSE,
    .kind = "yakopcic",
    .summary = "generalised threshold model with a sinh current",
    .source = "Yakopcic et al., IEEE TCAD 32, 1201 (2013)",
    .params = &table,
    .check = check,
    .pulse = &model,
};
