#include "devices/law_times.h"

#include <math.h>
#include <stdio.h>

bool law_times_check(const struct law_times *times, char *why, size_t why_size)
{
    if (times->last_seconds >= times->t0_seconds)
        return true;
    snprintf(why, why_size, "last_time must not lie before t0");
    return false;
}

void law_times_range(const void *params, double *first_seconds, double *last_seconds)
{
    const struct law_times *times = params;
    *first_seconds = times->t0_seconds;
    *last_seconds = times->last_seconds;
}

int law_times_groups(const struct option_reals *times)
{
    return times->n > 0 ? times->n : 1;
}

void law_times_list_range(const struct option_reals *times, double *first_seconds, double *last_seconds)
{
    *first_seconds = times->n > 0 ? times->values[0] : 0;
    *last_seconds = times->n > 0 ? times->values[times->n - 1] : (double)INFINITY;
}
