/*
 * A run, worked out before it starts: its points with their thresholds and reference metrics, its units
 * (point x trial), and what identifies it. Shared by all threads, read-only.
 */
#ifndef EXPERIMENT_PLAN_H
#define EXPERIMENT_PLAN_H

#include "attention/attention.h"
#include "experiment/config.h"
#include "experiment/cost_variables.h"
#include "experiment/head.h"
#include "experiment/subject.h"
#include "experiment/variables.h"

/* What a configuration says of its attention layers; points into it. */
struct attention_options plan_attention(const struct config *config);

/* The metric of one way to compute; each sample's part of its sum [n_samples]. */
struct plan_reference {
    double metric;
    double *values;
    size_t n_counted; /* answers of all samples */
};

struct plan_point {
    struct config config;
    struct attention_setup setup;
    struct plan_reference exact, quantised, real; /* real: in floating point */
};

struct plan {
    const struct configuration *configuration; /* borrowed */
    struct subject *subject;
    struct head head;
    size_t n_units;
    size_t n_head_rows; /* n_layers * n_heads: rows of the by-head variables */
    struct plan_point *points;
    struct text notices; /* lines for the user, e.g. what `ideal` turns off */
};

/*
 * Checks every point, opens the workload, finds thresholds; with `references` also runs the exact, quantised
 * and float passes on `n_threads` threads. `sets` are the --set texts, for the record. The configuration must
 * outlive the plan.
 */
enum rs_status plan_create(const struct configuration *configuration, size_t n_sets, const char *const *sets,
                           struct head_saves saves, bool references, int n_threads, struct plan **out,
                           struct rs_error *err) RS_MUST_CHECK;
void plan_destroy(struct plan *plan);

/* One unit's numbers. */
struct plan_row {
    size_t unit;
    double values[VARIABLES_N];
    int status;
    double *sample_loss; /* [n_samples] exact - analog (for accuracies), where there is a task */
    double *costs;       /* [n_systems][COST_VARIABLES_N] */
    double *by_head;     /* [n_head_rows][VARIABLES_N], with saves.heads */
    struct keep keep;    /* of the first trial of a point, with saves */
};

void plan_row_clear(struct plan_row *row);

/* What a run will take. */
struct plan_estimate {
    double unit_seconds; /* of one unit on one thread, from timing a few samples of the first and the last
                            point */
    double memory_bytes; /* of arrays, buffers and results, for `n_threads` threads */
    double disk_bytes;   /* of the result, before compression */
    size_t n_probed;     /* samples timed */
};
enum rs_status plan_estimate(struct plan *plan, int n_threads, struct plan_estimate *out,
                             struct rs_error *err) RS_MUST_CHECK;

/* Runs one unit on the calling thread. */
enum rs_status plan_run_unit(const struct plan *plan, size_t unit, struct plan_row *row,
                             struct rs_error *err) RS_MUST_CHECK;

#endif
