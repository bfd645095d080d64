/* Single precision in vectors of AVX-512. */
#define PUBLIC(name) transformer_gradient_f32_avx512_##name
#include "model/transformer_gradient_f32_real.h"
