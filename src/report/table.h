/* The table of all points: swept keys, then every variable as mean and 95 % interval, then the status. */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include "base/text.h"
#include "report/result.h"

void table_append(struct text *out, const struct result *result);

/* "good", or what went wrong in how many trials of a point; plain text. */
void table_print_status(const struct result *result, size_t point, char *text, size_t text_size);

#endif
