/*
 * The arrays of one thread: writes keys, solves the resistive network, gives difference signals.
 *
 * How an array's reads are solved follows from the configuration and the workload alone (reads.h).
 */
#ifndef ATTENTION_BANK_H
#define ATTENTION_BANK_H

#include "attention/keep.h"
#include "attention/setup.h"
#include "attention/writes.h"

struct bank;

/* The keys of one write and the reads they serve. */
struct bank_job {
    uint32_t trial, write;
    int layer, kv_head;
    size_t n_keys, n_queries, n_query_heads;
    bool causal;
    const int16_t *key_msb;   /* [n_keys][d] */
    const int16_t *query_msb; /* [n_query_heads][n_queries][d] */
};

/* What the reads give, the caller's. */
struct bank_answer {
    double *signal_units; /* [n_queries * n_query_heads][n_keys], I+ - I- */
    double *minus_units;  /* the same of I- alone; may be NULL */
    double *source_ohm;   /* [n_keys], what counts for kickback (comparator_kickback_ohm); mean over stacks;
                             may be NULL */
    double *reference_ratio; /* [n_keys], what a reference current that loads a line is worth; mean over
                                stacks; may be NULL */
    double *array_joules; /* [n_queries * n_query_heads], what drivers deliver in a read to the keys' arrays;
                             NULL unless setup->solves_energy */
};

/* `setup` must outlive the bank, its reference settled. */
enum rs_status bank_create(const struct attention_setup *setup, struct bank **out,
                           struct rs_error *err) RS_MUST_CHECK;
void bank_destroy(struct bank *bank);

/*
 * Writes the keys and reads every query: read i * n_query_heads + h for query i of head h. Pairs that a
 * causal mask hides may be left out. keep may be NULL. A threshold that circuits of the array or a replica
 * subtract is added back in exact numbers: their errors are left.
 */
enum rs_status bank_read(struct bank *bank, const struct bank_job *job, const struct bank_answer *answer,
                         struct keep *keep, struct rs_error *err) RS_MUST_CHECK;

/*
 * The certificate since the last reset: the largest Kirchhoff residual of field solves of 4 random vectors on
 * every array whose reads are products with T and on each layer's first array, and their largest difference
 * from V T (relative to sum |V| T). Cells that bend: of nonlinear fields, their residual by the cells' law,
 * and V T of the ohmic array whose cells carry the same currents at the voltages found. n_failed counts
 * solves that missed their tolerance.
 */
struct bank_certificate {
    double residual_max;
    int64_t n_failed;
};
struct bank_certificate bank_certificate(const struct bank *bank);

/* What writing took since the last reset. */
struct writes_counts bank_writes(const struct bank *bank);

void bank_reset(struct bank *bank);

#endif
