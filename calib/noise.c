#include "calib/noise.h"

#include <math.h>

static const double boltzmann_joules_per_kelvin = 1.380649e-23; /* SI, exact */
static const double pi = 3.14159265358979323846, euler_gamma = 0.57721566490153286061;

double noise_johnson(double ohm, double kelvin)
{
    return 4 * boltzmann_joules_per_kelvin * kelvin * ohm;
}

double noise_sampled(double farad, double kelvin)
{
    return boltzmann_joules_per_kelvin * kelvin / farad;
}

struct noise_density noise_split(const double *total_volts, const double (*hertz)[2])
{
    double width[2], octaves[2], square[2];
    for (int b = 0; b < 2; b++) {
        width[b] = hertz[b][1] - hertz[b][0];
        octaves[b] = log(hertz[b][1] / hertz[b][0]);
        square[b] = total_volts[b] * total_volts[b];
    }
    double determinant = width[0] * octaves[1] - width[1] * octaves[0];
    return (struct noise_density){.white = (square[0] * octaves[1] - square[1] * octaves[0]) / determinant,
                                  .flicker = (width[0] * square[1] - width[1] * square[0]) / determinant};
}

double noise_aperture_seconds(size_t n, const double *weights, double step_seconds)
{
    double sum = 0, squares = 0, last = 0;
    for (size_t k = 0; k <= n; k++) {
        double weight = k < n ? weights[k] : 0;
        sum += weight;
        squares += weight * weight + (weight - last) * (weight - last) / 12;
        last = weight;
    }
    return step_seconds * sum * sum / squares;
}

double noise_variance(struct noise_density density, double aperture_seconds, double low_hertz)
{
    double flicker = 1.5 - euler_gamma - log(2 * pi * low_hertz * aperture_seconds);
    return density.white / (2 * aperture_seconds) + density.flicker * fmax(flicker, 0);
}

double noise_variance_behind_pole(double white, double tau_seconds, double aperture_seconds)
{
    double x = aperture_seconds / tau_seconds;
    return tau_seconds > 0 ? white / (4 * tau_seconds) * 2 / x * (1 + expm1(-x) / x)
                           : white / (2 * aperture_seconds);
}
