#include "experiment/variables.h"

#include <math.h>

const struct variable_row variables_table[VARIABLES_N] = {
#define VARIABLES_ROW(name, flags, text) {#name, flags, text},
    VARIABLES_LIST(VARIABLES_ROW)
#undef VARIABLES_ROW
};

const char *variables_unit(enum variable variable)
{
    return variables_table[variable].flags & VARIABLES_SECONDS ? "s" : "1";
}

int variables_from_counts(const struct attention_counts *counts, double *values)
{
    double n_visible = (double)counts->n_visible, n_keep = (double)counts->n_exact_keep;
    double n_queries = (double)counts->n_queries;
    values[VARIABLE_keep_ratio] = counts_ratio((double)counts->n_kept, n_visible);
    values[VARIABLE_keep_ratio_final] = counts_ratio((double)counts->n_final, n_visible);
    values[VARIABLE_false_prune_rate] = counts_ratio((double)counts->n_false_prune, n_keep);
    values[VARIABLE_false_keep_rate] = counts_ratio((double)counts->n_false_keep, n_visible - n_keep);
    values[VARIABLE_lost_mass] = counts_ratio(counts->lost_mass_sum, n_queries);
    values[VARIABLE_output_error] = counts_ratio(counts->output_error_sum, (double)counts->n_output_queries);
    values[VARIABLE_recall_at_k] = counts_ratio(counts->recall_sum, (double)counts->n_recall_queries);
    values[VARIABLE_clamped_share] = counts_ratio((double)counts->n_clamped, (double)counts->n_values);
    values[VARIABLE_recompute_bits] =
        counts->n_recomputed > 0 ? (double)counts->n_recompute_bits / (double)counts->n_recomputed : 0;
    values[VARIABLE_unresolved_share] = counts_ratio((double)counts->n_unresolved, n_visible);
    values[VARIABLE_uncertain_share] = counts_ratio((double)counts->n_uncertain, n_visible);
    values[VARIABLE_n_visible] = n_visible;
    values[VARIABLE_n_exact_keep] = n_keep;
    values[VARIABLE_n_false_prune] = (double)counts->n_false_prune;
    values[VARIABLE_n_false_keep] = (double)counts->n_false_keep;
    values[VARIABLE_n_empty] = (double)counts->n_empty;
    int status = 0;
    if (isnan(values[VARIABLE_false_prune_rate]))
        status |= VARIABLES_STATUS_no_exact_keep;
    if (isnan(values[VARIABLE_false_keep_rate]))
        status |= VARIABLES_STATUS_no_exact_prune;
    if (isnan(values[VARIABLE_recall_at_k]))
        status |= VARIABLES_STATUS_no_recall_query;
    if (isnan(values[VARIABLE_output_error]))
        status |= VARIABLES_STATUS_no_exact_output;
    return status;
}
