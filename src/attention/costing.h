/*
 * What the decisions of a trial cost on the published systems (src/cost): queries are noted as they are
 * decided, and handed over head by head when a call ends. One costing belongs to one attention.
 */
#ifndef ATTENTION_COSTING_H
#define ATTENTION_COSTING_H

#include "attention/query.h"
#include "cost/cost.h"

struct costing;

/* `setup` must outlive the costing. *out is NULL where no system is costed. */
enum rs_status costing_create(const struct attention_setup *setup, struct costing **out,
                              struct rs_error *err) RS_MUST_CHECK;
void costing_destroy(struct costing *costing);

/* A trial begins. */
void costing_reset(struct costing *costing);

/*
 * Query i_query of head i_head of the call, as query_run left it in `scratch`. array_joules: read energy of
 * its arrays, NAN if unknown.
 */
void costing_note(struct costing *costing, size_t i_query, size_t i_head, const struct query *query,
                  struct query_scratch *scratch, double array_joules);

/* One call, all its queries noted. */
struct costing_call {
    size_t sample, layer, kv_head, n_query_heads, n_queries, n_keys;
    bool causal;
};

/* RS_INTERNAL when memory is short. */
enum rs_status costing_take(struct costing *costing, const struct costing_call *call,
                            struct rs_error *err) RS_MUST_CHECK;

/* What system i of setup->cost_systems took since costing_reset, and how many bits it would have read had the
 * same queries been decided exactly. */
void costing_answer(struct costing *costing, size_t i, struct cost_answer *answer, double *exact_bits_read);

#endif
