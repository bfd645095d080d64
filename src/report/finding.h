/*
 * What the numbers say, in words: per swept key the smallest value from which on the 95 % interval of a
 * variable excludes, always on the same side, the variable's mean at the key's lowest value; all other keys
 * at their lowest (words: first) value. "From which on" keeps a single interval that misses by chance from
 * being called an effect.
 */
#ifndef REPORT_FINDING_H
#define REPORT_FINDING_H

#include <stdbool.h>

#include "base/text.h"
#include "report/result.h"

struct finding {
    double base;         /* mean at the lowest value; NaN where there is none */
    size_t n_resolved;   /* values whose interval excludes the base */
    bool lasting;        /* at the highest value too; then the effect begins at: */
    size_t value, point; /* index on the key, and the point */
};

/* Looks along one key. */
struct finding finding_search(const struct result *result, size_t i_knob, enum result_name name);

/* Appends the findings as a list of sentences. */
void finding_append(struct text *out, const struct result *result);

#endif
