/*
 * When an array is read: read r of a sample at device.time + r array.query_interval after the write, for
 * array.read_time. Cells count as of one age while ln t grows by less than DEVICE_AGE_STEP: block b of ages
 * begins at device.time exp(b DEVICE_AGE_STEP), and all its reads see the cells as they are then. What is
 * left out of a drift is at most DEVICE_AGE_STEP |dG / d ln t|.
 */
#ifndef ATTENTION_TIMING_H
#define ATTENTION_TIMING_H

#include "devices/device.h"
#include "frontend/frontend_options.h"

struct timing {
    double read_seconds, interval_seconds;
    double intervals_per_time; /* array.query_interval / device.time; 0 where nothing ages */
};

/* Settles the lengths of reads and intervals and tells the device of them; n_reads: the most of one sample.
 * RS_INPUT when they contradict each other or the card. */
enum rs_status timing_init(const struct array_options *array, size_t n_reads, struct device *device,
                           struct timing *out, struct rs_error *err) RS_MUST_CHECK;

/* The block of ages that read `n_before` after the first one belongs to, and what device.time is multiplied
 * by there. */
size_t timing_block(const struct timing *timing, size_t n_before);
double timing_age_ratio(size_t block);

#endif
