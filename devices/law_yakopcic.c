/*
 * Yakopcic's model (IEEE TCAD 32, 1201, 2013): I = a1 x sinh(b V) for V >= 0, a2 x sinh(b V) below,
 *     dx/dt = eta g(V) f(x),  g = Ap (e^V - e^Vp) above Vp, -An (e^-V - e^Vn) below -Vn, else 0,
 * f = 1, but beyond xp (rising) e^(-alpha_p (x - xp)) ((xp - x) / (1 - xp) + 1) and below 1 - xn (falling)
 * e^(alpha_n (x + xn - 1)) x / (1 - xn). spice/models/yakopcic.sub is the same circuit for ngspice.
 */
#include <math.h>
#include <stdio.h>

#include "devices/law_one_state.h"
#include "devices/laws.h"

struct yakopcic {
    double a1, a2, b, vp_volts, vn_volts, ap, an, xp, xn, alpha_p, alpha_n, eta, v_read_volts;
    struct law_one_state spread;
};

#define MEMBER(name) offsetof(struct yakopcic, name)
static const struct option options[] = {
    LAW_NUMBER("a1", MEMBER(a1), 1e-15, 1e3, "current factor for positive voltages, A"),
    LAW_NUMBER("a2", MEMBER(a2), 1e-15, 1e3, "current factor for negative voltages, A"),
    LAW_NUMBER("b", MEMBER(b), 1e-6, 1e3, "curvature of the current, 1/V"),
    LAW_POSITIVE("vp", MEMBER(vp_volts), VOLT, 100, "positive threshold"),
    LAW_POSITIVE("vn", MEMBER(vn_volts), VOLT, 100, "negative threshold, as a positive number"),
    LAW_NUMBER("ap", MEMBER(ap), 0, 1e15, "speed above vp, 1/s"),
    LAW_NUMBER("an", MEMBER(an), 0, 1e15, "speed below -vn, 1/s"),
    LAW_NUMBER("xp", MEMBER(xp), 0, 0.999999, "where rising slows down"),
    LAW_NUMBER("xn", MEMBER(xn), 0, 0.999999, "1 - xn is where falling slows down"),
    LAW_NUMBER("alpha_p", MEMBER(alpha_p), 0, 1000, "how fast rising slows down"),
    LAW_NUMBER("alpha_n", MEMBER(alpha_n), 0, 1000, "how fast falling slows down"),
    LAW_NUMBER_OR("eta", MEMBER(eta), "1", -1, 1, "direction: 1 or -1"),
    LAW_POSITIVE_OR("v_read", MEMBER(v_read_volts), VOLT, "0.1 V", 10,
                    "voltage at which a conductance is meant"),
    LAW_ONE_STATE_OPTIONS(MEMBER(spread), "ln dx/dt"),
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

static double current(const void *params, const struct pulse_cell *cell, struct pulse_state at, double volts)
{
    const struct yakopcic *p = params;
    (void)cell;
    return (volts >= 0 ? p->a1 : p->a2) * at.x * sinh(p->b * volts);
}

static double conductance(const void *params, const struct pulse_cell *cell, struct pulse_state at)
{
    const struct yakopcic *p = params;
    return current(p, cell, at, p->v_read_volts) / p->v_read_volts;
}

static struct pulse_state state(const void *params, const struct pulse_cell *cell, double conductance_siemens)
{
    double largest = conductance(params, cell, (struct pulse_state){1, 0});
    return (struct pulse_state){fmin(fmax(conductance_siemens / largest, 0), 1), 0};
}

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
    const struct law_one_state_drive *drive = context;
    const struct yakopcic *p = drive->params;
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
    const struct law_one_state_pulse pulse = {rate, 0, 1, volts, seconds, 1};
    return law_one_state_move(p, &p->spread, &pulse, cell, from, normals);
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
