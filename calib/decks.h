/*
 * Decks of a stage and what ngspice answered: the only place of this folder that knows the pool of workers
 * (spice/worker.h). A deck is loaded once; then come its runs, each with commands and the same list of
 * numbers to read, or, where what to ask next depends on the answer, a function of the stage.
 */
#ifndef CALIB_DECKS_H
#define CALIB_DECKS_H

#include "base/text.h"
#include "io/digest.h"
#include "spice/worker.h"

enum { DECKS_NAME_SIZE = 96 };

struct deck {
    char name[DECKS_NAME_SIZE];
    char sha256[DIGEST_TEXT_SIZE]; /* of the text and the commands of its runs */
    char *text;
    size_t n_runs, n_vectors;
    char **commands;               /* [n_runs] */
    struct worker_vector *vectors; /* [n_vectors] */
    /* NULL, or as in worker.h, after the first run; `state` is the stage's and must outlive decks_run. */
    bool (*take)(void *state, const struct worker_values *values, struct worker_run *next);
    void *state;
    double *values; /* [n_runs][n_vectors]: the last number of each vector, of decks without `take` */
    bool good;      /* every run answered */
};

/* Start from {0}. */
struct decks {
    size_t n, capacity;
    struct deck *decks;
    bool failed; /* no memory */
};

/* Adds a deck; takes `text` (malloc; NULL: no memory). The deck stays where it is until the next one. */
struct deck *decks_add(struct decks *decks, const char *name, char *text);
/* Adds a vector to read after every run: "i(v3)", "v(out)", a measure; length 0: any. `name` is copied. */
void decks_ask(struct decks *decks, struct deck *deck, const char *name, size_t length);
/* Adds a run: commands, a line each; takes them (malloc). */
void decks_add_run(struct decks *decks, struct deck *deck, char *commands);

struct decks_hooks {
    void (*show)(void *context, size_t n_done, size_t n_failed); /* may be NULL; of decks */
    void *context;
};

/*
 * Runs all decks, each of their runs within limit_seconds. RS_INCOMPLETE: some failed, the first one's reason
 * in `err` with its name; RS_STOPPED; RS_IO: no worker can be started. What was answered is kept.
 */
enum rs_status decks_run(struct decks *decks, struct worker_pool *pool, double limit_seconds,
                         const struct decks_hooks *hooks, struct rs_error *err) RS_MUST_CHECK;

void decks_clear(struct decks *decks);

#endif
