/*
 * Which keys a finite buffer holds, and what a query's wanted keys do to it. On a miss the unit goes on with
 * keys it has (SPRINT's rotating pointer), so every held key that is wanted is used before anything is
 * replaced. Replaced are keys that this query does not want, round robin; where the wanted keys alone are
 * more than the places, the held ones go out as they are used and the last fetched stay. One key takes one
 * place; places = SIZE_MAX: no end.
 */
#ifndef COST_RESIDENCY_H
#define COST_RESIDENCY_H

#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

struct residency {
    uint64_t *held; /* [n_words] */
    size_t n_words, n_places, n_held, hand;
};

enum rs_status residency_init(struct residency *residency, size_t n_keys, size_t n_places,
                              struct rs_error *err) RS_MUST_CHECK;
void residency_clear(struct residency *residency);

/* Nothing is held. */
void residency_forget(struct residency *residency);

/* Wanted keys [n_words] come; missed [n_words] = those that were not held, their number returned. */
size_t residency_want(struct residency *residency, const uint64_t *wanted, size_t n_words, uint64_t *missed);

#endif
