/*
 * What transformer_gradient_f32.c chooses from: the same source in vectors of several instruction sets, with
 * the same bits but for those of OpenBLAS, since vectors change no order of a sum.
 */
#ifndef MODEL_TRANSFORMER_GRADIENT_KERNELS_H
#define MODEL_TRANSFORMER_GRADIENT_KERNELS_H

#include "model/transformer_gradient.h"

/* The functions of transformer_gradient.h; rooms of all kernels are alike. */
#define TRANSFORMER_GRADIENT_KERNEL(kernel)                                                                  \
    struct transformer_gradient_f32 *transformer_gradient_f32_##kernel##_create(                             \
        const struct transformer_shape *shape, size_t n_tokens_max, struct rs_error *err);                   \
    void transformer_gradient_f32_##kernel##_destroy(struct transformer_gradient_f32 *room);                 \
    enum rs_status transformer_gradient_f32_##kernel##_prune_borrow(                                         \
        struct transformer_gradient_f32 *room, const struct transformer_pruning *pruning,                    \
        transformer_signals_f32 *signals, void *context, struct rs_error *err);                              \
    double transformer_gradient_f32_##kernel##_add(                                                          \
        struct transformer_gradient_f32 *room, const float *weights, size_t n,                               \
        const struct transformer_sample *samples, float *gradient, size_t *n_counted);
TRANSFORMER_GRADIENT_KERNEL(baseline)
TRANSFORMER_GRADIENT_KERNEL(avx2)
TRANSFORMER_GRADIENT_KERNEL(avx512)
#undef TRANSFORMER_GRADIENT_KERNEL

#endif
