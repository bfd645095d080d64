/* The task on the terminal: its metric in each way to compute, how far answers are from the float model's. */
#include <math.h>
#include <string.h>

#include "experiment/outcome_internal.h"

static void append_number(double mean, struct outcome_ends ends, struct text *out)
{
    text_append(out, "%.4g", mean);
    if (isfinite(ends.low) && isfinite(ends.high))
        text_append(out, " [%.4g, %.4g]", ends.low, ends.high);
}

static void append_sampled(const struct outcome *outcome, size_t point, const char *name,
                           enum variable variable, struct text *out)
{
    text_append(out, "%s", name);
    append_number(outcome_interval_of(outcome, point, variable).mean,
                  outcome_sample_interval(outcome, point, outcome_sampled_place(variable)), out);
}

static void append_cautions(int caution, struct text *out)
{
    if (caution & OUTCOME_CAUTION_at_chance)
        text_append(out, "  caution: the float model is not better than the best constant answer; no loss "
                         "could show\n");
    if (caution & OUTCOME_CAUTION_hardly_depends_on_attention)
        text_append(out,
                    "  caution: the task hardly depends on attention: pruning as many keys at random costs "
                    "little, so a small loss says little about the array\n");
}

static void append_task(const struct outcome *outcome, size_t point, struct text *out)
{
    append_sampled(outcome, point, "  float ", VARIABLE_task_metric_float, out);
    append_sampled(outcome, point, "  quantised ", VARIABLE_task_metric_quantised, out);
    append_sampled(outcome, point, "  exact decisions ", VARIABLE_task_metric_exact, out);
    append_sampled(outcome, point, "  analog ", VARIABLE_task_metric, out);
    append_sampled(outcome, point, "\n  pruned at random ", VARIABLE_task_metric_random, out);
    text_append(out, "  best constant answer %.4g",
                outcome_interval_of(outcome, point, VARIABLE_task_metric_chance).mean);
    append_sampled(outcome, point, "\n  loss against exact decisions ", VARIABLE_task_loss, out);
    append_sampled(outcome, point, ", against float ", VARIABLE_task_loss_total, out);
    append_sampled(outcome, point, "\n  KL to float (nats per answer) ", VARIABLE_task_kl, out);
    text_append(out, ", same likeliest answer %.4g",
                outcome_interval_of(outcome, point, VARIABLE_task_agreement).mean);
    if (outcome_has(outcome, VARIABLE_task_perplexity))
        text_append(out, ", perplexity %.4g",
                    outcome_interval_of(outcome, point, VARIABLE_task_perplexity).mean);
    if (outcome_has(outcome, VARIABLE_task_bits_per_character))
        text_append(out, ", bits per character %.4g",
                    outcome_interval_of(outcome, point, VARIABLE_task_bits_per_character).mean);
    text_append(out, "\n");
    append_cautions(outcome_caution(outcome, point), out);
}

void outcome_task_summary(const struct outcome *outcome, struct text *out)
{
    size_t n_points = outcome->head.n_points;
    if (outcome->head.metric[0] == '\0')
        return;
    text_append(out, "\nTask metric: %s, %s is better; mean and 95 %% interval over %zu samples\n",
                strcmp(outcome->head.metric, "nll") == 0 ? "nll, nats per answer"
                                                         : "accuracy, share of right answers",
                outcome->head.better, outcome->head.n_samples);
    for (size_t p = 0; p<n_points; p += n_points> 1 ? n_points - 1 : 1) {
        if (n_points > 1) {
            text_append(out, p == 0 ? "first point: " : "last point: ");
            outcome_append_point(outcome, p, out);
            text_append(out, "\n");
        }
        append_task(outcome, p, out);
    }
}
