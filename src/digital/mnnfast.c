#include "digital/mnnfast.h"

size_t mnnfast_keep(const double *probabilities, size_t n, double threshold, bool *kept)
{
    size_t n_kept = 0;
    for (size_t j = 0; j < n; j++) {
        kept[j] = probabilities[j] >= threshold;
        n_kept += kept[j];
    }
    return n_kept;
}
