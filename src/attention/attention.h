/*
 * Attention layers in analog and digital, as the hook of a model: codes, arrays, comparators, decisions,
 * recompute. One attention belongs to one thread; its setup is shared.
 */
#ifndef ATTENTION_ATTENTION_H
#define ATTENTION_ATTENTION_H

#include "attention/bank.h"
#include "attention/delays.h"
#include "attention/comparators.h"
#include "attention/costing.h"
#include "attention/query.h"
#include "model/attention_hook.h"

struct attention;

/* Sees the exact sums of one query's visible keys, for calibration. */
typedef enum rs_status attention_watch(void *context, int layer, int head, size_t n_keys,
                                       const int64_t *exact_sums, struct rs_error *err);

/* `setup` must outlive the attention. QUERY_ANALOG also needs room for arrays. */
enum rs_status attention_create(const struct attention_setup *setup, enum query_mode mode,
                                struct attention **out, struct rs_error *err) RS_MUST_CHECK;
void attention_destroy(struct attention *attention);

/* Starts a trial: counts and certificate at 0. keep: where to save samples, or NULL. */
void attention_start(struct attention *attention, uint32_t trial, struct keep *keep_borrow);

/* The sample whose calls follow, layers in order from 0; also the number of the write. */
void attention_set_sample(struct attention *attention, uint32_t sample);

void attention_set_watch(struct attention *attention, attention_watch *watch, void *context);

/* The hook: `context` is a struct attention. */
attention_hook attention_run;

/* Since attention_start: counts of (layer, head), [n_layers * n_heads]; the certificate; what writing took.
 */
const struct attention_counts *attention_get_counts(const struct attention *attention);
/* What the decisions of all layers and heads took since attention_start; empty where no time is modelled. */
const struct delays *attention_get_delays(const struct attention *attention);
struct bank_certificate attention_certificate(const struct attention *attention);
struct writes_counts attention_writes(const struct attention *attention);

/* What the decisions since attention_start cost, or NULL where no system is costed. */
struct costing *attention_costing(struct attention *attention);

#endif
