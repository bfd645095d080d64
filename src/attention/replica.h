/*
 * The reference `replica`: for each key array (tile), a separate array with one column pair, or one for each
 * comparator, whose driven rows stand for the threshold. It has wires, drivers and sense resistances like the
 * key arrays', devices of its own (array numbers from the top of its kv head's), and is written once per
 * trial. Every read of a key array reads it too: read noise, traps, cells that bend and ageing are those of
 * keys. In each sample its cells are as old as those of keys that were written before the first read.
 */
#ifndef ATTENTION_REPLICA_H
#define ATTENTION_REPLICA_H

#include "attention/bank.h"

struct replica;

/* `setup` must outlive it and have its reference settled. */
enum rs_status replica_create(const struct attention_setup *setup, struct replica **out,
                              struct rs_error *err) RS_MUST_CHECK;
void replica_destroy(struct replica *replica);

/* A trial begins. */
void replica_reset(struct replica *replica);

/*
 * Takes the currents of tile `tile`'s replica, times ratio [n_keys] (NULL: 1; bank.h), from the signals of
 * its reads and keys, signal_units [n_queries * n_query_heads][n_keys], and adds to n_failed how many fields
 * did not converge. RS_INPUT where a target lies outside the device's window, RS_INTERNAL when memory is
 * short.
 */
enum rs_status replica_subtract(struct replica *replica, const struct bank_job *job, size_t tile,
                                const double *ratio, double *signal_units, int64_t *n_failed,
                                struct rs_error *err) RS_MUST_CHECK;

#endif
