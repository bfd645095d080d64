/*
 * The training side of MemN2N in double: loss and its gradient by back-propagation, for one story at a time.
 * Weights are one flat array: embedding [n_hops + 1][n_words][d], then time [n_hops + 1][n_memories][d].
 */
#ifndef MODEL_MEMN2N_GRADIENT_H
#define MODEL_MEMN2N_GRADIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "model/memn2n.h"
#include "model/soft_threshold.h"

size_t memn2n_gradient_n_weights(const struct memn2n_shape *shape);

/* Room for one story at a time; one per thread. */
struct memn2n_gradient_workspace;
struct memn2n_gradient_workspace *memn2n_gradient_create(const struct memn2n_shape *shape,
                                                         struct rs_error *err) RS_MUST_CHECK;
void memn2n_gradient_destroy(struct memn2n_gradient_workspace *workspace);

/*
 * What meets a hop's threshold in place of its scores: signals [n_keys] of the query [d] and the keys
 * [n_seen][d], behind which n_keys - n_seen keys of zeros stand.
 */
typedef void memn2n_gradient_signals(void *context, size_t hop, size_t n_seen, size_t n_keys,
                                     const double *query, const double *keys, double *signals);

/* Soft thresholds of the hops, whose penalty the loss includes (soft_threshold.h). */
struct memn2n_gradient_soft {
    struct soft_threshold_law law;
    double weight;                    /* of the penalty */
    const double *thresholds;         /* [n_hops] */
    double *gradient;                 /* [n_hops], added to; NULL: not wanted */
    memn2n_gradient_signals *signals; /* NULL: scores decide */
    void *context;
};

/*
 * The loss -ln(probability of the story's answer) at `weights`, its gradient added to `gradient` (NULL: not
 * wanted). ages [n_sentences seen] (NULL: 0 for the newest, 1, 2 ...) are the time rows of the seen
 * sentences, oldest first. linear: the attention's softmax left out (weights = scores), as the paper's linear
 * start; not together with `soft`. soft NULL: no thresholds.
 */
double memn2n_gradient_add(const struct memn2n_shape *shape, const double *weights, const struct story *story,
                           const int32_t *ages, bool linear, const struct memn2n_gradient_soft *soft,
                           struct memn2n_gradient_workspace *workspace, double *gradient);

/* The weights of a model. */
void memn2n_gradient_load(const struct memn2n *model, double *weights);

/* Rounds the weights to a model of the same shape. */
void memn2n_gradient_store(const double *weights, struct memn2n *model);

#endif
