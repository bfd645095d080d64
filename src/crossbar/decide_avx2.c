/* Decisions of noisy queries for AVX2. */
#define DECIDE decide_avx2
#include "crossbar/decide_lanes.h"
