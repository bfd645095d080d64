/* Text as HTML and XML want it. */
#ifndef REPORT_MARKUP_H
#define REPORT_MARKUP_H

#include <stddef.h>

#include "base/text.h"

/*
 * Appends `plain` with & < > " and ' as entities. Bytes that are no UTF-8 and control characters that XML
 * forbids become U+FFFD, so that any text a file holds leaves the page well formed.
 */
void markup_append(struct text *out, const char *plain);

/* Appends the formatted text, escaped. */
void markup_format(struct text *out, const char *format, ...) RS_PRINTF(2, 3);

/* Number of characters (UTF-8) of `plain`, for estimates of width. */
size_t markup_count(const char *plain);

#endif
