/*
 * Soft thresholds in a transformer's attention, forward and back, for one precision
 * (transformer_layers_real.h): between the scaled scores of a head and its softmax.
 */
#include "model/transformer_gradient.h"

/* One sample's layer. */
struct NAMED(pruned) {
    const struct transformer_pruning *pruning;
    NAMED(transformer_signals) * signal; /* NULL: scores decide */
    void *context;
    size_t sample, layer, n_heads;
    struct soft_threshold_point floor; /* far below every threshold */
    double weight;                     /* of the mean count of one query of one head */
    REAL *scores;                      /* [n_heads][n][n], scaled; kept for the way back */
    REAL *signals;                     /* the same; NULL: scores decide */
    double penalty;                    /* added to */
};

static size_t NAMED(find_largest)(size_t n, const REAL *x)
{
    size_t largest = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[largest])
            largest = i;
    return largest;
}

/* The keys of one query. */
struct NAMED(pruned_row) {
    size_t n, spared;
    double threshold;
    const REAL *scores, *signals;
};

static struct NAMED(pruned_row) NAMED(pruned_row_of)(const struct NAMED(pruned) * pruned, size_t n,
                                                     size_t n_visible, size_t head, size_t i)
{
    size_t at = (head * n + i) * n;
    const REAL *scores = pruned->scores + at;
    const REAL *signals = pruned->signals != NULL ? pruned->signals + at : scores;
    return (struct NAMED(pruned_row)){n_visible, NAMED(find_largest)(n_visible, signals),
                                      pruned->pruning->thresholds[pruned->layer * pruned->n_heads + head],
                                      scores, signals};
}

/* Far from the threshold, to the rounding of REAL, soft_threshold_seen takes no exponentials. */
static bool NAMED(is_far)(const struct NAMED(pruned) * pruned, double score, double u,
                          struct soft_threshold_point *point)
{
    const struct soft_threshold_law *law = &pruned->pruning->law;
    const double far = sizeof(REAL) == sizeof(float) ? 12 : 22, sure = 40;
    if (u > far && law->steepness * (law->depth + score - law->shift) > sure)
        *point = soft_threshold_spared(score);
    else if (u < -far)
        *point = pruned->floor;
    else
        return false;
    return true;
}

static struct soft_threshold_point NAMED(soften_pair)(const struct NAMED(pruned) * pruned,
                                                      const struct NAMED(pruned_row) * row, size_t j)
{
    const struct soft_threshold_law *law = &pruned->pruning->law;
    const double score = (double)row->scores[j], signal = (double)row->signals[j];
    struct soft_threshold_point point;
    if (j == row->spared)
        return soft_threshold_spared(score);
    return NAMED(is_far)(pruned, score, law->sharpness * (signal - row->threshold), &point)
               ? point
               : soft_threshold_seen(law, score, signal, row->threshold);
}

/* products [n][n] of queries and keys become what enters the softmax. */
static void NAMED(prune)(struct NAMED(pruned) * pruned, size_t n, bool causal, size_t head, REAL scale,
                         size_t stride, const REAL *queries, const REAL *keys, REAL *products)
{
    REAL *scores = pruned->scores + head * n * n;
    for (size_t p = 0; p < n * n; p++)
        scores[p] = scale * products[p];
    if (pruned->signals != NULL)
        pruned->signal(pruned->context, pruned->sample, pruned->layer, head, n, stride, queries, keys,
                       pruned->signals + head * n * n);
    for (size_t i = 0; i < n; i++) {
        struct NAMED(pruned_row) row = NAMED(pruned_row_of)(pruned, n, causal ? i + 1 : n, head, i);
        double count = 0;
        for (size_t j = 0; j < row.n; j++) {
            struct soft_threshold_point point = NAMED(soften_pair)(pruned, &row, j);
            products[i * n + j] = (REAL)point.value;
            count += point.count;
        }
        pruned->penalty += pruned->weight * count / (double)row.n;
    }
}

/* Slopes [n][n] by what enters the softmax, 0 of hidden pairs, become those by the products. */
static void NAMED(prune_backward)(const struct NAMED(pruned) * pruned, size_t n, bool causal, size_t head,
                                  REAL scale, REAL *slopes)
{
    double by_threshold = 0;
    for (size_t i = 0; i < n; i++) {
        struct NAMED(pruned_row) row = NAMED(pruned_row_of)(pruned, n, causal ? i + 1 : n, head, i);
        double share = pruned->weight / (double)row.n;
        for (size_t j = 0; j < row.n; j++) {
            struct soft_threshold_point point = NAMED(soften_pair)(pruned, &row, j);
            double slope = (double)slopes[i * n + j] + share * point.count_by_value;
            slopes[i * n + j] = scale * (REAL)(slope * point.by_score);
            by_threshold += slope * point.by_threshold;
        }
    }
    if (pruned->pruning->gradient != NULL)
        pruned->pruning->gradient[pruned->layer * pruned->n_heads + head] += by_threshold;
}
