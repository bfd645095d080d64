#include "experiment/subject.h"

#include <stdlib.h>

#include "base/memory.h"

struct subject {
    const struct subject_kind *kind;
    void *state;
    struct attention_shape shape;
    struct attention_ranges ranges;
    bool calibrates_on_samples, holds_out;
    size_t first_sample, n_samples, n_calibration;
};

struct subject_worker {
    const struct subject *subject;
    void *room;
};

static const struct subject_kind *find_kind(int workload_kind)
{
    switch (workload_kind) {
    case WORKLOAD_MEMN2N:
        return &subject_memn2n;
    case WORKLOAD_QKV:
        return &subject_qkv;
    case WORKLOAD_TRANSFORMER:
    case WORKLOAD_LLAMA2C:
    case WORKLOAD_SAFETENSORS:
        return &subject_transformer;
    default:
        return NULL;
    }
}

/* workload.samples cuts the end; holdout leaves out what calibrates, where that is part of the samples. */
static enum rs_status choose_samples(const struct config *config, struct subject *subject,
                                     struct rs_error *err)
{
    size_t n = subject->kind->n_samples(subject->state, SUBJECT_TEST),
           limit = (size_t)config->workload.samples;
    subject->n_calibration = subject->kind->n_samples(subject->state, SUBJECT_CALIBRATION);
    subject->calibrates_on_samples =
        subject->kind->calibrates_on_samples != NULL && subject->kind->calibrates_on_samples(subject->state);
    subject->holds_out =
        subject->calibrates_on_samples && config->prune.calibration == PRUNE_CALIBRATION_HOLDOUT;
    subject->first_sample = subject->holds_out ? subject->n_calibration : 0;
    if (n <= subject->first_sample)
        return rs_fail(err, RS_INPUT, "prune.calibration: holdout: %zu samples found, at least 2 expected",
                       n);
    n -= subject->first_sample;
    subject->n_samples = limit > 0 && limit < n ? limit : n;
    return RS_OK;
}

enum rs_status subject_open(const struct config *config, struct subject **out, struct rs_error *err)
{
    struct subject *subject = memory_allocate(1, sizeof *subject, err);
    *out = NULL;
    if (subject == NULL)
        return RS_INTERNAL;
    subject->kind = find_kind(config->workload.kind);
    enum rs_status status =
        subject->kind == NULL
            ? rs_fail(err, RS_INPUT,
                      "workload.kind: %s found, memn2n, transformer, llama2c, safetensors or qkv expected "
                      "(stories "
                      "and babi are for train)",
                      config->workload.kind == WORKLOAD_BABI ? "babi" : "stories")
            : subject->kind->open(config, &subject->state, &subject->shape, &subject->ranges, err);
    if (status == RS_OK && subject->kind->choose != NULL)
        subject->kind = subject->kind->choose(subject->state);
    if (status == RS_OK)
        status = choose_samples(config, subject, err);
    if (status == RS_OK)
        *out = subject;
    else
        subject_close(subject);
    return status;
}

void subject_close(struct subject *subject)
{
    if (subject == NULL)
        return;
    if (subject->state != NULL)
        subject->kind->close(subject->state);
    free(subject);
}

const struct subject_kind *subject_get_kind(const struct subject *subject)
{
    return subject->kind;
}

const struct attention_shape *subject_shape(const struct subject *subject)
{
    return &subject->shape;
}

struct attention_ranges subject_ranges(const struct subject *subject)
{
    return subject->ranges;
}

bool subject_calibrates_on_samples(const struct subject *subject)
{
    return subject->calibrates_on_samples;
}

bool subject_holds_out(const struct subject *subject)
{
    return subject->holds_out;
}

const double *subject_thresholds(const struct subject *subject)
{
    return subject->kind->thresholds != NULL ? subject->kind->thresholds(subject->state) : NULL;
}

size_t subject_n_samples(const struct subject *subject)
{
    return subject->n_samples;
}

size_t subject_n_calibration(const struct subject *subject)
{
    return subject->n_calibration;
}

size_t subject_sample_number(const struct subject *subject, size_t i)
{
    return subject->first_sample + i;
}

enum rs_status subject_worker_create(const struct subject *subject, struct subject_worker **out,
                                     struct rs_error *err)
{
    struct subject_worker *worker = memory_allocate(1, sizeof *worker, err);
    *out = NULL;
    if (worker == NULL)
        return RS_INTERNAL;
    worker->subject = subject;
    enum rs_status status = subject->kind->create_worker(subject->state, &worker->room, err);
    if (status == RS_OK)
        *out = worker;
    else
        subject_worker_destroy(worker);
    return status;
}

void subject_worker_destroy(struct subject_worker *worker)
{
    if (worker == NULL)
        return;
    if (worker->room != NULL)
        worker->subject->kind->destroy_worker(worker->room);
    free(worker);
}

struct subject_answers subject_get_answers(const struct subject *subject)
{
    return subject->kind->metric == SUBJECT_NO_TASK ? (struct subject_answers){0}
                                                    : subject->kind->answers(subject->state);
}

const char *subject_metric_name(const struct subject *subject)
{
    static const char *const names[] = {"", "accuracy", "nll"};
    return names[subject->kind->metric];
}

const char *subject_metric_better(const struct subject *subject)
{
    static const char *const better[] = {"", "higher", "lower"};
    return better[subject->kind->metric];
}

enum rs_status subject_run(struct subject_worker *worker, enum subject_set set, size_t number,
                           attention_hook *hook, void *context, struct subject_outcome *outcome,
                           struct rs_error *err)
{
    struct subject_outcome own = {0};
    if (outcome != NULL)
        own = (struct subject_outcome){
            .right = outcome->right, .likeliest = outcome->likeliest, .logits = outcome->logits};
    enum rs_status status = worker->subject->kind->run(worker->subject->state, worker->room, set, number,
                                                       hook, context, &own, err);
    if (outcome != NULL)
        *outcome = own;
    return status;
}
