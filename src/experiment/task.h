/*
 * How well a workload's samples are answered: every answer's distribution is compared with the right answer
 * and with that of the exact model in floating point, unpruned. That pass is run once; its distributions are
 * kept where they take at most TASK_KEPT_BYTES (float32 logits: samples x answers x choices x 4 bytes), else
 * the pass is run again before each sample. Both ways give the same numbers.
 */
#ifndef EXPERIMENT_TASK_H
#define EXPERIMENT_TASK_H

#include "experiment/subject.h"

#define TASK_KEPT_BYTES ((size_t)256 << 20)

/* Sums over the counted answers of one sample, or of more. */
struct task_sums {
    double n_counted, n_right;
    double n_agreeing; /* likeliest answer as in floating point */
    double nll;        /* of -ln(probability of the right answer), nats */
    double kl;         /* of KL(floating point || this), nats */
};

struct task;      /* shared, read-only */
struct task_room; /* of one thread */

/*
 * Runs the float pass over the evaluated samples on `n_threads` threads. The subject must have a task and
 * outlive it. The same for any number of threads. RS_INPUT where no answer is counted.
 */
enum rs_status task_create(const struct subject *subject, size_t kept_bytes_max, int n_threads,
                           struct task **out, struct rs_error *err) RS_MUST_CHECK;
void task_destroy(struct task *task);

/* Of the float pass: per evaluated sample [n_samples]. */
const struct task_sums *task_float(const struct task *task);
/* The metric of the best answer that is the same for every question: the most frequent right answer's share,
 * or the entropy of the right answers in nats. */
double task_chance(const struct task *task);

enum rs_status task_room_create(const struct task *task, struct task_room **out,
                                struct rs_error *err) RS_MUST_CHECK;
void task_room_destroy(struct task_room *room);

/* Runs evaluated sample i and compares; `worker` is the subject's. */
enum rs_status task_run(const struct task *task, struct task_room *room, struct subject_worker *worker,
                        size_t i, attention_hook *hook, void *context, struct task_sums *sums,
                        struct rs_error *err) RS_MUST_CHECK;

void task_add(struct task_sums *total, const struct task_sums *more);

/* The sum of the subject's metric over these answers: of right ones, or of -ln(probability). */
double task_value(const struct subject *subject, const struct task_sums *sums);

#endif
