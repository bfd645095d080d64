#include "tensor/code.h"

#include <math.h>

#include "base/clones.h"
#include "base/require.h"

/* No sum of products of 16-bit codes reaches it (keys shorter than 2^22); whole numbers up to it are doubles.
 */
static const double threshold_limit = 0x1p52;

int code_limit(int bits)
{
    return (1 << (bits - 1)) - 1;
}

double code_step(double max_magnitude, int bits)
{
    return max_magnitude / code_limit(bits);
}

/* To the nearest whole number, of two the even one; |x| <= 2^50. */
static inline double nearest(double x)
{
    return (x + 0x1.8p52) - 0x1.8p52;
}

static inline double between(double x, double limit)
{
    double below = x < limit ? x : limit;
    return below > -limit ? below : -limit;
}

CLONES
size_t code_quantise(const float *values, size_t n, double step, int bits, int16_t *codes)
{
    double limit = code_limit(bits);
    int n_clamped = 0;
    rs_require(n <= INT32_MAX, "too many values at once");
    for (size_t i = 0; i < n && !(step > 0); i++)
        codes[i] = 0;
    for (size_t i = 0; i < n && step > 0; i++) {
        double code = nearest(between((double)values[i] / step, 0x1p50)), inside = between(code, limit);
        n_clamped += code != inside;
        codes[i] = (int16_t)(int32_t)inside;
    }
    return (size_t)n_clamped;
}

int code_msb(int code, int bits, int msb_bits, bool truncate)
{
    int divisor = 1 << (bits - msb_bits);
    if (truncate)
        return code / divisor; /* C rounds towards zero: the low bits of the magnitude fall */
    return (int)between(nearest((double)code / divisor), code_limit(msb_bits));
}

CLONES
void code_take_msb(const int16_t *codes, size_t n, int bits, int msb_bits, bool truncate, int16_t *msb)
{
    double divisor = 1 << (bits - msb_bits), limit = code_limit(msb_bits);
    for (size_t i = 0; i < n && truncate; i++)
        msb[i] = (int16_t)(int32_t)((double)codes[i] / divisor);
    for (size_t i = 0; i < n && !truncate; i++)
        msb[i] = (int16_t)(int32_t)between(nearest((double)codes[i] / divisor), limit);
}

int64_t code_product(const int16_t *one, const int16_t *other, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (int32_t)one[i] * (int32_t)other[i];
    return sum;
}

/* Of codes whose sums of products stay within 32 bits. */
CLONES
static void multiply_short(const int16_t *query, const int16_t *keys, size_t n_keys, size_t d, int64_t *sums)
{
    for (size_t j = 0; j < n_keys; j++) {
        int32_t sum = 0;
        for (size_t i = 0; i < d; i++)
            sum += (int32_t)query[i] * (int32_t)keys[j * d + i];
        sums[j] = sum;
    }
}

void code_products(const int16_t *query, const int16_t *keys, size_t n_keys, size_t d, int bits,
                   int64_t *sums)
{
    int64_t largest = (int64_t)code_limit(bits) * code_limit(bits);
    if (d <= (size_t)(INT32_MAX / largest))
        multiply_short(query, keys, n_keys, d, sums);
    else
        for (size_t j = 0; j < n_keys; j++)
            sums[j] = code_product(query, keys + j * d, d);
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
