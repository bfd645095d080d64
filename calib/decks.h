/*
 * Decks of a stage and what ngspice answered. The only place of this folder that runs ngspice: stages list
 * decks and read values.
 */
#ifndef CALIB_DECKS_H
#define CALIB_DECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "io/digest.h"
#include "rescore/status.h"

enum { DECKS_NAME_SIZE = 96 };

struct deck {
    char name[DECKS_NAME_SIZE];
    char sha256[DIGEST_TEXT_SIZE]; /* of the text */
    char *text;
    size_t n_values;
    double *values; /* [n_values] */
    bool good;      /* values are there */
};

/* Start from {0}. */
struct decks {
    size_t n, capacity;
    struct deck *decks;
    char ngspice_version[64]; /* that answered */
};

/* Adds a deck with room for its values; takes `text` (malloc), also when it fails. */
enum rs_status decks_add(struct decks *decks, const char *name, char *text, size_t n_values,
                         struct rs_error *err) RS_MUST_CHECK;

struct decks_hooks {
    bool (*should_stop)(void *context);
    void (*show)(void *context, size_t n_done, size_t n_failed);
    void *context; /* of both, which may be NULL */
};

/*
 * Runs all decks, n_workers at once, each within limit_seconds. RS_INCOMPLETE: some failed, the first one's
 * reason in `err` with its name; RS_IO: there is no ngspice; RS_STOPPED. What was answered is kept.
 */
enum rs_status decks_run(struct decks *decks, size_t n_workers, double limit_seconds,
                         const struct decks_hooks *hooks, struct rs_error *err) RS_MUST_CHECK;

void decks_clear(struct decks *decks);

#endif
