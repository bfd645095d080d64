#include <config.h>

#include "experiment/run.h"

#include <omp.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"

/* A kill loses at most this much finished work. */
static const double flush_seconds = 2.0;
static const long poll_nanoseconds = 20000000;

/* What the workers and the main thread share; everything below the lock is guarded by it. */
struct team {
    const struct plan *plan;
    size_t n_queue;
    const size_t *queue; /* units to run, in order */
    omp_lock_t lock;
    size_t next, n_finished, n_waiting, n_working;
    struct plan_row *waiting; /* finished, not yet on disk */
    bool stop;
    enum rs_status status;
    struct rs_error err;
};

static bool take_unit(struct team *team, size_t *unit)
{
    omp_set_lock(&team->lock);
    bool more = !team->stop && team->status == RS_OK && team->next < team->n_queue;
    if (more)
        *unit = team->queue[team->next++];
    omp_unset_lock(&team->lock);
    return more;
}

static void hand_in(struct team *team, enum rs_status status, const struct plan_row *row,
                    const struct rs_error *err)
{
    omp_set_lock(&team->lock);
    if (status == RS_OK) {
        team->waiting[team->n_waiting++] = *row;
        team->n_finished++;
    } else if (team->status == RS_OK) {
        team->status = status;
        team->err = *err;
    }
    omp_unset_lock(&team->lock);
}

/* False where no unit is left. */
static bool work_once(struct team *team)
{
    size_t unit;
    struct plan_row row;
    struct rs_error err = {{0}};
    if (!take_unit(team, &unit))
        return false;
    enum rs_status status = plan_run_unit(team->plan, unit, &row, &err);
    hand_in(team, status, &row, &err);
    return true;
}

static void work(struct team *team)
{
    while (work_once(team))
        continue;
    omp_set_lock(&team->lock);
    team->n_working--;
    omp_unset_lock(&team->lock);
}

static int by_unit(const void *one, const void *other)
{
    size_t a = ((const struct plan_row *)one)->unit, b = ((const struct plan_row *)other)->unit;
    return (a > b) - (a < b);
}

/* Takes the finished rows and writes them as one part. */
static enum rs_status flush(struct team *team, struct parts *parts, struct plan_row *taken,
                            struct run_progress *progress, struct rs_error *err)
{
    omp_set_lock(&team->lock);
    size_t n = team->n_waiting;
    for (size_t i = 0; i < n; i++)
        taken[i] = team->waiting[i];
    team->n_waiting = 0;
    omp_unset_lock(&team->lock);
    if (n == 0)
        return RS_OK;
    qsort(taken, n, sizeof *taken, by_unit);
    enum rs_status status = parts_write(parts, team->plan, n, taken, err);
    for (size_t i = 0; i < n; i++) {
        progress->n_failed += (taken[i].status & VARIABLES_STATUS_solver_missed_tolerance) != 0;
        plan_row_clear(&taken[i]);
    }
    return status;
}

static void wait_for_workers(void)
{
    struct timespec pause = {0, poll_nanoseconds};
    nanosleep(&pause, NULL);
}

/* The main thread's part: until all workers are done; `alone` (OMP_THREAD_LIMIT) it does the work itself. */
static enum rs_status coordinate(struct team *team, bool alone, struct parts *parts, struct plan_row *taken,
                                 struct run_progress *progress, const struct run_hooks *hooks,
                                 struct rs_error *err)
{
    double start = clock_seconds(), last_flush = start;
    size_t n_found = progress->n_found;
    for (bool working = true; working;) {
        if (alone)
            team->n_working = work_once(team);
        else
            wait_for_workers();
        omp_set_lock(&team->lock);
        working = team->n_working > 0;
        progress->n_done = n_found + team->n_finished;
        if (hooks->should_stop(hooks->context))
            team->stop = true;
        omp_unset_lock(&team->lock);
        progress->seconds = clock_seconds() - start;
        hooks->progress(hooks->context, progress);
        if (working && clock_seconds() - last_flush < flush_seconds)
            continue;
        enum rs_status status = flush(team, parts, taken, progress, err);
        last_flush = clock_seconds();
        if (status != RS_OK) {
            omp_set_lock(&team->lock);
            team->status = status;
            team->err = *err;
            omp_unset_lock(&team->lock);
        }
    }
    if (team->status != RS_OK) {
        *err = team->err;
        return team->status;
    }
    return team->stop && progress->n_done < progress->n_total ? rs_fail(err, RS_STOPPED, "stopped") : RS_OK;
}

static enum rs_status list_units(const struct plan *plan, const struct parts *parts, struct parts_shard shard,
                                 size_t **queue, size_t *n_queue, struct run_progress *progress,
                                 struct rs_error *err)
{
    *queue = memory_allocate(plan->n_units, sizeof **queue, err);
    *n_queue = 0;
    if (*queue == NULL)
        return RS_INTERNAL;
    for (size_t unit = shard.shard; unit < plan->n_units; unit += shard.n_shards) {
        progress->n_total++;
        if (parts_has(parts, unit))
            progress->n_found++;
        else
            (*queue)[(*n_queue)++] = unit;
    }
    progress->n_done = progress->n_found;
    return RS_OK;
}

enum rs_status run_units(const struct plan *plan, struct parts *parts, struct parts_shard shard,
                         int n_threads, const struct run_hooks *hooks, struct rs_error *err)
{
    struct run_progress progress = {0};
    struct team team = {.plan = plan};
    size_t *queue = NULL;
    enum rs_status status = list_units(plan, parts, shard, &queue, &team.n_queue, &progress, err);
    team.queue = queue;
    team.waiting = memory_allocate(team.n_queue, sizeof *team.waiting, err);
    struct plan_row *taken = memory_allocate(team.n_queue, sizeof *taken, err);
    if (team.waiting == NULL || taken == NULL)
        status = RS_INTERNAL;
    if (status == RS_OK && team.n_queue > 0) {
        omp_init_lock(&team.lock);
#pragma omp parallel num_threads(n_threads + 1)
        {
            int n_threads_got = omp_get_num_threads();
#pragma omp single
            team.n_working = (size_t)(n_threads_got > 1 ? n_threads_got - 1 : 1);
            if (omp_get_thread_num() == 0)
                status = coordinate(&team, n_threads_got == 1, parts, taken, &progress, hooks, err);
            else
                work(&team);
        }
        omp_destroy_lock(&team.lock);
    }
    hooks->progress(hooks->context, &progress);
    free(queue);
    free(team.waiting);
    free(taken);
    return status;
}
