/* The bit-serial unit's kernel for AVX-512. */
#include "digital/bit_serial_lanes.h"

const struct bit_serial_kernel bit_serial_avx512 = {run};
