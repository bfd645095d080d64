#include "config.h" /* strdup */

#include "spice/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "io/file.h"
#include "spice/trouble.h"
#include "spice/worker_batch.h"
#include "spice/worker_request.h"
#include "spice/worker_slot.h"

enum {
    VERSION_SIZE = 64,
    NAME_SIZE = 256,
    JOBS_MAX = 1000,
    KEPT_MAX = 8,
    REASON_MAX = 800,
    POLL_MILLISECONDS = 50
};

#define GROWTH_MAX_BYTES ((size_t)512 << 20)
#define START_SECONDS 60.0
#define DEFAULT_LIBRARY "libngspice.so.0"
#define PROGRAM_WORD "program"

struct worker_pool {
    struct worker_options options;
    char *program, *library; /* own copies; library NULL: `ngspice -b` */
    char version[VERSION_SIZE];
    size_t n_kept; /* directories of failures */
    size_t n_slots;
    struct worker_slot *slots;
    size_t *jobs;  /* [n_slots], of the busy ones */
    bool *tainted; /* [n_slots]: a command changed more than its circuit */
};

/* The jobs of one call. */
struct batch {
    struct worker_pool *pool;
    struct worker_job *jobs;
    size_t n_jobs, n_begun, n_ended, n_failed, i_first_failed;
};

/* --- ends of jobs --- */

static void end_job(struct batch *batch, size_t i_job, enum rs_status status, const char *message)
{
    struct worker_job *job = &batch->jobs[i_job];
    job->status = status;
    snprintf(job->message, sizeof job->message, "%.*s", WORKER_MESSAGE_SIZE - 1, message);
    batch->n_ended++;
    if (status == RS_OK)
        return;
    if (batch->n_failed == 0 || i_job < batch->i_first_failed)
        batch->i_first_failed = i_job;
    batch->n_failed++;
}

/* The process is replaced too: nobody knows what state it is in. */
static void fail_job(struct batch *batch, size_t i_slot, const char *reason)
{
    struct worker_pool *pool = batch->pool;
    char message[WORKER_MESSAGE_SIZE], directory[PROCESS_DIRECTORY_SIZE] = "";
    bool keep = pool->n_kept < KEPT_MAX;
    if (keep)
        worker_slot_keep(&pool->slots[i_slot], directory);
    else
        worker_slot_end(&pool->slots[i_slot]);
    if (directory[0] != '\0')
        snprintf(message, sizeof message, "%.*s (its files are in %s)", REASON_MAX, reason, directory);
    else
        snprintf(message, sizeof message, "%.*s (%s)", REASON_MAX, reason,
                 keep ? "its files could not be kept" : "as many files as are kept are there already");
    pool->n_kept += directory[0] != '\0';
    end_job(batch, pool->jobs[i_slot], RS_IO, message);
}

static void recycle(struct worker_pool *pool, size_t i_slot)
{
    struct worker_slot *slot = &pool->slots[i_slot];
    slot->n_jobs++;
    if (slot->library == NULL || slot->n_jobs >= pool->options.jobs_max || pool->tainted[i_slot] ||
        slot->memory_bytes > slot->memory_start_bytes + pool->options.growth_max_bytes)
        worker_slot_end(slot);
}

/* --- answers --- */

static void begin_run(struct batch *batch, size_t i_slot);

/* The commands of the run that has ended become history: what `ngspice -b` repeats before the next one. */
static bool remember_run(struct worker_slot *slot)
{
    struct worker_wire last = {.bytes = slot->request.bytes, .n_left = slot->request.length};
    free(worker_wire_take_text(&last));
    bool in_doubt = worker_wire_take_number(&last) != 0;
    char *commands = worker_wire_take_text(&last);
    text_append(&slot->history, "%s\ndestroy all\n", commands == NULL ? "" : commands);
    slot->history.failed = slot->history.failed || last.broken;
    free(commands);
    return in_doubt;
}

static void continue_job(struct batch *batch, size_t i_slot, const struct worker_run *next)
{
    struct worker_pool *pool = batch->pool;
    struct worker_slot *slot = &pool->slots[i_slot];
    struct rs_error err = {{0}};
    bool in_doubt = remember_run(slot);
    pool->tainted[i_slot] = pool->tainted[i_slot] || !worker_request_is_contained(next->commands);
    enum rs_status status = slot->history.failed
                                ? rs_fail(&err, RS_INTERNAL, "out of memory")
                                : worker_request_write("", in_doubt, next, &slot->request, &err);
    if (status == RS_OK) {
        begin_run(batch, i_slot);
        return;
    }
    worker_slot_end(slot);
    end_job(batch, pool->jobs[i_slot], status, err.text);
}

/* Hands the values over; begins the next run or ends the job. */
static void take_values(struct batch *batch, size_t i_slot, const struct worker_request_answer *answer)
{
    struct worker_job *job = &batch->jobs[batch->pool->jobs[i_slot]];
    const struct worker_values values = {answer->n_vectors, answer->lengths,
                                         (const double *const *)answer->values};
    struct worker_run next = {0};
    if (job->values != NULL && job->n_runs == 0)
        for (size_t k = 0, n = 0; k < answer->n_vectors; n += answer->lengths[k++])
            memcpy(job->values + n, answer->values[k], answer->lengths[k] * sizeof(double));
    job->n_runs++;
    if (job->take != NULL && job->take(job->state, &values, &next)) {
        continue_job(batch, i_slot, &next);
        return;
    }
    end_job(batch, batch->pool->jobs[i_slot], RS_OK, "");
    recycle(batch->pool, i_slot);
}

static void take_answer(struct batch *batch, size_t i_slot, const struct text *bytes)
{
    struct worker_request_answer answer = {0};
    struct rs_error err = {{0}};
    struct worker_slot *slot = &batch->pool->slots[i_slot];
    enum rs_status status = worker_request_open(bytes, &slot->request, &answer, &err);
    if (status != RS_OK)
        fail_job(batch, i_slot, err.text);
    else {
        if (slot->library == NULL)
            worker_slot_end(slot);
        take_values(batch, i_slot, &answer);
    }
    worker_request_clear(&answer);
}

/* --- beginnings --- */

static void begin_run(struct batch *batch, size_t i_slot)
{
    bool missing;
    struct rs_error err = {{0}};
    struct worker_slot *slot = &batch->pool->slots[i_slot];
    enum rs_status status = worker_slot_begin(slot, &missing, &err);
    if (status == RS_OK)
        return;
    worker_slot_end(slot);
    end_job(batch, batch->pool->jobs[i_slot], status, err.text);
}

static void begin_job(struct batch *batch, size_t i_slot)
{
    struct worker_pool *pool = batch->pool;
    struct worker_slot *slot = &pool->slots[i_slot];
    size_t i_job = batch->n_begun++;
    const struct worker_job *job = &batch->jobs[i_job];
    struct rs_error err = {{0}};
    bool in_doubt = false;
    for (size_t k = 0; job->values != NULL && k < job->run.n_vectors; k++)
        rs_require(job->run.vectors[k].length > 0, "values can only go where their number is known");
    pool->jobs[i_slot] = i_job;
    pool->tainted[i_slot] = !worker_request_is_contained(job->run.commands);
    slot->limit_seconds = job->limit_seconds;
    worker_slot_refresh(slot);
    text_clear(&slot->circuit);
    text_clear(&slot->history);
    worker_batch_write_circuit(job->deck, &slot->circuit);
    enum rs_status status = slot->circuit.failed ? rs_fail(&err, RS_INTERNAL, "out of memory")
                                                 : trouble_check_deck(slot->circuit.bytes, &in_doubt, &err);
    struct text loaded = {0};
    if (status == RS_OK) {
        text_append(&loaded, "%s.end\n", slot->circuit.bytes);
        status = loaded.failed
                     ? rs_fail(&err, RS_INTERNAL, "out of memory")
                     : worker_request_write(loaded.bytes, in_doubt, &job->run, &slot->request, &err);
    }
    text_clear(&loaded);
    if (status != RS_OK)
        end_job(batch, i_job, status, err.text);
    else
        begin_run(batch, i_slot);
}

/* --- the loop --- */

static bool should_stop(const struct worker_pool *pool)
{
    return pool->options.should_stop != NULL && pool->options.should_stop(pool->options.stop_state);
}

/* A worker of a running pool that does not greet cannot be replaced by another of its kind. */
static enum rs_status check_greeting(const struct text *greeting, struct rs_error *err)
{
    struct worker_wire wire = {.bytes = greeting->bytes, .n_left = greeting->length};
    if (worker_wire_take_number(&wire) == WORKER_WIRE_DONE && !wire.broken)
        return RS_OK;
    (void)worker_wire_take_number(&wire);
    char *reason = worker_wire_take_text(&wire);
    enum rs_status status = rs_fail(err, RS_IO, "%s", reason == NULL ? "no answer" : reason);
    free(reason);
    return status;
}

static enum rs_status advance(struct batch *batch, size_t i_slot, short found, struct rs_error *err)
{
    struct text answer = {0};
    enum rs_status status = RS_OK;
    switch (worker_slot_advance(&batch->pool->slots[i_slot], found, &answer)) {
    case WORKER_SLOT_NOTHING:
        break;
    case WORKER_SLOT_GREETING:
        status = check_greeting(&answer, err);
        if (status != RS_OK)
            fail_job(batch, i_slot, err->text);
        break;
    case WORKER_SLOT_ANSWER:
        take_answer(batch, i_slot, &answer);
        break;
    }
    text_clear(&answer);
    return status;
}

static enum rs_status step(struct batch *batch, struct pollfd *polled, struct rs_error *err)
{
    struct worker_pool *pool = batch->pool;
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < pool->n_slots; i++) {
        while (!pool->slots[i].busy && batch->n_begun < batch->n_jobs)
            begin_job(batch, i);
        polled[i] = (struct pollfd){.fd = -1};
        if (pool->slots[i].busy)
            polled[i] = (struct pollfd){pool->slots[i].process.fd, worker_slot_events(&pool->slots[i]), 0};
    }
    if (poll(polled, pool->n_slots, POLL_MILLISECONDS) < 0 && errno != EINTR)
        return rs_fail(err, RS_IO, "cannot wait for ngspice: %s", strerror(errno));
    for (size_t i = 0; i < pool->n_slots && status == RS_OK; i++)
        if (pool->slots[i].busy)
            status = advance(batch, i, polled[i].revents, err);
    return status;
}

enum rs_status worker_pool_run(struct worker_pool *pool, size_t n_jobs, struct worker_job *jobs,
                               struct rs_error *err)
{
    struct batch batch = {.pool = pool, .jobs = jobs, .n_jobs = n_jobs};
    enum rs_status status = RS_OK;
    struct pollfd *polled = memory_allocate(pool->n_slots, sizeof *polled, err);
    if (polled == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n_jobs; i++) {
        jobs[i].status = RS_STOPPED;
        jobs[i].n_runs = 0;
        snprintf(jobs[i].message, sizeof jobs[i].message, "not done");
    }
    while (status == RS_OK && batch.n_ended < n_jobs) {
        if (should_stop(pool))
            status = rs_fail(err, RS_STOPPED, "stopped while ngspice had %zu of %zu decks to do",
                             n_jobs - batch.n_ended, n_jobs);
        else
            status = step(&batch, polled, err);
    }
    for (size_t i = 0; i < pool->n_slots; i++)
        if (pool->slots[i].busy)
            worker_slot_end(&pool->slots[i]);
    free(polled);
    if (status != RS_OK || batch.n_failed == 0)
        return status;
    const char *message = jobs[batch.i_first_failed].message;
    return n_jobs == 1 ? rs_fail(err, RS_INCOMPLETE, "%s", message)
                       : rs_fail(err, RS_INCOMPLETE, "%zu of %zu decks failed, the first is number %zu: %s",
                                 batch.n_failed, n_jobs, batch.i_first_failed, message);
}

/* --- pools --- */

/* Workers live in other directories. The caller's; NULL when memory is short. */
static char *copy_path(const char *path)
{
    bool relative = path[0] != '/' && strchr(path, '/') != NULL;
    char *absolute = relative ? realpath(path, NULL) : NULL;
    return absolute == NULL ? strdup(path) : absolute;
}

/* Waits for the greeting of a worker without work. */
static enum rs_status await_greeting(struct worker_slot *slot, struct text *greeting, struct rs_error *err)
{
    enum worker_slot_event event = WORKER_SLOT_NOTHING;
    while (event == WORKER_SLOT_NOTHING) {
        struct pollfd polled = {slot->process.fd, POLLIN, 0};
        if (poll(&polled, 1, POLL_MILLISECONDS) < 0 && errno != EINTR)
            return rs_fail(err, RS_IO, "cannot wait for ngspice: %s", strerror(errno));
        event = worker_slot_advance(slot, polled.revents, greeting);
    }
    return check_greeting(greeting, err);
}

static void copy_version(const char *text, char version[VERSION_SIZE])
{
    const char *at = text == NULL ? NULL : strstr(text, "ngspice-");
    snprintf(version, VERSION_SIZE, "%.*s", at == NULL ? 7 : (int)strcspn(at, " \n"),
             at == NULL ? "ngspice" : at);
}

static enum rs_status try_library(struct worker_pool *pool, struct rs_error *err)
{
    struct worker_slot *slot = &pool->slots[0];
    struct text greeting = {0};
    slot->library = pool->library;
    enum rs_status status = worker_slot_start(slot, err);
    if (status == RS_OK)
        status = await_greeting(slot, &greeting, err);
    if (status == RS_OK) {
        struct worker_wire wire = {.bytes = greeting.bytes, .n_left = greeting.length};
        (void)worker_wire_take_number(&wire);
        (void)worker_wire_take_number(&wire);
        char *version = worker_wire_take_text(&wire);
        copy_version(version, pool->version);
        free(version);
    } else
        worker_slot_end(slot);
    text_clear(&greeting);
    return status;
}

/* `ngspice --version` says which it is. */
static enum rs_status try_program(struct worker_pool *pool, struct rs_error *err)
{
    static char name[] = "ngspice", option[] = "--version";
    char *const arguments[] = {name, option, NULL};
    char path[PROCESS_PATH_SIZE], *log = NULL;
    size_t n_bytes;
    struct process process = {0};
    struct rs_error unread;
    enum rs_status status = process_make_directory("rescore-worker", process.directory, err);
    if (status != RS_OK)
        return status;
    status = process_start(&process, arguments, NULL, err);
    if (status == RS_OK) {
        (void)process_end(&process, START_SECONDS);
        process_print_path(process.directory, "log.txt", path);
        if (file_read(path, RS_ERROR_SIZE, &log, &n_bytes, &unread) != RS_OK)
            log = NULL;
        copy_version(log, pool->version);
        free(log);
    }
    process_remove_directory(process.directory);
    return status;
}

static enum rs_status find_ngspice(struct worker_pool *pool, const char *wanted, struct rs_error *err)
{
    struct rs_error no_library = {{0}}, no_program = {{0}};
    bool any = wanted == NULL || wanted[0] == '\0';
    if (any || strcmp(wanted, PROGRAM_WORD) != 0) {
        pool->library = copy_path(any ? DEFAULT_LIBRARY : wanted);
        if (pool->library == NULL)
            return rs_fail(err, RS_INTERNAL, "out of memory");
        if (try_library(pool, &no_library) == RS_OK)
            return RS_OK;
        if (!any)
            return rs_fail(err, RS_IO, "ngspice not found: %s (package libngspice0)", no_library.text);
        free(pool->library);
        pool->library = NULL;
    }
    if (try_program(pool, &no_program) == RS_OK)
        return RS_OK;
    if (any)
        return rs_fail(
            err, RS_IO,
            "ngspice not found: neither its library (package libngspice0): %s; nor the program on PATH "
            "(package ngspice): %s",
            no_library.text, no_program.text);
    return rs_fail(err, RS_IO, "ngspice not found: %s (package ngspice)", no_program.text);
}

enum rs_status worker_pool_create(const struct worker_options *options, struct worker_pool **out,
                                  struct rs_error *err)
{
    *out = NULL;
    struct worker_pool *pool = memory_allocate(1, sizeof *pool, err);
    if (pool == NULL)
        return RS_INTERNAL;
    pool->options = *options;
    pool->n_slots = options->n_workers == 0 ? 1 : options->n_workers;
    if (pool->options.jobs_max == 0)
        pool->options.jobs_max = JOBS_MAX;
    if (pool->options.growth_max_bytes == 0)
        pool->options.growth_max_bytes = GROWTH_MAX_BYTES;
    pool->program = copy_path(options->program == NULL ? "/proc/self/exe" : options->program);
    pool->slots = memory_allocate(pool->n_slots, sizeof *pool->slots, err);
    pool->jobs = memory_allocate(pool->n_slots, sizeof *pool->jobs, err);
    pool->tainted = memory_allocate(pool->n_slots, sizeof *pool->tainted, err);
    enum rs_status status = RS_INTERNAL;
    if (pool->program != NULL && pool->slots != NULL && pool->jobs != NULL && pool->tainted != NULL) {
        for (size_t i = 0; i < pool->n_slots; i++)
            pool->slots[i].program = pool->program;
        const char *wanted = options->ngspice == NULL ? getenv("RESCORE_NGSPICE") : options->ngspice;
        status = find_ngspice(pool, wanted, err);
    }
    if (status != RS_OK) {
        worker_pool_destroy(pool);
        return status;
    }
    for (size_t i = 0; i < pool->n_slots; i++)
        pool->slots[i].library = pool->library;
    *out = pool;
    return RS_OK;
}

void worker_pool_destroy(struct worker_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; pool->slots != NULL && i < pool->n_slots; i++)
        worker_slot_clear(&pool->slots[i]);
    free(pool->slots);
    free(pool->jobs);
    free(pool->tainted);
    free(pool->program);
    free(pool->library);
    free(pool);
}

const char *worker_pool_version(const struct worker_pool *pool)
{
    return pool->version;
}

const char *worker_pool_way(const struct worker_pool *pool)
{
    return pool->library != NULL ? "library" : PROGRAM_WORD;
}
