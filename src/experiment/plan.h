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
#include "experiment/task.h"
#include "experiment/variables.h"

/* What a configuration says of its attention layers; points into it. */
struct attention_options plan_attention(const struct config *config);

/* One way to compute: sums over all answers, and each sample's part of the metric's sum [n_samples]. */
struct plan_reference {
    struct task_sums sums;
    double *values;
};

struct plan_point {
    struct config config;
    struct attention_setup setup;
    struct plan_reference exact, quantised, random;
};

struct plan {
    const struct configuration *configuration; /* borrowed */
    struct subject *subject;
    struct head head;
    struct task *task;     /* and its references in the points; NULL without a task or references */
    struct task_sums real; /* in floating point */
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

/* What is kept of a sample for intervals over samples: its part of the metric's sum and of task_kl's; and the
 * answers that it counts, with the metric's sum in each way to compute. */
enum plan_sample { PLAN_SAMPLE_METRIC, PLAN_SAMPLE_KL, PLAN_SAMPLE_N };
enum plan_reference_column {
    PLAN_REFERENCE_COUNTED,
    PLAN_REFERENCE_FLOAT,
    PLAN_REFERENCE_QUANTISED,
    PLAN_REFERENCE_EXACT,
    PLAN_REFERENCE_RANDOM,
    PLAN_REFERENCE_N
};

/* One unit's numbers. */
struct plan_row {
    size_t unit;
    double values[VARIABLES_N];
    int status;
    double *samples; /* [n_samples][PLAN_SAMPLE_N], where there is a task */
    double
        *references; /* [n_samples][PLAN_REFERENCE_N], of the first trial of a point, where there is a task */
    double *costs;   /* [n_systems][COST_VARIABLES_N] */
    double *by_head; /* [n_head_rows][VARIABLES_N], with saves.heads */
    struct keep keep; /* of the first trial of a point, with saves */
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
