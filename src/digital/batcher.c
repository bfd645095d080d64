#include "digital/batcher.h"

#include "base/require.h"

static void require_size(size_t n)
{
    rs_require(n >= 1 && n <= (size_t)1 << 20 && (n & (n - 1)) == 0, "the size is no power of 2 up to 2^20");
}

/* One step: merges of sorted runs of `run`, comparing elements `distance` apart. Sorts values unless NULL. */
static size_t step(double *values, size_t n, size_t run, size_t distance)
{
    size_t n_comparators = 0;
    for (size_t first = distance % run; first + distance < n; first += 2 * distance)
        for (size_t i = first; i < first + distance && i + distance < n; i++) {
            if (i / (2 * run) != (i + distance) / (2 * run))
                continue;
            n_comparators++;
            if (values != NULL && values[i] < values[i + distance]) {
                double smaller = values[i];
                values[i] = values[i + distance];
                values[i + distance] = smaller;
            }
        }
    return n_comparators;
}

static struct batcher_network walk(double *values, size_t n)
{
    struct batcher_network network = {0};
    require_size(n);
    for (size_t run = 1; run < n; run *= 2)
        for (size_t distance = run; distance >= 1; distance /= 2) {
            size_t n_here = step(values, n, run, distance);
            network.step_comparators[network.n_steps++] = n_here;
            network.n_comparators += n_here;
        }
    return network;
}

struct batcher_network batcher_network_of(size_t n)
{
    return walk(NULL, n);
}

void batcher_sort(double *values, size_t n)
{
    walk(values, n);
}

size_t batcher_cycles(const struct batcher_network *network, size_t n_comparators)
{
    size_t cycles = 0;
    rs_require(n_comparators >= 1, "no comparators");
    for (size_t i = 0; i < network->n_steps; i++)
        cycles += (network->step_comparators[i] + n_comparators - 1) / n_comparators;
    return cycles;
}
