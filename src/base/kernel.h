/*
 * Numerical kernels: the same sources compiled for several instruction sets, of which one runs. Kernels may
 * differ in the last digits, one never differs from itself.
 */
#ifndef BASE_KERNEL_H
#define BASE_KERNEL_H

#include <stdbool.h>

enum kernel { KERNEL_BASELINE, KERNEL_AVX2, KERNEL_AVX512, N_KERNELS };

/* Forces a kernel on this process and those it starts; a name that is not one that runs here is ignored. */
#define KERNEL_VARIABLE "RESCORE_KERNEL"

const char *kernel_name(enum kernel kernel); /* "baseline", "avx2" or "avx512" */
bool kernel_runs(enum kernel kernel);        /* built in, and this processor has its instructions */

/* Whether `name` is a kernel that runs here; which one, into *kernel. */
bool kernel_find(const char *name, enum kernel *kernel);

/* The kernel named by KERNEL_VARIABLE, or else the last one that runs here. */
enum kernel kernel_chosen(void);

#endif
