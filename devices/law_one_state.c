#include "devices/law_one_state.h"

#include <math.h>

struct pulse_state law_one_state_move(const void *params, const struct law_one_state *spread,
                                      const struct law_one_state_pulse *pulse, const struct pulse_cell *cell,
                                      struct pulse_state from, const double normals[2])
{
    const double tolerance = 1e-7, scale = 0.1; /* of x */
    const struct law_one_state_drive drive = {
        params, pulse->volts, exp(spread->speed_spread * cell->speed + spread->cycle_spread * normals[0])};
    double end;
    bool good = ode_integrate(pulse->rate, &drive, from.x, pulse->seconds * pulse->units_per_second,
                              tolerance, scale, pulse->low, pulse->high, &end);
    return (struct pulse_state){good ? end : (double)NAN, 0};
}
