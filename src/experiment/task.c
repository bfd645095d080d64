#include "experiment/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/exponential.h"
#include "numeric/softmax.h"

struct task {
    const struct subject *subject;
    struct subject_answers answers;
    size_t n_samples;
    size_t *first;          /* [n_samples + 1] a sample's first answer among all */
    int32_t *likeliest;     /* [n_answers] */
    float *logits;          /* [n_answers][n_choices], or NULL: run again for each sample */
    struct task_sums *sums; /* [n_samples] of the float pass */
    double chance;
};

struct task_room {
    int32_t *right, *likeliest; /* [n_most] */
    float *logits;              /* [n_most][n_choices] of the pass that is judged */
    float *again;               /* the same of the float pass, where it is run again, else NULL */
    double *own, *real;         /* [n_choices] */
};

void task_room_destroy(struct task_room *room)
{
    if (room == NULL)
        return;
    free(room->right);
    free(room->likeliest);
    free(room->logits);
    free(room->again);
    free(room->own);
    free(room->real);
    free(room);
}

static enum rs_status create_room(const struct task *task, bool again, struct task_room **out,
                                  struct rs_error *err)
{
    size_t n_most = task->answers.n_most, n_choices = task->answers.n_choices;
    struct task_room *room = memory_allocate(1, sizeof *room, err);
    *out = NULL;
    if (room == NULL)
        return RS_INTERNAL;
    room->right = memory_allocate(n_most, sizeof *room->right, err);
    room->likeliest = memory_allocate(n_most, sizeof *room->likeliest, err);
    room->logits = memory_allocate(n_most * n_choices, sizeof *room->logits, err);
    room->again = again ? memory_allocate(n_most * n_choices, sizeof *room->again, err) : NULL;
    room->own = memory_allocate(n_choices, sizeof *room->own, err);
    room->real = memory_allocate(n_choices, sizeof *room->real, err);
    if (room->right && room->likeliest && room->logits && (!again || room->again) && room->own &&
        room->real) {
        *out = room;
        return RS_OK;
    }
    task_room_destroy(room);
    return RS_INTERNAL;
}

enum rs_status task_room_create(const struct task *task, struct task_room **out, struct rs_error *err)
{
    return create_room(task, task->logits == NULL, out, err);
}

/* KL(real || own) of two rows of logits, nats; 0 where they are equal. */
static double divergence(const struct task_room *room, size_t n_choices, const float *real, const float *own)
{
    double sum = 0;
    for (size_t i = 0; i < n_choices; i++) {
        room->real[i] = (double)real[i];
        room->own[i] = (double)own[i];
    }
    double off = softmax_compute(n_choices, room->own) - softmax_compute(n_choices, room->real);
    for (size_t i = 0; i < n_choices; i++)
        sum += room->real[i] * ((double)real[i] - (double)own[i]);
    return fmax(sum + off, 0);
}

void task_add(struct task_sums *total, const struct task_sums *more)
{
    total->n_counted += more->n_counted;
    total->n_right += more->n_right;
    total->n_agreeing += more->n_agreeing;
    total->nll += more->nll;
    total->kl += more->kl;
}

double task_value(const struct subject *subject, const struct task_sums *sums)
{
    return subject_get_kind(subject)->metric == SUBJECT_NLL ? sums->nll : sums->n_right;
}

const struct task_sums *task_float(const struct task *task)
{
    return task->sums;
}

double task_chance(const struct task *task)
{
    return task->chance;
}

static struct task_sums sums_of(const struct subject_outcome *outcome)
{
    return (struct task_sums){
        .n_counted = (double)outcome->n_counted, .n_right = (double)outcome->n_right, .nll = outcome->nll};
}

/* The float pass of a sample that was not kept. */
static enum rs_status run_again(struct task_room *room, struct subject_worker *worker, size_t number,
                                struct rs_error *err)
{
    struct subject_outcome outcome = {.logits = room->again};
    return subject_run(worker, SUBJECT_TEST, number, NULL, NULL, &outcome, err);
}

enum rs_status task_run(const struct task *task, struct task_room *room, struct subject_worker *worker,
                        size_t i, attention_hook *hook, void *context, struct task_sums *sums,
                        struct rs_error *err)
{
    size_t number = subject_sample_number(task->subject, i), n_choices = task->answers.n_choices,
           first = task->first[i];
    enum rs_status status = RS_OK;
    const float *real = room->again;
    if (task->logits != NULL)
        real = task->logits + first * n_choices;
    else
        status = run_again(room, worker, number, err);
    struct subject_outcome outcome = {.likeliest = room->likeliest, .logits = room->logits};
    if (status == RS_OK)
        status = subject_run(worker, SUBJECT_TEST, number, hook, context, &outcome, err);
    if (status != RS_OK)
        return status;
    *sums = sums_of(&outcome);
    for (size_t a = 0; a < outcome.n_counted; a++) {
        sums->n_agreeing += room->likeliest[a] == task->likeliest[first + a];
        sums->kl += divergence(room, n_choices, real + a * n_choices, room->logits + a * n_choices);
    }
    return RS_OK;
}

/* --- the float pass --- */

void task_destroy(struct task *task)
{
    if (task == NULL)
        return;
    free(task->first);
    free(task->likeliest);
    free(task->logits);
    free(task->sums);
    free(task);
}

/* The float pass of sample i into its place; right [n_choices] counts the right answers. */
static enum rs_status keep_sample(struct task *task, struct task_room *room, struct subject_worker *worker,
                                  size_t i, size_t *right, struct rs_error *err)
{
    size_t first = i * task->answers.n_most, n_choices = task->answers.n_choices;
    struct subject_outcome outcome = {.right = room->right,
                                      .likeliest = task->likeliest + first,
                                      .logits =
                                          task->logits != NULL ? task->logits + first * n_choices : NULL};
    enum rs_status status =
        subject_run(worker, SUBJECT_TEST, subject_sample_number(task->subject, i), NULL, NULL, &outcome, err);
    task->sums[i] = sums_of(&outcome);
    task->sums[i].n_agreeing = task->sums[i].n_counted;
    for (size_t a = 0; a < outcome.n_counted && status == RS_OK; a++)
#pragma omp atomic
        right[room->right[a]]++;
    return status;
}

/* Each thread its own worker; samples lie n_most answers apart until pack() closes the gaps. */
static enum rs_status run_all(struct task *task, int n_threads, size_t *right, struct rs_error *err)
{
    enum rs_status worst = RS_OK;
#pragma omp parallel num_threads(n_threads)
    {
        struct rs_error own = {{0}};
        struct subject_worker *worker = NULL;
        struct task_room *room = NULL;
        enum rs_status status = subject_worker_create(task->subject, &worker, &own);
        if (status == RS_OK)
            status = create_room(task, false, &room, &own);
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < task->n_samples; i++)
            if (status == RS_OK)
                status = keep_sample(task, room, worker, i, right, &own);
        if (status != RS_OK)
#pragma omp critical
        {
            worst = rs_fail(err, status, "%s", own.text);
        }
        task_room_destroy(room);
        subject_worker_destroy(worker);
    }
    return worst;
}

static void pack(struct task *task)
{
    size_t n_most = task->answers.n_most, n_choices = task->answers.n_choices;
    for (size_t i = 0; i < task->n_samples; i++) {
        size_t n = (size_t)task->sums[i].n_counted, to = task->first[i], from = i * n_most;
        task->first[i + 1] = to + n;
        memmove(task->likeliest + to, task->likeliest + from, n * sizeof *task->likeliest);
        if (task->logits != NULL)
            memmove(task->logits + to * n_choices, task->logits + from * n_choices,
                    n * n_choices * sizeof *task->logits);
    }
}

static double find_chance(const struct task *task, const size_t *right)
{
    double n = (double)task->first[task->n_samples], most = 0, entropy = 0;
    for (size_t i = 0; i < task->answers.n_choices; i++) {
        double share = (double)right[i] / n;
        most = fmax(most, share);
        entropy -= share > 0 ? share * exponential_log(share) : 0;
    }
    return subject_get_kind(task->subject)->metric == SUBJECT_NLL ? entropy : most;
}

static enum rs_status fill(struct task *task, size_t kept_bytes_max, int n_threads, struct rs_error *err)
{
    size_t n_places = task->n_samples * task->answers.n_most, n_choices = task->answers.n_choices;
    bool keeps = (double)n_places * (double)n_choices * sizeof(float) <= (double)kept_bytes_max;
    size_t *right = memory_allocate(n_choices, sizeof *right, err);
    task->first = memory_allocate(task->n_samples + 1, sizeof *task->first, err);
    task->likeliest = memory_allocate(n_places, sizeof *task->likeliest, err);
    task->sums = memory_allocate(task->n_samples, sizeof *task->sums, err);
    task->logits = keeps ? memory_allocate(n_places * n_choices, sizeof *task->logits, err) : NULL;
    bool enough = right && task->first && task->likeliest && task->sums && (!keeps || task->logits);
    enum rs_status status = enough ? run_all(task, n_threads, right, err) : RS_INTERNAL;
    if (status == RS_OK) {
        pack(task);
        task->chance = find_chance(task, right);
        if (task->first[task->n_samples] == 0)
            status = rs_fail(err, RS_INPUT,
                             "workload.file: no answer of the evaluated samples is counted, at least one "
                             "right answer expected");
    }
    free(right);
    return status;
}

enum rs_status task_create(const struct subject *subject, size_t kept_bytes_max, int n_threads,
                           struct task **out, struct rs_error *err)
{
    struct task *task = memory_allocate(1, sizeof *task, err);
    *out = NULL;
    if (task == NULL)
        return RS_INTERNAL;
    task->subject = subject;
    task->answers = subject_get_answers(subject);
    task->n_samples = subject_n_samples(subject);
    enum rs_status status = fill(task, kept_bytes_max, n_threads, err);
    if (status == RS_OK)
        *out = task;
    else
        task_destroy(task);
    return status;
}
