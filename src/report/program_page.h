/* One self-contained page about an array written by `program`: pulses, errors against targets, failed cells.
 */
#ifndef REPORT_PROGRAM_PAGE_H
#define REPORT_PROGRAM_PAGE_H

#include <stdbool.h>

#include "base/text.h"
#include "io/store.h"

/* Whether the file is such an array. */
bool program_page_fits(const struct store *store);

/* RS_INPUT where datasets are missing or disagree. */
enum rs_status program_page_append(const struct store *store, struct text *out,
                                   struct rs_error *err) RS_MUST_CHECK;

#endif
