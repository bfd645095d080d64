/* The kernels that sweep_kernel_of chooses from. */
#ifndef CROSSBAR_SWEEP_KERNELS_H
#define CROSSBAR_SWEEP_KERNELS_H

#include "crossbar/sweep.h"

extern const struct sweep_kernel sweep_baseline, sweep_avx2, sweep_avx512;

#endif
