/* The report as one HTML page: pictures inline, nothing loaded, no script. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/text.h"
#include "report/result.h"

/* Opens a page: everything up to </head>. `title` is plain text. */
void page_append_head(struct text *out, const char *title);

/* Appends the whole page. Fails only where the file's samples are damaged or disagree with its sweep. */
enum rs_status page_append(struct text *out, const struct result *result, struct rs_error *err) RS_MUST_CHECK;

#endif
