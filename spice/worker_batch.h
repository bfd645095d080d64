/*
 * The way of worker.h without the library: a run as one deck for `ngspice -b`, its values exact from binary
 * files. The same deck is what is kept of a failure of either way.
 */
#ifndef SPICE_WORKER_BATCH_H
#define SPICE_WORKER_BATCH_H

#include "spice/worker_wire.h"

/* The circuit of `deck`: its lines without .control blocks and .end, the title a comment. */
void worker_batch_write_circuit(const char *deck, struct text *circuit);

/*
 * `circuit` with a .control block that repeats `history` (the commands of the job's former runs), then does
 * those of `request` (after its deck), and writes its vectors k to files vK.raw.
 */
void worker_batch_write_deck(const char *circuit, const char *history, const struct worker_wire *request,
                             struct text *deck);

/* Reads log.txt and the files in `directory`; `answer` becomes that of worker_wire.h. */
void worker_batch_answer(const char *directory, const struct worker_wire *request, struct text *answer);

#endif
