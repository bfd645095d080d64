/*
 * Noise of a clocked latch at its input, from what ngspice can tell (docs/calibration.md 5). Closed forms of
 * white noise S (one-sided, V^2/Hz) and flicker noise K / f that a decision averages over its aperture T with
 * |W(f)|^2 = sinc^2(f T):
 *     S / (2 T),     K (3/2 - gamma - ln(2 pi f_low T))
 * The noise bandwidth 1 / (2 T) of an integration: devices.md 8, and as half the integral of w^2 of a latch's
 * impulse sensitivity: Kim, Leibowitz, Ren, Madden, IEEE TCAS-I 56 (2009) 1844.
 */
#ifndef CALIB_NOISE_H
#define CALIB_NOISE_H

#include <stddef.h>

/* V^2/Hz at 1 Hz where it is flicker. */
struct noise_density {
    double white, flicker;
};

/* 4 k T R. */
double noise_johnson(double ohm, double kelvin);

/* k T / C. */
double noise_sampled(double farad, double kelvin);

/* White and flicker part from rms totals in two bands: totals[2], hertz[2][2] (low, high end). */
struct noise_density noise_split(const double *total_volts, const double (*hertz)[2]);

/* 1 / integral of w^2, from n averages of w over neighbouring steps (weights: average times step; their sum
 * need not be 1). Within a step w is taken as straight. */
double noise_aperture_seconds(size_t n, const double *weights, double step_seconds);

/* Variances, V^2: noise of this density, from low_hertz on; white noise through one pole `tau_seconds`. */
double noise_variance(struct noise_density density, double aperture_seconds, double low_hertz);
double noise_variance_behind_pole(double white, double tau_seconds, double aperture_seconds);

#endif
