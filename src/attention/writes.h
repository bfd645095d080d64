/*
 * What is written in one array, as its reads find it: prefilled, all keys before the first read, or appended,
 * key j just before the reads of token j's queries, so that each key has an age of its own and those to come
 * stand at g_min. Reads that find the same cells make one span.
 */
#ifndef ATTENTION_WRITES_H
#define ATTENTION_WRITES_H

#include "attention/setup.h"

struct writes;

/* What writing took since writes_reset (devices/program.h); unused cells are written too. */
struct writes_counts {
    int64_t n_cells, n_pulses, n_failed;
};

/* One array's part of a sample. */
struct writes_job {
    struct random_key key; /* seed, trial, array, write */
    size_t kv_head;        /* of all layers: setup_kv_head */
    size_t tile, stack, n_keys, n_query_heads;
    const int16_t *key_msb; /* [n_keys][d]; the caller's */
};

struct writes_span {
    size_t n_reads;
    const double *target_siemens, *programmed_siemens; /* [n_rows][n_columns]; until the next span */
};

/* `setup` must outlive the writes. */
enum rs_status writes_create(const struct attention_setup *setup, struct writes **out,
                             struct rs_error *err) RS_MUST_CHECK;
void writes_destroy(struct writes *writes);

/* Writes the keys. RS_INPUT where a target lies outside the device's window. */
enum rs_status writes_begin(struct writes *writes, const struct writes_job *job,
                            struct rs_error *err) RS_MUST_CHECK;

void writes_reset(struct writes *writes);
struct writes_counts writes_counts(const struct writes *writes);

/* How many spans the reads first_read ... end_read - 1 make. */
size_t writes_count(const struct writes *writes, size_t first_read, size_t end_read);

/* The span that begins with `read` and ends before end_read at the latest. RS_INTERNAL when memory is short.
 */
enum rs_status writes_find(struct writes *writes, size_t read, size_t end_read, struct writes_span *out,
                           struct rs_error *err) RS_MUST_CHECK;

#endif
