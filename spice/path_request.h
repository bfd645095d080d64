/*
 * A path (path.h) as jobs of workers (worker.h): the deck of path_write, the run that gives the decisions,
 * and commands that change drives and thresholds between two runs of a loaded deck.
 */
#ifndef SPICE_PATH_REQUEST_H
#define SPICE_PATH_REQUEST_H

#include "spice/path.h"

/* Owned; start from {0}. `run` points into the others. */
struct path_request {
    char *deck, *transient;
    size_t n_vectors;
    char (*names)[32];
    struct worker_vector *vectors;
    struct worker_run run; /* the transient and what it is asked for */
};

/* Errors of path_write. The caller clears it in any case. */
enum rs_status path_request_fill(const struct path *path, struct path_request *out,
                                 struct rs_error *err) RS_MUST_CHECK;
void path_request_clear(struct path_request *request);

/* Decisions [n_vectors][n_slots] from the answer to `run`, the same numbers as those that the deck prints.
 * RS_IO where lengths differ or no point of time lies at a clock's edge. */
enum rs_status path_request_read(const struct path *path, const struct worker_values *values,
                                 struct path_decision *decisions, struct rs_error *err) RS_MUST_CHECK;

/* v(pJ) - v(nJ) of slot `slot` at one instant of an answer, volts. */
double path_request_input(const struct path *path, const struct worker_values *values, size_t slot,
                          double seconds);

/* Whether every slot has a threshold of its own, a source of its own: reference ideal or current, not shared.
 */
bool path_request_has_thresholds(const struct path_plan *plan);

/*
 * Appends commands that give a path of one vector other drives, volts [n_rows], and other thresholds, amperes
 * [n_slots] (path_request_has_thresholds).
 */
void path_request_write_volts(const struct path *path, const double *volts, struct text *commands);
void path_request_write_thresholds(const struct path *path, const double *amperes, struct text *commands);

/* Appends a command that keeps the clock low: no latch decides, none kicks. */
void path_request_write_still_clock(const struct path *path, struct text *commands);

#endif
