/*
 * Figure 1: false-prune rate and task metric (output error where there is no task) against the first swept
 * key, one line per value of the second, further keys at their lowest value; error bars are the 95 %
 * intervals of the file. Without a sweep: every trial as a dot, beside the mean.
 */
#ifndef REPORT_FIGURE_CURVES_H
#define REPORT_FIGURE_CURVES_H

#include "base/text.h"
#include "report/result.h"

/* Appends <figure> with picture, caption and the table of its numbers. */
void figure_curves_append(struct text *out, const struct result *result);

#endif
