#include "report/figure_costs.h"

#include <math.h>
#include <stdio.h>

#include "report/axis.h"
#include "report/curves.h"
#include "report/markup.h"
#include "report/number.h"
#include "report/style.h"
#include "report/svg.h"

/* Layout, in picture units. */
static const double width = 920, plot_height = 210, begins[2] = {62, 530}, ends[2] = {424, 892};
static const double legend_height = 30, above_plot = 46, below_plot = 22, cap = 6, marker = 8, dodge = 3.2;

/* Numbers of all points in one unit: value [i stride + offset] / factor. */
struct quantity {
    const double *mean, *low, *high;
    size_t stride, offset;
    double factor;
    char title[160];
};

/* One plot: y against the first key (x.mean NULL) or against another quantity. */
struct panel {
    const struct curves *curves;
    struct quantity x, y;
    struct axis x_axis, y_axis;
    bool is_empty;
};

static double take(const struct quantity *quantity, const double *numbers, size_t point)
{
    return numbers[point * quantity->stride + quantity->offset] / quantity->factor;
}

static void include(double value, double *low, double *high)
{
    if (!isfinite(value))
        return;
    *low = fmin(*low, value);
    *high = fmax(*high, value);
}

/* The span of a quantity over the points that are drawn; false when none is a number. */
static bool find_span(const struct curves *curves, const struct quantity *quantity, double *low, double *high)
{
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (size_t i = 0; i < curves->n_lines; i++)
        for (size_t x = 0; x < curves_n_x(curves); x++) {
            size_t point = curves_point(curves, x, curves->lines[i]);
            include(take(quantity, quantity->mean, point), low, high);
            include(take(quantity, quantity->low, point), low, high);
            include(take(quantity, quantity->high, point), low, high);
        }
    return *high >= *low;
}

static struct quantity cost_of(const struct costs *costs, size_t system, enum costs_name name)
{
    const struct costs_numbers *numbers = &costs->variables[name];
    struct quantity quantity = {.mean = numbers->mean,
                                .low = numbers->low,
                                .high = numbers->high,
                                .stride = costs->n_systems,
                                .offset = system,
                                .factor = 1};
    char unit[NUMBER_SIZE];
    if (name == COSTS_PER_DECISION) {
        quantity.factor = costs_scale(costs, name, unit, sizeof unit);
        snprintf(quantity.title, sizeof quantity.title, "energy per correct decision (%s)", unit);
    } else if (name == COSTS_EXTRA_TRAFFIC) {
        quantity.factor = 0.01;
        snprintf(quantity.title, sizeof quantity.title, "traffic added by decision flips (%%)");
    } else {
        snprintf(quantity.title, sizeof quantity.title, "%s against unpruned", costs_label(name));
    }
    return quantity;
}

static struct quantity damage_of(const struct result *result)
{
    bool task = result->variables[RESULT_TASK_METRIC].present;
    enum result_name name = task ? RESULT_TASK_METRIC : RESULT_OUTPUT_ERROR;
    const struct result_variable *variable = &result->variables[name];
    struct quantity quantity = {
        .mean = variable->mean, .low = variable->low, .high = variable->high, .stride = 1, .factor = 1};
    snprintf(quantity.title, sizeof quantity.title, "%s%s", task ? result->metric : result_label(name),
             !task || !result->higher_is_better ? " (lower is better)" : " (higher is better)");
    return quantity;
}

/* Both axes; a horizontal one of a quantity has a mark's room at both ends. */
static void fit(struct panel *panel, int column, double top, bool from_zero)
{
    double low, high, bottom = top + plot_height;
    panel->is_empty = !find_span(panel->curves, &panel->y, &low, &high);
    if (panel->is_empty)
        return;
    axis_fit_range(&panel->y_axis, from_zero ? fmin(low, 0) : low, from_zero ? fmax(high, 0) : high, bottom,
                   top, 7, true);
    if (panel->x.mean == NULL) {
        curves_fit_x(panel->curves, begins[column], ends[column], &panel->x_axis);
        return;
    }
    panel->is_empty = !find_span(panel->curves, &panel->x, &low, &high);
    if (!panel->is_empty)
        axis_fit_range(&panel->x_axis, low, high, begins[column], ends[column], 7, true);
}

/* Where a point is drawn; x_low and x_high NAN where its place has no interval. */
struct mark {
    struct svg_point at;
    double x_low, x_high, y_low, y_high;
};

static struct mark place(const struct panel *panel, size_t i, size_t x)
{
    const struct curves *curves = panel->curves;
    size_t point = curves_point(curves, x, curves->lines[i]);
    struct mark mark = {.x_low = (double)NAN, .x_high = (double)NAN};
    if (panel->x.mean == NULL) {
        double shift = ((double)i - (double)(curves->n_lines - 1) / 2) * dodge;
        mark.at.x = shift + axis_position(&panel->x_axis,
                                          curves->x == NULL ? 0 : curves->x->values[x] / curves->x_factor);
    } else {
        mark.at.x = axis_position(&panel->x_axis, take(&panel->x, panel->x.mean, point));
        mark.x_low = axis_position(&panel->x_axis, take(&panel->x, panel->x.low, point));
        mark.x_high = axis_position(&panel->x_axis, take(&panel->x, panel->x.high, point));
    }
    mark.at.y = axis_position(&panel->y_axis, take(&panel->y, panel->y.mean, point));
    mark.y_low = axis_position(&panel->y_axis, take(&panel->y, panel->y.low, point));
    mark.y_high = axis_position(&panel->y_axis, take(&panel->y, panel->y.high, point));
    return mark;
}

static void draw_mark(struct text *out, const struct panel *panel, size_t i, size_t x)
{
    const struct curves *curves = panel->curves;
    char bar[64], dot[64], tip[512], key[NUMBER_SIZE] = "", line[NUMBER_SIZE] = "";
    int level = style_line((int)i, (int)curves->n_lines);
    struct mark mark = place(panel, i, x);
    size_t point = curves_point(curves, x, curves->lines[i]);
    snprintf(bar, sizeof bar, "bar line-%d", level);
    snprintf(dot, sizeof dot, "dot line-%d", level);
    if (!isfinite(mark.at.x) || !isfinite(mark.at.y))
        return;
    if (isfinite(mark.y_low) && isfinite(mark.y_high))
        svg_error_bar(out, bar, (struct svg_point){mark.at.x, mark.y_low},
                      (struct svg_point){mark.at.x, mark.y_high}, cap);
    if (isfinite(mark.x_low) && isfinite(mark.x_high))
        svg_line(out, bar, (struct svg_point){mark.x_low, mark.at.y},
                 (struct svg_point){mark.x_high, mark.at.y});
    if (curves->x != NULL)
        result_print_value(curves->x, x, key, sizeof key);
    if (curves->line != NULL)
        result_print_value(curves->line, curves->lines[i], line, sizeof line);
    snprintf(tip, sizeof tip, "%s%s%s: %.4g", key, line[0] ? ", " : "", line,
             take(&panel->y, panel->y.mean, point));
    svg_marker(out, dot, (enum svg_marker)(i % SVG_MARKERS), mark.at, marker, tip);
}

static void draw_line(struct text *out, const struct panel *panel, size_t i)
{
    const struct curves *curves = panel->curves;
    bool joined = curves->x != NULL && curves->x->words == NULL;
    char class[64];
    snprintf(class, sizeof class, "curve line-%d", style_line((int)i, (int)curves->n_lines));
    for (size_t k = 1; joined && k < curves_n_x(curves); k++) {
        const struct svg_point run[2] = {place(panel, i, curves->x->order[k - 1]).at,
                                         place(panel, i, curves->x->order[k]).at};
        if (isfinite(run[0].x) && isfinite(run[0].y) && isfinite(run[1].x) && isfinite(run[1].y))
            svg_path(out, class, run, 2);
    }
    for (size_t x = 0; x < curves_n_x(curves); x++)
        draw_mark(out, panel, i, x);
}

static void draw_panel(struct text *out, const struct panel *panel, int column, double top)
{
    double bottom = top + plot_height;
    if (panel->is_empty) {
        svg_text(out, "label strong", (struct svg_point){begins[column] - 38, top - 26}, SVG_START, 0,
                 panel->y.title);
        svg_text(out, "note", (struct svg_point){(begins[column] + ends[column]) / 2, (top + bottom) / 2},
                 SVG_MIDDLE, 0, "not a number at any of these points");
        return;
    }
    axis_draw_left(out, &panel->y_axis, begins[column], ends[column], panel->y.title);
    axis_draw_bottom(out, &panel->x_axis, bottom,
                     panel->x.mean == NULL ? panel->curves->x_title : panel->x.title);
    for (size_t i = 0; i < panel->curves->n_lines; i++)
        draw_line(out, panel, i);
}

/* The numbers that are drawn, a row per point. */
static void append_table(struct text *out, const struct panel *panels)
{
    const struct curves *curves = panels[0].curves;
    const struct quantity *const columns[] = {&panels[2].x, &panels[0].y, &panels[1].y, &panels[2].y,
                                              &panels[3].y};
    text_append(
        out,
        "<details><summary>The numbers of this picture</summary>\n<div class=\"wide\"><table>\n<thead><tr>");
    const struct result_knob *const knobs[2] = {curves->x, curves->line};
    for (int which = 0; which < 2; which++)
        if (knobs[which] != NULL) {
            text_append(out, "<th class=\"text\" scope=\"col\"><code>");
            markup_append(out, knobs[which]->key);
            text_append(out, "</code></th>");
        }
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        text_append(out, "<th scope=\"col\">");
        markup_append(out, columns[c]->title);
        text_append(out, "</th>");
    }
    text_append(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < curves->n_lines; i++)
        for (size_t k = 0; k < curves_n_x(curves); k++) {
            size_t x = curves->x == NULL ? 0 : curves->x->order[k],
                   point = curves_point(curves, x, curves->lines[i]);
            char value[NUMBER_SIZE], interval[NUMBER_SIZE];
            text_append(out, "<tr>");
            for (int which = 0; which < 2; which++) {
                if (knobs[which] == NULL)
                    continue;
                result_print_value(knobs[which], which == 0 ? x : curves->lines[i], value, sizeof value);
                text_append(out, "<th class=\"text\" scope=\"row\">");
                markup_append(out, value);
                text_append(out, "</th>");
            }
            for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
                double mean = take(columns[c], columns[c]->mean, point),
                       low = take(columns[c], columns[c]->low, point),
                       high = take(columns[c], columns[c]->high, point);
                number_print(mean, low, high, value, sizeof value);
                number_print_interval(mean, low, high, interval, sizeof interval);
                text_append(out, "<td>%s%s%s%s</td>", value, interval[0] ? "<small>" : "", interval,
                            interval[0] ? "</small>" : "");
            }
            text_append(out, "</tr>\n");
        }
    text_append(out, "</tbody></table></div></details>\n");
}

void figure_costs_append(struct text *out, const struct costs *costs, size_t system)
{
    static const enum costs_name names[4] = {COSTS_EXTRA_TRAFFIC, COSTS_PER_DECISION, COSTS_SPEEDUP,
                                             COSTS_ENERGY_RATIO};
    struct curves curves;
    struct panel panels[4];
    struct axis x;
    char id[64], title[128];
    curves_init(&curves, costs->result);
    curves_fit_x(&curves, begins[0], ends[0], &x);
    double above = (curves.line != NULL ? legend_height : 0) + above_plot;
    double row = plot_height + axis_depth(&x) + below_plot, second = above + row + above_plot;
    for (int i = 0; i < 4; i++) {
        panels[i] = (struct panel){.curves = &curves, .y = cost_of(costs, system, names[i])};
        if (i >= 2)
            panels[i].x = damage_of(costs->result);
        fit(&panels[i], i % 2, i < 2 ? above : second, i == 0);
    }
    snprintf(id, sizeof id, "figure-costs-%zu", system);
    snprintf(title, sizeof title, "Noise meets cost: %s", costs->systems[system]);
    text_append(out, "<figure>\n");
    svg_open(
        out, id, width, second + row, title,
        "Four plots: extra traffic and energy per correct decision along the swept key, speed-up and energy "
        "ratio against the task metric or output error; means with 95 % intervals. The numbers stand in the "
        "table.");
    curves_draw_legend(out, &curves, begins[0] - 50, 16);
    for (int i = 0; i < 4; i++)
        draw_panel(out, &panels[i], i % 2, i < 2 ? above : second);
    svg_close(out);
    text_append(out, "<figcaption><p><code>");
    markup_append(out, costs->systems[system]);
    text_append(
        out,
        "</code>: above, along the swept key; below, what its speed and energy are worth once the damage "
        "is known%s. Bars: 95&#160;%% intervals over %zu trials, in both directions below. Below 0&#160;%%, "
        "keys pruned by mistake save more traffic than keys kept by mistake add.</p>\n</figcaption>\n",
        curves.x != NULL && curves.x->words == NULL ? " (a curve joins the values of the swept key in order)"
                                                    : "",
        costs->result->n_trials);
    text_append(out, "</figure>\n");
    append_table(out, panels);
}
