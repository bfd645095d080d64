/* Correlations of the parameters of one relation of a calibration, as a coloured square with numbers. */
#ifndef REPORT_FIGURE_CORRELATION_H
#define REPORT_FIGURE_CORRELATION_H

#include "base/text.h"
#include "report/fitted.h"

/* Appends <figure> of relation number `relation`, or nothing where fewer than two parameters are free. */
void figure_correlation_append(struct text *out, const struct fitted *fitted, size_t relation);

#endif
