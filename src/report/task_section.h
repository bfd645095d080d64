/* The part of a report that is about the task: its metrics in each way to compute, losses, cautions. */
#ifndef REPORT_TASK_SECTION_H
#define REPORT_TASK_SECTION_H

#include "base/text.h"
#include "report/result.h"

/* Nothing where the result has no task. */
enum rs_status task_section_append(struct text *out, const struct result *result,
                                   struct rs_error *err) RS_MUST_CHECK;

#endif
