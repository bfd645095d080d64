#include "spice/currents.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

enum { NAME_SIZE = 32 };

enum rs_status currents_compute(struct worker_pool *pool, size_t n_decks, const char *const *decks,
                                size_t n_columns, double limit_seconds, double *amperes, struct rs_error *err)
{
    enum rs_status status = RS_INTERNAL;
    char(*names)[NAME_SIZE] = memory_allocate(n_columns, sizeof *names, err);
    struct worker_vector *vectors = memory_allocate(n_columns, sizeof *vectors, err);
    struct worker_job *jobs = memory_allocate(n_decks, sizeof *jobs, err);
    if (names != NULL && vectors != NULL && jobs != NULL) {
        for (size_t j = 0; j < n_columns; j++) {
            snprintf(names[j], NAME_SIZE, "i(v%zu)", j);
            vectors[j] = (struct worker_vector){names[j], 1};
        }
        for (size_t d = 0; d < n_decks; d++)
            jobs[d] = (struct worker_job){.deck = decks[d],
                                          .run = {"op", n_columns, vectors},
                                          .limit_seconds = limit_seconds,
                                          .values = amperes + d * n_columns};
        status = worker_pool_run(pool, n_decks, jobs, err);
    }
    free(names);
    free(vectors);
    free(jobs);
    return status == RS_INCOMPLETE ? RS_IO : status;
}
