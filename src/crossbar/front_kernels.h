/* The kernels that front_kernel_of chooses from. */
#ifndef CROSSBAR_FRONT_KERNELS_H
#define CROSSBAR_FRONT_KERNELS_H

#include "crossbar/front.h"

extern const struct front_kernel front_baseline, front_avx2, front_avx512;
extern const struct front_kernel front_baseline_f32, front_avx2_f32, front_avx512_f32;

#endif
