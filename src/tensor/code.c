#include "tensor/code.h"

#include <math.h>

/* No sum of products of 16-bit codes reaches it (keys shorter than 2^22); whole numbers up to it are doubles. */
static const double threshold_limit = 0x1p52;

int code_limit(int bits)
{
    return (1 << (bits - 1)) - 1;
}

double code_step(double max_magnitude, int bits)
{
    return max_magnitude / code_limit(bits);
}

size_t code_quantise(const float *values, size_t n, double step, int bits, int16_t *codes)
{
    double limit = code_limit(bits);
    size_t n_clamped = 0;
    for (size_t i = 0; i < n; i++) {
        double code = step > 0 ? rint((double)values[i] / step) : 0;
        bool clamped = fabs(code) > limit;
        n_clamped += clamped;
        codes[i] = (int16_t)(clamped ? copysign(limit, code) : code);
    }
    return n_clamped;
}

int code_msb(int code, int bits, int msb_bits, bool truncate)
{
    int divisor = 1 << (bits - msb_bits);
    if (truncate)
        return code / divisor; /* C rounds towards zero: the low bits of the magnitude fall */
    double rounded = rint((double)code / divisor);
    double limit = code_limit(msb_bits);
    return (int)(fabs(rounded) > limit ? copysign(limit, rounded) : rounded);
}

int64_t code_product(const int16_t *one, const int16_t *other, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (int32_t)one[i] * (int32_t)other[i];
    return sum;
}

int64_t code_threshold(double threshold, double unit)
{
    if (unit == 0)
        return threshold <= 0 ? (int64_t)-threshold_limit : (int64_t)threshold_limit;
    double n = ceil(threshold / unit);
    if (n <= -threshold_limit || n >= threshold_limit)
        return (int64_t)copysign(threshold_limit, n);
    /* The quotient is rounded: step to the number that the comparison in double itself picks. */
    while (unit * (n - 1) >= threshold)
        n -= 1;
    while (unit * n < threshold)
        n += 1;
    return (int64_t)n;
}
