/* Single precision in vectors of the compiler's own instruction set. */
#define PUBLIC(name) transformer_gradient_f32_baseline_##name
#include "model/transformer_gradient_f32_real.h"
