/* Runs as requests, and answers as values: what worker_wire.h describes, in terms of worker.h. */
#ifndef SPICE_WORKER_REQUEST_H
#define SPICE_WORKER_REQUEST_H

#include "base/text.h"
#include "spice/worker.h"

/*
 * Replaces `request`. circuit "": the loaded one. RS_INPUT when a name is none of a vector, or a command sets
 * a resistance of 0.
 */
enum rs_status worker_request_write(const char *circuit, bool in_doubt, const struct worker_run *run,
                                    struct text *request, struct rs_error *err) RS_MUST_CHECK;

/* Whether all commands change nothing that outlives their circuit. */
bool worker_request_is_contained(const char *commands);

/* Starts from {0}. */
struct worker_request_answer {
    size_t n_vectors, *lengths;
    double **values; /* into `all` */
    double *all;
};

/* Reads and checks the answer to `request`: RS_IO with ngspice's reason, or when a vector is not as expected.
 */
enum rs_status worker_request_open(const struct text *bytes, const struct text *request_bytes,
                                   struct worker_request_answer *answer, struct rs_error *err) RS_MUST_CHECK;
void worker_request_clear(struct worker_request_answer *answer);

#endif
