/* Energy of each system by category, as stacked bars: all of it, and without the writes of K, V and Q. */
#ifndef REPORT_FIGURE_ENERGY_H
#define REPORT_FIGURE_ENERGY_H

#include "base/text.h"
#include "report/costs.h"

/* At the lowest value of every key. */
void figure_energy_append(struct text *out, const struct costs *costs);

#endif
