/* Costs in the summary of a run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cost/constants.h"
#include "experiment/outcome_internal.h"

/* The columns of the table for people. */
static const struct column {
    enum cost_variable variable;
    const char *heading;
    double factor; /* of the number shown */
} columns[] = {
    {COST_VARIABLE_cycles, "kcycles", 1e-3},
    {COST_VARIABLE_energy, "energy (uJ)", 1e6},
    {COST_VARIABLE_memory_bits_read, "read (Mbit)", 1e-6},
    {COST_VARIABLE_extra_traffic, "extra traffic (%)", 100},
    {COST_VARIABLE_speedup, "speedup", 1},
    {COST_VARIABLE_energy_ratio, "energy_ratio", 1},
};

enum { COLUMNS = sizeof columns / sizeof columns[0], WIDTH = 28 };

static void append_cell(struct outcome_interval interval, double factor, struct text *out)
{
    char cell[64];
    double mean = interval.mean * factor, low = interval.low * factor, high = interval.high * factor;
    if (isnan(mean))
        snprintf(cell, sizeof cell, "-");
    else if (isnan(low) || high - low <= 1e-9 * fabs(mean))
        snprintf(cell, sizeof cell, "%.4g", mean);
    else
        snprintf(cell, sizeof cell, "%.4g [%.4g, %.4g]", mean, low, high);
    text_append(out, "%-*s ", WIDTH - 1, cell);
}

/* Ends a line without the blanks of its last cell. */
static void end_line(struct text *out)
{
    while (out->length > 0 && out->bytes[out->length - 1] == ' ')
        out->bytes[--out->length] = '\0';
    text_append(out, "\n");
}

static void append_systems(const struct outcome *outcome, size_t point, struct text *out)
{
    for (size_t s = 0; s < outcome->head.n_systems; s++) {
        text_append(out, "%-12s", outcome->systems[s]->name);
        for (size_t c = 0; c < COLUMNS; c++)
            append_cell(outcome_cost_interval(outcome, point, s, columns[c].variable), columns[c].factor,
                        out);
        end_line(out);
    }
}

void outcome_cost_summary(const struct outcome *outcome, struct text *out)
{
    size_t last = outcome->head.n_points - 1, n_kinds[3] = {0};
    if (outcome->head.n_systems == 0)
        return;
    for (size_t i = 0; i < CONSTANTS_N; i++)
        n_kinds[constants_rows[i].kind]++;
    text_append(out, "\nSystems on these decisions, %s\n\n%-12s",
                last > 0 ? "first and last point (all: --json, report)" : "totals of all samples", "system");
    for (size_t c = 0; c < COLUMNS; c++)
        text_append(out, "%-*s", WIDTH, columns[c].heading);
    end_line(out);
    append_systems(outcome, 0, out);
    if (last > 0) {
        text_append(out, "\n");
        append_systems(outcome, last, out);
    }
    text_append(
        out,
        "\nspeedup, energy_ratio: against the same system unpruned. Constants: %zu primary, %zu secondary, "
        "%zu assumed (docs/cost.md; the result has the table).\n",
        n_kinds[CONSTANTS_PRIMARY], n_kinds[CONSTANTS_SECONDARY], n_kinds[CONSTANTS_ASSUMED]);
}

/* --- JSON --- */

static void append_variable(const struct outcome *outcome, const char *name, size_t first, size_t count,
                            struct text *out)
{
    static const char *const suffixes[] = {"", "_lo95", "_hi95"};
    size_t n_systems = outcome->head.n_systems, n_each = n_systems * (count > 0 ? count : 1),
           n_all = outcome->head.n_points * n_each, n = count > 0 ? count : 1;
    double *values = calloc(3 * n_all, sizeof *values);
    if (values == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < n_all; i++) {
        struct outcome_interval interval =
            outcome_cost_interval(outcome, i / n_each, i / n % n_systems, first + i % n);
        values[i] = interval.mean;
        values[n_all + i] = interval.low;
        values[2 * n_all + i] = interval.high;
    }
    for (size_t part = 0; part < 3; part++) {
        text_append(out, ",\n  \"%s%s\": ", name, suffixes[part]);
        outcome_append_array(outcome, n_each, count, values + part * n_all, out);
    }
    free(values);
}

static void append_status(const struct outcome *outcome, struct text *out)
{
    size_t n_systems = outcome->head.n_systems, n_all = outcome->head.n_points * n_systems;
    double *values = calloc(n_all, sizeof *values);
    if (values == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < n_all; i++)
        values[i] = outcome_cost_status(outcome, i / n_systems, i % n_systems);
    text_append(out, ",\n  \"cost_status\": ");
    outcome_append_array(outcome, n_systems, 0, values, out);
    free(values);
}

void outcome_cost_summary_json(const struct outcome *outcome, struct text *out)
{
    if (outcome->head.n_systems == 0)
        return;
    text_append(out, ",\n  \"system\": [");
    for (size_t i = 0; i < outcome->head.n_systems; i++) {
        text_append(out, "%s", i > 0 ? ", " : "");
        outcome_append_text(outcome->systems[i]->name, out);
    }
    text_append(out, "],\n  \"category\": [");
    for (size_t i = 0; i < ENERGY_N; i++) {
        text_append(out, "%s", i > 0 ? ", " : "");
        outcome_append_text(energy_names[i], out);
    }
    text_append(out, "]");
    for (size_t v = 0; v < COST_VARIABLES_CATEGORIES; v++)
        append_variable(outcome, cost_variables_table[v].name, v, 0, out);
    append_variable(outcome, "energy_by_category", COST_VARIABLES_CATEGORIES, ENERGY_N, out);
    append_status(outcome, out);
}
