/*
 * Stanford's gap model with a single barrier (Jiang et al., SISPAD 2014; the public Verilog-A): a filament
 * ends a gap before the electrode, I = I0 exp(-gap / g0) sinh(V / V0), d gap / dt = -v0 exp(-Ea / kT)
 * sinh(gamma a0 V / (L kT)),  gamma = gamma0 - beta (gap / 1 nm)^alpha, T = ambient + |V I| Rth, kT in eV,
 * with end stops 1 - exp(-distance / soft) at both ends of the gap. spice/models/stanford.sub is the same
 * circuit for ngspice.
 */
#include <math.h>
#include <stdio.h>

#include "devices/law_one_state.h"
#include "devices/laws.h"

struct stanford {
    double i0_amperes, g0_nm, v0_volts, velocity, gamma0, beta, alpha, thickness_nm, a0_nm, ea_ev, rth;
    double ambient_kelvin, gap_min_nm, gap_max_nm, soft_nm, v_read_volts;
    struct law_one_state spread;
};

#define MEMBER(name) offsetof(struct stanford, name)
static const struct option options[] = {
    LAW_POSITIVE("i0", MEMBER(i0_amperes), AMPERE, 10, "current scale"),
    LAW_NUMBER("g0_nm", MEMBER(g0_nm), 1e-3, 10, "decay length of the current, nm"),
    LAW_POSITIVE("v0", MEMBER(v0_volts), VOLT, 10, "voltage scale of the current"),
    LAW_NUMBER("velocity", MEMBER(velocity), 1e-6, 1e6, "v0 of the gap's growth, m/s"),
    LAW_NUMBER("gamma0", MEMBER(gamma0), 0, 100, "field enhancement at gap 0"),
    LAW_NUMBER("beta", MEMBER(beta), 0, 100, "its fall with the gap"),
    LAW_NUMBER("alpha", MEMBER(alpha), 0, 10, "power of that fall"),
    LAW_NUMBER("thickness_nm", MEMBER(thickness_nm), 0.1, 1000, "L, nm"),
    LAW_NUMBER("a0_nm", MEMBER(a0_nm), 0.01, 10, "hopping distance, nm"),
    LAW_NUMBER("ea_ev", MEMBER(ea_ev), 0, 10, "activation energy, eV"),
    LAW_NUMBER("rth", MEMBER(rth), 0, 1e9, "thermal resistance, K/W"),
    LAW_POSITIVE_OR("ambient", MEMBER(ambient_kelvin), KELVIN, "298.15 K", 2000, "ambient temperature"),
    LAW_NUMBER("gap_min_nm", MEMBER(gap_min_nm), 0, 100, "smallest gap, nm"),
    LAW_NUMBER("gap_max_nm", MEMBER(gap_max_nm), 0, 100, "largest gap, nm"),
    LAW_NUMBER_OR("soft_nm", MEMBER(soft_nm), "0.02", 1e-6, 10, "length of the end stops, nm"),
    LAW_POSITIVE_OR("v_read", MEMBER(v_read_volts), VOLT, "0.1 V", 10,
                    "voltage at which a conductance is meant"),
    LAW_ONE_STATE_OPTIONS(MEMBER(spread), "ln velocity"),
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct stanford)};

static const double boltzmann_ev = 8.617333262e-5;

static bool check(const void *params, char *why, size_t why_size)
{
    const struct stanford *p = params;
    if (p->gap_min_nm < p->gap_max_nm)
        return true;
    snprintf(why, why_size, "gap_min_nm must be below gap_max_nm");
    return false;
}

static double current(const void *params, const struct pulse_cell *cell, struct pulse_state at, double volts)
{
    const struct stanford *p = params;
    (void)cell;
    return p->i0_amperes * exp(-at.x / p->g0_nm) * sinh(fmin(fmax(volts / p->v0_volts, -30), 30));
}

static double conductance(const void *params, const struct pulse_cell *cell, struct pulse_state at)
{
    const struct stanford *p = params;
    return current(p, cell, at, p->v_read_volts) / p->v_read_volts;
}

static struct pulse_state state(const void *params, const struct pulse_cell *cell, double conductance_siemens)
{
    const struct stanford *p = params;
    double largest = conductance(p, cell, (struct pulse_state){0, 0});
    double gap = conductance_siemens > 0 ? p->g0_nm * log(largest / conductance_siemens) : p->gap_max_nm;
    return (struct pulse_state){fmin(fmax(gap, p->gap_min_nm), p->gap_max_nm), 0};
}

/* Rates are scaled to ns: nm per ns is m/s. */
static double rate(const void *context, double gap_nm)
{
    const struct law_one_state_drive *drive = context;
    const struct stanford *p = drive->params;
    double power = fabs(drive->volts * current(p, NULL, (struct pulse_state){gap_nm, 0}, drive->volts));
    double kt = boltzmann_ev * (p->ambient_kelvin + fmin(power * p->rth, 2000));
    double gamma = fmax(p->gamma0 - p->beta * pow(fmax(gap_nm, 0), p->alpha), 0);
    double field = gamma * p->a0_nm / p->thickness_nm * drive->volts / kt;
    double stop = drive->volts > 0 ? 1 - exp(-(gap_nm - p->gap_min_nm) / p->soft_nm)
                                   : 1 - exp(-(p->gap_max_nm - gap_nm) / p->soft_nm);
    double moved = drive->speed * p->velocity * exp(-p->ea_ev / kt) * sinh(fmin(fabs(field), 60));
    return (drive->volts > 0 ? -1 : 1) * fmax(0, stop) * moved;
}

static struct pulse_state pulse(const void *params, const struct pulse_cell *cell, struct pulse_state from,
                                double volts, double seconds, const double normals[2])
{
    const struct stanford *p = params;
    const struct law_one_state_pulse pulse = {rate, p->gap_min_nm, p->gap_max_nm, volts, seconds, 1e9};
    return law_one_state_move(p, &p->spread, &pulse, cell, from, normals);
}

static const struct pulse_model model = {true, state, conductance, pulse, current};

const struct law law_stanford = {
    .block = LAW_PULSE,
    .kind = "stanford",
    .summary = "gap model with a single barrier and a static temperature",
    .source = "Jiang et al., SISPAD (2014); the public Verilog-A",
    .params = &table,
    .check = check,
    .pulse = &model,
};
