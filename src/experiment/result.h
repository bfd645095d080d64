/*
 * The result file (contract section 6): made from a folder of parts, in the order of the units, whoever ran them.
 */
#ifndef EXPERIMENT_RESULT_H
#define EXPERIMENT_RESULT_H

#include "experiment/parts.h"

/* All numbers of a run, in memory. */
struct result {
    struct head head;
    struct configuration *configuration;
    size_t n_missing, n_failed;
    double *values;      /* [n_points][n_trials][VARIABLES_N]; NAN where missing */
    int *status;         /* [n_points][n_trials] */
    double *sample_loss; /* [n_points][n_samples], mean over trials */
    double *by_head;     /* [n_points][n_trials][n_layers * n_heads][VARIABLES_N], or NULL */
    struct keep *keeps;  /* [n_points] */
};

/* A mean over trials with its 95 % t interval; NAN ends for one trial. */
struct result_interval {
    double mean, low, high;
};

/*
 * Reads the parts of a folder. Gaps are RS_INPUT, naming how many units are missing and the first, unless `partial`.
 * The caller frees with result_clear.
 */
enum rs_status result_collect(const char *folder, bool partial, struct result *out, struct rs_error *err) RS_MUST_CHECK;
void result_clear(struct result *result);

struct result_interval result_interval_of(const struct result *result, size_t point, enum variable variable);
/* The interval of task_loss over samples, of losses averaged over trials. */
struct result_interval result_sample_interval(const struct result *result, size_t point);

/* Writes the result file. */
enum rs_status result_write(const struct result *result, const char *path, struct rs_error *err) RS_MUST_CHECK;

/* A table for people, or one JSON object, of what was found. Owned by the caller. */
char *result_summary_text(const struct result *result, struct rs_error *err) RS_MUST_CHECK;
char *result_summary_json(const struct result *result, struct rs_error *err) RS_MUST_CHECK;

#endif
