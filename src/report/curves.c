#include "report/curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/markup.h"
#include "report/number.h"
#include "report/svg.h"

static const double legend_marker = 8;
static const char policy_key[] = "prune.policy";

size_t curves_point(const struct curves *curves, size_t x, size_t line)
{
    size_t index[RESULT_KNOBS_MAX] = {0};
    result_corner(curves->result, false, index);
    if (curves->x != NULL)
        index[curves->i_x] = x;
    if (curves->line != NULL)
        index[curves->i_line] = line;
    return result_point(curves->result, index);
}

size_t curves_n_x(const struct curves *curves)
{
    return curves->x == NULL ? 1 : curves->x->n;
}

/* The policy where it is swept, else the second key. */
static size_t find_lines(const struct result *result)
{
    for (size_t i = 1; i < result->n_knobs; i++)
        if (strcmp(result->knobs[i].key, policy_key) == 0)
            return i;
    return 1;
}

void curves_init(struct curves *curves, const struct result *result)
{
    *curves = (struct curves){.result = result, .x_factor = 1, .n_lines = 1};
    bool turned = result->n_knobs > 1 && strcmp(result->knobs[0].key, policy_key) == 0;
    curves->i_x = turned;
    curves->i_line = turned ? 0 : find_lines(result);
    curves->x = result->n_knobs > 0 ? &result->knobs[curves->i_x] : NULL;
    curves->line = result->n_knobs > 1 ? &result->knobs[curves->i_line] : NULL;
    if (curves->line != NULL) {
        size_t n = curves->line->n,
               most = strcmp(curves->line->key, policy_key) == 0 ? CURVES_LINES_MAX : STYLE_LINES;
        curves->n_lines = n < most ? n : most;
        for (size_t i = 0; i < curves->n_lines; i++)
            curves->lines[i] =
                curves->line
                    ->order[n <= 1 ? 0 : i * (n - 1) / (curves->n_lines - 1 ? curves->n_lines - 1 : 1)];
    }
    if (curves->x == NULL)
        return;
    char unit[NUMBER_SIZE] = "";
    double largest = 0;
    for (size_t i = 0; i < curves->x->n; i++)
        largest = fmax(largest, fabs(curves->x->values[i]));
    if (curves->x->words == NULL)
        curves->x_factor = number_prefix(largest, number_unit(curves->x->units), unit, sizeof unit);
    snprintf(curves->x_title, sizeof curves->x_title, "%s%s%s%s", curves->x->key, unit[0] ? " (" : "", unit,
             unit[0] ? ")" : "");
}

void curves_fit_x(const struct curves *curves, double begin, double end, struct axis *axis)
{
    char mean[] = "mean", *only[] = {mean};
    if (curves->x == NULL)
        axis_fit_words(axis, only, 1, begin, end);
    else if (curves->x->words != NULL)
        axis_fit_words(axis, curves->x->words, curves->x->n, begin, end);
    else {
        double ascending[AXIS_VALUES_MAX];
        size_t n = curves->x->n < AXIS_VALUES_MAX ? curves->x->n : AXIS_VALUES_MAX;
        for (size_t i = 0; i < n; i++)
            ascending[i] = curves->x->values[curves->x->order[i * (curves->x->n - 1) / (n > 1 ? n - 1 : 1)]] /
                           curves->x_factor;
        axis_fit_values(axis, ascending, n, begin, end);
    }
}

void curves_draw_legend(struct text *out, const struct curves *curves, double x, double y)
{
    if (curves->line == NULL)
        return;
    svg_text(out, "label strong", (struct svg_point){x, y}, SVG_START, 0, curves->line->key);
    x += svg_text_width(curves->line->key) * 1.12 + 20;
    for (size_t i = 0; i < curves->n_lines; i++) {
        char class[64], value[NUMBER_SIZE];
        int level = style_line((int)i, (int)curves->n_lines);
        result_print_value(curves->line, curves->lines[i], value, sizeof value);
        snprintf(class, sizeof class, "curve line-%d", level);
        svg_line(out, class, (struct svg_point){x - 9, y - 4.5}, (struct svg_point){x + 9, y - 4.5});
        snprintf(class, sizeof class, "dot line-%d", level);
        svg_marker(out, class, (enum svg_marker)(i % SVG_MARKERS), (struct svg_point){x, y - 4.5},
                   legend_marker, NULL);
        svg_text(out, "label", (struct svg_point){x + 14, y}, SVG_START, 0, value);
        x += 14 + svg_text_width(value) + 24;
    }
}

static void append_published(struct text *out, const struct result *result)
{
    for (size_t i = 0; i < result->n_knobs; i++) {
        if (result->knobs[i].published == NULL)
            continue;
        text_append(out, "<p>Published values of <code>");
        markup_append(out, result->knobs[i].key);
        text_append(out, "</code>: ");
        markup_append(out, result->knobs[i].published);
        text_append(out, "</p>\n");
    }
}

static void append_fixed(struct text *out, const struct curves *curves)
{
    const struct result *result = curves->result;
    size_t index[RESULT_KNOBS_MAX];
    char value[NUMBER_SIZE];
    result_corner(result, false, index);
    bool first = true;
    for (size_t i = 0; i < result->n_knobs; i++) {
        if (&result->knobs[i] == curves->x || &result->knobs[i] == curves->line)
            continue;
        result_print_value(&result->knobs[i], index[i], value, sizeof value);
        text_append(out, first ? " Held at the lowest value here: <code>" : ", <code>");
        markup_append(out, result->knobs[i].key);
        text_append(out, "</code> = ");
        markup_append(out, value);
        first = false;
    }
    if (!first)
        text_append(out, "; the table has every point.");
}

void curves_append_caption(struct text *out, const struct curves *curves)
{
    const struct result *result = curves->result;
    char *interval = result_attribute(result, "interval");
    text_append(out, "<figcaption>\n<p>");
    if (result->n_trials == 1)
        text_append(out, "One trial (one device instance): there is no interval.");
    else
        text_append(out, "%s of %zu trials (device instances). Bar%s: ",
                    curves->x == NULL ? "Dots: the trials; large marker: the mean" : "Means",
                    result->n_trials, curves->x == NULL ? "" : "s");
    if (result->n_trials > 1)
        markup_format(out, "%s.",
                      interval != NULL ? interval : "95 % interval of the mean, Student's t over trials");
    if (curves->n_lines > 1)
        text_append(
            out, " Markers of one value stand slightly side by side so that their bars can be told apart.");
    if (curves->line != NULL && curves->line->n > curves->n_lines)
        text_append(out, " %zu of %zu values of the second key are drawn; the table has all.",
                    curves->n_lines, curves->line->n);
    append_fixed(out, curves);
    if (result->variables[RESULT_TASK_METRIC].present)
        text_append(
            out,
            " Lines across: exact decisions, nothing pruned at the digital width (quantised), and nothing "
            "pruned in floating point (float).");
    text_append(out, "</p>\n");
    append_published(out, result);
    text_append(out, "</figcaption>\n");
    free(interval);
}

static void append_cells(struct text *out, const struct curves *curves, enum result_name name, size_t x)
{
    const struct result_variable *variable = &curves->result->variables[name];
    for (size_t i = 0; i < curves->n_lines; i++) {
        size_t point = curves_point(curves, x, curves->lines[i]);
        char value[NUMBER_SIZE], interval[NUMBER_SIZE];
        number_print(variable->mean[point], variable->low[point], variable->high[point], value, sizeof value);
        number_print_interval(variable->mean[point], variable->low[point], variable->high[point], interval,
                              sizeof interval);
        text_append(out, "<td>%s%s%s%s</td>", value, interval[0] ? "<small>" : "", interval,
                    interval[0] ? "</small>" : "");
    }
}

static void append_heads(struct text *out, const struct curves *curves, size_t n_panels)
{
    for (size_t panel = 0; panel < n_panels; panel++)
        for (size_t i = 0; i < curves->n_lines; i++) {
            char value[NUMBER_SIZE] = "mean";
            if (curves->line != NULL)
                result_print_value(curves->line, curves->lines[i], value, sizeof value);
            text_append(out, "<th scope=\"col\">");
            markup_append(out, value);
            text_append(out, "</th>");
        }
}

void curves_append_table(struct text *out, const struct curves *curves, const enum result_name *names,
                         size_t n_panels)
{
    if (curves->x == NULL)
        return;
    text_append(
        out,
        "<details><summary>The numbers of this picture</summary>\n<div class=\"wide\"><table>\n<thead><tr>"
        "<th class=\"text\" scope=\"col\" rowspan=\"2\">");
    markup_append(out, curves->x->key);
    text_append(out, "</th>");
    for (size_t panel = 0; panel < n_panels; panel++) {
        text_append(out, "<th scope=\"colgroup\" colspan=\"%zu\">%s", curves->n_lines,
                    result_label(names[panel]));
        if (curves->line != NULL)
            markup_format(out, " at %s", curves->line->key);
        text_append(out, "</th>");
    }
    text_append(out, "</tr>\n<tr>");
    append_heads(out, curves, n_panels);
    text_append(out, "</tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < curves->x->n; k++) {
        char value[NUMBER_SIZE];
        result_print_value(curves->x, curves->x->order[k], value, sizeof value);
        text_append(out, "<tr><th class=\"text\" scope=\"row\">");
        markup_append(out, value);
        text_append(out, "</th>");
        for (size_t panel = 0; panel < n_panels; panel++)
            append_cells(out, curves, names[panel], curves->x->order[k]);
        text_append(out, "</tr>\n");
    }
    text_append(out, "</tbody></table></div></details>\n");
}
