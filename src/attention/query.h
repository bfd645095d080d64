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
    QUERY_ANALOG,   /* by the policy on analog signals */
    QUERY_EXACT,    /* by the exact scores */
    QUERY_QUANTISED /* nothing is pruned; scores and values from codes */
};

/* Work of one thread; arrays of n_keys_max and d elements. */
struct query_scratch {
    bool *exact_keep, *kept, *final;
    double *weights, *scores, *values_units, *output, *exact_output;
    int16_t *reduced; /* [n_keys_max][d], where codes are recomputed with fewer bits */
    struct bit_serial_keys *serial_keys;
    struct bit_serial_result *serial_results;
};

struct query {
    int layer, head;                /* head: the query's */
    size_t n_keys, self;            /* visible keys; index of the query's own key */
    const int16_t *query_codes;     /* [d] */
    const int16_t *value_codes;     /* [n_keys][d] */
    const int64_t *exact_sums;      /* [n_keys] */
    const double *signal_units;     /* [n_keys] array signals; NULL unless QUERY_ANALOG */
    const double *comparator_units; /* [n_keys] signals less offset and noise; NULL unless QUERY_ANALOG */
    const signed char *ruled; /* [n_keys] the bit of an unresolved comparator, or -1; NULL: all resolved */
    struct random_key key;    /* of this read */
};

enum rs_status query_scratch_create(const struct attention_setup *setup, struct query_scratch *out,
                                    struct rs_error *err) RS_MUST_CHECK;
void query_scratch_clear(struct query_scratch *scratch);

/* The reference of the comparators of (layer, head), in units of sum(q_msb k_msb): n - 1/2. */
double query_reference(const struct attention_setup *setup, int layer, int head);

/* Hands key_codes [n_keys][d] to the digital unit, for the analog queries until the next call. */
void query_set_keys(const struct attention_setup *setup, size_t n_keys, const int16_t *key_codes,
                    struct query_scratch *scratch);

/* bits [n_keys]: magnitude bits that a bit-serial unit without an analog screen takes of each visible key,
 * until it knows that a key falls short of the exact threshold. */
void query_count_bits(const struct attention_setup *setup, const struct query *query,
                      struct query_scratch *scratch, uint8_t *bits);

/*
 * Decides, computes output [d] (values as floats) and adds to `counts`. scratch->kept holds the decisions
 * after.
 */
void query_run(const struct attention_setup *setup, enum query_mode mode, const struct query *query,
               struct query_scratch *scratch, float *output, struct attention_counts *counts);

#endif
