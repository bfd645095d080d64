/* The bit-serial unit's kernel for any processor. */
#include "digital/bit_serial_lanes.h"

const struct bit_serial_kernel bit_serial_baseline = {run};
