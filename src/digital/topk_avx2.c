/* The top-k engine's kernel for AVX2. */
#include "digital/topk_lanes.h"

const struct topk_kernel topk_avx2 = {part, filter};
