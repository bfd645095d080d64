/*
 * Exponential and logarithm made of + - x / alone, so that their bits depend on no libm; without branches, so
 * that loops over them become vector instructions. Included where such loops are.
 */
#ifndef NUMERIC_EXPONENTIAL_H
#define NUMERIC_EXPONENTIAL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/*
 * exp(x) for x <= 0; 0 below -708. Relative error below 4e-16. x = k ln 2 + r with |r| <= ln(2) / 2 (ln 2 in
 * two parts, the first exact times any k), then Taylor to r^13 / 13!. k is found as the low bits of a large
 * number, where the exponent needs it.
 */
static inline double exponential_of(double x)
{
    double inside = x >= -708 ? x : -708, shifted = inside * 1.44269504088896340736 + 0x1.8p52;
    double k = shifted - 0x1.8p52, r = inside - k * 0x1.62e42fee00000p-1 - k * 0x1.a39ef35793c76p-33, scale;
    double sum = 1.0 / 6227020800;
    sum = sum * r + 1.0 / 479001600;
    sum = sum * r + 1.0 / 39916800;
    sum = sum * r + 1.0 / 3628800;
    sum = sum * r + 1.0 / 362880;
    sum = sum * r + 1.0 / 40320;
    sum = sum * r + 1.0 / 5040;
    sum = sum * r + 1.0 / 720;
    sum = sum * r + 1.0 / 120;
    sum = sum * r + 1.0 / 24;
    sum = sum * r + 1.0 / 6;
    sum = sum * r + 0.5;
    sum = sum * r + 1;
    sum = sum * r + 1;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(&scale, &bits, sizeof scale);
    double value = x >= -708 ? sum * scale : 0;
    return x == x ? value : x;
}

/*
 * ln x of a normal x > 0, to 4e-16 of 1 or of itself, whichever is larger: x = 2^e m, m in [sqrt(1/2),
 * sqrt(2)), and the series of 2 atanh((m - 1) / (m + 1)) to its 21st power.
 */
static inline double exponential_log(double x)
{
    uint64_t bits, mantissa;
    double m;
    memcpy(&bits, &x, sizeof bits);
    bits -= 0x3fe6a09e667f3bcdu; /* sqrt(1/2) */
    mantissa = (bits & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu;
    memcpy(&m, &mantissa, sizeof m);
    double exponent = (double)((int64_t)bits >> 52), s = (m - 1) / (m + 1), z = s * s, tail = 1.0 / 21;
    for (int k = 19; k >= 3; k -= 2)
        tail = tail * z + 1.0 / k;
    return exponent * 0x1.62e42fee00000p-1 + (exponent * 0x1.a39ef35793c76p-33 + 2 * s * (1 + z * tail));
}

#endif
