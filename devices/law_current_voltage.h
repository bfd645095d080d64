/* What the current_voltage block of a card tells. */
#ifndef DEVICES_LAW_CURRENT_VOLTAGE_H
#define DEVICES_LAW_CURRENT_VOLTAGE_H

#include "devices/law.h"

/* Chord conductance I / V at a voltage, in parts of the small-signal conductance. */
double law_current_voltage_factor(const struct law *law, const void *params, double volts);

/* sinh(x) / x as a function of x^2; sin(|x|) / |x| below 0, which keeps it smooth there. */
double law_current_voltage_sinh(double squared);

/* v0 of the law `sinh`; false for another. */
bool law_current_voltage_v0(const struct law *law, const void *params, double *v0_volts);

/* The points of the law `table`, borrowed: their number, or 0 for another. */
size_t law_current_voltage_points(const struct law *law, const void *params, const double **volts,
                                  const double **factor);

#endif
