#include "report/finding.h"

#include <math.h>
#include <stdio.h>

#include "report/corner.h"
#include "report/markup.h"
#include "report/number.h"

struct finding finding_search(const struct result *result, size_t i_knob, enum result_name name)
{
    const struct result_knob *knob = &result->knobs[i_knob];
    const struct result_variable *variable = &result->variables[name];
    size_t index[RESULT_KNOBS_MAX] = {0};
    result_corner(result, false, index);
    size_t lowest = result_point(result, index);
    struct finding finding = {.base = variable->mean[lowest], .value = knob->order[0], .point = lowest};
    for (size_t i = 1; i < knob->n && !finding.resolved; i++) {
        finding.value = index[i_knob] = knob->order[i];
        finding.point = result_point(result, index);
        finding.resolved =
            variable->low[finding.point] > finding.base || variable->high[finding.point] < finding.base;
    }
    return finding;
}

static void append_value(struct text *out, const struct result_variable *variable, size_t point)
{
    char value[NUMBER_SIZE], interval[NUMBER_SIZE];
    number_print(variable->mean[point], variable->low[point], variable->high[point], value, sizeof value);
    number_print_interval(variable->mean[point], variable->low[point], variable->high[point], interval,
                          sizeof interval);
    text_append(out, "%s%s%s", value, interval[0] ? " " : "", interval);
}

static void append_key(struct text *out, const struct result_knob *knob, size_t i)
{
    char value[NUMBER_SIZE];
    result_print_value(knob, i, value, sizeof value);
    text_append(out, "<code>");
    markup_append(out, knob->key);
    text_append(out, "</code> ");
    markup_append(out, value);
}

static void append_resolved(struct text *out, const struct result *result, size_t i_knob, enum result_name name,
                            const struct finding *finding)
{
    const struct result_knob *knob = &result->knobs[i_knob];
    const struct result_variable *variable = &result->variables[name];
    size_t index[RESULT_KNOBS_MAX];
    char base[NUMBER_SIZE], first[NUMBER_SIZE];
    result_corner(result, false, index);
    size_t lowest = result_point(result, index);
    number_print(finding->base, variable->low[lowest], variable->high[lowest], base, sizeof base);
    result_print_value(knob, knob->order[0], first, sizeof first);
    text_append(out, "<li>The <strong>%s</strong> %s from %s at ", result_label(name),
                variable->mean[finding->point] > finding->base ? "rises" : "falls", base);
    markup_append(out, first);
    text_append(out, " to ");
    append_value(out, variable, finding->point);
    text_append(out, " at ");
    append_key(out, knob, finding->value);
    text_append(out, ": the %s value whose 95&#160;%% interval excludes it.</li>\n",
                knob->words != NULL ? "first listed" : "smallest swept");
}

static void append_unresolved(struct text *out, const struct result *result, size_t i_knob, enum result_name name,
                              const struct finding *finding)
{
    const struct result_variable *variable = &result->variables[name];
    char base[NUMBER_SIZE];
    number_print(finding->base, NAN, NAN, base, sizeof base);
    text_append(out, "<li>No effect of <code>");
    markup_append(out, result->knobs[i_knob].key);
    text_append(out, "</code> on the <strong>%s</strong> is resolved", result_label(name));
    if (!isfinite(finding->base))
        text_append(out, ": it has no value to compare with at the lowest value.</li>\n");
    else {
        text_append(out, " up to ");
        append_key(out, &result->knobs[i_knob], finding->value);
        text_append(out, " (");
        append_value(out, variable, finding->point);
        text_append(out, " there, %s at the lowest value).</li>\n", base);
    }
}

/* The two ends of the grid, for a task. */
static void append_ends(struct text *out, const struct result *result)
{
    const struct result_variable *metric = &result->variables[RESULT_TASK_METRIC];
    const struct result_variable *exact = &result->variables[RESULT_TASK_METRIC_EXACT];
    size_t index[RESULT_KNOBS_MAX] = {0};
    char place[512];
    for (int last = 0; last <= (result->n_points > 1); last++) {
        result_corner(result, last, index);
        size_t point = result_point(result, index);
        corner_print(result, index, place, sizeof place);
        text_append(out, "<li>At ");
        markup_append(out, place);
        text_append(out, " the <strong>task metric</strong> (");
        markup_append(out, result->metric);
        text_append(out, ") is ");
        append_value(out, metric, point);
        if (exact->present) {
            text_append(out, "; with exact decisions it is ");
            append_value(out, exact, point);
        }
        text_append(out, ".</li>\n");
    }
}

static void append_single(struct text *out, const struct result *result, enum result_name name)
{
    text_append(out, "<li>The <strong>%s</strong> is ", result_label(name));
    append_value(out, &result->variables[name], 0);
    text_append(out, ".</li>\n");
}

void finding_append(struct text *out, const struct result *result)
{
    bool has_task = result->variables[RESULT_TASK_LOSS].present;
    const enum result_name names[] = {RESULT_FALSE_PRUNE_RATE, has_task ? RESULT_TASK_LOSS : RESULT_OUTPUT_ERROR};
    text_append(out, "<ul>\n");
    for (size_t i = 0; i < result->n_knobs && result->n_trials > 1; i++)
        for (size_t k = 0; k < 2; k++) {
            if (result->knobs[i].n < 2 || !result->variables[names[k]].present)
                continue;
            struct finding finding = finding_search(result, i, names[k]);
            if (finding.resolved)
                append_resolved(out, result, i, names[k], &finding);
            else
                append_unresolved(out, result, i, names[k], &finding);
        }
    if (result->n_points > 1 && result->n_trials == 1)
        text_append(out, "<li>One trial gives no interval, so no effect can be told from chance.</li>\n");
    for (size_t k = 0; k < 2 && result->n_points == 1; k++)
        if (result->variables[names[k]].present)
            append_single(out, result, names[k]);
    if (result->variables[RESULT_TASK_METRIC].present)
        append_ends(out, result);
    text_append(out, "</ul>\n");
    if (result->n_knobs > 1 && result->n_trials > 1)
        text_append(out, "<p class=\"muted\">Each key is judged with all others at their lowest value.</p>\n");
}
