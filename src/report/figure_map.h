/*
 * Figure 2: read minus target conductance of the first array, at the lowest and the highest corner of the
 * sweep (without a sweep: its only point), cell by cell, on one diverging scale.
 */
#ifndef REPORT_FIGURE_MAP_H
#define REPORT_FIGURE_MAP_H

#include "base/text.h"
#include "report/result.h"

/* Appends <figure> and the table of its numbers, or a sentence on how to get the data. Errors of the file's
 * data. */
enum rs_status figure_map_append(struct text *out, const struct result *result,
                                 struct rs_error *err) RS_MUST_CHECK;

#endif
