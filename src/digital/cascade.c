#include "digital/cascade.h"

#include <math.h>

#include "base/require.h"

static const double rounding_elements = 1e-9;

void cascade_add_tokens(const double *probabilities, size_t n_keys, int64_t *importance)
{
    for (size_t j = 0; j < n_keys; j++)
        importance[j] += (int64_t)rint(ldexp(probabilities[j], CASCADE_FRACTION_BITS));
}

void cascade_add_head(const double *outputs, size_t n_queries, size_t d, double *head_score)
{
    for (size_t i = 0; i < n_queries * d; i++)
        *head_score += fabs(outputs[i]);
}

static void require_share(double share)
{
    rs_require(share >= 0 && share <= 1, "a share is not 0 to 1");
}

double cascade_prune_ratio(int layer, int n_layers, double unpruned_share, double ratio_start,
                           double ratio_end)
{
    rs_require(layer >= 0 && layer < n_layers, "there is no such layer");
    require_share(unpruned_share);
    require_share(ratio_start);
    require_share(ratio_end);
    int first = (int)ceil(unpruned_share * n_layers - rounding_elements);
    if (layer < first)
        return 0;
    int n_steps = n_layers - 1 - first;
    return n_steps > 0 ? ratio_start + (ratio_end - ratio_start) * (layer - first) / n_steps : ratio_start;
}

size_t cascade_keep_count(size_t n, double prune_ratio)
{
    require_share(prune_ratio);
    return (size_t)fmax(ceil((1 - prune_ratio) * (double)n - rounding_elements), 0);
}
