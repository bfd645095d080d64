/*
 * ngspice for many decks: a pool of processes, each with one instance of libngspice (our own program started
 * again, the library opened with dlopen there), or, without the library, one `ngspice -b` for each run, with
 * the same bits as answer. Nothing counts but values: a run fails unless every vector asked for came back
 * real, finite and of its length, and ngspice said nothing that speaks of another circuit (trouble.h).
 *
 * A job is a deck and its runs. A run is commands (lines such as "alter vp = 0.7", "op", "tran 2p 1n",
 * "meas tran ...", "let ...") and the vectors to read after them; then all plots are destroyed. The circuit
 * stays loaded from run to run of a job, with what was altered; every job starts from its deck anew, so
 * answers depend neither on the number of workers nor on the order in which they work. Jobs run in one thread
 * each, at most n_workers at once. RESCORE_NGSPICE names another library, or is "program" for `ngspice -b`.
 *
 * Random numbers of ngspice 39: those in parameters (agauss ...) come again when the deck says `.options
 * seed=N`; those of `let` (sgauss) and of trnoise sources, which are seeded with the process number, do not:
 * what must come again is drawn by the caller and written as numbers or pwl.
 */
#ifndef SPICE_WORKER_H
#define SPICE_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

/* First argument of the program that makes it a worker. */
#define WORKER_COMMAND "ngspice-worker"

/* "out", "v(out)", "v1#branch", "i(v1)", a measure or a `let`, of the current plot; length 0: any, at
 * least 1. */
struct worker_vector {
    const char *name;
    size_t length;
};

/* `commands`: lines ending in '\n' or '\0'. */
struct worker_run {
    const char *commands;
    size_t n_vectors;
    const struct worker_vector *vectors;
};

/* What a run answered; values[k] has lengths[k] numbers. */
struct worker_values {
    size_t n_vectors;
    const size_t *lengths;
    const double *const *values;
};

enum { WORKER_MESSAGE_SIZE = 2048 };

struct worker_job {
    const char *deck;      /* its .control blocks are left out; files it includes by absolute paths */
    struct worker_run run; /* the first run */
    double limit_seconds;  /* of each run, loading included; 0: none */
    /*
     * NULL, or called in the caller's thread with the values of each run: fills `next`, whose memory must
     * last until the next call, and returns true for a further run; false ends the job. Jobs take turns as
     * they finish runs, so a `state` must not depend on others.
     */
    bool (*take)(void *state, const struct worker_values *values, struct worker_run *next);
    void *state;
    double *values; /* NULL, or the first run's values one vector after the other; then all have lengths */

    /* Out. RS_OK, RS_INPUT (deck or vectors refused before running), RS_IO (ngspice), RS_STOPPED (not done).
     */
    enum rs_status status;
    char message[WORKER_MESSAGE_SIZE]; /* why not; names the directory that keeps deck.cir and log.txt */
    size_t n_runs;                     /* done */
};

struct worker_options {
    size_t n_workers;        /* 0: 1 */
    const char *program;     /* that starts as worker_process_main; NULL: this program */
    const char *ngspice;     /* NULL: RESCORE_NGSPICE; that unset: libngspice.so.0, else `ngspice -b` */
    size_t jobs_max;         /* jobs of a process before it is replaced; 0: 1000 */
    size_t growth_max_bytes; /* memory above that of its start after which it is; 0: 512 MiB */
    bool (*should_stop)(void *state); /* may be NULL */
    void *stop_state;
};

struct worker_pool;

/* Starts one worker, to know that there is an ngspice: RS_IO, naming the packages, when there is none. */
enum rs_status worker_pool_create(const struct worker_options *options, struct worker_pool **out,
                                  struct rs_error *err) RS_MUST_CHECK;
void worker_pool_destroy(struct worker_pool *pool);

/*
 * Runs all jobs; their answers do not depend on n_workers. RS_OK when all succeeded; RS_INCOMPLETE when some
 * failed, with the first one's message in `err`; RS_STOPPED; RS_IO or RS_INTERNAL when no process can be
 * started: then jobs not done say so.
 */
enum rs_status worker_pool_run(struct worker_pool *pool, size_t n_jobs, struct worker_job *jobs,
                               struct rs_error *err) RS_MUST_CHECK;

/* "ngspice-39", and by which way: "library" or "program". */
const char *worker_pool_version(const struct worker_pool *pool);
const char *worker_pool_way(const struct worker_pool *pool);

#endif
