/*
 * What a run is about: a workload with its samples, its calibrated ranges and its metric. One descriptor per
 * kind (subject_memn2n.c ...) and a line in the registry (subject.c).
 */
#ifndef EXPERIMENT_SUBJECT_H
#define EXPERIMENT_SUBJECT_H

#include "attention/setup.h"
#include "experiment/config.h"
#include "model/attention_hook.h"

struct subject;
struct subject_worker; /* one thread's room */

enum subject_set { SUBJECT_TEST, SUBJECT_CALIBRATION };

/* Accuracy: share of right answers. NLL: mean of -ln(probability of the right answer), nats. */
enum subject_metric { SUBJECT_NO_TASK, SUBJECT_ACCURACY, SUBJECT_NLL };

/*
 * What came out of one sample. A model's every counted answer is a distribution over the same choices;
 * nothing is counted where there is no task. The arrays are the caller's, NULL where not wanted.
 */
struct subject_outcome {
    double nll;                /* sum of -ln(probability of the right answer), nats */
    size_t n_counted, n_right; /* answers; those whose likeliest choice is the right one */
    int32_t *right;            /* [n_counted] the right choices */
    int32_t *likeliest;        /* [n_counted] the likeliest choices, the first of equals */
    float *logits;             /* [n_counted][n_choices] their softmax is the distribution */
};

/* What the outcomes of a subject's samples have room for. */
struct subject_answers {
    size_t n_choices, n_most; /* n_most: answers counted in one sample */
    bool characters;          /* every choice is one character of a text */
};

struct subject_kind {
    const char *name, *summary;
    enum rs_status (*open)(const struct config *config, void **state, struct attention_shape *shape,
                           struct attention_ranges *ranges, struct rs_error *err);
    void (*close)(void *state);
    /* Samples of a set, before workload.samples and holdout. */
    size_t (*n_samples)(const void *state, enum subject_set set);
    enum rs_status (*create_worker)(const void *state, void **worker, struct rs_error *err);
    void (*destroy_worker)(void *worker);
    /* Over both sets; not called where there is no task. */
    struct subject_answers (*answers)(const void *state);
    /* Runs one sample; hook NULL: exact float attention. All of the outcome but its arrays is 0 on entry. */
    enum rs_status (*run)(const void *state, void *worker, enum subject_set set, size_t sample,
                          attention_hook *hook, void *context, struct subject_outcome *outcome,
                          struct rs_error *err);
    /* The kind that the opened state turned out to be, where its metric depends on the file; NULL: this one.
     */
    const struct subject_kind *(*choose)(const void *state);
    /* Whether there are no inputs that only calibrate: the first samples do; NULL: there are. */
    bool (*calibrates_on_samples)(const void *state);
    /* [layer][head], score units, learned with the model, or NULL; the function itself is NULL where no
     * model of this kind has any. */
    const double *(*thresholds)(const void *state);
    enum subject_metric metric;
};

enum rs_status subject_open(const struct config *config, struct subject **out,
                            struct rs_error *err) RS_MUST_CHECK;
void subject_close(struct subject *subject);

const struct subject_kind *subject_get_kind(const struct subject *subject);
const struct attention_shape *subject_shape(const struct subject *subject);
struct attention_ranges subject_ranges(const struct subject *subject);
/* [layer][head], score units, learned with the model; NULL where there are none. */
const double *subject_thresholds(const struct subject *subject);

/* Whether the first samples calibrate, and whether prune.calibration then leaves them out of the evaluation.
 */
bool subject_calibrates_on_samples(const struct subject *subject);
bool subject_holds_out(const struct subject *subject);

/* Samples that are evaluated, and those that calibrate. */
size_t subject_n_samples(const struct subject *subject);
size_t subject_n_calibration(const struct subject *subject);
/* The number of evaluated sample `i` in the workload: the number of its write. */
size_t subject_sample_number(const struct subject *subject, size_t i);

enum rs_status subject_worker_create(const struct subject *subject, struct subject_worker **out,
                                     struct rs_error *err) RS_MUST_CHECK;
void subject_worker_destroy(struct subject_worker *worker);

struct subject_answers subject_get_answers(const struct subject *subject);

/* "accuracy" or "nll", and "higher" or "lower"; "" where there is no task. */
const char *subject_metric_name(const struct subject *subject);
const char *subject_metric_better(const struct subject *subject);

/* Runs sample `number` of a set; outcome may be NULL. */
enum rs_status subject_run(struct subject_worker *worker, enum subject_set set, size_t number,
                           attention_hook *hook, void *context, struct subject_outcome *outcome,
                           struct rs_error *err) RS_MUST_CHECK;

extern const struct subject_kind subject_memn2n, subject_qkv, subject_transformer;

#endif
