#include "crossbar/cell_selector.h"

#include <math.h>

bool cell_selector_exists(const struct cell_selector *selector)
{
    return selector->i0_amperes > 0;
}

double cell_selector_volts(const struct cell_selector *selector, double amperes, double *slope_ohm)
{
    *slope_ohm = 0;
    if (!cell_selector_exists(selector))
        return 0;
    *slope_ohm = selector->v0_volts / hypot(selector->i0_amperes, amperes);
    return selector->v0_volts * asinh(amperes / selector->i0_amperes);
}
