/*
 * How a cell answers programming pulses: models with one state per cell. Descriptors of the block `pulse` of
 * a card.
 */
#ifndef DEVICES_PULSE_H
#define DEVICES_PULSE_H

#include <stdbool.h>
#include <stddef.h>

/* One cell's own figures: standard normals, drawn once per trial (a model uses those it has a spread for), or
 * what the model's `prepare` makes of them. */
struct pulse_cell {
    double speed, upper, lower;
};

/* A model's state variable, and by how much what is read differs from it until the next pulse. */
struct pulse_state {
    double x, offset;
};

/* One pulse of each of n cells; arrays are [n]. */
struct pulse_batch {
    size_t n;
    const struct pulse_cell *own; /* prepared */
    struct pulse_state *state;    /* before; replaced by what follows the pulse */
    const double *volts;          /* signed; of the driver */
    double seconds;
    const double *normals[2];                    /* of this pulse */
    double *conductance_siemens, *energy_joules; /* out: after the pulse; taken from the driver */
};

struct pulse_model {
    bool knows_volts; /* whether amplitudes matter; otherwise unselected cells cannot be disturbed */
    /* The state at which a cell reads conductance_siemens, the nearest it can take. */
    struct pulse_state (*state)(const void *params, const struct pulse_cell *cell,
                                double conductance_siemens);
    double (*conductance)(const void *params, const struct pulse_cell *cell, struct pulse_state state);
    /*
     * The state after a rectangular pulse; volts > 0 raises the conductance. normals [2]: of this pulse; a
     * model uses those it has a spread for. x is NAN when the model could not be integrated.
     */
    struct pulse_state (*pulse)(const void *params, const struct pulse_cell *cell, struct pulse_state state,
                                double volts, double seconds, const double normals[2]);
    /* Current at `volts` in that state, for the energy of a pulse. */
    double (*current)(const void *params, const struct pulse_cell *cell, struct pulse_state state,
                      double volts);
    /* Optional: standard normals into figures that `pulse` needs every time. NULL: they stay. */
    void (*prepare)(const void *params, size_t n, struct pulse_cell *own);
    /* Optional: `pulse`, `conductance` and the energy of many cells without series resistance. */
    void (*pulse_many)(const void *params, const struct pulse_batch *batch);
};

/* Makes standard normals own [n] what the model's functions take. */
void pulse_prepare(const struct pulse_model *model, const void *params, size_t n, struct pulse_cell *own);

/*
 * Pulses through a resistance in series with each cell: the cell sees v with v + r_series_ohm I(v) = volts,
 * followed while the state changes (frozen over steps that change the conductance by 5 % at most, midpoint
 * rule, so that the voltage error is of second order).
 */
void pulse_give(const struct pulse_model *model, const void *params, double r_series_ohm,
                const struct pulse_batch *batch);

#endif
