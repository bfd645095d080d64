#include "score/threshold.h"

#include <math.h>
#include <stdlib.h>

static int descending(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a < b) - (a > b);
}

size_t threshold_count(double keep_ratio, size_t n)
{
    return (size_t)ceil(fmax(0, keep_ratio * (double)n - 1e-9));
}

double threshold_keeping(double keep_ratio, double unit, size_t n, int64_t *sums)
{
    qsort(sums, n, sizeof *sums, descending);
    size_t n_kept = threshold_count(keep_ratio, n);
    while (n_kept < n && (n_kept == 0 || sums[n_kept] == sums[n_kept - 1]))
        n_kept++;
    if (n_kept >= n)
        return -(double)INFINITY;
    return 0.5 * (unit * (double)sums[n_kept - 1] + unit * (double)sums[n_kept]);
}
