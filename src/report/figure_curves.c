#include "report/figure_curves.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/axis.h"
#include "report/curves.h"
#include "report/number.h"
#include "report/style.h"
#include "report/svg.h"

/* The picture's layout, in picture units. */
static const double width = 920, plot_height = 262, left_begin = 50, left_end = 408, right_begin = 490,
                    right_end = 838;
static const double legend_height = 30, above_plot = 52, below_plot = 10, dodge = 3.2, cap = 6, marker = 8;
static const double reference_gap = 14, trial_spread = 60, published_tick = 7, beyond = 9;

enum { CURVES_REFERENCES = 3 };

static const enum result_name references[CURVES_REFERENCES] = {
    RESULT_TASK_METRIC_EXACT, RESULT_TASK_METRIC_QUANTISED, RESULT_TASK_METRIC_FLOAT};

struct panel {
    enum result_name name;
    struct axis x, y;
    bool has_references, from_zero;
};

static void include(double value, double *low, double *high)
{
    if (!isfinite(value))
        return;
    *low = fmin(*low, value);
    *high = fmax(*high, value);
}

static void include_trials(const struct curves *curves, const struct result_variable *variable, double *low,
                           double *high)
{
    if (curves->x == NULL)
        for (size_t i = 0; i < curves->result->n_trials; i++)
            include(variable->trials[i], low, high);
}

/* The span of what the panel shows; false when no value is a number. */
static bool fit_y(const struct curves *curves, struct panel *panel, double top, double bottom)
{
    const struct result_variable *variable = &curves->result->variables[panel->name];
    double low = (double)INFINITY, high = -(double)INFINITY;
    for (size_t line = 0; line < curves->n_lines; line++)
        for (size_t x = 0; x < curves_n_x(curves); x++) {
            size_t point = curves_point(curves, x, curves->lines[line]);
            include(variable->mean[point], &low, &high);
            include(variable->low[point], &low, &high);
            include(variable->high[point], &low, &high);
            for (int i = 0; panel->has_references && i < CURVES_REFERENCES; i++)
                if (curves->result->variables[references[i]].present)
                    include(curves->result->variables[references[i]].mean[point], &low, &high);
        }
    include_trials(curves, variable, &low, &high);
    if (!(high >= low))
        return false;
    if (panel->from_zero)
        low = fmin(low, 0);
    if (panel->from_zero && high <= 0)
        high = 0.01;
    axis_fit_range(&panel->y, low, high, bottom, top, 8, true);
    return true;
}

static void describe(const struct curves *curves, enum result_name name, size_t x, size_t line, char *text,
                     size_t text_size)
{
    char place[2][NUMBER_SIZE] = {"", ""}, value[NUMBER_SIZE], interval[NUMBER_SIZE];
    const struct result_variable *variable = &curves->result->variables[name];
    size_t point = curves_point(curves, x, line);
    if (curves->x != NULL)
        result_print_value(curves->x, x, place[0], sizeof place[0]);
    if (curves->line != NULL)
        result_print_value(curves->line, line, place[1], sizeof place[1]);
    number_print(variable->mean[point], variable->low[point], variable->high[point], value, sizeof value);
    number_print_interval(variable->mean[point], variable->low[point], variable->high[point], interval,
                          sizeof interval);
    snprintf(text, text_size, "%s%s%s: %s %s", place[0], curves->line != NULL ? ", " : "", place[1], value,
             interval);
}

static double value_x(const struct curves *curves, const struct panel *panel, size_t x)
{
    return axis_position(&panel->x, curves->x == NULL ? 0 : curves->x->values[x] / curves->x_factor);
}

static void draw_line(struct text *out, const struct curves *curves, const struct panel *panel, size_t i)
{
    const struct result_variable *variable = &curves->result->variables[panel->name];
    struct svg_point run[2] = {{(double)NAN, (double)NAN}, {(double)NAN, (double)NAN}};
    char class[64], bar[64], dot[64], tip[512];
    int level = style_line((int)i, (int)curves->n_lines);
    double shift = ((double)i - (double)(curves->n_lines - 1) / 2) * dodge;
    snprintf(class, sizeof class, "curve line-%d", level);
    snprintf(bar, sizeof bar, "bar line-%d", level);
    snprintf(dot, sizeof dot, "dot line-%d", level);
    for (size_t k = 0; k < curves_n_x(curves); k++) {
        size_t x = curves->x == NULL ? 0 : curves->x->order[k],
               point = curves_point(curves, x, curves->lines[i]);
        run[0] = run[1];
        run[1] = (struct svg_point){value_x(curves, panel, x) + shift,
                                    axis_position(&panel->y, variable->mean[point])};
        if (k > 0 && panel->x.kind != AXIS_WORDS && isfinite(run[0].y) && isfinite(run[1].y))
            svg_path(out, class, run, 2);
    }
    for (size_t x = 0; x < curves_n_x(curves); x++) {
        size_t point = curves_point(curves, x, curves->lines[i]);
        double at = value_x(curves, panel, x) + shift, y = axis_position(&panel->y, variable->mean[point]);
        if (!isfinite(y))
            continue;
        if (isfinite(variable->low[point]) && isfinite(variable->high[point]))
            svg_error_bar(out, bar, (struct svg_point){at, axis_position(&panel->y, variable->low[point])},
                          (struct svg_point){at, axis_position(&panel->y, variable->high[point])}, cap);
        describe(curves, panel->name, x, curves->lines[i], tip, sizeof tip);
        svg_marker(out, dot, (enum svg_marker)(i % SVG_MARKERS), (struct svg_point){at, y}, marker, tip);
    }
}

/* Where there is no sweep: the trials, spread sideways in their order. */
static void draw_trials(struct text *out, const struct curves *curves, const struct panel *panel)
{
    const struct result_variable *variable = &curves->result->variables[panel->name];
    double middle = axis_position(&panel->x, 0), n = (double)curves->result->n_trials;
    for (size_t i = 0; curves->x == NULL && i < curves->result->n_trials; i++) {
        double y = axis_position(&panel->y, variable->trials[i]);
        double x = middle - trial_spread + ((double)i + 0.5) / n * 2 * trial_spread;
        if (isfinite(y) && n > 1)
            svg_marker(out, "dot faint line-2", SVG_CIRCLE, (struct svg_point){x, y}, 6, NULL);
    }
}

/* The references may depend on the first key (a swept threshold, say): a line per reference, at the first
 * line's value. */
static void draw_references(struct text *out, const struct curves *curves, const struct panel *panel)
{
    static const char *const classes[CURVES_REFERENCES] = {"reference", "reference quantised",
                                                           "reference float"};
    double labels[CURVES_REFERENCES], ends[CURVES_REFERENCES];
    int order[CURVES_REFERENCES], n = 0;
    for (int i = 0; i < CURVES_REFERENCES; i++) {
        const struct result_variable *variable = &curves->result->variables[references[i]];
        struct svg_point run[2] = {{panel->x.begin, (double)NAN}, {panel->x.begin, (double)NAN}};
        for (size_t k = 0; variable->present && k < curves_n_x(curves); k++) {
            size_t x = curves->x == NULL ? 0 : curves->x->order[k];
            double y = axis_position(&panel->y, variable->mean[curves_point(curves, x, curves->lines[0])]);
            run[0] = k == 0 ? (struct svg_point){panel->x.begin, y} : run[1];
            run[1] = (struct svg_point){value_x(curves, panel, x), y};
            if (isfinite(run[0].y) && isfinite(y))
                svg_path(out, classes[i], run, 2);
        }
        if (!isfinite(run[1].y))
            continue;
        svg_line(out, classes[i], run[1], (struct svg_point){panel->x.end, run[1].y});
        ends[i] = run[1].y;
        order[n++] = i;
    }
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && ends[order[k]] < ends[order[k - 1]]; k--) {
            int swapped = order[k];
            order[k] = order[k - 1];
            order[k - 1] = swapped;
        }
    /* Labels keep their distance: down from the highest, then back up from the lower end of the plot. */
    for (int i = 0; i < n; i++)
        labels[i] = fmax(ends[order[i]], i > 0 ? labels[i - 1] + reference_gap : panel->y.end);
    for (int i = n - 1; i >= 0; i--)
        labels[i] = fmin(labels[i], i < n - 1 ? labels[i + 1] - reference_gap : panel->y.begin);
    for (int i = 0; i < n; i++) {
        struct svg_point leader[2] = {{panel->x.end, ends[order[i]]}, {panel->x.end + 8, labels[i]}};
        svg_path(out, "leader", leader, 2);
        svg_text(out, "tick", (struct svg_point){panel->x.end + 11, labels[i] + 4}, SVG_START, 0,
                 result_label(references[order[i]]));
    }
}

/* A band where published values of the first key lie, a tick for each. */
static void draw_published(struct text *out, const struct curves *curves, const struct panel *panel)
{
    double low = (double)INFINITY, high = -(double)INFINITY, top = panel->y.end, bottom = panel->y.begin;
    for (size_t i = 0; curves->x != NULL && i < curves->x->n_published; i++) {
        double value = curves->x->published_values[i] / curves->x_factor;
        double inside = fmax(panel->x.low, fmin(value, panel->x.high)), x = axis_position(&panel->x, inside);
        /* What lies beyond the swept values widens the band a little, and has no mark of its own. */
        include(value < inside ? x - beyond : value > inside ? x + beyond : x, &low, &high);
    }
    if (!(high >= low))
        return;
    if (high > low)
        svg_rectangle(out, "band", (struct svg_point){low, top}, high - low, bottom - top);
    for (size_t i = 0; i < curves->x->n_published; i++) {
        double value = curves->x->published_values[i] / curves->x_factor, x = axis_position(&panel->x, value);
        if (axis_contains(&panel->x, value))
            svg_line(out, "published", (struct svg_point){x, top - published_tick},
                     (struct svg_point){x, bottom});
    }
    double half = svg_text_width("published") / 2;
    double middle = fmax(panel->x.begin + half, fmin((low + high) / 2, panel->x.end - half));
    svg_text(out, "note", (struct svg_point){middle, top - published_tick - 3}, SVG_MIDDLE, 0, "published");
}

static void panel_title(const struct curves *curves, enum result_name name, char *text, size_t text_size)
{
    if (name == RESULT_TASK_METRIC)
        snprintf(text, text_size, "task metric: %s (%s is better)", curves->result->metric,
                 curves->result->higher_is_better ? "higher" : "lower");
    else
        snprintf(text, text_size, "%s", result_label(name));
}

static void draw_panel(struct text *out, const struct curves *curves, enum result_name name, double begin,
                       double end, double top)
{
    struct panel panel = {
        .name = name, .has_references = name == RESULT_TASK_METRIC, .from_zero = name != RESULT_TASK_METRIC};
    char title[256];
    double bottom = top + plot_height;
    curves_fit_x(curves, begin, end, &panel.x);
    panel_title(curves, name, title, sizeof title);
    if (!fit_y(curves, &panel, top, bottom)) {
        axis_draw_bottom(out, &panel.x, bottom, curves->x_title);
        svg_text(out, "label strong", (struct svg_point){begin - 38, top - 30}, SVG_START, 0, title);
        svg_text(out, "note", (struct svg_point){(begin + end) / 2, (top + bottom) / 2}, SVG_MIDDLE, 0,
                 "not a number at any of these points");
        return;
    }
    draw_published(out, curves, &panel);
    axis_draw_left(out, &panel.y, begin, end, title);
    axis_draw_bottom(out, &panel.x, bottom, curves->x_title);
    if (panel.has_references)
        draw_references(out, curves, &panel);
    draw_trials(out, curves, &panel);
    for (size_t i = 0; i < curves->n_lines; i++)
        draw_line(out, curves, &panel, i);
}

static enum result_name second_panel(const struct result *result, bool *present)
{
    enum result_name name =
        result->variables[RESULT_TASK_METRIC].present ? RESULT_TASK_METRIC : RESULT_OUTPUT_ERROR;
    *present = result->variables[name].present;
    return name;
}

void figure_curves_append(struct text *out, const struct result *result)
{
    struct curves curves;
    struct axis x;
    bool has_second;
    enum result_name names[2] = {RESULT_FALSE_PRUNE_RATE, second_panel(result, &has_second)};
    curves_init(&curves, result);
    curves_fit_x(&curves, left_begin, left_end, &x);
    double top = (curves.line != NULL ? legend_height : 0) + above_plot;
    double height = top + plot_height + axis_depth(&x) + below_plot;
    char title[512], description[1024];
    snprintf(title, sizeof title, "False-prune rate%s%s%s%s", has_second ? " and " : "",
             has_second ? result_label(names[1]) : "", curves.x != NULL ? " against " : "",
             curves.x != NULL ? curves.x->key : "");
    snprintf(description, sizeof description,
             "%s side by side%s%s; means of %zu trials with 95 %% intervals. The "
             "numbers stand in the table.",
             has_second ? "Two plots" : "A plot",
             curves.line != NULL ? ", one line per "
                                   "value of "
                                 : "",
             curves.line != NULL ? curves.line->key : "", result->n_trials);
    text_append(out, "<figure>\n");
    svg_open(out, "figure-1", width, height, title, description);
    curves_draw_legend(out, &curves, left_begin - 38, 16);
    draw_panel(out, &curves, names[0], left_begin, left_end, top);
    if (has_second)
        draw_panel(out, &curves, names[1], right_begin, right_end, top);
    svg_close(out);
    curves_append_caption(out, &curves);
    text_append(out, "</figure>\n");
    curves_append_table(out, &curves, names, has_second ? 2 : 1);
}
