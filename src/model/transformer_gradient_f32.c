/* Single precision: the kernel that was chosen takes the steps. */
#include "config.h"

#include "model/transformer_gradient_kernels.h"

struct transformer_gradient_f32 *transformer_gradient_f32_create(const struct transformer_shape *shape,
                                                                 size_t n_tokens_max, struct rs_error *err)
{
    return transformer_gradient_f32_baseline_create(shape, n_tokens_max, err);
}

void transformer_gradient_f32_destroy(struct transformer_gradient_f32 *room)
{
    transformer_gradient_f32_baseline_destroy(room);
}

enum rs_status transformer_gradient_f32_prune_borrow(struct transformer_gradient_f32 *room,
                                                     const struct transformer_pruning *pruning,
                                                     transformer_signals_f32 *signals, void *context,
                                                     struct rs_error *err)
{
    return transformer_gradient_f32_baseline_prune_borrow(room, pruning, signals, context, err);
}

double transformer_gradient_f32_add(struct transformer_gradient_f32 *room, const float *weights, size_t n,
                                    const struct transformer_sample *samples, float *gradient,
                                    size_t *n_counted)
{
    switch (kernel_chosen()) {
#ifdef HAVE_X86_KERNELS
    case KERNEL_AVX512:
        return transformer_gradient_f32_avx512_add(room, weights, n, samples, gradient, n_counted);
    case KERNEL_AVX2:
        return transformer_gradient_f32_avx2_add(room, weights, n, samples, gradient, n_counted);
#endif
    default:
        return transformer_gradient_f32_baseline_add(room, weights, n, samples, gradient, n_counted);
    }
}
