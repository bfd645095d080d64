/*
 * One place of a pool: its process, the request that is under way and what came back of its answer. Which way
 * (a worker with the library, or `ngspice -b`) shows only here.
 */
#ifndef SPICE_WORKER_SLOT_H
#define SPICE_WORKER_SLOT_H

#include "spice/process.h"
#include "spice/worker_wire.h"

struct worker_slot {
    const char *program, *library; /* library NULL: `ngspice -b` */
    struct process process;
    bool busy, greeted;
    struct text circuit, history, request; /* of the job; the request without its frame */
    struct text out, in;                   /* bytes on their way; n_sent of `out` are gone */
    size_t n_sent;
    double limit_seconds, end_seconds; /* of the run; the moment it ends, or INFINITY */
    size_t n_jobs;                     /* of this process */
    uint64_t memory_start_bytes, memory_bytes;
};

enum worker_slot_event {
    WORKER_SLOT_NOTHING,
    WORKER_SLOT_GREETING, /* `answer` holds it */
    WORKER_SLOT_ANSWER,   /* `answer` holds it; a death or a time-out is a failure */
};

/* Sends slot->request, starting a process where none runs. RS_IO when it cannot be; `missing` as in
 * process_start. */
enum rs_status worker_slot_begin(struct worker_slot *slot, bool *missing, struct rs_error *err) RS_MUST_CHECK;

/* Starts a process that has nothing to do yet but to greet; library way only. */
enum rs_status worker_slot_start(struct worker_slot *slot, struct rs_error *err) RS_MUST_CHECK;

/* Between two jobs: forgets a process that was killed while it had nothing to do. */
void worker_slot_refresh(struct worker_slot *slot);

/* What poll should wait for. */
short worker_slot_events(const struct worker_slot *slot);

/* After poll: moves bytes, looks at the clock. `answer` starts empty and is the caller's. */
enum worker_slot_event worker_slot_advance(struct worker_slot *slot, short found, struct text *answer);

/* Ends the process, at once when it is busy, and removes its directory. */
void worker_slot_end(struct worker_slot *slot);

/*
 * The same after a failure, but deck.cir and log.txt are kept in a directory whose name is written to
 * `directory` ("" when that is not possible).
 */
void worker_slot_keep(struct worker_slot *slot, char directory[PROCESS_DIRECTORY_SIZE]);

void worker_slot_clear(struct worker_slot *slot);

#endif
