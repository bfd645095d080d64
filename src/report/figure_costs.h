/*
 * Noise meets cost, for one system: extra traffic and energy per correct decision along the first swept key,
 * speed-up and energy ratio against the task metric (output error where there is no task).
 */
#ifndef REPORT_FIGURE_COSTS_H
#define REPORT_FIGURE_COSTS_H

#include "base/text.h"
#include "report/costs.h"

void figure_costs_append(struct text *out, const struct costs *costs, size_t system);

#endif
