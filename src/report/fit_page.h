/* One self-contained page about a card fitted to measured data: its figures, its spread, its residuals. */
#ifndef REPORT_FIT_PAGE_H
#define REPORT_FIT_PAGE_H

#include <stddef.h>

#include "base/text.h"

/* A line of the table: block and law, key, value with standard error, all plain text. */
struct fit_page_row {
    char block[64], key[32], value[512];
};

struct fit_page {
    const char *title, *summary; /* plain text */
    size_t n_states;             /* with standard deviation and its standard error, siemens */
    const double *target_siemens, *sigma_siemens, *sigma_error;
    size_t n_curve; /* the fitted law */
    const double *curve_siemens, *curve_sigma;
    size_t n_residuals; /* rising, in units of the fitted sigma */
    const double *residuals;
    size_t n_rows;
    const struct fit_page_row *rows;
    size_t n_notes;
    const char *const *notes;
};

void fit_page_append(struct text *out, const struct fit_page *page);

#endif
