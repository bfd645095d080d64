/* Shares of decisions in bins, a dot each with its 95 % interval; beside them, where there is one, what was
 * expected. */
#ifndef REPORT_FIGURE_SHARES_H
#define REPORT_FIGURE_SHARES_H

#include <stddef.h>

#include "base/text.h"

struct figure_shares {
    const char *id, *title, *description, *x_title, *y_title, *caption;
    size_t n;
    const double *x, *ratio, *low, *high, *count; /* [n]; bins without decisions are left out */
    const double *expected;                       /* [n], or NULL */
    char *const *words;                           /* [n] of the horizontal axis; NULL: x is one of numbers */
};

void figure_shares_append(struct text *out, const struct figure_shares *figure);

#endif
