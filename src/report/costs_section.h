/* The part of a report that is about costs: the systems, energy by category, noise meets cost, constants. */
#ifndef REPORT_COSTS_SECTION_H
#define REPORT_COSTS_SECTION_H

#include "base/text.h"
#include "report/result.h"

/* Nothing where the result has no costs. */
enum rs_status costs_section_append(struct text *out, const struct result *result,
                                    struct rs_error *err) RS_MUST_CHECK;

#endif
