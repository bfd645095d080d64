/*
 * Stanford's gap model with a single barrier (Jiang et al., SISPAD 2014; the public Verilog-A): a filament
 * ends a gap before the electrode, I = I0 exp(-gap / g0) sinh(V / V0), d gap / dt = -v0 exp(-Ea / kT)
 * sinh(gamma a0 V / (L kT)),  gamma = gamma0 - beta (gap / 1 nm)^alpha, T = ambient + |V I| Rth, kT in eV,
 * with end stops 1 - exp(-distance / soft) at both ends of the gap. spice/models/stanford.sub is the same
 * circuit for ngspice.
 */
#include <math.h>
#include <stdio.h>

#include "devices/laws.h"
#include "devices/pulse.h"
#include "numeric/ode.h"

struct stanford {
    double i0_amperes, g0_nm, v0_volts, velocity, gamma0, beta, alpha, thickness_nm, a0_nm, ea_ev, rth;
    double ambient_kelvin, gap_min_nm, gap_max_nm, soft_nm, v_read_volts, speed_spread, cycle_spread;
};

#define MEMBER(name) offsetof(struct stanford, name)
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
static const struct option options[] = {
    {.key = "i0",
     .kind = OPTION_REAL,
     .unit = QUANTITY_AMPERE,
     .offset = MEMBER(i0_amperes),
     .high = 10,
     .flags = OPTION_LOW_OPEN,
     .help = "current scale"},
    NUMBER("g0_nm", g0_nm, 1e-3, 10, "decay length of the current, nm"),
    {.key = "v0",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(v0_volts),
     .high = 10,
     .flags = OPTION_LOW_OPEN,
     .help = "voltage scale of the current"},
    NUMBER("velocity", velocity, 1e-6, 1e6, "v0 of the gap's growth, m/s"),
    NUMBER("gamma0", gamma0, 0, 100, "field enhancement at gap 0"),
    NUMBER("beta", beta, 0, 100, "its fall with the gap"),
    NUMBER("alpha", alpha, 0, 10, "power of that fall"),
    NUMBER("thickness_nm", thickness_nm, 0.1, 1000, "L, nm"),
    NUMBER("a0_nm", a0_nm, 0.01, 10, "hopping distance, nm"),
    NUMBER("ea_ev", ea_ev, 0, 10, "activation energy, eV"),
    NUMBER("rth", rth, 0, 1e9, "thermal resistance, K/W"),
    {.key = "ambient",
     .kind = OPTION_REAL,
     .unit = QUANTITY_KELVIN,
     .offset = MEMBER(ambient_kelvin),
     .high = 2000,
     .flags = OPTION_LOW_OPEN,
     .initial = "298.15 K",
     .help = "ambient temperature"},
    NUMBER("gap_min_nm", gap_min_nm, 0, 100, "smallest gap, nm"),
    NUMBER("gap_max_nm", gap_max_nm, 0, 100, "largest gap, nm"),
    DEFAULT("soft_nm", soft_nm, "0.02", 1e-6, 10, "length of the end stops, nm"),
    {.key = "v_read",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(v_read_volts),
     .high = 10,
     .flags = OPTION_LOW_OPEN,
     .initial = "0.1 V",
     .help = "voltage at which a conductance is meant"},
    DEFAULT("speed_spread", speed_spread, "0", 0, 5, "device-to-device standard deviation of ln velocity"),
    DEFAULT("cycle_spread", cycle_spread, "0", 0, 5, "pulse-to-pulse standard deviation of ln velocity"),
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

static double current_at(const void *params, double gap_nm, double volts)
{
    const struct stanford *p = params;
    return p->i0_amperes * exp(-gap_nm / p->g0_nm) * sinh(fmin(fmax(volts / p->v0_volts, -30), 30));
}

static double conductance_at(const void *params, double gap_nm)
{
    const struct stanford *p = params;
    return current_at(p, gap_nm, p->v_read_volts) / p->v_read_volts;
}

static struct pulse_state state(const void *params, const struct pulse_cell *cell, double conductance_siemens)
{
    const struct stanford *p = params;
    (void)cell;
    double largest = conductance_at(p, 0);
    double gap = conductance_siemens > 0 ? p->g0_nm * log(largest / conductance_siemens) : p->gap_max_nm;
    return (struct pulse_state){fmin(fmax(gap, p->gap_min_nm), p->gap_max_nm), 0};
}

struct drive {
    const struct stanford *p;
    double volts, speed;
};

/* Rates are scaled to ns: nm per ns is m/s. */
static double rate(const void *context, double gap_nm)
{
    const struct drive *drive = context;
    const struct stanford *p = drive->p;
    double power = fabs(drive->volts * current_at(p, gap_nm, drive->volts));
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
    const struct drive drive = {p, volts, exp(p->speed_spread * cell->speed + p->cycle_spread * normals[0])};
    double end;
    bool good =
        ode_integrate(rate, &drive, from.x, seconds * 1e9, 1e-7, 0.1, p->gap_min_nm, p->gap_max_nm, &end);
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

const struct law law_stanford = {
    .block = LAW_PULSE,
    .kind = "stanford",
    .summary = "gap model with a single barrier and a static temperature",
    .source = "Jiang et al., SISPAD (2014); the public Verilog-A",
    .params = &table,
    .check = check,
    .pulse = &model,
};
