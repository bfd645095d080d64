/* Decisions of noisy queries for AVX-512. */
#define DECIDE decide_avx512
#include "crossbar/decide_lanes.h"
