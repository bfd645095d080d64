#include "experiment/variables.h"

#include <math.h>
#include <string.h>

#include "numeric/softmax.h"

const struct variable_row variables_table[VARIABLES_N] = {
#define VARIABLES_ROW(name, flags, text) {#name, flags, text},
    VARIABLES_LIST(VARIABLES_ROW)
#undef VARIABLES_ROW
};

bool variables_present(enum variable variable, const char *metric, bool characters)
{
    unsigned flags = variables_table[variable].flags;
    return (!(flags & VARIABLES_TASK) || metric[0] != '\0') &&
           (!(flags & VARIABLES_ACCURACY) || strcmp(metric, "accuracy") == 0) &&
           (!(flags & VARIABLES_LANGUAGE) || strcmp(metric, "nll") == 0) &&
           (!(flags & VARIABLES_CHARACTERS) || characters);
}

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

static double metric_of(const struct variables_task *task, const struct task_sums *sums)
{
    return counts_ratio(task->metric == SUBJECT_NLL ? sums->nll : sums->n_right, sums->n_counted);
}

static double nll_of(const struct task_sums *sums)
{
    return counts_ratio(sums->nll, sums->n_counted);
}

static double kl_of(const struct task_sums *sums)
{
    return counts_ratio(sums->kl, sums->n_counted);
}

static double agreement_of(const struct task_sums *sums)
{
    return counts_ratio(sums->n_agreeing, sums->n_counted);
}

void variables_from_task(const struct variables_task *task, double *values)
{
    static const double ln_2 = 0.69314718055994530942;
    const struct task_sums *analog = &task->analog;
    double sign = task->metric == SUBJECT_NLL ? -1 : 1, metric = metric_of(task, analog),
           exact = metric_of(task, &task->exact), real = metric_of(task, &task->real),
           random = metric_of(task, &task->random);
    values[VARIABLE_task_metric] = metric;
    values[VARIABLE_task_metric_exact] = exact;
    values[VARIABLE_task_metric_quantised] = metric_of(task, &task->quantised);
    values[VARIABLE_task_metric_float] = real;
    values[VARIABLE_task_metric_random] = random;
    values[VARIABLE_task_metric_chance] = task->chance;
    values[VARIABLE_task_loss] = sign * (exact - metric);
    values[VARIABLE_task_loss_total] = sign * (real - metric);
    values[VARIABLE_task_loss_random] = sign * (real - random);
    values[VARIABLE_task_error] = counts_ratio(analog->n_counted - analog->n_right, analog->n_counted);
    values[VARIABLE_task_nll] = nll_of(analog);
    values[VARIABLE_task_nll_exact] = nll_of(&task->exact);
    values[VARIABLE_task_nll_quantised] = nll_of(&task->quantised);
    values[VARIABLE_task_nll_float] = nll_of(&task->real);
    values[VARIABLE_task_nll_random] = nll_of(&task->random);
    values[VARIABLE_task_perplexity] = 1 / softmax_exp(-values[VARIABLE_task_nll]);
    values[VARIABLE_task_bits_per_character] = values[VARIABLE_task_nll] / ln_2;
    values[VARIABLE_task_kl] = kl_of(analog);
    values[VARIABLE_task_kl_exact] = kl_of(&task->exact);
    values[VARIABLE_task_kl_quantised] = kl_of(&task->quantised);
    values[VARIABLE_task_kl_random] = kl_of(&task->random);
    values[VARIABLE_task_agreement] = agreement_of(analog);
    values[VARIABLE_task_agreement_exact] = agreement_of(&task->exact);
    values[VARIABLE_task_agreement_quantised] = agreement_of(&task->quantised);
    values[VARIABLE_task_agreement_random] = agreement_of(&task->random);
}
