/* What random_f32_of chooses from. */
#ifndef NUMERIC_RANDOM_F32_KERNELS_H
#define NUMERIC_RANDOM_F32_KERNELS_H

#include "numeric/random_f32.h"

random_f32_fill random_f32_baseline, random_f32_avx2, random_f32_avx512;

#endif
