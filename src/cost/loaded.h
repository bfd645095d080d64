/*
 * The part that A3 and MnnFast have in common, the first member of their states. K and V of a head loaded
 * whole before its queries, while the head before computes; what does not fit is fetched again for every
 * query, and everything for queries that are passes of their own. They decide on chip and save no traffic.
 */
#ifndef COST_LOADED_H
#define COST_LOADED_H

#include "cost/model.h"

struct loaded {
    size_t n_places, n_own; /* tokens, K and V each; of the system as published */
    uint64_t load_end, compute_end, sequence_start;
};

/* Places from the user's buffer_bytes, or `own` tokens. */
void loaded_init(struct loaded *loaded, struct model *model, size_t own);

/* Bytes of the memory of K, or of V, as published. */
double loaded_memory_bytes(const struct model *model);

/* Counts writes and loading; compute_end then is the cycle in which the first query may start. */
void loaded_begin(struct loaded *loaded, struct model *model);

/* Counts what a query brings along. */
void loaded_query(struct loaded *loaded, struct model *model, const struct model_step *step);

#endif
