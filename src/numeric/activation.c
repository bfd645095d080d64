#include "numeric/activation.h"

#include <math.h>

#include "base/clones.h"
#include "numeric/exponential.h"

static const double normal_density_at_0 = 0.39894228040143267794; /* 1 / sqrt(2 pi) */
static const double root_of_2_by_pi = 0.79788456080286535588;

static inline double tanh_of(double x)
{
    double e = exponential_of(-2 * fabs(x));
    return copysign((1 - e) / (1 + e), x);
}

static inline double silu_of(double x)
{
    double e = exponential_of(-fabs(x));
    return (x >= 0 ? x : x * e) / (1 + e);
}

/*
 * (1 + 2 y) exp(y^2) erfc(y) for y >= 0 in powers of t = (y - 3.75) / (y + 3.75), the variable of Shepherd
 * and Laframboise (Math. Comp. 36, 249, 1981): the Chebyshev series of 24th order, computed here with 60
 * digits.
 */
static inline double scaled_erfc(double t)
{
    static const double powers[] = {
        0x1.d3744857e262bp-32, 0x1.561b105822235p-32,  -0x1.638dcc665be8dp-28, -0x1.014cd7201b5adp-28,
        0x1.4c37f59c36e71p-25, 0x1.8fa9fe49c359bp-26,  -0x1.15be4201dc721p-22, -0x1.eb803840c0574p-25,
        0x1.d6339f66a50f8p-20, -0x1.055686d42aa63p-20, -0x1.800077b775cf3p-17, 0x1.778b933adcce7p-16,
        0x1.b1439865f8d9ep-15, -0x1.303fa4966bc38p-12, 0x1.33fb2968decd9p-12,  0x1.cc3a0e7d2150cp-10,
        -0x1.3f603c398c6c5p-7, 0x1.d0b0037d167adp-6,   -0x1.e0d0fa6ddfe85p-5,  0x1.7a14188a9ce2ap-4,
        -0x1.bda9309a2949ap-4, 0x1.510169d09665bp-4,   0x1.d5f294815a405p-9,   -0x1.1f367683f89a5p-3,
        0x1.3ccda0b5d5dc2p+0};
    double sum = 0;
#pragma GCC unroll 25
    for (int k = 0; k < 25; k++)
        sum = sum * t + powers[k];
    return sum;
}

/* Beyond 40 as at 40, where exp(-x^2 / 2) is 0. */
static inline double normal_of(double x)
{
    double size = fabs(x) < 40 ? fabs(x) : 40, y = size * 0.70710678118654752440;
    double t = (y - 3.75) / (y + 3.75);
    double beyond = 0.5 * exponential_of(-0.5 * size * size) * scaled_erfc(t) / (1 + 2 * y);
    double value = x > 0 ? 1 - beyond : beyond;
    return x == x ? value : x;
}

static inline double gelu_tanh_of(double x)
{
    return 0.5 * x * (1 + tanh_of(root_of_2_by_pi * (x + 0.044715 * x * x * x)));
}

double activation_tanh(double x)
{
    return tanh_of(x);
}

double activation_silu(double x)
{
    return silu_of(x);
}

double activation_normal_density(double x)
{
    return normal_density_at_0 * exponential_of(-0.5 * x * x);
}

double activation_normal(double x)
{
    return normal_of(x);
}

double activation_gelu_erf(double x)
{
    return x * activation_normal(x);
}

double activation_gelu_tanh(double x)
{
    return gelu_tanh_of(x);
}

CLONES
void activation_all_gelu_tanh(size_t n, float *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (float)gelu_tanh_of((double)values[i]);
}

CLONES
void activation_all_gelu_erf(size_t n, float *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (float)((double)values[i] * normal_of((double)values[i]));
}

CLONES
void activation_all_swiglu(size_t n, const float *gates, const float *values, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(silu_of((double)gates[i]) * (double)values[i]);
}

/* Of an angle of at most 1, by Taylor's series. */
static void turn(double angle, double *cosine, double *sine)
{
    double term = 1;
    *cosine = *sine = 0;
    for (int i = 0; i < 24; i++) {
        double *sum = i % 2 == 0 ? cosine : sine;
        *sum += i % 4 < 2 ? term : -term;
        term *= angle / (i + 1);
    }
}

void activation_turns(size_t n_positions, size_t n_pairs, double base, double *turns)
{
    double rate = exponential_log(base) / (double)n_pairs;
    for (size_t i = 0; i < n_pairs; i++) {
        double cosine, sine, c = 1, s = 0;
        turn(exponential_of(-rate * (double)i), &cosine, &sine);
        for (size_t position = 0; position < n_positions; position++) {
            double *at = turns + 2 * (position * n_pairs + i), next = c * cosine - s * sine;
            at[0] = c;
            at[1] = s;
            s = s * cosine + c * sine;
            c = next;
        }
    }
}
