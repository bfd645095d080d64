/*
 * The comparators of one layer's arrays, one or (three-way) two of each key, as one thread runs them: offsets
 * and branch errors of the trial, last decisions of the write, and what one read decides
 * (frontend/comparator.h, frontend/reference.h).
 */
#ifndef ATTENTION_COMPARATORS_H
#define ATTENTION_COMPARATORS_H

#include "attention/delays.h"
#include "attention/query.h"

struct comparators;

/* `setup` must outlive it. */
enum rs_status comparators_create(const struct attention_setup *setup, struct comparators **out,
                                  struct rs_error *err) RS_MUST_CHECK;
void comparators_destroy(struct comparators *comparators);

/* A write: the comparators of its n_keys keys have no last decision. source_ohm [n_keys]: source resistance
 * of the negative less that of the positive input, and what a reference current is worth (bank.h), or NULL.
 */
void comparators_begin(struct comparators *comparators, uint32_t trial, int layer, int kv_head, size_t n_keys,
                       const double *source_ohm, const double *reference_ratio);

/*
 * One read: sets query->comparator_units, upper_units, ruled and upper_ruled, which stay until the next.
 * query: layer, head, n_keys, signal_units, and a key with seed, trial, write and draw. minus_units [n_keys]:
 * negative lines, or NULL where comparator_needs_lines is false. delays: takes what each decision takes,
 * where a time is modelled.
 *
 * Two comparators of a key are strobed one after the other, so that a latch sees its own kick only. Bias rows
 * and replicas subtract the middle threshold, with their errors; the band is the comparators' own, without.
 */
void comparators_compare(struct comparators *comparators, const double *minus_units, struct query *query,
                         struct attention_counts *counts, struct delays *delays);

#endif
