/* The page of a calibration: what was found, how well it fits, and what it rests on. */
#ifndef REPORT_FITTED_PAGE_H
#define REPORT_FITTED_PAGE_H

#include "base/text.h"
#include "report/fitted.h"

void fitted_page_append(struct text *out, const struct fitted *fitted);

#endif
