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

struct subject_kind {
    const char *name, *summary;
    enum rs_status (*open)(const struct config *config, void **state, struct attention_shape *shape,
                           struct attention_ranges *ranges, struct rs_error *err);
    void (*close)(void *state);
    /* Samples of a set, before workload.samples and holdout. */
    size_t (*n_samples)(const void *state, enum subject_set set);
    enum rs_status (*create_worker)(const void *state, void **worker, struct rs_error *err);
    void (*destroy_worker)(void *worker);
    /* Runs one sample; hook NULL: exact float attention. value: the sample's part of the metric, where there
     * is one. */
    enum rs_status (*run)(const void *state, void *worker, enum subject_set set, size_t sample,
                          attention_hook *hook, void *context, double *value, struct rs_error *err);
    /* The kind that the opened state turned out to be, where its metric depends on the file; NULL: this one.
     */
    const struct subject_kind *(*choose)(const void *state);
    /* Whether there are no inputs that only calibrate: the first samples do; NULL: there are. */
    bool (*calibrates_on_samples)(const void *state);
    const char *metric; /* NULL: no task */
    const char *better; /* "higher" or "lower" */
};

enum rs_status subject_open(const struct config *config, struct subject **out,
                            struct rs_error *err) RS_MUST_CHECK;
void subject_close(struct subject *subject);

const struct subject_kind *subject_get_kind(const struct subject *subject);
const struct attention_shape *subject_shape(const struct subject *subject);
struct attention_ranges subject_ranges(const struct subject *subject);

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

/* Runs sample `number` of a set; value may be NULL. */
enum rs_status subject_run(struct subject_worker *worker, enum subject_set set, size_t number,
                           attention_hook *hook, void *context, double *value,
                           struct rs_error *err) RS_MUST_CHECK;

extern const struct subject_kind subject_memn2n, subject_qkv, subject_transformer;

#endif
