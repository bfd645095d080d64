/* What a run found, for people and for scripts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "experiment/result.h"

/* The variables that the table shows. */
static const enum variable shown[] = {VARIABLE_task_metric,     VARIABLE_task_loss,    VARIABLE_false_prune_rate,
                                      VARIABLE_false_keep_rate, VARIABLE_keep_ratio,   VARIABLE_output_error};

static bool is_present(const struct result *result, enum variable variable)
{
    return !(variables_table[variable].flags & VARIABLES_TASK) || result->head.metric[0] != '\0';
}

static void append_point(const struct result *result, size_t point, struct text *out)
{
    size_t indices[CONFIG_SWEEPS_MAX];
    config_indices(result->configuration, point, indices);
    for (int s = 0; s < result->configuration->n_sweeps; s++) {
        const struct config_sweep *sweep = &result->configuration->sweeps[s];
        const struct option *option = config_option(sweep->option);
        struct config values;
        char text[64];
        config_at(result->configuration, point, &values);
        if (option->kind == OPTION_REAL && option->unit == QUANTITY_RATIO)
            snprintf(text, sizeof text, "%.4g %%", 100 * option_number(option, config_section(&values, sweep->option)));
        else if (option->kind == OPTION_REAL)
            quantity_print(option_number(option, config_section(&values, sweep->option)), option->unit, text, sizeof text);
        else
            snprintf(text, sizeof text, "%s", sweep->values[indices[s]]);
        text_append(out, "%-*s  ", (int)strlen(option->key), text);
    }
}

static void append_heading(const struct result *result, struct text *out)
{
    text_append(out, "%s\n%zu points x %zu trials; mean and 95 %% t interval over trials\n\n", result->head.workload,
                result->head.n_points, result->head.n_trials);
    for (int s = 0; s < result->configuration->n_sweeps; s++)
        text_append(out, "%s  ", config_option(result->configuration->sweeps[s].option)->key);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        if (!is_present(result, shown[i]))
            continue;
        const char *name = shown[i] == VARIABLE_task_metric ? result->head.metric : variables_table[shown[i]].name;
        text_append(out, "%-27s", name);
    }
    text_append(out, "\n");
}

static void append_interval(struct result_interval interval, struct text *out)
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

static void append_failures(const struct result *result, struct text *out)
{
    if (result->n_missing + result->n_failed > 0)
        text_append(out, "\n%zu units missing, %zu missed the solver's tolerance\n", result->n_missing, result->n_failed);
}

char *result_summary_text(const struct result *result, struct rs_error *err)
{
    struct text out = {0};
    append_heading(result, &out);
    for (size_t point = 0; point < result->head.n_points; point++) {
        append_point(result, point, &out);
        for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
            if (is_present(result, shown[i]))
                append_interval(result_interval_of(result, point, shown[i]), &out);
        while (out.length > 0 && out.bytes[out.length - 1] == ' ')
            out.bytes[--out.length] = '\0';
        text_append(&out, "\n");
    }
    append_failures(result, &out);
    return text_take(&out, err);
}

static void append_json_number(double value, struct text *out)
{
    if (isfinite(value))
        text_append(out, "%.17g", value);
    else
        text_append(out, "null");
}

static void append_json_text(const char *value, struct text *out)
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

/* Numbers over the sweeps, nested in the file's dimension order; `depth` counts the sweeps opened so far. */
static void append_json_array(const struct result *result, int depth, size_t first, size_t count, const double *values,
                              struct text *out)
{
    if (depth == result->configuration->n_sweeps) {
        append_json_number(values[first], out);
        return;
    }
    size_t n = result->configuration->sweeps[depth].n_values;
    text_append(out, "[");
    for (size_t i = 0; i < n; i++) {
        text_append(out, "%s", i > 0 ? ", " : "");
        append_json_array(result, depth + 1, first + i * (count / n), count / n, values, out);
    }
    text_append(out, "]");
}

static void append_json_variable(const struct result *result, enum variable variable, double *values, struct text *out)
{
    static const char *const suffixes[] = {"mean", "lo95", "hi95"};
    size_t n = result->head.n_points;
    for (int part = 0; part < 3; part++) {
        for (size_t p = 0; p < n; p++) {
            struct result_interval interval = result_interval_of(result, p, variable);
            values[p] = part == 0 ? interval.mean : part == 1 ? interval.low : interval.high;
        }
        text_append(out, ",\n  \"%s_%s\": ", variables_table[variable].name, suffixes[part]);
        append_json_array(result, 0, 0, n, values, out);
    }
}

static void append_json_sweeps(const struct result *result, struct text *out)
{
    const struct configuration *configuration = result->configuration;
    text_append(out, ",\n  \"sweep\": {");
    for (int s = 0; s < configuration->n_sweeps; s++) {
        const struct config_sweep *sweep = &configuration->sweeps[s];
        const struct option *option = config_option(sweep->option);
        text_append(out, "%s\"%s\": [", s > 0 ? ", " : "", option->key);
        for (size_t i = 0; i < sweep->n_values; i++) {
            struct config point = configuration->base;
            char why[256];
            text_append(out, "%s", i > 0 ? ", " : "");
            bool is_number = option->kind != OPTION_CHOICE && option->kind != OPTION_BOOLEAN;
            if (is_number && option_set(option, config_section(&point, sweep->option), sweep->values[i], why, sizeof why))
                append_json_number(option_number(option, config_section(&point, sweep->option)), out);
            else
                append_json_text(sweep->values[i], out);
        }
        text_append(out, "]");
    }
    text_append(out, "}");
}

char *result_summary_json(const struct result *result, struct rs_error *err)
{
    struct text out = {0};
    double *values = calloc(result->head.n_points, sizeof *values);
    if (values == NULL) {
        rs_fail(err, RS_INTERNAL, "out of memory");
        return NULL;
    }
    text_append(&out, "{\n  \"schema\": \"rescore-run/1\",\n  \"source\": \"rescore %s\",\n  \"config_sha256\": \"%s\"",
                version_number(), result->head.digest);
    text_append(&out, ",\n  \"workload\": ");
    append_json_text(result->head.workload, &out);
    text_append(&out, ",\n  \"n_trials\": %zu,\n  \"n_samples\": %zu,\n  \"complete\": %s,\n  \"n_failed\": %zu",
                result->head.n_trials, result->head.n_samples, result->n_missing == 0 ? "true" : "false",
                result->n_failed);
    append_json_sweeps(result, &out);
    for (int v = 0; v < VARIABLES_N; v++)
        if ((variables_table[v].flags & VARIABLES_INTERVAL) && is_present(result, (enum variable)v))
            append_json_variable(result, (enum variable)v, values, &out);
    text_append(&out, "\n}\n");
    free(values);
    return text_take(&out, err);
}
