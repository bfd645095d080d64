/* How laws say which times their figures were published for: from t0 to a last time, or a list. */
#ifndef DEVICES_LAW_TIMES_H
#define DEVICES_LAW_TIMES_H

#include "devices/law.h"

/* The first member of the parameters of laws that reckon in ln(t / t0). */
struct law_times {
    double t0_seconds, last_seconds;
};

/* Their two rows `t0` and `last_time`; `at` is the member's offset. */
#define LAW_TIMES_OPTIONS(at)                                                                                \
    LAW_POSITIVE("t0", (at) + offsetof(struct law_times, t0_seconds), SECOND, 1e9,                           \
                 "time after the write at which the logarithm is 0; the earliest published time"),           \
        LAW_POSITIVE("last_time", (at) + offsetof(struct law_times, last_seconds), SECOND, 1e12,             \
                     "the latest published time")

/* False, and a clause in `why`, where last_time lies before t0. */
bool law_times_check(const struct law_times *times, char *why, size_t why_size);

/* The `times` of a struct law whose parameters begin with a struct law_times. */
void law_times_range(const void *params, double *first_seconds, double *last_seconds);

/* The row `times` of laws with one group of figures for each of several times. */
#define LAW_TIMES_LIST(at, what)                                                                             \
    {                                                                                                        \
        .key = "times", .kind = OPTION_REALS, .unit = QUANTITY_SECOND, .offset = (at), .high = 1e12,         \
        .flags = OPTION_LOW_OPEN, .initial_help = "the " what " does not depend on time",                    \
        .help = "times after the write at which it was measured, rising"                                     \
    }

/* How many groups there are: 1 where no time is given. */
int law_times_groups(const struct option_reals *times);

/* First and last; from 0 on for ever where no time is given. */
void law_times_list_range(const struct option_reals *times, double *first_seconds, double *last_seconds);

#endif
