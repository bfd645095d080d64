#include "numeric/softmax.h"

#include "base/clones.h"
#include "numeric/exponential.h"
#include "numeric/lanes.h"

double softmax_exp(double x)
{
    return exponential_of(x);
}

CLONES
double softmax_largest(size_t n, const double *values)
{
    double top = values[0];
    size_t i = 0;
    lanes_f64 largest = top - (lanes_f64){0};
    for (; i + LANES <= n; i += LANES) {
        lanes_f64 value;
        memcpy(&value, values + i, sizeof value);
        largest = LANES_SELECT(value > largest, value, largest);
    }
    for (size_t l = 0; l < LANES; l++)
        top = largest[l] > top ? largest[l] : top;
    for (; i < n; i++)
        top = values[i] > top ? values[i] : top;
    return top;
}

/* values become exp(values - top). Returns their sum. */
CLONES
static double exponentiate(size_t n, double top, double *values)
{
    double part[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t l = 0; l < LANES; l++) {
            double value = exponential_of(values[i + l] - top);
            values[i + l] = value;
            part[l] += value;
        }
    for (size_t l = 0; i < n; i++, l++) {
        values[i] = exponential_of(values[i] - top);
        part[l] += values[i];
    }
    return (part[0] + part[4]) + (part[1] + part[5]) + ((part[2] + part[6]) + (part[3] + part[7]));
}

CLONES
static void divide(size_t n, double sum, double *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] /= sum;
}

static void normalise(size_t n, double *scores, double *top, double *sum)
{
    *top = softmax_largest(n, scores);
    *sum = exponentiate(n, *top, scores);
    divide(n, *sum, scores);
}

double softmax_compute(size_t n, double *scores)
{
    double top, sum;
    normalise(n, scores, &top, &sum);
    return top + exponential_log(sum);
}

void softmax_probabilities(size_t n, double *scores)
{
    double top, sum;
    normalise(n, scores, &top, &sum);
}
