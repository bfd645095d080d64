/*
 * A law: how one effect moves a conductance. Every law gives the shift of the mean and the standard deviation
 * at a state, for whole arrays of cells; drawing and adding is done in one place (devices/device.c).
 *
 * To add one: a file law_NAME.c with its option table and its descriptor, and a line in law_registry.c.
 */
#ifndef DEVICES_LAW_H
#define DEVICES_LAW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/option.h"
#include "rescore/status.h"

enum { LAW_PARAMS_SIZE = 8192 };

/* The block of a card that a law belongs to. */
enum law_block { LAW_PROGRAMMING, LAW_RELAXATION, LAW_READ_NOISE, LAW_BLOCKS };

struct law_conditions {
    double time_seconds; /* from write to read */
};

struct law {
    enum law_block block;
    const char *kind;    /* its name in a card */
    const char *summary; /* one line */
    const char *source;
    const struct option_table *params; /* NULL: none */

    /* Checks what the table cannot: lists that belong together. May be NULL. A clause goes into `why`. */
    bool (*check)(const void *params, char *why, size_t why_size);

    /* The published range of times, in seconds; may be NULL: all times. */
    void (*times)(const void *params, double *first_seconds, double *last_seconds);

    /*
     * shift_siemens [n], sigma_siemens [n] at the states conductance_siemens [n]; sigma >= 0.
     */
    void (*moments)(const void *params, const struct law_conditions *at, size_t n,
                    const double *conductance_siemens, double *shift_siemens, double *sigma_siemens);
};

/* The name of a block in a card: "programming" ... */
const char *law_block_name(enum law_block block);

/* The law of that kind in a block, or NULL. */
const struct law *law_find(enum law_block block, const char *kind);

/* All laws; `n` gets their number. */
const struct law *const *law_list(size_t *n);

#endif
