/*
 * The result file (docs/interface.md 4): made from a folder of parts, in the order of the units, whoever ran
 * them.
 */
#ifndef EXPERIMENT_OUTCOME_H
#define EXPERIMENT_OUTCOME_H

#include "experiment/parts.h"

/* Variables with an interval over samples. */
enum { OUTCOME_SAMPLED_N = 9 };
extern const enum variable outcome_sampled[OUTCOME_SAMPLED_N];

struct outcome_ends {
    double low, high;
};

/* All numbers of a run, in memory. */
struct outcome {
    struct head head;
    struct configuration *configuration;
    size_t n_missing, n_failed;
    double *values;     /* [n_points][n_trials][VARIABLES_N]; NAN where missing */
    int *status;        /* [n_points][n_trials] */
    double *samples;    /* [n_points][n_samples][PLAN_SAMPLE_N], means over trials; these three of a task */
    double *references; /* [n_points][n_samples][PLAN_REFERENCE_N], 0 where missing */
    struct outcome_ends *sample_intervals; /* [n_points][OUTCOME_SAMPLED_N] */
    double *by_head; /* [n_points][n_trials][n_layers * n_heads][VARIABLES_N], or NULL */
    double *costs;   /* [n_points][n_trials][n_systems][COST_VARIABLES_N] */
    const struct cost_system *systems[COST_SECTION_SYSTEMS_MAX]; /* [head.n_systems] */
    struct keep *keeps;                                          /* [n_points] */
};

/* A mean over the trials that are there, with its 95 % t interval; NAN ends for one trial. */
struct outcome_interval {
    double mean, low, high;
};

/*
 * Reads the parts of a folder. Gaps are RS_INPUT, naming how many units are missing and the first, unless
 * `partial`. The caller frees with outcome_clear.
 */
enum rs_status outcome_collect(const char *folder, bool partial, struct outcome *out,
                               struct rs_error *err) RS_MUST_CHECK;
void outcome_clear(struct outcome *outcome);

struct outcome_interval outcome_interval_of(const struct outcome *outcome, size_t point,
                                            enum variable variable);
/* The same of number `index` (below COST_VARIABLES_N) of a costed system. */
struct outcome_interval outcome_cost_interval(const struct outcome *outcome, size_t point, size_t system,
                                              size_t index);
/* Why numbers of a system are missing at a point: bits of enum cost_variables_status. */
int outcome_cost_status(const struct outcome *outcome, size_t point, size_t system);

/*
 * Why a point's task metric says little about the array; bits of OUTCOME_CAUTION_LIST, 0 for none. At chance:
 * the float model's interval over samples holds the metric of the best constant answer, or that is better.
 * Hardly depends on attention: pruning as many keys at random costs less than a fifth of what the float model
 * is better than chance, or the interval of that loss over samples holds 0. FLAG(name, bit)
 */
#define OUTCOME_CAUTION_LIST(FLAG)                                                                           \
    FLAG(at_chance, 1)                                                                                       \
    FLAG(hardly_depends_on_attention, 2)
enum outcome_caution {
#define OUTCOME_CAUTION_ENUM(name, bit) OUTCOME_CAUTION_##name = bit,
    OUTCOME_CAUTION_LIST(OUTCOME_CAUTION_ENUM)
#undef OUTCOME_CAUTION_ENUM
};
int outcome_caution(const struct outcome *outcome, size_t point);

/* Whether the run has a variable. */
bool outcome_has(const struct outcome *outcome, enum variable variable);

/* The 95 % interval of outcome_sampled[sampled] over samples, of parts averaged over trials; of a task. */
struct outcome_ends outcome_sample_interval(const struct outcome *outcome, size_t point, size_t sampled);

/*
 * Of all points together, each once: combinations that are no paper's own, as "POLICY: REASON" with the
 * separator between; and the converter, where analog values may be read. "" where there is nothing to say.
 * Owned by the caller.
 */
char *outcome_hybrid_text(const struct outcome *outcome, const char *separator,
                          struct rs_error *err) RS_MUST_CHECK;
char *outcome_readout_text(const struct outcome *outcome, struct rs_error *err) RS_MUST_CHECK;

/* Writes the result file. */
enum rs_status outcome_write(const struct outcome *outcome, const char *path,
                             struct rs_error *err) RS_MUST_CHECK;

/* A table for people, or one JSON object, of what was found. Owned by the caller. */
char *outcome_summary_text(const struct outcome *outcome, struct rs_error *err) RS_MUST_CHECK;
char *outcome_summary_json(const struct outcome *outcome, struct rs_error *err) RS_MUST_CHECK;

#endif
