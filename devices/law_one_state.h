/*
 * What the pulse models with one state variable share: rates that spread from cell to cell and from pulse to
 * pulse, and the integration of dx/dt over a rectangular pulse, stopped at both ends of the state's range.
 */
#ifndef DEVICES_LAW_ONE_STATE_H
#define DEVICES_LAW_ONE_STATE_H

#include "devices/law.h"
#include "devices/pulse.h"
#include "numeric/ode.h"

/* A member of a model's parameters: standard deviations of ln (dx/dt). */
struct law_one_state {
    double speed_spread, cycle_spread;
};

/* Their two rows of the option table; `at` is the member's offset, `of` names what spreads. */
#define LAW_ONE_STATE_OPTIONS(at, of)                                                                        \
    LAW_NUMBER_OR("speed_spread", (at) + offsetof(struct law_one_state, speed_spread), "0", 0, 5,            \
                  "device-to-device standard deviation of " of),                                             \
        LAW_NUMBER_OR("cycle_spread", (at) + offsetof(struct law_one_state, cycle_spread), "0", 0, 5,        \
                      "pulse-to-pulse standard deviation of " of)

/* What a rate is called with. */
struct law_one_state_drive {
    const void *params;
    double volts, speed; /* factor on the rate */
};

/* A pulse of one cell: dx/dt in parts of units_per_second, x kept between low and high. */
struct law_one_state_pulse {
    ode_rate *rate; /* called with a struct law_one_state_drive */
    double low, high, volts, seconds, units_per_second;
};

/* The state after the pulse; normals [2] as in pulse.h. x is NAN when it could not be integrated. */
struct pulse_state law_one_state_move(const void *params, const struct law_one_state *spread,
                                      const struct law_one_state_pulse *pulse, const struct pulse_cell *cell,
                                      struct pulse_state from, const double normals[2]);

#endif
