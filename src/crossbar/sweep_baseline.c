/* Sweeps for the compiler's own instruction set. */
#include "crossbar/sweep_kernels.h"
#include "crossbar/sweep_lanes.h"

const struct sweep_kernel sweep_baseline = {VECTOR_LANES, pass, finish, excess, distance, extract};
