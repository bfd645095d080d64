#include "report/figure_energy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/axis.h"
#include "report/number.h"
#include "report/svg.h"

/* Layout, in picture units. */
static const double width = 920, legend_y = 16, top = 50, row_height = 22, bar_height = 13, below = 10,
                    cap = 3;
static const double begins[2] = {96, 526}, ends[2] = {450, 880};

static const char writes_name[] = "key_write";

static bool is_shown(const struct costs *costs, size_t category, bool with_writes)
{
    return with_writes || strcmp(costs->categories[category], writes_name) != 0;
}

/* The total of a bar; `half` gets half its interval, of the energy as a whole. */
static double total_of(const struct costs *costs, size_t at, bool with_writes)
{
    double sum = 0;
    for (size_t c = 0; c < costs->n_categories; c++)
        if (is_shown(costs, c, with_writes))
            sum += costs->by_category.mean[at * costs->n_categories + c];
    return sum;
}

static void draw_bar(struct text *out, const struct costs *costs, size_t at, bool with_writes,
                     const struct axis *x, double factor, double y)
{
    const struct costs_numbers *energy = &costs->variables[COSTS_ENERGY];
    double total = total_of(costs, at, with_writes), from = 0;
    if (!isfinite(total)) {
        svg_text(out, "note", (struct svg_point){x->begin + 4, y + bar_height - 3}, SVG_START, 0,
                 "not known");
        return;
    }
    for (size_t c = 0; c < costs->n_categories; c++) {
        char class[32];
        double joules = costs->by_category.mean[at * costs->n_categories + c];
        if (!is_shown(costs, c, with_writes))
            continue;
        double left = axis_position(x, from / factor), right = axis_position(x, (from + joules) / factor);
        snprintf(class, sizeof class, "part-%zu", c);
        if (right > left)
            svg_rectangle(out, class, (struct svg_point){left, y}, right - left, bar_height);
        from += joules;
    }
    /* Writes are the same in every trial: both bars have the interval of the whole. */
    double half = (energy->high[at] - energy->low[at]) / 2, middle = y + bar_height / 2;
    if (!isfinite(half))
        return;
    double low = axis_position(x, fmax(total - half, 0) / factor),
           high = axis_position(x, (total + half) / factor);
    svg_line(out, "whisker", (struct svg_point){low, middle}, (struct svg_point){high, middle});
    svg_line(out, "whisker", (struct svg_point){low, middle - cap}, (struct svg_point){low, middle + cap});
    svg_line(out, "whisker", (struct svg_point){high, middle - cap}, (struct svg_point){high, middle + cap});
}

static void draw_panel(struct text *out, const struct costs *costs, size_t point, int panel)
{
    bool with_writes = panel == 0;
    double largest = 0, bottom = top + (double)costs->n_systems * row_height;
    struct axis x;
    char unit[NUMBER_SIZE], title[2 * NUMBER_SIZE];
    for (size_t s = 0; s < costs->n_systems; s++) {
        size_t at = costs_at(costs, point, s);
        double total = total_of(costs, at, with_writes), high = costs->variables[COSTS_ENERGY].high[at];
        if (isfinite(total))
            largest = fmax(largest, total);
        if (with_writes && isfinite(high))
            largest = fmax(largest, high);
    }
    double factor = number_prefix(largest, QUANTITY_JOULE, unit, sizeof unit);
    axis_fit_range(&x, 0, largest > 0 ? largest / factor : 1, begins[panel], ends[panel], 6, true);
    snprintf(title, sizeof title, "%s (%s)", with_writes ? "energy" : "energy without writes", unit);
    axis_draw_bottom(out, &x, bottom, title);
    for (size_t s = 0; s < costs->n_systems; s++) {
        double y = top + (double)s * row_height + (row_height - bar_height) / 2;
        if (panel == 0)
            svg_text(out, "label", (struct svg_point){x.begin - 8, y + bar_height - 2}, SVG_END, 0,
                     costs->systems[s]);
        draw_bar(out, costs, costs_at(costs, point, s), with_writes, &x, factor, y);
    }
}

static void draw_legend(struct text *out, const struct costs *costs)
{
    double x = begins[0];
    for (size_t c = 0; c < costs->n_categories; c++) {
        char class[32], name[64];
        snprintf(class, sizeof class, "part-%zu", c);
        snprintf(name, sizeof name, "%s", costs->categories[c]);
        for (char *letter = name; *letter != '\0'; letter++)
            *letter = *letter == '_' ? ' ' : *letter;
        svg_rectangle(out, class, (struct svg_point){x, legend_y - 10}, 11, 11);
        svg_text(out, "label", (struct svg_point){x + 16, legend_y}, SVG_START, 0, name);
        x += 16 + svg_text_width(name) + 22;
    }
}

void figure_energy_append(struct text *out, const struct costs *costs)
{
    size_t index[RESULT_KNOBS_MAX];
    struct axis any;
    result_corner(costs->result, false, index);
    size_t point = result_point(costs->result, index);
    axis_fit_range(&any, 0, 1, 0, 1, 2, true);
    double height = top + (double)costs->n_systems * row_height + axis_depth(&any) + below;
    text_append(out, "<figure>\n");
    svg_open(
        out, "figure-energy", width, height, "Energy of each system by category",
        "Stacked bars, one per system: left all of its energy, right without writes. The numbers stand in "
        "the table.");
    draw_legend(out, costs);
    for (int panel = 0; panel < 2; panel++)
        draw_panel(out, costs, point, panel);
    svg_close(out);
    text_append(
        out,
        "<figcaption><p>Totals over all samples, means of %zu trials%s; whiskers: 95&#160;%% interval of "
        "the total%s.</p></figcaption>\n</figure>\n",
        costs->result->n_trials,
        costs->result->n_knobs > 0 ? ", every swept key at its lowest (words: first) value" : "",
        costs->result->n_trials > 1 ? "" : " (none for one trial)");
}
