/* Sweeps for AVX2. */
#include "crossbar/sweep_kernels.h"
#include "crossbar/sweep_lanes.h"

const struct sweep_kernel sweep_avx2 = {VECTOR_LANES, pass, finish, excess, distance, extract};
