#include "attention/counts.h"

#include <math.h>

void counts_add(struct attention_counts *total, const struct attention_counts *more)
{
    total->n_visible += more->n_visible;
    total->n_exact_keep += more->n_exact_keep;
    total->n_kept += more->n_kept;
    total->n_final += more->n_final;
    total->n_false_prune += more->n_false_prune;
    total->n_false_keep += more->n_false_keep;
    total->n_empty += more->n_empty;
    total->n_unresolved += more->n_unresolved;
    total->n_uncertain += more->n_uncertain;
    total->n_queries += more->n_queries;
    total->n_output_queries += more->n_output_queries;
    total->n_recall_queries += more->n_recall_queries;
    total->n_clamped += more->n_clamped;
    total->n_values += more->n_values;
    total->n_recomputed += more->n_recomputed;
    total->n_recompute_bits += more->n_recompute_bits;
    total->lost_mass_sum += more->lost_mass_sum;
    total->output_error_sum += more->output_error_sum;
    total->recall_sum += more->recall_sum;
}

double counts_ratio(double numerator, double denominator)
{
    return denominator > 0 ? numerator / denominator : (double)NAN;
}
