/*
 * A result file of `rescore run` (docs/interface.md 4) in memory: swept keys and variables per point. Only
 * the file is read; what made it is not needed.
 */
#ifndef REPORT_RESULT_H
#define REPORT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/store.h"
#include "rescore/status.h"

/* Arrays of samples have three dimensions more than the sweep. */
enum { RESULT_KNOBS_MAX = STORE_RANK_MAX - 3 };

/* VARIABLE(name, dataset, short label, definition): the variables that a report shows, in the order of its
 * table. */
#define RESULT_VARIABLE_LIST(VARIABLE)                                                                       \
    VARIABLE(TASK_METRIC, "task_metric", "task metric",                                                      \
             "The metric of the task, with the analog array deciding which keys are kept.")                  \
    VARIABLE(TASK_LOSS, "task_loss", "task loss",                                                            \
             "How much worse the task metric is than with exact decisions; positive is worse; paired, item " \
             "by item.")                                                                                     \
    VARIABLE(FALSE_PRUNE_RATE, "false_prune_rate", "false-prune rate",                                       \
             "Keys that exact scores keep but the array prunes / keys that exact scores keep.")              \
    VARIABLE(FALSE_KEEP_RATE, "false_keep_rate", "false-keep rate",                                          \
             "Keys that exact scores prune but the array keeps / keys that exact scores prune.")             \
    VARIABLE(KEEP_RATIO, "keep_ratio", "keep ratio", "Keys that the array decides to keep / visible keys.")  \
    VARIABLE(KEEP_RATIO_FINAL, "keep_ratio_final", "final keep ratio",                                       \
             "Keys that enter the softmax, after the digital recompute / visible keys.")                     \
    VARIABLE(                                                                                                \
        OUTPUT_ERROR, "output_error", "output error",                                                        \
        "Mean over queries of |output - exact output| / |exact output| (2-norms of the attention output).")  \
    VARIABLE(LOST_MASS, "lost_mass", "lost mass",                                                            \
             "Mean over queries of the exact softmax probability that lies on falsely pruned keys.")         \
    VARIABLE(RECALL_AT_K, "recall_at_k", "recall at k",                                                      \
             "Mean over queries of the share of the exact top k keys among the k largest analog signals.")   \
    VARIABLE(CLAMPED_SHARE, "clamped_share", "clamped share",                                                \
             "Share of values that lay beyond their code's range and were clamped.")                         \
    VARIABLE(RESIDUAL_MAX, "residual_max", "largest residual",                                               \
             "Largest Kirchhoff current error of probe solutions of the resistive array, relative.")         \
    VARIABLE(TASK_METRIC_EXACT, "task_metric_exact", "exact",                                                \
             "The task metric with exact decisions and digital recompute.")                                  \
    VARIABLE(TASK_METRIC_QUANTISED, "task_metric_quantised", "quantised",                                    \
             "The task metric with nothing pruned, at the digital width.")                                   \
    VARIABLE(TASK_METRIC_FLOAT, "task_metric_float", "float",                                                \
             "The task metric with nothing pruned, in floating point.")                                      \
    VARIABLE(TASK_LOSS_TOTAL, "task_loss_total", "total task loss",                                          \
             "How much worse the task metric is than in floating point; positive is worse.")

enum result_name {
#define RESULT_ENUM(name, dataset, label, definition) RESULT_##name,
    RESULT_VARIABLE_LIST(RESULT_ENUM)
#undef RESULT_ENUM
        RESULT_VARIABLES
};

struct result_variable {
    bool present;
    double *trials;            /* [n_points][n_trials] */
    double *mean, *low, *high; /* [n_points]; low and high are NaN for one trial */
};

/* One swept key. */
struct result_knob {
    char *name, *key, *units, *help; /* dataset; dotted key; SI symbol; one line, "" if none */
    char *published;                 /* where published values lie, with source, or NULL */
    size_t n, n_published;
    double *values;           /* [n]; of words their indices */
    char **words;             /* [n], or NULL for numbers */
    size_t *order;            /* [n] indices of the values in ascending order */
    double *published_values; /* [n_published] */
};

struct result {
    struct store *store;
    size_t n_knobs, n_points, n_trials;
    struct result_knob knobs[RESULT_KNOBS_MAX];
    struct result_variable variables[RESULT_VARIABLES];
    double *sample_low, *sample_high; /* [n_points] of task_loss over samples, or NULL */
    double *caution;     /* [n_points] bits: task at chance 1, hardly depends on attention 2; or NULL */
    double *n_visible;   /* [n_points][n_trials], or NULL */
    int64_t *status;     /* [n_points][n_trials], or NULL */
    char *flag_meanings; /* words; the i-th belongs to bit i of status; or NULL */
    char *metric;        /* "accuracy", "nll", ... or NULL */
    bool higher_is_better;
};

const char *result_dataset(enum result_name name);
const char *result_label(enum result_name name);
const char *result_definition(enum result_name name);

/*
 * Opens and reads a result. RS_IO or RS_INPUT with a line of the store's form when it cannot be read or is no
 * result; then there is nothing to destroy.
 */
enum rs_status result_read(const char *path, struct result **out, struct rs_error *err) RS_MUST_CHECK;
void result_destroy(struct result *result);

/* A dataset of [sweep...], or of [sweep..., trial], freed by the caller; RS_INPUT for another shape. */
enum rs_status result_read_doubles(const struct result *result, const char *dataset, bool per_trial,
                                   double **values, struct rs_error *err) RS_MUST_CHECK;

/* A root attribute, owned by the caller, or NULL where it is absent or no text; numbers are printed. */
char *result_attribute(const struct result *result, const char *name);

/* The flat index of a point from its index on each knob. */
size_t result_point(const struct result *result, const size_t index[RESULT_KNOBS_MAX]);
/* The inverse. */
void result_index(const struct result *result, size_t point, size_t index[RESULT_KNOBS_MAX]);
/* Where every knob has its lowest (last = false) or highest value (words: first or last). */
void result_corner(const struct result *result, bool last, size_t index[RESULT_KNOBS_MAX]);

/* "2.5 ohm" or a word: value i of a knob, into `text`. */
void result_print_value(const struct result_knob *knob, size_t i, char *text, size_t text_size);

#endif
