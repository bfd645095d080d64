#include "numeric/random_f32.h"

#include "config.h"
#include "numeric/random_f32_kernels.h"

random_f32_fill *random_f32_of(enum kernel kernel)
{
#ifdef HAVE_X86_KERNELS
    if (kernel == KERNEL_AVX512)
        return random_f32_avx512;
    if (kernel == KERNEL_AVX2)
        return random_f32_avx2;
#endif
    (void)kernel;
    return random_f32_baseline;
}
