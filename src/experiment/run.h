/*
 * Running units: workers on all threads, the main thread writes parts, reports progress and looks for a stop.
 */
#ifndef EXPERIMENT_RUN_H
#define EXPERIMENT_RUN_H

#include "experiment/parts.h"

struct run_progress {
    size_t n_done, n_total; /* units of this shard; n_done counts those found on disk too */
    size_t n_found;         /* units found on disk at the start */
    size_t n_failed;        /* units whose solver missed its tolerance */
    double seconds;         /* since the start */
};

/* Called by the main thread, several times a second. */
struct run_hooks {
    void (*progress)(void *context, const struct run_progress *progress);
    bool (*should_stop)(void *context);
    void *context;
};

/*
 * Runs what is missing of a shard's units on `n_threads` workers. RS_STOPPED when should_stop said so: every
 * finished unit is on disk then. Numbers depend on the plan alone, never on threads, shards or interruptions.
 */
enum rs_status run_units(const struct plan *plan, struct parts *parts, struct parts_shard shard,
                         int n_threads, const struct run_hooks *hooks, struct rs_error *err) RS_MUST_CHECK;

#endif
