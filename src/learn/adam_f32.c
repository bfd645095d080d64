/* Adam in single precision. */
#define REAL float
#define ROOT sqrtf
#define ADAM adam_f32
#define PUBLIC(name) adam_f32_##name
#include "learn/adam_real.h"

void adam_f32_begin(struct adam_f32 *adam)
{
    begin_step(adam);
}

void adam_f32_step(struct adam_f32 *adam, size_t first, size_t n, double rate, double decay, double factor,
                   const float *gradient, float *weights)
{
    step_part(adam, first, n, rate, decay, factor, gradient, weights);
}
