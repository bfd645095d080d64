#include "attention/timing.h"

#include <math.h>

enum rs_status timing_init(const struct array_options *array, size_t n_reads, struct device *device,
                           struct timing *out, struct rs_error *err)
{
    double read = array->read_seconds, interval = array->query_interval_seconds;
    out->read_seconds = isnan(read) ? device_read_seconds(device) : read;
    out->interval_seconds = isnan(interval) ? out->read_seconds : interval;
    if (out->interval_seconds < out->read_seconds)
        return rs_fail(err, RS_INPUT,
                       "array.query_interval %g s found, at least array.read_time (%g s) expected",
                       out->interval_seconds, out->read_seconds);
    out->intervals_per_time = device_ages(device) ? out->interval_seconds / device->time_seconds : 0;
    return device_set_reads(device, isnan(read) ? 0 : read,
                            n_reads > 0 ? (double)(n_reads - 1) * out->interval_seconds : 0, err);
}

size_t timing_block(const struct timing *timing, size_t n_before)
{
    return (size_t)(log1p((double)n_before * timing->intervals_per_time) / DEVICE_AGE_STEP);
}

double timing_age_ratio(size_t block)
{
    return exp((double)block * DEVICE_AGE_STEP);
}
