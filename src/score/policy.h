/*
 * Pruning policies: from the scores of one query to one keep bit per visible key, and what the decision took.
 * A policy is one descriptor (policy_NAME.c, or policy.c where a few lines do) and a line in the registry.
 */
#ifndef SCORE_POLICY_H
#define SCORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"
#include "digital/a3.h"
#include "digital/topk.h"
#include "numeric/random.h"
#include "rescore/status.h"
#include "score/prune_options.h"

/* What a policy sees of the array. */
enum policy_input {
    POLICY_INPUT_NONE,        /* nothing */
    POLICY_INPUT_COMPARATOR,  /* one comparator per key */
    POLICY_INPUT_COMPARATORS, /* two: references at +- prune.band */
    POLICY_INPUT_RAMP,        /* one comparator per key on a falling common reference */
    POLICY_INPUT_READOUT      /* the converter's values */
};

/* One query and its visible keys, 0 ... n_keys - 1. NULL where the policy's input does not give it. */
struct policy_query {
    size_t n_keys, d, i_query;
    int layer, head; /* head: the query's */
    const struct prune_options *options;
    const int16_t *query_codes; /* [d] */
    const int16_t *key_codes;   /* [n_keys][d] */
    const int64_t *exact_sums;  /* [n_keys] sum(q_code k_code) */
    int64_t exact_threshold;    /* keep iff sum >= this */
    double exact_unit;          /* score of one unit of exact_sums */
    double analog_unit;         /* score of one unit of sum(q_msb k_msb) */
    /* In units of sum(q_msb k_msb): difference signals less offset and noise; with a ramp the references at
     * which comparators fire. `upper`: the second comparator of each key. */
    const double *comparator_units, *upper_units; /* [n_keys] */
    /* [n_keys] the bit of an unresolved comparator, or -1; NULL: all resolved */
    const signed char *ruled, *upper_ruled;
    double reference_units, upper_reference_units; /* of the comparators: n - 1/2 */
    const double *read_scores;    /* [n_keys] read-out signals after the converter, as scores */
    const struct random_key *key; /* seed, trial, array, write, draw = this read */
};

/* Precision of progressive quantisation. */
enum policy_precision {
    POLICY_PRECISION_FULL,
    POLICY_PRECISION_MSB,    /* the MSBs sufficed */
    POLICY_PRECISION_REFETCH /* ... they did not; LSBs were fetched and the scores computed again */
};

/* What a query's decision took, for the cost systems. 0: none of it. */
struct policy_work {
    uint64_t n_comparators;         /* per column: 0, 1 or 2 */
    uint64_t n_readouts;            /* analog values converted */
    uint64_t n_topk_cycles;         /* that the digital top-k engine takes */
    uint64_t n_topk_elements;       /* ... and elements that it compares */
    uint64_t n_search_rounds;       /* iterations of a search for candidates */
    bool query_pruned, head_pruned; /* not computed at all */
    enum policy_precision precision;
};

/* What a policy remembers from query to query (policy_cascade.h). */
struct policy_cascade;

/* Work of one thread. */
struct policy_room {
    size_t n_keys_max, d;
    double *reals;     /* [n_keys_max] */
    int64_t *sums;     /* [n_keys_max] */
    bool *flags;       /* [n_keys_max] */
    struct topk *topk; /* of the policies that need them, else NULL */
    struct a3_columns *columns;
    struct policy_cascade *cascade; /* owned */
    /* Of the exact decision, beside its keep: whether it does not compute the query at all (false on entry),
     * and [n_keys_max] whose values it uses (all true on entry). */
    bool exact_pruned, *exact_value;
};

struct policy_answer {
    bool *keep;      /* [n_keys] */
    bool *uncertain; /* [n_keys] left to the digital unit, which keeps those whose exact score reaches the
                        threshold; disjoint from keep; all false on entry */
    bool *value;     /* [n_keys] of those that enter the softmax, whose value is used; all true on entry */
    struct policy_work work; /* all 0 on entry */
};

struct policy {
    const char *name, *summary, *source;
    enum policy_input input;
    bool is_exact;      /* decided by exact scores, also where a query would keep nothing */
    bool has_threshold; /* of the run: calibrated, given or learned; the others need it to rethreshold only */
    bool rethresholds;  /* default of recompute.rethreshold */
    bool ranks;         /* needs room->topk */
    bool searches;      /* needs room->columns */
    bool cascades;      /* needs room->cascade */
    void (*decide)(const struct policy_query *query, struct policy_room *room, struct policy_answer *answer);
    /* keep [n_keys]: the exact decision, the same policy on exact scores (definitions 4) */
    void (*decide_exact)(const struct policy_query *query, struct policy_room *room, bool *keep);
};

extern const char *const policy_names[]; /* ends with NULL; the order of policy_at */

const struct policy *policy_at(int index);

enum rs_status policy_room_create(const struct policy *policy, size_t n_keys_max, size_t d,
                                  enum kernel kernel, struct policy_room *out,
                                  struct rs_error *err) RS_MUST_CHECK;
void policy_room_clear(struct policy_room *room);

/* Keys [n_keys][d] of the queries until the next call. */
void policy_set_keys(struct policy_room *room, size_t n_keys, const int16_t *key_codes);

/* The exact threshold: keep [n_keys] iff sum >= threshold. Returns how many are kept. */
size_t policy_keep_exact(const struct policy_query *query, bool *keep);

/* A signal for comparisons between keys: those nearer than 2^-30 units become equal, as whole sums of ideal
 * circuits are but for the rounding of their solution. */
double policy_snap(double units);

#endif
