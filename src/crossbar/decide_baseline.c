/* Decisions of noisy queries for the compiler's own instruction set. */
#define DECIDE decide_baseline
#include "crossbar/decide_lanes.h"
