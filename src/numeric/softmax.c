#include "numeric/softmax.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* 1 / 13! down to 1 / 0!. */
static const double inverse_factorials[] = {
    1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
    1.0 / 720,        1.0 / 120,       1.0 / 24,       1.0 / 6,       0.5,          1,           1};

/* x = k ln 2 + r with |r| <= ln(2) / 2 (ln 2 in two parts, the first exact times any k), then Taylor to r^13
 * / 13!. */
double softmax_exp(double x)
{
    if (!(x >= -708))
        return isnan(x) ? x : 0;
    double k = floor(x * 1.44269504088896340736 + 0.5);
    double r = x - k * 0x1.62e42fee00000p-1 - k * 0x1.a39ef35793c76p-33;
    double sum = inverse_factorials[0];
    for (size_t i = 1; i < sizeof inverse_factorials / sizeof inverse_factorials[0]; i++)
        sum = sum * r + inverse_factorials[i];
    uint64_t bits = (uint64_t)(1023 + (int64_t)k) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return sum * scale;
}

double softmax_compute(size_t n, double *scores)
{
    double largest = scores[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        if (scores[i] > largest)
            largest = scores[i];
    for (size_t i = 0; i < n; i++) {
        scores[i] = softmax_exp(scores[i] - largest);
        sum += scores[i];
    }
    for (size_t i = 0; i < n; i++)
        scores[i] /= sum;
    return largest + log(sum);
}
