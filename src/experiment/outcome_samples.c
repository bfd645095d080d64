/*
 * Intervals over samples (test items), each averaged over trials; answers within a sample are never drawn
 * apart. Accuracies: score intervals (numeric/statistics.h); all else: bootstrap (numeric/bootstrap.h).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "experiment/outcome_internal.h"
#include "numeric/bootstrap.h"
#include "numeric/statistics.h"

static const double confidence = 0.95;

const enum variable outcome_sampled[OUTCOME_SAMPLED_N] = {
    VARIABLE_task_metric,       VARIABLE_task_metric_exact,  VARIABLE_task_metric_quantised,
    VARIABLE_task_metric_float, VARIABLE_task_metric_random, VARIABLE_task_loss,
    VARIABLE_task_loss_total,   VARIABLE_task_loss_random,   VARIABLE_task_kl};

/* A sample's part of each of the above. */
static void list_parts(const double *reference, const double *sample, double sign,
                       double parts[OUTCOME_SAMPLED_N])
{
    double analog = sample[PLAN_SAMPLE_METRIC], exact = reference[PLAN_REFERENCE_EXACT],
           real = reference[PLAN_REFERENCE_FLOAT], random = reference[PLAN_REFERENCE_RANDOM];
    const double list[OUTCOME_SAMPLED_N] = {analog,
                                            exact,
                                            reference[PLAN_REFERENCE_QUANTISED],
                                            real,
                                            random,
                                            sign * (exact - analog),
                                            sign * (real - analog),
                                            sign * (real - random),
                                            sample[PLAN_SAMPLE_KL]};
    memcpy(parts, list, sizeof list);
}

/* values [n], of samples that count one answer each, 0 ... 1 or differences of such. */
static struct outcome_ends score_interval(bool paired, size_t n, const double *values)
{
    struct outcome_ends ends = {(double)NAN, (double)NAN};
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    if (paired)
        statistics_paired(values, n, confidence, &ends.low, &ends.high);
    else if (!isnan(sum))
        statistics_wilson(sum, (double)n, confidence, &ends.low, &ends.high);
    return ends;
}

/* values [OUTCOME_SAMPLED_N][n] of samples with answers weights [n] > 0. */
static enum rs_status find_intervals(const struct outcome *outcome, size_t n, const double *weights,
                                     const double *values, struct outcome_ends *intervals,
                                     struct rs_error *err)
{
    bool shares = strcmp(outcome->head.metric, "accuracy") == 0;
    int n_scored = shares ? OUTCOME_SAMPLED_N - 1 : 0;
    for (int v = 0; v < n_scored; v++) {
        bool paired = outcome_sampled[v] == VARIABLE_task_loss ||
                      outcome_sampled[v] == VARIABLE_task_loss_total ||
                      outcome_sampled[v] == VARIABLE_task_loss_random;
        intervals[v] = score_interval(paired, n, values + (size_t)v * n);
    }
    struct bootstrap_interval ends[OUTCOME_SAMPLED_N];
    enum rs_status status = bootstrap_ratios((uint64_t)outcome->configuration->base.monte_carlo.seed, n,
                                             weights, (size_t)(OUTCOME_SAMPLED_N - n_scored),
                                             values + (size_t)n_scored * n, confidence, ends, err);
    for (int v = n_scored; v < OUTCOME_SAMPLED_N && status == RS_OK; v++)
        intervals[v] = (struct outcome_ends){ends[v - n_scored].low, ends[v - n_scored].high};
    return status;
}

/* Those that count answers, packed: weights and values as above. */
static size_t pack(const struct outcome *outcome, size_t point, double *weights, double *values)
{
    size_t n_samples = outcome->head.n_samples, n = 0;
    double sign = strcmp(outcome->head.better, "lower") == 0 ? -1 : 1;
    const double *references = outcome->references + point * n_samples * PLAN_REFERENCE_N;
    const double *samples = outcome->samples + point * n_samples * PLAN_SAMPLE_N;
    for (size_t i = 0; i < n_samples; i++)
        n += references[i * PLAN_REFERENCE_N + PLAN_REFERENCE_COUNTED] > 0;
    for (size_t i = 0, at = 0; i < n_samples; i++) {
        const double *reference = references + i * PLAN_REFERENCE_N;
        double parts[OUTCOME_SAMPLED_N];
        if (!(reference[PLAN_REFERENCE_COUNTED] > 0))
            continue;
        list_parts(reference, samples + i * PLAN_SAMPLE_N, sign, parts);
        weights[at] = reference[PLAN_REFERENCE_COUNTED];
        for (size_t v = 0; v < OUTCOME_SAMPLED_N; v++)
            values[v * n + at] = parts[v];
        at++;
    }
    return n;
}

enum rs_status outcome_find_sample_intervals(struct outcome *outcome, struct rs_error *err)
{
    size_t n_samples = outcome->head.n_samples;
    double *weights = memory_allocate(n_samples, sizeof *weights, err);
    double *values = memory_allocate(n_samples * OUTCOME_SAMPLED_N, sizeof *values, err);
    enum rs_status status = weights == NULL || values == NULL ? RS_INTERNAL : RS_OK;
    for (size_t p = 0; p < outcome->head.n_points && status == RS_OK; p++) {
        struct outcome_ends *intervals = outcome->sample_intervals + p * OUTCOME_SAMPLED_N;
        size_t n = pack(outcome, p, weights, values);
        if (n > 0)
            status = find_intervals(outcome, n, weights, values, intervals, err);
        for (size_t v = 0; n == 0 && v < OUTCOME_SAMPLED_N; v++)
            intervals[v] = (struct outcome_ends){(double)NAN, (double)NAN};
    }
    free(weights);
    free(values);
    return status;
}

struct outcome_ends outcome_sample_interval(const struct outcome *outcome, size_t point, size_t sampled)
{
    return outcome->sample_intervals[point * OUTCOME_SAMPLED_N + sampled];
}

size_t outcome_sampled_place(enum variable variable)
{
    size_t place = 0;
    while (place < OUTCOME_SAMPLED_N && outcome_sampled[place] != variable)
        place++;
    return place;
}

int outcome_caution(const struct outcome *outcome, size_t point)
{
    static const double least_share = 0.2, rounding = 1e-9;
    double sign = strcmp(outcome->head.better, "lower") == 0 ? -1 : 1;
    double chance = outcome_interval_of(outcome, point, VARIABLE_task_metric_chance).mean,
           lead = sign * (outcome_interval_of(outcome, point, VARIABLE_task_metric_float).mean - chance),
           loss = outcome_interval_of(outcome, point, VARIABLE_task_loss_random).mean;
    struct outcome_ends real =
        outcome_sample_interval(outcome, point, outcome_sampled_place(VARIABLE_task_metric_float));
    double worst = sign > 0 ? real.low : real.high,
           least =
               outcome_sample_interval(outcome, point, outcome_sampled_place(VARIABLE_task_loss_random)).low;
    if (isnan(lead))
        return 0;
    double nothing = rounding * fabs(chance);
    if (lead <= nothing || sign * (worst - chance) <= nothing)
        return OUTCOME_CAUTION_at_chance;
    return loss < least_share * lead || least <= 0 ? OUTCOME_CAUTION_hardly_depends_on_attention : 0;
}
