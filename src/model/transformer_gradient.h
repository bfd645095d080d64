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
