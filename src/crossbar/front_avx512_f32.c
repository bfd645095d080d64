/* The kernel for AVX-512, single precision. */
#define FRONT_F32
#include "crossbar/front_kernels.h"
#include "crossbar/front_lanes.h"
#include "crossbar/front_large.h"

const struct front_kernel front_avx512_f32 = {sizeof(real), VECTOR_LANES, BLOCK,      merge,     read_network,
                                              lanes_merge,  lanes_core,   lanes_part, lanes_read};
