/* Single precision in vectors of AVX2. */
#define PUBLIC(name) transformer_gradient_f32_avx2_##name
#include "model/transformer_gradient_f32_real.h"
