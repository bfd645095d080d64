/* The kernel for AVX2. */
#include "crossbar/front_kernels.h"
#include "crossbar/front_lanes.h"
#include "crossbar/front_large.h"

const struct front_kernel front_avx2 = {VECTOR_LANES, merge,      lanes_eliminate,
                                        lanes_merge,  lanes_pack, lanes_part};
