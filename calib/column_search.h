/*
 * Trip points of all key slots of one full path (spice/path.h), query by query: which reference current
 * leaves a slot's latch undecided. Every transient asks all slots at once, each at a threshold of its own:
 * the first one at the threshold that the engine expects, the second where the first one's input makes it 0,
 * then steps that halve, against the decision.
 */
#ifndef CALIB_COLUMN_SEARCH_H
#define CALIB_COLUMN_SEARCH_H

#include "spice/path_request.h"

/* Filled by the caller up to `resolution_volts`; what a slot has is amperes at the array's output. */
struct column_search {
    struct path_plan plan;
    struct array_file array; /* conductances owned */
    size_t n_slots, n_queries;
    double *volts;            /* [n_queries][n_rows], owned, as the other arrays */
    double *expected_amperes; /* [n_queries][n_slots]: thresholds that the engine expects */
    double *slope_ohm;        /* [n_queries][n_slots]: d per ampere of threshold there */
    double reach_volts, resolution_volts;

    double *trip_amperes; /* out [n_queries][n_slots]; NAN: farther than reach_volts from the expected one */
    struct path path;
    struct path_request request;

    size_t i_query, n_steps, i_step;            /* step 0 is at what is expected, step 1 at input 0 */
    double *threshold_amperes, *centre_amperes; /* [n_slots] */
    struct path_decision *decisions;
    struct text commands;
    bool failed; /* an answer could not be read, for this reason */
    struct rs_error reason;
};

/* Allocates what a search of so many rows, columns, slots and queries needs. column_search_clear frees. */
enum rs_status column_search_init(size_t n_rows, size_t n_columns, size_t n_slots, size_t n_queries,
                                  struct column_search *out, struct rs_error *err) RS_MUST_CHECK;
void column_search_clear(struct column_search *search);

/* Makes the deck and the commands of the first run, search->commands. Errors of path_write. */
enum rs_status column_search_start(struct column_search *search, struct rs_error *err) RS_MUST_CHECK;

/* `take` of worker.h; the state is the search. */
bool column_search_take(void *state, const struct worker_values *values, struct worker_run *next);

#endif
