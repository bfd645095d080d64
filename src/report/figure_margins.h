/*
 * Figure 3: how far analog scores lie from their thresholds, at the lowest and the highest corner of the
 * sweep: keys that exact scores keep point up, keys that they prune point down, wrong decisions in a strong
 * colour.
 */
#ifndef REPORT_FIGURE_MARGINS_H
#define REPORT_FIGURE_MARGINS_H

#include "base/text.h"
#include "report/result.h"

/* Appends <figure> and the table of its counts, or a sentence on how to get the data. Errors of the file's
 * data. */
enum rs_status figure_margins_append(struct text *out, const struct result *result,
                                     struct rs_error *err) RS_MUST_CHECK;

#endif
