/* What a run found, for people and for scripts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/version.h"
#include "experiment/outcome_internal.h"

/* The variables that the table shows. */
static const enum variable shown[] = {VARIABLE_task_metric,      VARIABLE_task_loss,
                                      VARIABLE_false_prune_rate, VARIABLE_false_keep_rate,
                                      VARIABLE_keep_ratio,       VARIABLE_output_error};

void outcome_append_point(const struct outcome *outcome, size_t point, struct text *out)
{
    size_t indices[CONFIG_SWEEPS_MAX];
    config_indices(outcome->configuration, point, indices);
    for (int s = 0; s < outcome->configuration->n_sweeps; s++) {
        const struct config_sweep *sweep = &outcome->configuration->sweeps[s];
        const struct option *option = config_option(sweep->option);
        struct config values;
        char text[64];
        config_at(outcome->configuration, point, &values);
        if (option->kind == OPTION_REAL && option->unit == QUANTITY_RATIO)
            snprintf(text, sizeof text, "%.4g %%",
                     100 * option_number(option, config_section(&values, sweep->option)));
        else if (option->kind == OPTION_REAL)
            quantity_print(option_number(option, config_section(&values, sweep->option)), option->unit, text,
                           sizeof text);
        else
            snprintf(text, sizeof text, "%s", sweep->values[indices[s]]);
        text_append(out, "%-*s  ", (int)strlen(option->key), text);
    }
}

/* A line "NAME: TEXT", or nothing. Frees the text. */
static void append_remark(const char *name, char *remark, struct text *out)
{
    if (remark == NULL)
        out->failed = true;
    else if (remark[0] != '\0')
        text_append(out, "%s: %s\n", name, remark);
    free(remark);
}

static void append_heading(const struct outcome *outcome, struct text *out, struct rs_error *err)
{
    text_append(out, "%s\n%zu points x %zu trials; mean and 95 %% t interval over trials\n",
                outcome->head.workload, outcome->head.n_points, outcome->head.n_trials);
    if (outcome->head.thresholds[0] != '\0')
        text_append(out, "thresholds: %s\n", outcome->head.thresholds);
    append_remark("hybrid", outcome_hybrid_text(outcome, "\nhybrid: ", err), out);
    append_remark("readout", outcome_readout_text(outcome, err), out);
    text_append(out, "\n");
    for (int s = 0; s < outcome->configuration->n_sweeps; s++)
        text_append(out, "%s  ", config_option(outcome->configuration->sweeps[s].option)->key);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        if (!outcome_has(outcome, shown[i]))
            continue;
        const char *name =
            shown[i] == VARIABLE_task_metric ? outcome->head.metric : variables_table[shown[i]].name;
        text_append(out, "%-27s", name);
    }
    text_append(out, "\n");
}

static void append_interval(struct outcome_interval interval, struct text *out)
{
    char cell[64];
    if (isnan(interval.mean))
        snprintf(cell, sizeof cell, "-");
    else if (isnan(interval.low))
        snprintf(cell, sizeof cell, "%.4f", interval.mean);
    else
        snprintf(cell, sizeof cell, "%.4f [%.4f, %.4f]", interval.mean, interval.low, interval.high);
    text_append(out, "%-27s", cell);
}

static void append_failures(const struct outcome *outcome, struct text *out)
{
    if (outcome->n_missing + outcome->n_failed > 0)
        text_append(out, "\n%zu units missing, %zu missed the solver's tolerance\n", outcome->n_missing,
                    outcome->n_failed);
}

char *outcome_summary_text(const struct outcome *outcome, struct rs_error *err)
{
    struct text out = {0};
    append_heading(outcome, &out, err);
    for (size_t point = 0; point < outcome->head.n_points; point++) {
        outcome_append_point(outcome, point, &out);
        for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
            if (outcome_has(outcome, shown[i]))
                append_interval(outcome_interval_of(outcome, point, shown[i]), &out);
        while (out.length > 0 && out.bytes[out.length - 1] == ' ')
            out.bytes[--out.length] = '\0';
        text_append(&out, "\n");
    }
    outcome_task_summary(outcome, &out);
    outcome_cost_summary(outcome, &out);
    append_failures(outcome, &out);
    return text_take(&out, err);
}

void outcome_append_number(double value, struct text *out)
{
    if (isfinite(value))
        text_append(out, "%.17g", value);
    else
        text_append(out, "null");
}

void outcome_append_text(const char *value, struct text *out)
{
    text_append(out, "\"");
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            text_append(out, "\\%c", *value);
        else if ((unsigned char)*value < 32)
            text_append(out, "\\u%04x", (unsigned)*value);
        else
            text_append_bytes(out, value, 1);
    }
    text_append(out, "\"");
}

static void append_json_remark(const char *name, char *remark, struct text *out)
{
    if (remark == NULL) {
        out->failed = true;
    } else {
        text_append(out, ",\n  \"%s\": ", name);
        outcome_append_text(remark, out);
    }
    free(remark);
}

/* A list of n numbers, in lists of n_inner where that is not 0. */
static void append_list(size_t n, size_t n_inner, const double *values, struct text *out)
{
    size_t n_items = n_inner > 0 ? n / n_inner : n;
    text_append(out, "[");
    for (size_t i = 0; i < n_items; i++) {
        text_append(out, "%s", i > 0 ? ", " : "");
        if (n_inner > 0)
            append_list(n_inner, 0, values + i * n_inner, out);
        else
            outcome_append_number(values[i], out);
    }
    text_append(out, "]");
}

/* `depth` counts the sweeps opened so far, `n_points` the points below. */
static void append_below(const struct outcome *outcome, int depth, size_t n_points, size_t n_each,
                         size_t n_inner, const double *values, struct text *out)
{
    if (depth == outcome->configuration->n_sweeps) {
        if (n_each > 0)
            append_list(n_each, n_inner, values, out);
        else
            outcome_append_number(values[0], out);
        return;
    }
    size_t n = outcome->configuration->sweeps[depth].n_values;
    size_t stride = n_points / n * (n_each > 0 ? n_each : 1);
    text_append(out, "[");
    for (size_t i = 0; i < n; i++) {
        text_append(out, "%s", i > 0 ? ", " : "");
        append_below(outcome, depth + 1, n_points / n, n_each, n_inner, values + i * stride, out);
    }
    text_append(out, "]");
}

void outcome_append_array(const struct outcome *outcome, size_t n_each, size_t n_inner, const double *values,
                          struct text *out)
{
    append_below(outcome, 0, outcome->head.n_points, n_each, n_inner, values, out);
}

/* values [n_points * n_trials] is for use inside. */
static void append_json_trials(const struct outcome *outcome, enum variable variable, double *values,
                               struct text *out)
{
    size_t n_points = outcome->head.n_points, n_trials = outcome->head.n_trials;
    for (size_t unit = 0; unit < n_points * n_trials; unit++)
        values[unit] = outcome->values[unit * VARIABLES_N + variable];
    text_append(out, ",\n  \"%s\": ", variables_table[variable].name);
    outcome_append_array(outcome, n_trials, 0, values, out);
}

static void append_json_status(const struct outcome *outcome, double *values, struct text *out)
{
    size_t n_points = outcome->head.n_points, n_trials = outcome->head.n_trials;
    for (size_t unit = 0; unit < n_points * n_trials; unit++)
        values[unit] = outcome->status[unit];
    text_append(out, ",\n  \"status\": ");
    outcome_append_array(outcome, n_trials, 0, values, out);
}

static void append_json_interval(const struct outcome *outcome, const char *name,
                                 const struct outcome_interval *intervals, double *values, bool with_mean,
                                 struct text *out)
{
    static const char *const suffixes[] = {"mean", "lo95", "hi95"};
    size_t n = outcome->head.n_points;
    for (int part = with_mean ? 0 : 1; part < 3; part++) {
        for (size_t p = 0; p < n; p++)
            values[p] = part == 0 ? intervals[p].mean : part == 1 ? intervals[p].low : intervals[p].high;
        text_append(out, ",\n  \"%s_%s\": ", name, suffixes[part]);
        outcome_append_array(outcome, 0, 0, values, out);
    }
}

/* All variables, then what belongs to them; `intervals` [n_points] and `values` [n_points * n_trials] are for
 * use inside. */
static void append_json_variables(const struct outcome *outcome, struct outcome_interval *intervals,
                                  double *values, struct text *out)
{
    size_t n_points = outcome->head.n_points;
    for (enum variable v = 0; v < VARIABLES_N; v++) {
        if (!outcome_has(outcome, v))
            continue;
        append_json_trials(outcome, v, values, out);
        if (!(variables_table[v].flags & VARIABLES_INTERVAL))
            continue;
        for (size_t p = 0; p < n_points; p++)
            intervals[p] = outcome_interval_of(outcome, p, v);
        append_json_interval(outcome, variables_table[v].name, intervals, values, true, out);
    }
    append_json_status(outcome, values, out);
    if (outcome->head.metric[0] != '\0') {
        for (size_t p = 0; p < n_points; p++)
            values[p] = outcome_caution(outcome, p);
        text_append(out, ",\n  \"task_caution\": ");
        outcome_append_array(outcome, 0, 0, values, out);
    }
    for (size_t v = 0; v < OUTCOME_SAMPLED_N; v++) {
        char name[OUTCOME_NAME_SIZE];
        if (!outcome_has(outcome, outcome_sampled[v]))
            continue;
        for (size_t p = 0; p < n_points; p++) {
            struct outcome_ends ends = outcome_sample_interval(outcome, p, v);
            intervals[p] = (struct outcome_interval){(double)NAN, ends.low, ends.high};
        }
        snprintf(name, sizeof name, "%s_sample", variables_table[outcome_sampled[v]].name);
        append_json_interval(outcome, name, intervals, values, false, out);
    }
}

static void append_json_sweep(const struct configuration *configuration, int index, struct text *out)
{
    const struct config_sweep *sweep = &configuration->sweeps[index];
    double *numbers = calloc(sweep->n_values, sizeof *numbers);
    enum quantity_unit unit;
    if (numbers == NULL) {
        out->failed = true;
        return;
    }
    bool has_numbers = config_sweep_numbers(configuration, index, numbers, &unit);
    text_append(out, "\"%s\": [", config_option(sweep->option)->key);
    for (size_t i = 0; i < sweep->n_values; i++) {
        text_append(out, "%s", i > 0 ? ", " : "");
        if (has_numbers)
            outcome_append_number(numbers[i], out);
        else
            outcome_append_text(sweep->values[i], out);
    }
    text_append(out, "]");
    free(numbers);
}

static void append_json_sweeps(const struct outcome *outcome, struct text *out)
{
    text_append(out, ",\n  \"sweep\": {");
    for (int s = 0; s < outcome->configuration->n_sweeps; s++) {
        text_append(out, "%s", s > 0 ? ", " : "");
        append_json_sweep(outcome->configuration, s, out);
    }
    text_append(out, "}");
}

char *outcome_summary_json(const struct outcome *outcome, struct rs_error *err)
{
    struct text out = {0};
    size_t n_points = outcome->head.n_points;
    double *values = memory_allocate(n_points * outcome->head.n_trials, sizeof *values, err);
    struct outcome_interval *intervals = memory_allocate(n_points, sizeof *intervals, err);
    if (values == NULL || intervals == NULL) {
        free(values);
        free(intervals);
        return NULL;
    }
    text_append(
        &out,
        "{\n  \"schema\": \"rescore-run/1\",\n  \"source\": \"rescore %s\",\n  \"config_sha256\": \"%s\"",
        version_number(), outcome->head.digest);
    text_append(&out, ",\n  \"workload\": ");
    outcome_append_text(outcome->head.workload, &out);
    text_append(&out, ",\n  \"thresholds\": ");
    outcome_append_text(outcome->head.thresholds, &out);
    text_append(&out,
                ",\n  \"seed\": %lld,\n  \"n_trials\": %zu,\n  \"n_samples\": %zu,\n  \"complete\": %s,\n  "
                "\"n_failed\": %zu",
                (long long)outcome->configuration->base.monte_carlo.seed, outcome->head.n_trials,
                outcome->head.n_samples, outcome->n_missing == 0 ? "true" : "false", outcome->n_failed);
    if (outcome->head.metric[0] != '\0') {
        text_append(&out, ",\n  \"metric\": ");
        outcome_append_text(outcome->head.metric, &out);
        text_append(&out, ",\n  \"better\": ");
        outcome_append_text(outcome->head.better, &out);
    }
    append_json_remark("hybrid", outcome_hybrid_text(outcome, "; ", err), &out);
    append_json_remark("readout", outcome_readout_text(outcome, err), &out);
    append_json_sweeps(outcome, &out);
    append_json_variables(outcome, intervals, values, &out);
    outcome_cost_summary_json(outcome, &out);
    text_append(&out, "\n}\n");
    free(values);
    free(intervals);
    return text_take(&out, err);
}
