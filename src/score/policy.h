/*
 * Pruning policies: from the scores of one query to one keep bit per visible key. A policy is one descriptor
 * and a line in the registry (policy.c).
 */
#ifndef SCORE_POLICY_H
#define SCORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "numeric/random.h"

/* One query and its visible keys; what is analog is in units of sum(q_msb k_msb). */
struct policy_query {
    size_t n_keys;
    const int64_t *exact_sums;      /* [n_keys] sum(q_code k_code) */
    int64_t exact_threshold;        /* keep iff sum >= this */
    const double *comparator_units; /* [n_keys] difference signal less offset and noise */
    const signed char *ruled; /* [n_keys] the bit of an unresolved comparator, or -1; NULL: all resolved */
    double reference_units;   /* the comparator's reference: n - 1/2 */
    const struct random_key *key; /* seed, trial, array, write, draw = this read */
};

struct policy {
    const char *name, *summary, *source;
    bool is_exact;     /* decided by exact scores, also where a query would keep nothing */
    bool rethresholds; /* default of recompute.rethreshold */
    /* keep [n_keys]; scratch [n_keys] */
    void (*decide)(const struct policy_query *query, double *scratch, bool *keep);
};

extern const char *const policy_names[]; /* ends with NULL; the order of policy_at */

const struct policy *policy_at(int index);

/* The exact decision: keep iff sum >= threshold. Returns how many are kept. */
size_t policy_decide_exact(const struct policy_query *query, bool *keep);

#endif
