/* One ordinary differential equation, integrated with an adaptive step. */
#ifndef NUMERIC_ODE_H
#define NUMERIC_ODE_H

#include <stdbool.h>

/* dy/dt at y; the equation does not know the time. */
typedef double ode_rate(const void *context, double y);

/*
 * y after `seconds`, from y_start: Dormand and Prince's pair of orders 5 and 4 (J. Comput. Appl. Math. 6, 19,
 * 1980), the error of each step at most tolerance max(|y|, y_scale). y is kept between low and high. False
 * when steps become too small or too many; y_end is then how far it came.
 */
bool ode_integrate(ode_rate *rate, const void *context, double y_start, double seconds, double tolerance,
                   double y_scale, double low, double high, double *y_end);

#endif
