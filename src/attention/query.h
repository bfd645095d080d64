/*
 * One query: decisions, recompute, softmax x V, and how far it is from the exact one (definitions 4 and 5).
 */
#ifndef ATTENTION_QUERY_H
#define ATTENTION_QUERY_H

#include "attention/counts.h"
#include "attention/setup.h"
#include "digital/bit_serial.h"

/* How an attention layer decides. */
enum query_mode {
    QUERY_ANALOG,    /* by the policy on analog signals */
    QUERY_EXACT,     /* by the exact scores */
    QUERY_QUANTISED, /* nothing is pruned; scores and values from codes */
    QUERY_RANDOM     /* keeps as many as QUERY_EXACT, any of them alike */
};

/*
 * Work of one thread; arrays of n_keys_max and d elements. After query_run, and until the next: the sets of
 * keys and what the decision took.
 */
struct query_scratch {
    bool *exact_keep;
    bool *kept;    /* the decision, which the rates count */
    bool *fetched; /* whose k came to the digital unit or the softmax: kept, uncertain, or an empty query's */
    bool *final;   /* entering the softmax; within fetched */
    bool *value;   /* whose v is used; within final */
    bool *uncertain; /* the policy left to the digital unit */
    struct policy_work work;
    struct policy_room room;
    double *weights, *scores, *values_units, *read_scores, *output, *exact_output;
    int16_t *reduced; /* [n_keys_max][d], where codes are recomputed with fewer bits */
    struct bit_serial_keys *serial_keys;
    struct bit_serial_result *serial_results;
    uint32_t *chosen; /* numbers of the keys that enter a softmax */
    int64_t *sums;    /* of keys whose digital sums are not the exact ones */
};

struct query {
    int layer, head;                /* head: the query's */
    size_t n_keys, self;            /* visible keys; index of the query's own key */
    const int16_t *query_codes;     /* [d] */
    const int16_t *key_codes;       /* [n_keys][d] */
    const int16_t *value_codes;     /* [n_keys][d] */
    const int64_t *exact_sums;      /* [n_keys] */
    const double *signal_units;     /* [n_keys] array signals; NULL unless QUERY_ANALOG */
    const double *comparator_units; /* [n_keys] signals less offset and noise; NULL unless QUERY_ANALOG */
    const double *upper_units;      /* ... of the second comparator of each key, where there is one */
    const signed char *ruled; /* [n_keys] the bit of an unresolved comparator, or -1; NULL: all resolved */
    const signed char *upper_ruled;
    struct random_key key; /* of this read */
};

enum rs_status query_scratch_create(const struct attention_setup *setup, struct query_scratch *out,
                                    struct rs_error *err) RS_MUST_CHECK;
void query_scratch_clear(struct query_scratch *scratch);

/* The reference of the comparators of (layer, head), in units of sum(q_msb k_msb): n - 1/2. */
double query_reference(const struct attention_setup *setup, int layer, int head);
/* ... of both where each key has two: references [2], prune.band below and above. */
void query_references(const struct attention_setup *setup, int layer, int head, double references[2]);

/* Hands key_codes [n_keys][d] to policy and digital unit, for the queries of `mode` until the next call. */
void query_set_keys(const struct attention_setup *setup, enum query_mode mode, size_t n_keys,
                    const int16_t *key_codes, struct query_scratch *scratch);

/* bits [n_keys]: magnitude bits that a bit-serial unit without an analog screen takes of each visible key,
 * until it knows that a key falls short of the exact threshold. setup->counts_bits is true. */
void query_count_bits(const struct attention_setup *setup, const struct query *query,
                      struct query_scratch *scratch, uint8_t *bits);

/* Decides, computes output [d] (values as floats) and adds to `counts`. */
void query_run(const struct attention_setup *setup, enum query_mode mode, const struct query *query,
               struct query_scratch *scratch, float *output, struct attention_counts *counts);

#endif
