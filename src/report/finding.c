#include "report/finding.h"

#include <math.h>
#include <string.h>

#include "report/corner.h"
#include "report/markup.h"
#include "report/number.h"

/* +1 or -1: the interval lies above or below `base`; 0: it holds it, or there is none. */
static int side(const struct result_variable *variable, size_t point, double base)
{
    return (variable->low[point] > base) - (variable->high[point] < base);
}

struct finding finding_search(const struct result *result, size_t i_knob, enum result_name name)
{
    const struct result_knob *knob = &result->knobs[i_knob];
    const struct result_variable *variable = &result->variables[name];
    size_t index[RESULT_KNOBS_MAX] = {0};
    result_corner(result, false, index);
    size_t lowest = result_point(result, index);
    struct finding finding = {.base = variable->mean[lowest], .value = knob->order[0], .point = lowest};
    int last_side = 0;
    for (size_t i = 1; i < knob->n; i++) {
        index[i_knob] = knob->order[i];
        size_t point = result_point(result, index);
        int own_side = side(variable, point, finding.base);
        bool goes_on = own_side != 0 && own_side == last_side;
        finding.n_resolved += own_side != 0;
        if (!goes_on) {
            finding.value = knob->order[i];
            finding.point = point;
        }
        finding.lasting = own_side != 0;
        last_side = own_side;
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

static void append_knob_value(struct text *out, const struct result_knob *knob, size_t i)
{
    char value[NUMBER_SIZE];
    result_print_value(knob, i, value, sizeof value);
    for (char *part = value, *space; part != NULL; part = space) {
        space = strchr(part, ' ');
        if (space != NULL)
            *space++ = '\0';
        markup_append(out, part);
        text_append(out, "%s", space != NULL ? "&#160;" : "");
    }
}

static void append_base(struct text *out, const struct result *result, enum result_name name)
{
    const struct result_variable *variable = &result->variables[name];
    size_t index[RESULT_KNOBS_MAX] = {0};
    char value[NUMBER_SIZE];
    result_corner(result, false, index);
    size_t point = result_point(result, index);
    number_print(variable->mean[point], variable->low[point], variable->high[point], value, sizeof value);
    text_append(out, "%s", value);
}

static void append_lasting(struct text *out, const struct result *result, size_t i_knob,
                           enum result_name name, const struct finding *finding)
{
    const struct result_knob *knob = &result->knobs[i_knob];
    const struct result_variable *variable = &result->variables[name];
    bool is_highest = finding->value == knob->order[knob->n - 1];
    text_append(out, " %s from ", variable->mean[finding->point] > finding->base ? "rises" : "falls");
    append_base(out, result, name);
    text_append(out, " at ");
    append_knob_value(out, knob, knob->order[0]);
    text_append(out, " to ");
    append_value(out, variable, finding->point);
    text_append(out, " at ");
    append_knob_value(out, knob, finding->value);
    text_append(out, is_highest ? "; only there its 95&#160;%% interval excludes the value at "
                                : "; from there on its 95&#160;%% interval excludes the value at ");
    append_knob_value(out, knob, knob->order[0]);
    text_append(out, ".");
}

/* Words have no order: those that differ are listed. */
static void append_words(struct text *out, const struct result *result, size_t i_knob, enum result_name name,
                         const struct finding *finding)
{
    const struct result_knob *knob = &result->knobs[i_knob];
    const struct result_variable *variable = &result->variables[name];
    size_t index[RESULT_KNOBS_MAX] = {0};
    bool first = true;
    result_corner(result, false, index);
    text_append(out, " is ");
    append_base(out, result, name);
    text_append(out, " with ");
    append_knob_value(out, knob, 0);
    text_append(out, "; the 95&#160;%% interval excludes that with ");
    for (size_t i = 1; i < knob->n; i++) {
        index[i_knob] = i;
        size_t point = result_point(result, index);
        if (side(variable, point, finding->base) == 0)
            continue;
        text_append(out, "%s", first ? "" : ", ");
        append_knob_value(out, knob, i);
        text_append(out, " (");
        append_value(out, variable, point);
        text_append(out, ")");
        first = false;
    }
    text_append(out, ".");
}

static void append_unresolved(struct text *out, const struct result *result, size_t i_knob,
                              enum result_name name, const struct finding *finding)
{
    const struct result_knob *knob = &result->knobs[i_knob];
    const struct result_variable *variable = &result->variables[name];
    size_t index[RESULT_KNOBS_MAX] = {0}, highest = knob->order[knob->n - 1];
    if (!isfinite(finding->base)) {
        text_append(out, " has no value at ");
        append_knob_value(out, knob, knob->order[0]);
        text_append(out, " to compare with.");
        return;
    }
    result_corner(result, false, index);
    index[i_knob] = highest;
    text_append(out, finding->n_resolved == 0
                         ? ": no effect resolved up to "
                         : ": no lasting effect; single intervals exclude the value at the lowest "
                           "value, not so that at ");
    append_knob_value(out, knob, highest);
    text_append(out, " (");
    append_value(out, variable, result_point(result, index));
    text_append(out, " there, ");
    append_base(out, result, name);
    text_append(out, " at ");
    append_knob_value(out, knob, knob->order[0]);
    text_append(out, ").");
}

static void append_along(struct text *out, const struct result *result, size_t i_knob, enum result_name name)
{
    struct finding finding = finding_search(result, i_knob, name);
    text_append(out, "<li><code>");
    markup_append(out, result->knobs[i_knob].key);
    text_append(out, "</code>: the <strong>%s</strong>", result_label(name));
    if (result->knobs[i_knob].words != NULL && finding.n_resolved > 0)
        append_words(out, result, i_knob, name, &finding);
    else if (finding.lasting)
        append_lasting(out, result, i_knob, name, &finding);
    else
        append_unresolved(out, result, i_knob, name, &finding);
    text_append(out, "</li>\n");
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
        text_append(out, "<li>");
        if (result->n_points > 1)
            markup_format(out, "At %s the ", place);
        else
            text_append(out, "The ");
        text_append(out, "<strong>task metric</strong> (");
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

/* That a small loss is no sign of robustness stands beside the loss. */
static void append_cautions(struct text *out, const struct result *result)
{
    static const char *const texts[] = {
        "The task is <strong>at chance</strong>: its metric can show no error of the array.",
        "The task <strong>hardly depends on attention</strong>: pruning at random costs it little too, so a "
        "small loss is no sign of a good array."};
    for (int bit = 0; bit < 2; bit++) {
        size_t n = 0;
        for (size_t p = 0; result->caution != NULL && p < result->n_points; p++)
            n += (int)result->caution[p] >> bit & 1;
        if (n > 0 && result->n_points > 1)
            text_append(out, "<li>%s (%zu of %zu points)</li>\n", texts[bit], n, result->n_points);
        else if (n > 0)
            text_append(out, "<li>%s</li>\n", texts[bit]);
    }
}

void finding_append(struct text *out, const struct result *result)
{
    bool has_task = result->variables[RESULT_TASK_LOSS].present;
    const enum result_name names[] = {RESULT_FALSE_PRUNE_RATE,
                                      has_task ? RESULT_TASK_LOSS : RESULT_OUTPUT_ERROR};
    text_append(out, "<ul>\n");
    for (size_t i = 0; i < result->n_knobs && result->n_trials > 1; i++)
        for (size_t k = 0; k < 2; k++) {
            if (result->knobs[i].n < 2 || !result->variables[names[k]].present)
                continue;
            append_along(out, result, i, names[k]);
        }
    if (result->n_points > 1 && result->n_trials == 1)
        text_append(out, "<li>One trial gives no interval, so no effect can be told from chance.</li>\n");
    for (size_t k = 0; k < 2 && result->n_points == 1; k++)
        if (result->variables[names[k]].present)
            append_single(out, result, names[k]);
    if (result->variables[RESULT_TASK_METRIC].present)
        append_ends(out, result);
    append_cautions(out, result);
    text_append(out, "</ul>\n");
    if (result->n_knobs > 1 && result->n_trials > 1)
        text_append(out,
                    "<p class=\"muted\">Each key is judged with all others at their lowest value.</p>\n");
}
