/*
 * What the numbers say, in words: per swept key the smallest value at which the 95 % interval of a variable excludes
 * the variable's mean at the key's lowest value, all other keys at their lowest (words: first) value. Curves share
 * their devices and draws, so this compares like with like.
 */
#ifndef REPORT_FINDING_H
#define REPORT_FINDING_H

#include <stdbool.h>

#include "base/text.h"
#include "report/result.h"

struct finding {
    bool resolved;
    double base;         /* mean at the lowest value; NaN where there is none */
    size_t value, point; /* where resolved: index on the key, and the point; else those of the highest value */
};

/* Looks along one key. */
struct finding finding_search(const struct result *result, size_t i_knob, enum result_name name);

/* Appends the findings as a list of sentences. */
void finding_append(struct text *out, const struct result *result);

#endif
