/*
 * VTEAM (Kvatinsky et al., IEEE TCAS II 62, 786, 2015): x from 0 (on) to 1 (off), R = r_on + (r_off - r_on)
 * x, d dx/dt = k_off (v / v_off - 1)^a_off f_off above v_off, k_on (v / v_on - 1)^a_on f_on below v_on, else
 * 0. In the paper a positive voltage raises the resistance; here, as everywhere in the project, it raises the
 * conductance, so v is minus the pulse's voltage. Windows f_off = 1 - x^(2p), f_on = 1 - (1 - x)^(2p).
 * spice/models/vteam.sub is the same circuit for ngspice.
 */
#include <math.h>
#include <stdio.h>

#include "devices/law_one_state.h"
#include "devices/laws.h"

struct vteam {
    double r_on_ohm, r_off_ohm, d_nm, k_off, k_on, a_off, a_on, v_off_volts, v_on_volts, window;
    struct law_one_state spread;
};

#define MEMBER(name) offsetof(struct vteam, name)
#define VOLT(name, member, least, most, what)                                                                \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_VOLT, .offset = MEMBER(member), .low = (least),   \
        .high = (most), .help = what                                                                         \
    }
static const struct option options[] = {
    LAW_POSITIVE("r_on", MEMBER(r_on_ohm), OHM, 1e12, "resistance at x = 0"),
    LAW_POSITIVE("r_off", MEMBER(r_off_ohm), OHM, 1e12, "resistance at x = 1"),
    LAW_NUMBER("d_nm", MEMBER(d_nm), 1e-3, 1e4, "length that x is in parts of, nm"),
    LAW_NUMBER("k_off", MEMBER(k_off), 0, 1e9, "speed towards off, m/s"),
    LAW_NUMBER("k_on", MEMBER(k_on), -1e9, 0, "speed towards on, m/s (negative)"),
    LAW_NUMBER("a_off", MEMBER(a_off), 0, 20, "power of the overdrive towards off"),
    LAW_NUMBER("a_on", MEMBER(a_on), 0, 20, "power of the overdrive towards on"),
    VOLT("v_off", v_off_volts, 1e-6, 100, "threshold towards off"),
    VOLT("v_on", v_on_volts, -100, -1e-6, "threshold towards on (negative)"),
    LAW_NUMBER("window", MEMBER(window), 0.1, 100, "p of the windows"),
    LAW_ONE_STATE_OPTIONS(MEMBER(spread), "the logarithm of both speeds"),
};
static const struct option_table table = {options, sizeof options / sizeof options[0], sizeof(struct vteam)};

static bool check(const void *params, char *why, size_t why_size)
{
    const struct vteam *p = params;
    if (p->r_on_ohm < p->r_off_ohm)
        return true;
    snprintf(why, why_size, "r_on must be below r_off");
    return false;
}

static double conductance(const void *params, const struct pulse_cell *cell, struct pulse_state at)
{
    const struct vteam *p = params;
    (void)cell;
    return 1 / (p->r_on_ohm + (p->r_off_ohm - p->r_on_ohm) * fmin(fmax(at.x, 0), 1));
}

static struct pulse_state state(const void *params, const struct pulse_cell *cell, double conductance_siemens)
{
    const struct vteam *p = params;
    (void)cell;
    double x =
        conductance_siemens > 0 ? (1 / conductance_siemens - p->r_on_ohm) / (p->r_off_ohm - p->r_on_ohm) : 1;
    return (struct pulse_state){fmin(fmax(x, 0), 1), 0};
}

static double current(const void *params, const struct pulse_cell *cell, struct pulse_state at, double volts)
{
    return conductance(params, cell, at) * volts;
}

/* Per ns. */
static double rate(const void *context, double x)
{
    const struct law_one_state_drive *drive = context;
    const struct vteam *p = drive->params;
    double v = -drive->volts;
    if (v > p->v_off_volts)
        return drive->speed * p->k_off / p->d_nm * pow(v / p->v_off_volts - 1, p->a_off) *
               (1 - pow(fmin(fmax(x, 0), 1), 2 * p->window));
    if (v < p->v_on_volts)
        return drive->speed * p->k_on / p->d_nm * pow(v / p->v_on_volts - 1, p->a_on) *
               (1 - pow(1 - fmin(fmax(x, 0), 1), 2 * p->window));
    return 0;
}

static struct pulse_state pulse(const void *params, const struct pulse_cell *cell, struct pulse_state from,
                                double volts, double seconds, const double normals[2])
{
    const struct vteam *p = params;
    const struct law_one_state_pulse pulse = {rate, 0, 1, volts, seconds, 1e9};
    return law_one_state_move(p, &p->spread, &pulse, cell, from, normals);
}

static const struct pulse_model model = {true, state, conductance, pulse, current};

const struct law law_vteam = {
    .block = LAW_PULSE,
    .kind = "vteam",
    .summary = "threshold model of a linear resistance",
    .source = "Kvatinsky et al., IEEE TCAS II 62, 786 (2015)",
    .params = &table,
    .check = check,
    .pulse = &model,
};
