/*
 * Residuals of one relation of a calibration, a dot each: against what was fitted, the column, and the load.
 * A good model leaves no pattern in any of them.
 */
#ifndef REPORT_FIGURE_RESIDUALS_H
#define REPORT_FIGURE_RESIDUALS_H

#include "base/text.h"
#include "report/fitted.h"

/* Appends <figure> of relation number `relation`, or nothing where it has no residuals. */
void figure_residuals_append(struct text *out, const struct fitted *fitted, size_t relation);

#endif
