/*
 * Vectors read from a memory of channels and banks: key j lies in channel j mod C, bank (j / C) mod B, so
 * neighbours lie apart (SPRINT, secondary). Every vector opens a row (assumed): its bank is busy for activate
 * + burst, its channel's bus for burst. Banks work in parallel, a bus carries one burst at a time.
 */
#ifndef COST_CHANNELS_H
#define COST_CHANNELS_H

#include <stdint.h>

#include "cost/model.h"

enum { CHANNELS_BANKS_MAX = 1024 }; /* channels times banks */

struct channels_time {
    uint64_t busy; /* until the busiest bus and bank are free for the next request */
    uint64_t last; /* until the last vector has left its row; its column time comes on top */
};

/* Cycles of reading `n_each` vectors, all in the key's bank, for every key of the set [n_words]. */
struct channels_time channels_read(const struct model *model, const uint64_t *set, size_t n_words,
                                   uint64_t n_each);

/* Cycles of one vector on its bus. */
uint64_t channels_burst(const struct model *model);

#endif
