/*
 * Functions of transformers in double, on an exponential of our own, so that their bits depend on no libm:
 * accurate to a few 1e-16 of 1 or of x, whichever is larger.
 */
#ifndef NUMERIC_ACTIVATION_H
#define NUMERIC_ACTIVATION_H

#include <stddef.h>

double activation_tanh(double x);

/* x / (1 + exp(-x)) */
double activation_silu(double x);

/* x times the normal distribution function (Hendrycks and Gimpel 2016, arXiv:1606.08415), and its
 * approximation 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). */
double activation_gelu_erf(double x);
double activation_gelu_tanh(double x);

/*
 * The same of n floats, in place. SwiGLU: out [n] = silu(gates [n]) values [n]; out may be one of the two.
 */
void activation_all_gelu_tanh(size_t n, float *values);
void activation_all_gelu_erf(size_t n, float *values);
void activation_all_swiglu(size_t n, const float *gates, const float *values, float *out);

/* The standard normal distribution function and its density. */
double activation_normal(double x);
double activation_normal_density(double x);

/*
 * turns [n_positions][n_pairs][2]: cosine and sine of position base^(-i / n_pairs), for base from 1 to 1e12
 * (rotary positions). Errors grow with the position, to 1e-12 at 10,000.
 */
void activation_turns(size_t n_positions, size_t n_pairs, double base, double *turns);

#endif
