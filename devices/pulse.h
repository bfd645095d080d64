/*
 * How a cell answers programming pulses: models with one state per cell. Descriptors of the block `pulse` of
 * a card.
 */
#ifndef DEVICES_PULSE_H
#define DEVICES_PULSE_H

#include <stdbool.h>

/* One cell's own figures, drawn once per trial (standard normals; a model uses those it has a spread for). */
struct pulse_cell {
    double speed, upper, lower;
};

/* A model's state variable, and by how much what is read differs from it until the next pulse. */
struct pulse_state {
    double x, offset;
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
};

#endif
