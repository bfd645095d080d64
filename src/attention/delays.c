#include "attention/delays.h"

#include <math.h>

void delays_add(struct delays *delays, double seconds)
{
    int exponent = 0;
    double fraction = isinf(seconds) ? 1 : frexp(seconds, &exponent);
    delays->n++;
    if (!(seconds > 0) || exponent < DELAYS_EXPONENT_LOW)
        delays->n_below++;
    else if (isinf(seconds) || exponent > DELAYS_EXPONENT_HIGH)
        delays->n_above++;
    else
        delays->bins[(exponent - DELAYS_EXPONENT_LOW) * DELAYS_PER_OCTAVE +
                     (int)((fraction - 0.5) * (2 * DELAYS_PER_OCTAVE))]++;
}

double delays_quantile(const struct delays *delays, double share)
{
    int64_t rank = (int64_t)ceil(share * (double)delays->n), below = delays->n_below;
    if (delays->n == 0)
        return (double)NAN;
    if (rank <= below)
        return 0;
    for (int b = 0; b < DELAYS_BINS; b++) {
        below += delays->bins[b];
        if (rank <= below) {
            double fraction = 0.5 + (b % DELAYS_PER_OCTAVE + 0.5) / (2 * DELAYS_PER_OCTAVE);
            return ldexp(fraction, b / DELAYS_PER_OCTAVE + DELAYS_EXPONENT_LOW);
        }
    }
    return (double)INFINITY;
}
