#include "numeric/ode.h"

#include <math.h>

enum { STAGES = 7, STEPS_MAX = 100000 };

static const double stage_weight[STAGES][STAGES - 1] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};
static const double error_weight[STAGES] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                            -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

static double clip(double y, double low, double high)
{
    return y < low ? low : y > high ? high : y;
}

bool ode_integrate(ode_rate *rate, const void *context, double y_start, double seconds, double tolerance,
                   double y_scale, double low, double high, double *y_end)
{
    double y = clip(y_start, low, high), left = seconds, k[STAGES];
    double first = rate(context, y);
    double step = fmin(seconds, fabs(first) > 0 ? 0.01 * fmax(fabs(y), y_scale) / fabs(first) : seconds);
    for (int n = 0; n < STEPS_MAX && left > 0; n++) {
        double error = 0, next = y;
        step = fmin(step, left);
        k[0] = first;
        for (int s = 1; s < STAGES; s++) {
            next = y;
            for (int i = 0; i < s; i++)
                next += step * stage_weight[s][i] * k[i];
            next = clip(next, low, high);
            k[s] = rate(context, next);
        }
        for (int s = 0; s < STAGES; s++)
            error += step * error_weight[s] * k[s];
        double ratio = fabs(error) / (tolerance * fmax(fabs(y), y_scale));
        if (!isfinite(ratio) || (ratio > 1 && step < 1e-15 * seconds))
            break;
        if (ratio <= 1) {
            y = next;
            first = k[STAGES - 1];
            left -= step;
        }
        step *= clip(0.9 * pow(fmax(ratio, 1e-10), -0.2), 0.2, 5);
    }
    *y_end = y;
    return left <= 0;
}
