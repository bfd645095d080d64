/* Adam in double precision. */
#define REAL double
#define ROOT sqrt
#define ADAM adam
#define PUBLIC(name) adam_##name
#include "learn/adam_real.h"

void adam_step(struct adam *adam, double rate, double decay, double factor, const double *gradient,
               double *weights)
{
    begin_step(adam);
    step_part(adam, 0, adam->n, rate, decay, factor, gradient, weights);
}
