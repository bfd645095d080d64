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

/* Equal scores by their mass, so that sums do not depend on the order they came in. */
static int rising(const void *one, const void *other)
{
    const struct threshold_mass *a = one, *b = other;
    if (a->sum != b->sum)
        return (a->sum > b->sum) - (a->sum < b->sum);
    return (a->mass > b->mass) - (a->mass < b->mass);
}

double threshold_losing(double lost_mass, double unit, size_t n_queries, size_t n,
                        struct threshold_mass *scores)
{
    qsort(scores, n, sizeof *scores, rising);
    double lost = 0, allowed = lost_mass * (double)n_queries;
    size_t n_pruned = 0;
    while (scores[n_pruned].sum < scores[n - 1].sum) {
        size_t end = n_pruned;
        while (scores[end].sum == scores[n_pruned].sum)
            lost += scores[end++].mass;
        if (lost > allowed)
            break;
        n_pruned = end;
    }
    if (n_pruned == 0)
        return -(double)INFINITY;
    return 0.5 * (unit * (double)scores[n_pruned - 1].sum + unit * (double)scores[n_pruned].sum);
}
