/* The kernel for the compiler's own instruction set, double precision. */
#include "crossbar/front_kernels.h"
#include "crossbar/front_lanes.h"
#include "crossbar/front_large.h"

const struct front_kernel front_baseline = {sizeof(real), VECTOR_LANES, BLOCK,      merge,     read_network,
                                            lanes_merge,  lanes_core,   lanes_part, lanes_read};
