/* Where a result comes from: the run in one sentence, the table of attributes, the configuration. */
#ifndef REPORT_PROVENANCE_H
#define REPORT_PROVENANCE_H

#include "base/text.h"
#include "report/result.h"

/* "memn2n, embedded, on device wan2022, array 64 x 128 ...; 20 trials, seed 1": the paragraph under the
 * title. */
void provenance_append_summary(struct text *out, const struct result *result);

/* A table of what the file says about its making. */
void provenance_append_facts(struct text *out, const struct result *result);

/* The resolved configuration, folded; where absent, the configuration as written. */
void provenance_append_configuration(struct text *out, const struct result *result);

#endif
