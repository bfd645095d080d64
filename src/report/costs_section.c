#include "report/costs_section.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/costs.h"
#include "report/figure_costs.h"
#include "report/figure_energy.h"
#include "report/markup.h"
#include "report/number.h"

enum { STATUS_BITS = 8 };

static void append_cell(struct text *out, double mean, double low, double high)
{
    char value[NUMBER_SIZE], interval[NUMBER_SIZE];
    number_print(mean, low, high, value, sizeof value);
    number_print_interval(mean, low, high, interval, sizeof interval);
    text_append(out, "<td>%s%s%s%s</td>", value, interval[0] ? "<small>" : "", interval,
                interval[0] ? "</small>" : "");
}

/* "array.r_word_line = 2 ohm, ..." of a corner. */
static void append_corner(struct text *out, const struct result *result, bool last)
{
    size_t index[RESULT_KNOBS_MAX];
    char value[NUMBER_SIZE];
    result_corner(result, last, index);
    for (size_t i = 0; i < result->n_knobs; i++) {
        result_print_value(&result->knobs[i], index[i], value, sizeof value);
        text_append(out, "%s<code>", i > 0 ? ", " : "");
        markup_append(out, result->knobs[i].key);
        text_append(out, "</code> = ");
        markup_append(out, value);
    }
}

static void append_systems(struct text *out, const struct costs *costs, bool last)
{
    size_t index[RESULT_KNOBS_MAX];
    result_corner(costs->result, last, index);
    size_t point = result_point(costs->result, index);
    text_append(out, "<p>");
    append_corner(out, costs->result, last);
    text_append(out, "</p>\n<div class=\"wide breakout\"><table>\n<thead><tr><th class=\"text\" "
                     "scope=\"col\">system</th>");
    double factors[COSTS_VARIABLES];
    for (int v = 0; v < COSTS_VARIABLES; v++) {
        char unit[NUMBER_SIZE];
        factors[v] = costs_scale(costs, (enum costs_name)v, unit, sizeof unit);
        text_append(out, "<th scope=\"col\">%s%s%s%s</th>", costs_label((enum costs_name)v),
                    unit[0] ? " (" : "", unit, unit[0] ? ")" : "");
    }
    text_append(out, "</tr></thead>\n<tbody>\n");
    for (size_t s = 0; s < costs->n_systems; s++) {
        size_t at = costs_at(costs, point, s);
        text_append(out, "<tr><th class=\"name\" scope=\"row\">");
        markup_append(out, costs->systems[s]);
        text_append(out, "</th>");
        for (int v = 0; v < COSTS_VARIABLES; v++)
            append_cell(out, costs->variables[v].mean[at] / factors[v],
                        costs->variables[v].low[at] / factors[v], costs->variables[v].high[at] / factors[v]);
        text_append(out, "</tr>\n");
    }
    text_append(out, "</tbody></table></div>\n");
}

/* What the flags of any system and point say. */
static void append_flags(struct text *out, const struct costs *costs)
{
    int64_t all = 0;
    bool any = false;
    for (size_t i = 0; i < costs->result->n_points * costs->n_systems; i++)
        all |= costs->status[i];
    const char *word = costs->flag_meanings;
    for (int bit = 0; bit < STATUS_BITS && *word != '\0'; bit++) {
        size_t length = strcspn(word, " ");
        if (all >> bit & 1) {
            char name[NUMBER_SIZE];
            snprintf(name, sizeof name, "%.*s", (int)length, word);
            for (char *letter = name; *letter != '\0'; letter++)
                *letter = *letter == '_' ? ' ' : *letter;
            markup_format(out, "%s%s", any ? "; " : " Where a number does not exist: ", name);
            any = true;
        }
        word += length + strspn(word + length, " ");
    }
    if (any)
        text_append(out, ".");
}

static void append_tables(struct text *out, const struct costs *costs)
{
    text_append(
        out,
        "<p>What each published system would have taken for the decisions of this run: totals over all "
        "samples, mean over trials and below it the 95&#160;%% interval. Models, not measurements: many of "
        "their constants are only assumed (below).");
    append_flags(out, costs);
    text_append(out, "</p>\n");
    append_systems(out, costs, false);
    if (costs->result->n_points > 1)
        append_systems(out, costs, true);
}

static void append_constants(struct text *out, const struct costs *costs)
{
    static const char *const kinds[] = {"primary", "secondary", "assumed"};
    size_t counts[3] = {0};
    if (costs->n_constants == 0)
        return;
    for (size_t i = 0; i < costs->n_constants; i++)
        for (int k = 0; k < 3; k++)
            counts[k] += strcmp(costs->kinds[i], kinds[k]) == 0;
    text_append(
        out,
        "<details id=\"constants\"><summary>Constants of these systems: %zu primary, %zu secondary, %zu "
        "assumed</summary>\n<p class=\"note\">primary: the authors' own words or code; secondary: a third "
        "party's note, or arithmetic on such figures; assumed: no source was found, or one only "
        "remembered.</p>\n<div class=\"wide\"><table>\n<thead><tr><th class=\"text\" "
        "scope=\"col\">constant</th><th scope=\"col\">value</th><th class=\"text\" scope=\"col\">unit</th>"
        "<th class=\"text\" scope=\"col\">kind</th><th class=\"text\" "
        "scope=\"col\">source</th></tr></thead>\n"
        "<tbody>\n",
        counts[0], counts[1], counts[2]);
    for (size_t i = 0; i < costs->n_constants; i++) {
        text_append(out, "<tr><th class=\"text\" scope=\"row\">");
        markup_append(out, costs->constants[i]);
        text_append(out, "</th><td>%.6g</td>", costs->values[i]);
        const char *const words[] = {costs->units[i], costs->kinds[i], costs->sources[i]};
        for (int w = 0; w < 3; w++) {
            text_append(out, "<td class=\"text\">");
            markup_append(out, words[w]);
            text_append(out, "</td>");
        }
        text_append(out, "</tr>\n");
    }
    text_append(out, "</tbody></table></div></details>\n");
}

static void append_definitions(struct text *out)
{
    text_append(out, "<details><summary>What the columns mean</summary>\n<dl>\n");
    for (int v = 0; v < COSTS_VARIABLES; v++)
        text_append(out, "<dt>%s</dt><dd>%s</dd>\n", costs_label((enum costs_name)v),
                    costs_definition((enum costs_name)v));
    text_append(out, "</dl></details>\n");
}

/* A picture for each system that pruning changes; the first one open. */
static void append_pictures(struct text *out, const struct costs *costs)
{
    bool first = true;
    if (costs->result->n_points == 1)
        return;
    text_append(out, "<h3>Noise meets cost</h3>\n");
    for (size_t s = 0; s < costs->n_systems; s++) {
        if (!costs_prunes(costs, s))
            continue;
        if (!first) {
            text_append(out, "<details><summary>The same for ");
            markup_append(out, costs->systems[s]);
            text_append(out, "</summary>\n");
        }
        figure_costs_append(out, costs, s);
        text_append(out, first ? "" : "</details>\n");
        first = false;
    }
    if (first)
        text_append(out, "<p>No system prunes anything at these points.</p>\n");
}

enum rs_status costs_section_append(struct text *out, const struct result *result, struct rs_error *err)
{
    struct costs *costs = NULL;
    enum rs_status status = costs_read(result, &costs, err);
    if (status != RS_OK || costs == NULL)
        return status;
    text_append(out, "<section>\n<h2 id=\"costs\">Cost on published systems</h2>\n");
    append_tables(out, costs);
    append_definitions(out);
    figure_energy_append(out, costs);
    append_pictures(out, costs);
    append_constants(out, costs);
    text_append(out, "</section>\n");
    costs_destroy(costs);
    return RS_OK;
}
