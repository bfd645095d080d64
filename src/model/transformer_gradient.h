/*
 * The training side of a transformer: loss and gradient by back-propagation of several samples at once, whose
 * tokens are packed end to end so that every weight takes one matrix product (OpenBLAS: last bits depend on
 * the processor and on what is packed together, not on the thread). One source for single precision, which
 * trains, and double, which checks it against finite differences.
 *
 * The loss is the sum of -ln(probability of the right answer) over all answers that are counted. Weights are
 * the flat array of transformer_shape.h.
 */
#ifndef MODEL_TRANSFORMER_GRADIENT_H
#define MODEL_TRANSFORMER_GRADIENT_H

#include "model/soft_threshold.h"
#include "model/transformer.h"

/* Room for samples of together n_tokens_max tokens (their images' class tokens included); one per thread. */
struct transformer_gradient_f32;
struct transformer_gradient_f32 *transformer_gradient_f32_create(const struct transformer_shape *shape,
                                                                 size_t n_tokens_max,
                                                                 struct rs_error *err) RS_MUST_CHECK;
void transformer_gradient_f32_destroy(struct transformer_gradient_f32 *room);

struct transformer_gradient_f64;
struct transformer_gradient_f64 *transformer_gradient_f64_create(const struct transformer_shape *shape,
                                                                 size_t n_tokens_max,
                                                                 struct rs_error *err) RS_MUST_CHECK;
void transformer_gradient_f64_destroy(struct transformer_gradient_f64 *room);

/* Soft thresholds in the attention (soft_threshold.h). */
struct transformer_pruning {
    struct soft_threshold_law law;
    double weight;            /* of the penalty */
    const double *thresholds; /* [n_layers][n_heads], score units */
    double *gradient;         /* the same, added to; NULL: not wanted */
};

/*
 * What meets the thresholds in place of the scores: signals [n][n] of one head of sample `sample` of a call,
 * from its queries and keys, [n] rows of d_head, `stride` elements apart. Called once per sample, layer and
 * head; pairs that a causal mask hides do not count.
 */
typedef void transformer_signals_f32(void *context, size_t sample, size_t layer, size_t head, size_t n,
                                     size_t stride, const float *queries, const float *keys, float *signals);
typedef void transformer_signals_f64(void *context, size_t sample, size_t layer, size_t head, size_t n,
                                     size_t stride, const double *queries, const double *keys,
                                     double *signals);

/*
 * From now on the loss has these thresholds and, for each answer that is counted, the sample's penalty.
 * pruning NULL: none again; signals NULL: scores decide. RS_INTERNAL without memory.
 */
enum rs_status transformer_gradient_f32_prune_borrow(struct transformer_gradient_f32 *room,
                                                     const struct transformer_pruning *pruning,
                                                     transformer_signals_f32 *signals, void *context,
                                                     struct rs_error *err) RS_MUST_CHECK;
enum rs_status transformer_gradient_f64_prune_borrow(struct transformer_gradient_f64 *room,
                                                     const struct transformer_pruning *pruning,
                                                     transformer_signals_f64 *signals, void *context,
                                                     struct rs_error *err) RS_MUST_CHECK;

/*
 * The loss of n >= 1 samples at `weights`; its gradient is added to `gradient` (NULL: not wanted), how many
 * answers were counted to *n_counted.
 */
double transformer_gradient_f32_add(struct transformer_gradient_f32 *room, const float *weights, size_t n,
                                    const struct transformer_sample *samples, float *gradient,
                                    size_t *n_counted);
double transformer_gradient_f64_add(struct transformer_gradient_f64 *room, const double *weights, size_t n,
                                    const struct transformer_sample *samples, double *gradient,
                                    size_t *n_counted);

#endif
