/* The name of a point of the sweep, for people. */
#ifndef REPORT_CORNER_H
#define REPORT_CORNER_H

#include <stddef.h>

#include "report/result.h"

/* "r_word_line 2.5 ohm, read_noise 1 uS": last parts of the keys with their values, each unbroken; "this run"
 * without a sweep. */
void corner_print(const struct result *result, const size_t index[RESULT_KNOBS_MAX], char *text,
                  size_t text_size);

#endif
