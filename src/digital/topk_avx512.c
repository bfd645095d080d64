/* The top-k engine's kernel for AVX-512. */
#include "digital/topk_lanes.h"

const struct topk_kernel topk_avx512 = {part, filter};
