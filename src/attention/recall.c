#include "attention/recall.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "numeric/lanes.h"
#include "numeric/softmax.h"

/* How many values lie above a border, and the values next to it on both sides. */
struct cut {
    size_t n_above;
    double least_above, most_below;
};

/* n: a multiple of LANES. */
CLONES
static struct cut cut_at(double border, size_t n, const double *values)
{
    const double infinite = (double)INFINITY;
    lanes_f64 top = infinite - (lanes_f64){0}, bottom = -top, above = top, below = bottom;
    lanes_i64 n_above = {0};
    struct cut cut = {0, infinite, -infinite};
    for (size_t i = 0; i < n; i += LANES) {
        lanes_f64 value;
        memcpy(&value, values + i, sizeof value);
        lanes_i64 is_above = value > border;
        lanes_f64 up = LANES_SELECT(is_above, value, top), down = LANES_SELECT(is_above, bottom, value);
        n_above -= is_above;
        above = LANES_SELECT(up < above, up, above);
        below = LANES_SELECT(down > below, down, below);
    }
    for (size_t l = 0; l < LANES; l++) {
        cut.n_above += (size_t)n_above[l];
        cut.least_above = above[l] < cut.least_above ? above[l] : cut.least_above;
        cut.most_below = below[l] > cut.most_below ? below[l] : cut.most_below;
    }
    return cut;
}

/* The k-th largest of n values, k from 1 on, by halving the range that holds it. */
static double select_largest(size_t k, size_t n, const double *values)
{
    double low = cut_at(-(double)INFINITY, n, values).least_above, high = softmax_largest(n, values);
    while (low < high) {
        double middle = low / 2 + high / 2;
        struct cut cut = cut_at(middle > low && middle < high ? middle : low, n, values);
        if (cut.n_above >= k)
            low = cut.least_above;
        else
            high = cut.most_below;
    }
    return low;
}

/* How many of eight flags are set. */
static inline int count_flags(lanes_i8 flags)
{
    uint64_t bits;
    memcpy(&bits, &flags, sizeof bits);
    return (int)(((bits & 0x0101010101010101u) * 0x0101010101010101u) >> 56);
}

/* exact_keep [n]; signals go on to whole blocks. */
CLONES
static double share_of_top(const double *signals, const bool *exact_keep, size_t n, size_t k, double tie,
                           double border)
{
    int n_above = 0, n_tied = 0, hits_above = 0, hits_tied = 0;
    for (size_t j = 0; j < n; j += LANES) {
        lanes_f64 signal;
        lanes_i8 exact = {0};
        memcpy(&signal, signals + j, sizeof signal);
        if (j + LANES <= n)
            memcpy(&exact, exact_keep + j, sizeof exact);
        else
            memcpy(&exact, exact_keep + j, n - j);
        lanes_f64 distance = signal - border;
        lanes_i8 above = __builtin_convertvector(distance > tie, lanes_i8);
        lanes_i8 tied = __builtin_convertvector(distance >= -tie, lanes_i8) & ~above;
        n_above += count_flags(above);
        n_tied += count_flags(tied);
        hits_above += count_flags(above & exact);
        hits_tied += count_flags(tied & exact);
    }
    double share = (double)((int)k - n_above) / (double)n_tied;
    return ((double)hits_above + (double)hits_tied * share) / (double)k;
}

double recall_compute(size_t n, const double *signals, const bool *exact_keep, size_t k, double tie,
                      double *room)
{
    size_t n_blocks = (n + LANES - 1) / LANES;
    memcpy(room, signals, n * sizeof *room);
    for (size_t j = n; j < n_blocks * LANES; j++)
        room[j] = -(double)INFINITY;
    return share_of_top(room, exact_keep, n, k, tie, select_largest(k, n_blocks * LANES, room));
}
