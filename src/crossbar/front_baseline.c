/* The kernel for the compiler's own instruction set. */
#include "crossbar/front_kernels.h"
#include "crossbar/front_lanes.h"
#include "crossbar/front_large.h"

const struct front_kernel front_baseline = {VECTOR_LANES, merge,      lanes_eliminate,
                                            lanes_merge,  lanes_pack, lanes_part};
