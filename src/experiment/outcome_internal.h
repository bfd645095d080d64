/* Shared by the files that write a result and its summary. */
#ifndef EXPERIMENT_OUTCOME_INTERNAL_H
#define EXPERIMENT_OUTCOME_INTERNAL_H

#include "base/text.h"
#include "experiment/outcome.h"

enum { OUTCOME_NAME_SIZE = 128 };

/* The file, and the axes that come first in every dataset. */
struct outcome_writer {
    const struct outcome *outcome;
    struct store *store;
    int n_sweeps;
    char sweep_names[CONFIG_SWEEPS_MAX][OUTCOME_NAME_SIZE];
    const char *dimensions[STORE_RANK_MAX];
    struct store_shape shape;
};

/* A dataset over the sweeps, followed by `n_more` further axes. */
enum rs_status outcome_write_over(struct outcome_writer *writer, const char *name, enum store_type type,
                                  int n_more, const char *const *more, const size_t *sizes,
                                  const void *values, struct store_label label,
                                  struct rs_error *err) RS_MUST_CHECK;

/* Everything about costs: scales, variables, status, and the table of constants. */
enum rs_status outcome_write_costs(struct outcome_writer *writer, struct rs_error *err) RS_MUST_CHECK;

/* The place of a variable in outcome_sampled; OUTCOME_SAMPLED_N where it is not in it. */
size_t outcome_sampled_place(enum variable variable);

/* Fills outcome->sample_intervals. Of a task only. */
enum rs_status outcome_find_sample_intervals(struct outcome *outcome, struct rs_error *err) RS_MUST_CHECK;

/* What the table of points has no room for: the task in each way to compute, and cautions. */
void outcome_task_summary(const struct outcome *outcome, struct text *out);
/* A point's sweep values, each as wide as its key. */
void outcome_append_point(const struct outcome *outcome, size_t point, struct text *out);

/* The table of systems, for people; members of the JSON summary. */
void outcome_cost_summary(const struct outcome *outcome, struct text *out);
void outcome_cost_summary_json(const struct outcome *outcome, struct text *out);

/* A number, or null; a text in quotes. */
void outcome_append_number(double value, struct text *out);
void outcome_append_text(const char *value, struct text *out);

/*
 * Numbers over the sweeps, each point with `n_each` of them in a list of its own, in lists of `n_inner` (0:
 * not nested; n_each 0: one number, bare), nested in the file's dimension order.
 */
void outcome_append_array(const struct outcome *outcome, size_t n_each, size_t n_inner, const double *values,
                          struct text *out);

#endif
