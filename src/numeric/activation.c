#include "numeric/activation.h"

#include <math.h>

#include "numeric/softmax.h"

static const double normal_density_at_0 = 0.39894228040143267794; /* 1 / sqrt(2 pi) */
static const double root_of_2_by_pi = 0.79788456080286535588;

double activation_tanh(double x)
{
    double e = softmax_exp(-2 * fabs(x));
    return copysign((1 - e) / (1 + e), x);
}

double activation_silu(double x)
{
    double e = softmax_exp(-fabs(x));
    return (x >= 0 ? x : x * e) / (1 + e);
}

double activation_normal_density(double x)
{
    return normal_density_at_0 * softmax_exp(-0.5 * x * x);
}

/* 1/2 + density(x) (x + x^3 / 3 + x^5 / 15 + ...), whose terms all have one sign. */
double activation_normal(double x)
{
    if (!(fabs(x) < 8.5))
        return isnan(x) ? x : x > 0;
    double square = x * x, term = x, sum = x;
    for (double n = 3; fabs(term) > 1e-17 * fabs(sum); n += 2) {
        term *= square / n;
        sum += term;
    }
    return 0.5 + activation_normal_density(x) * sum;
}

double activation_gelu_erf(double x)
{
    return x * activation_normal(x);
}

double activation_gelu_tanh(double x)
{
    return 0.5 * x * (1 + activation_tanh(root_of_2_by_pi * (x + 0.044715 * x * x * x)));
}

/* Newton's method on x exp(-y) = 1, for x >= 1. */
static double logarithm(double x)
{
    int exponent;
    frexp(x, &exponent);
    double y = (exponent - 0.5) * 0.69314718055994530942;
    for (int i = 0; i < 6; i++)
        y += x * softmax_exp(-y) - 1;
    return y;
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
    double rate = logarithm(base) / (double)n_pairs;
    for (size_t i = 0; i < n_pairs; i++) {
        double cosine, sine, c = 1, s = 0;
        turn(softmax_exp(-rate * (double)i), &cosine, &sine);
        for (size_t position = 0; position < n_positions; position++) {
            double *at = turns + 2 * (position * n_pairs + i), next = c * cosine - s * sine;
            at[0] = c;
            at[1] = s;
            s = s * cosine + c * sine;
            c = next;
        }
    }
}
