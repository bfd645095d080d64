/* The page of decisions of the engine against those of ngspice (docs/validation.md 2): how far they agree. */
#ifndef REPORT_DECIDED_PAGE_H
#define REPORT_DECIDED_PAGE_H

#include <stdbool.h>

#include "base/text.h"
#include "io/store.h"

/* Whether a store says that it holds such decisions. */
bool decided_page_is_one(const struct store *store);

/* Appends the page. RS_INPUT for arrays that are missing. */
enum rs_status decided_page_append(struct text *out, const struct store *store,
                                   struct rs_error *err) RS_MUST_CHECK;

#endif
