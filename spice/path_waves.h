/*
 * A path's deck run by workers (worker.h): the commands and vectors of its one transient, and the decisions
 * read from the waves. The same numbers as those that the deck itself prints.
 */
#ifndef SPICE_PATH_WAVES_H
#define SPICE_PATH_WAVES_H

#include "spice/path.h"
#include "spice/worker.h"

enum { PATH_WAVES_NAME_SIZE = 32 };

/* Vectors of a run: time, then p, op, on of each slot and n of each or, shared, the reference's node. */
size_t path_waves_count(const struct path_plan *plan, size_t n_slots);
void path_waves_name(const struct path_plan *plan, size_t n_slots, size_t k, char name[PATH_WAVES_NAME_SIZE]);

/* Appends the commands of the run, lines. */
void path_waves_write_commands(const struct path_plan *plan, size_t n_vectors, size_t n_slots,
                               struct text *commands);

/*
 * decisions [n_vectors][n_slots] from what a run answered, path_waves_count vectors. RS_IO where lengths
 * differ or no point of time lies at a clock's edge.
 */
enum rs_status path_waves_read(const struct path_plan *plan, const struct worker_values *values,
                               size_t n_vectors, size_t n_slots, struct path_decision *decisions,
                               struct rs_error *err) RS_MUST_CHECK;

#endif
