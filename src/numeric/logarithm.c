#include "numeric/logarithm.h"

#include <math.h>

/* ln 2 in two parts, the first exact times any exponent. */
static const double ln_2_high = 0x1.62e42fee00000p-1, ln_2_low = 0x1.a39ef35793c76p-33;

/*
 * x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); s = f / (2 + f) gives ln(1 + f) = 2 atanh(s)
 * = f - (h - s (h + r)), h = f^2 / 2, r = 2 s^2 (1/3 + s^2/5 + ...), whose terms after s^20 do not count.
 */
double logarithm_natural(double x)
{
    int exponent;
    if (!(x > 0) || isinf(x))
        return x == 0 ? -(double)INFINITY : x > 0 ? x : (double)NAN;
    double f = frexp(x, &exponent), e;
    if (f < 0.70710678118654752440) {
        f *= 2;
        exponent--;
    }
    f -= 1;
    e = (double)exponent;
    double s = f / (2 + f), z = s * s, h = 0.5 * f * f, r = 1.0 / 21;
    for (int k = 19; k >= 3; k -= 2)
        r = r * z + 1.0 / k;
    r *= 2 * z;
    return e * ln_2_high - ((h - (s * (h + r) + e * ln_2_low)) - f);
}
