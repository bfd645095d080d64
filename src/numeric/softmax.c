#include "numeric/softmax.h"

#include <string.h>

#include "base/clones.h"
#include "numeric/exponential.h"

/* Loops run over whole blocks of this many, which is what makes them vectors. */
enum { LANES = 8 };

double softmax_exp(double x)
{
    return exponential_of(x);
}

CLONES
double softmax_largest(size_t n, const double *values)
{
    double part[LANES];
    size_t i = LANES;
    for (size_t l = 0; l < LANES; l++)
        part[l] = values[l < n ? l : 0];
    for (; i + LANES <= n; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            part[l] = values[i + l] > part[l] ? values[i + l] : part[l];
    for (; i < n; i++)
        part[0] = values[i] > part[0] ? values[i] : part[0];
    for (size_t l = 1; l < LANES; l++)
        part[0] = part[l] > part[0] ? part[l] : part[0];
    return part[0];
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

double softmax_compute(size_t n, double *scores)
{
    double top = softmax_largest(n, scores), sum = exponentiate(n, top, scores);
    divide(n, sum, scores);
    return top + exponential_log(sum);
}

CLONES
static void mask(size_t n, const double *scores, const bool *chosen, double *masked)
{
    for (size_t i = 0; i < n; i++)
        masked[i] = chosen[i] ? scores[i] : -(double)INFINITY;
}

void softmax_chosen(size_t n, const double *scores, const bool *chosen, double *weights)
{
    mask(n, scores, chosen, weights);
    double top = softmax_largest(n, weights);
    if (top == -(double)INFINITY)
        memset(weights, 0, n * sizeof *weights);
    else
        divide(n, exponentiate(n, top, weights), weights);
}
