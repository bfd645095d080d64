#include "base/kernel.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"

const char *kernel_name(enum kernel kernel)
{
    static const char *const names[N_KERNELS] = {"baseline", "avx2", "avx512"};
    return names[kernel];
}

bool kernel_runs(enum kernel kernel)
{
#ifdef HAVE_X86_KERNELS
    if (kernel == KERNEL_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw");
    if (kernel == KERNEL_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return kernel == KERNEL_BASELINE;
}

bool kernel_find(const char *name, enum kernel *kernel)
{
    for (int k = 0; k < N_KERNELS; k++)
        if (strcmp(name, kernel_name((enum kernel)k)) == 0 && kernel_runs((enum kernel)k)) {
            *kernel = (enum kernel)k;
            return true;
        }
    return false;
}

enum kernel kernel_chosen(void)
{
    const char *name = getenv(KERNEL_VARIABLE);
    enum kernel kernel = KERNEL_BASELINE;
    if (name != NULL && kernel_find(name, &kernel))
        return kernel;
    for (int k = 0; k < N_KERNELS; k++)
        if (kernel_runs((enum kernel)k))
            kernel = (enum kernel)k;
    return kernel;
}
