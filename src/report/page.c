#include "report/page.h"

#include <stdlib.h>
#include <string.h>

#include "report/costs_section.h"
#include "report/figure_curves.h"
#include "report/figure_map.h"
#include "report/figure_margins.h"
#include "report/finding.h"
#include "report/markup.h"
#include "report/provenance.h"
#include "report/style.h"
#include "report/table.h"
#include "report/task_section.h"

void page_append_head(struct text *out, const char *title)
{
    text_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    markup_append(out, title);
    text_append(out, "</title>\n<style id=\"figure-style\">\n%s</style>\n<style>\n%s</style>\n</head>\n",
                style_figures(), style_page());
}

/* What a reader must know before the numbers: an incomplete merge, points with a status. */
static void append_warnings(struct text *out, const struct result *result)
{
    char *complete = result_attribute(result, "complete");
    if (complete != NULL && (strcmp(complete, "0") == 0 || strcmp(complete, "false") == 0))
        text_append(out, "<p class=\"warning\">This result is <strong>incomplete</strong>: shards were "
                         "missing when it was "
                         "merged.</p>\n");
    free(complete);
    size_t n = 0;
    for (size_t i = 0; result->status != NULL && i < result->n_points; i++) {
        bool good = true;
        for (size_t trial = 0; trial < result->n_trials; trial++)
            good = good && result->status[i * result->n_trials + trial] == 0;
        n += !good;
    }
    if (n > 0)
        text_append(
            out,
            "<p class=\"warning\">%zu of %zu point%s %s a status other than good; see the last column of the "
            "table.</p>\n",
            n, result->n_points, result->n_points == 1 ? "" : "s", n == 1 ? "carries" : "carry");
}

static void append_definitions(struct text *out, const struct result *result)
{
    text_append(
        out,
        "<h2 id=\"reading\">How to read it</h2>\n<p>Rates and ratios are pooled over all visible pairs of a "
        "query "
        "and a key: all samples, layers, heads and queries. 0.01 is 1&#160;%%. An interval that excludes a "
        "value speaks about these trials of this device model, workload and seed, not about "
        "silicon.</p>\n<dl>\n");
    for (int i = 0; i < RESULT_VARIABLES; i++) {
        enum result_name name = (enum result_name)i;
        if (!result->variables[i].present)
            continue;
        text_append(out, "<dt><code>%s</code></dt><dd>%s</dd>\n", result_dataset(name),
                    result_definition(name));
    }
    text_append(out, "</dl>\n");
    if (result->n_knobs == 0)
        return;
    text_append(out, "<h3>Swept keys</h3>\n<dl>\n");
    for (size_t i = 0; i < result->n_knobs; i++) {
        text_append(out, "<dt><code>");
        markup_append(out, result->knobs[i].key);
        text_append(out, "</code></dt><dd>");
        markup_append(out, result->knobs[i].help);
        text_append(out, "</dd>\n");
    }
    text_append(out, "</dl>\n");
}

enum rs_status page_append(struct text *out, const struct result *result, struct rs_error *err)
{
    char *given = result_attribute(result, "title");
    const char *title = given != NULL && given[0] != '\0' ? given : "rescore: result of a run";
    page_append_head(out, title);
    text_append(out, "<body>\n<main>\n<header>\n<h1>");
    markup_append(out, title);
    text_append(out, "</h1>\n");
    free(given);
    provenance_append_summary(out, result);
    append_warnings(out, result);
    text_append(out,
                "</header>\n<section class=\"findings\" id=\"findings\">\n<h2>What the numbers say</h2>\n");
    finding_append(out, result);
    text_append(out, "</section>\n<section>\n<h2 id=\"curves\">Decisions and task</h2>\n");
    figure_curves_append(out, result);
    text_append(out, "</section>\n");
    enum rs_status status = task_section_append(out, result, err);
    if (status == RS_OK)
        status = costs_section_append(out, result, err);
    if (status != RS_OK)
        return status;
    text_append(out, "<section>\n<h2 id=\"conductances\">Conductance error</h2>\n");
    status = figure_map_append(out, result, err);
    if (status != RS_OK)
        return status;
    text_append(out, "</section>\n<section>\n<h2 id=\"margins\">Score margins</h2>\n");
    status = figure_margins_append(out, result, err);
    if (status != RS_OK)
        return status;
    text_append(out, "</section>\n<section class=\"numbers\">\n<h2 id=\"numbers\">All points</h2>\n");
    table_append(out, result);
    text_append(out, "</section>\n<section>\n");
    append_definitions(out, result);
    text_append(out, "</section>\n<section>\n<h2 id=\"provenance\">Where it comes from</h2>\n");
    provenance_append_facts(out, result);
    provenance_append_configuration(out, result);
    text_append(out, "</section>\n</main>\n</body>\n</html>\n");
    return RS_OK;
}
