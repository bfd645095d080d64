/* The top-k engine's kernel for any processor. */
#include "digital/topk_lanes.h"

const struct topk_kernel topk_baseline = {part, filter};
