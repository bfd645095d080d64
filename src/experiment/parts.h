/*
 * The state of a run on disk: a folder with the run's head and part files, each holding a few finished units.
 * A part under its final name is complete (io/store.h), so a run may be killed at any moment, and any number
 * of shards may go on with what others began. Main thread only.
 */
#ifndef EXPERIMENT_PARTS_H
#define EXPERIMENT_PARTS_H

#include "experiment/plan.h"

struct parts;

/* Unit u belongs to shard u mod n_shards. */
struct parts_shard {
    size_t shard, n_shards;
};

/*
 * Opens (or makes) the folder and takes the shard's lock. Where the folder holds parts of another
 * configuration, they are removed if `discards`, else it is RS_INPUT: other shards may still want them.
 * Damaged parts are removed. *n_discarded counts what was removed. RS_CREATE when the folder cannot be made
 * or somebody holds the lock.
 */
enum rs_status parts_open(const char *folder, const struct plan *plan, struct parts_shard shard,
                          bool discards, struct parts **out, size_t *n_discarded,
                          struct rs_error *err) RS_MUST_CHECK;
/* Gives the lock back; the files stay. NULL is allowed. */
void parts_close(struct parts *parts);
/* Removes a folder of parts. */
void parts_remove(const char *folder);

/* Whether a unit lies in a part. */
bool parts_has(const struct parts *parts, size_t unit);

/* Writes one part with these rows, n_rows > 0. */
enum rs_status parts_write(struct parts *parts, const struct plan *plan, size_t n_rows,
                           const struct plan_row *rows, struct rs_error *err) RS_MUST_CHECK;

/* Reads a folder's head. */
enum rs_status parts_read_head(const char *folder, struct head *head, struct rs_error *err) RS_MUST_CHECK;

/*
 * Calls `take` for each unit of each part, in no order; a unit that stands in two parts comes twice, with the
 * same numbers. The row is cleared after. A part of another configuration is RS_INPUT.
 */
typedef enum rs_status parts_take(void *context, struct plan_row *row, struct rs_error *err);
enum rs_status parts_read(const char *folder, const struct head *head, parts_take *take, void *context,
                          struct rs_error *err) RS_MUST_CHECK;

#endif
