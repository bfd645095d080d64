#include "report/fitted_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/figure_correlation.h"
#include "report/figure_residuals.h"
#include "report/markup.h"
#include "report/number.h"
#include "report/page.h"

static char *attribute(const struct fitted *fitted, const char *name)
{
    char *text = NULL;
    double number;
    struct rs_error ignored;
    if (store_read_text(fitted->store, "/", name, &text, &ignored) == RS_OK)
        return text;
    if (store_read_number(fitted->store, "/", name, &number, &ignored) != RS_OK)
        return NULL;
    text = malloc(64);
    if (text != NULL)
        snprintf(text, 64, "%.15g", number);
    return text;
}

/* --- the top --- */

static void append_lead(struct text *out, const struct fitted *fitted)
{
    char *version = attribute(fitted, "ngspice_version"), *complete = attribute(fitted, "complete");
    bool only_tests = true;
    for (size_t r = 0; r < fitted->n_relations; r++)
        only_tests = only_tests && fitted->figures.is_test[r] > 0;
    text_append(out, "<p class=\"lead\">%zu stage%s, %zu relation%s, %zu parameter%s from %zu deck%s run by ",
                fitted->n_stages, fitted->n_stages == 1 ? "" : "s", fitted->n_relations,
                fitted->n_relations == 1 ? "" : "s", fitted->n_parameters,
                fitted->n_parameters == 1 ? "" : "s", fitted->n_decks, fitted->n_decks == 1 ? "" : "s");
    markup_append(out, version != NULL && version[0] != '\0' ? version : "ngspice");
    text_append(out, ".</p>\n");
    if (only_tests)
        text_append(out,
                    "<p class=\"note\">This is a test, not a calibration: the parameters below are those "
                    "that the decks were written with, found again from their answers.</p>\n");
    if (complete != NULL && strcmp(complete, "0") == 0)
        text_append(out, "<p class=\"warning\">This calibration is <strong>incomplete</strong>: something "
                         "failed or was stopped; each stage says what.</p>\n");
    free(version);
    free(complete);
}

/* A summary as a sentence of its own. */
static void append_sentence(struct text *out, const char *class, const char *words)
{
    text_append(out, class != NULL ? "<p class=\"%s\">" : "<p>", class);
    if (words[0] >= 'a' && words[0] <= 'z' && strcspn(words, " _.") == strcspn(words, " "))
        text_append(out, "%c", words[0] - 'a' + 'A');
    else if (words[0] != '\0')
        text_append_bytes(out, words, 1);
    markup_append(out, words[0] != '\0' ? words + 1 : words);
    text_append(out, ".</p>\n");
}

/* --- parameters --- */

/* A quantity with a prefix where its unit takes one. */
static void append_value(struct text *out, double value, double largest, const char *unit, double low,
                         double high)
{
    enum quantity_unit known = number_unit(unit);
    char symbol[NUMBER_SIZE], number[NUMBER_SIZE];
    double factor = number_prefix(largest, known, symbol, sizeof symbol);
    number_print(value / factor, low / factor, high / factor, number, sizeof number);
    text_append(out, "<td>%s", number);
    if (isfinite(value) && symbol[0] != '\0')
        text_append(out, "&#160;%s", symbol);
    else if (isfinite(value) && strcmp(unit, "1") != 0) {
        text_append(out, "&#160;");
        markup_append(out, unit);
    }
    text_append(out, "</td>");
}

static void append_interval(struct text *out, double value, double low, double high, const char *unit)
{
    char symbol[NUMBER_SIZE], number[2 * NUMBER_SIZE];
    double factor = number_prefix(fabs(value), number_unit(unit), symbol, sizeof symbol);
    number_print_interval(value / factor, low / factor, high / factor, number, sizeof number);
    text_append(out, "<td>%s</td>", number[0] != '\0' ? number : NUMBER_NONE);
}

static void append_remark(struct text *out, const struct fitted *f, size_t k)
{
    int flag = f->parameter_flag[k];
    text_append(out, "<td class=\"text\">");
    if (flag & FITTED_NOT_IDENTIFIED)
        text_append(out, "<strong>not determined</strong>; ");
    if (flag & FITTED_FIXED)
        text_append(out, "fixed; ");
    if (flag & FITTED_AT_BOUND)
        text_append(out, "<strong>at its bound</strong>; ");
    if (isfinite(f->truth[k]) && f->error[k] > 0)
        text_append(out, "true value %.6g, missed by %+.2f standard errors; ", f->truth[k],
                    (f->value[k] - f->truth[k]) / f->error[k]);
    markup_append(out, f->meaning[k]);
    text_append(out, "</td>");
}

static void append_parameters(struct text *out, const struct fitted *f, size_t relation)
{
    text_append(out, "<div class=\"wide\"><table>\n<thead><tr><th class=\"text\">parameter</th>"
                     "<th>estimate</th><th>standard error</th><th>95&#160;%% interval</th><th>start</th>"
                     "<th class=\"text\">remarks</th></tr></thead>\n<tbody>\n");
    for (size_t k = 0; k < f->n_parameters; k++) {
        if ((size_t)f->parameter_relation[k] != relation)
            continue;
        text_append(out, "<tr><th class=\"text\"><code>");
        markup_append(out, f->parameter[k]);
        text_append(out, "</code></th>");
        double low = isfinite(f->lo95[k]) ? f->lo95[k] : f->value[k],
               high = isfinite(f->hi95[k]) ? f->hi95[k] : f->value[k];
        append_value(out, f->value[k], fabs(f->value[k]), f->unit[k], low, high);
        append_value(out, f->error[k], f->error[k], f->unit[k], (double)NAN, (double)NAN);
        append_interval(out, f->value[k], f->lo95[k], f->hi95[k], f->unit[k]);
        append_value(out, f->start[k], fabs(f->start[k]), f->unit[k], (double)NAN, (double)NAN);
        append_remark(out, f, k);
        text_append(out, "</tr>\n");
    }
    text_append(out, "</tbody>\n</table></div>\n");
}

/* --- how well it fits --- */

static void append_fact(struct text *out, const char *name, const char *value)
{
    text_append(out, "<tr><th>%s</th><td>", name);
    markup_append(out, value);
    text_append(out, "</td></tr>\n");
}

/* "23 nA (0.12 % of the rms value)" */
static void print_size(double value, double relative, const char *unit, char *text, size_t text_size)
{
    char number[NUMBER_SIZE];
    enum quantity_unit known = number_unit(unit);
    if (known == QUANTITY_NONE)
        snprintf(number, sizeof number, "%.3g %.20s", value, unit);
    else
        quantity_print(value, known, number, sizeof number);
    snprintf(text, text_size, "%s (%.3g %% of the rms value)", number, 100 * relative);
}

static void append_figures(struct text *out, const struct fitted *f, size_t r)
{
    const struct fitted_figures *g = &f->figures;
    const char *unit = f->relation_unit[r];
    char value[256];
    text_append(out, "<table class=\"facts\"><tbody>\n");
    if (isfinite(g->p[r]))
        snprintf(value, sizeof value, "%.5g for %.0f degrees of freedom (%.3g each), p = %.3g",
                 g->chi_square[r], g->degrees[r], g->chi_square[r] / g->degrees[r], g->p[r]);
    else
        snprintf(value, sizeof value, "does not apply");
    append_fact(out, "chi-square", value);
    print_size(g->rms[r], g->relative_rms[r], unit, value, sizeof value);
    append_fact(out, "rms residual", value);
    print_size(g->p95[r], g->relative_p95[r], unit, value, sizeof value);
    append_fact(out, "95 % of residuals below", value);
    print_size(g->largest[r], g->relative_largest[r], unit, value, sizeof value);
    append_fact(out, "largest residual", value);
    append_fact(out, "residuals are", f->relation_residuals[r]);
    if (g->error_factor[r] > 1) {
        snprintf(value, sizeof value, "enlarged %.3g times, the root of chi-square per degree of freedom",
                 g->error_factor[r]);
        append_fact(out, "standard errors", value);
    }
    snprintf(value, sizeof value, "%.4g", g->condition[r]);
    append_fact(out, "condition number", isfinite(g->condition[r]) ? value : "does not apply");
    snprintf(value, sizeof value, "%.0f", g->evaluations[r]);
    append_fact(out, "evaluations of the model", value);
    snprintf(value, sizeof value, "%.0f", g->at_bound[r]);
    append_fact(out, "parameters at a bound", value);
    text_append(out, "</tbody></table>\n");
}

static void append_relation(struct text *out, const struct fitted *f, size_t r)
{
    text_append(out, "<h3>");
    markup_append(out, f->relation[r]);
    text_append(out, "</h3>\n");
    append_sentence(out, NULL, f->relation_summary[r]);
    if (f->relation_message[r][0] != '\0')
        append_sentence(out, "warning", f->relation_message[r]);
    append_parameters(out, f, r);
    append_figures(out, f, r);
    figure_residuals_append(out, f, r);
    figure_correlation_append(out, f, r);
}

static void append_stage(struct text *out, const struct fitted *f, size_t s)
{
    size_t length = strlen(f->stage[s]);
    text_append(out, "<section>\n<h2>Stage ");
    markup_append(out, f->stage[s]);
    text_append(out, "</h2>\n");
    append_sentence(out, NULL, f->stage_summary[s]);
    if (f->stage_message[s][0] != '\0')
        append_sentence(out, "warning", f->stage_message[s]);
    for (size_t r = 0; r < f->n_relations; r++)
        if (strncmp(f->relation[r], f->stage[s], length) == 0 && f->relation[r][length] == '.')
            append_relation(out, f, r);
    text_append(out, "</section>\n");
}

/* --- decks and columns --- */

static void append_decks(struct text *out, const struct fitted *f)
{
    text_append(out, "<section>\n<h2>Decks</h2>\n<p>Left out: rms residual of a deck by a fit to all others; "
                     "where it is far above the rest, the deck shows something that the model lacks.</p>\n"
                     "<div class=\"wide\"><table>\n<thead><tr><th class=\"text\">deck</th><th class=\"text\">"
                     "left out</th><th class=\"text\">SHA-256</th></tr></thead>\n<tbody>\n");
    for (size_t d = 0; d < f->n_decks; d++) {
        text_append(out, "<tr><td class=\"text\">");
        markup_append(out, f->deck[d]);
        text_append(out, "</td><td class=\"text\">%s", f->deck_good[d] ? "" : "<strong>no answer</strong> ");
        for (size_t r = 0; r < f->n_relations; r++) {
            double left_out = f->left_out[r * f->n_decks + d];
            char size[NUMBER_SIZE];
            if (!isfinite(left_out))
                continue;
            quantity_print(left_out, number_unit(f->relation_unit[r]), size, sizeof size);
            text_append(out, "%s ", size);
        }
        text_append(out, "</td><td class=\"text\"><code>%.64s</code></td></tr>\n", f->deck_sha256[d]);
    }
    text_append(out, "</tbody>\n</table></div>\n</section>\n");
}

static void append_shifts(struct text *out, const struct fitted *f)
{
    if (f->n_slots == 0)
        return;
    text_append(out,
                "<section>\n<h2>Threshold shift of each column</h2>\n<div class=\"wide\"><table>\n<thead>"
                "<tr><th>key slot</th><th>shift at no load</th></tr></thead>\n<tbody>\n");
    for (size_t j = 0; j < f->n_slots; j++) {
        char shift[NUMBER_SIZE];
        quantity_print(f->shift_amperes[j], QUANTITY_AMPERE, shift, sizeof shift);
        text_append(out, "<tr><td>%zu</td><td>%s</td></tr>\n", j, shift);
    }
    text_append(out, "</tbody>\n</table></div>\n</section>\n");
}

static void append_provenance(struct text *out, const struct fitted *f)
{
    static const char *const names[] = {"source",       "git_commit", "ngspice_version", "ngspice_options",
                                        "seed",         "rng",        "compiler",        "gsl_version",
                                        "hdf5_version", "topology",   "topology_sha256", "device",
                                        "device_sha256"};
    text_append(out, "<section>\n<h2>Where it comes from</h2>\n<table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *value = attribute(f, names[i]);
        if (value != NULL)
            append_fact(out, names[i], value);
        free(value);
    }
    text_append(out, "</tbody></table>\n");
    char *plan = attribute(f, "config_resolved_yaml");
    if (plan != NULL) {
        text_append(out, "<details><summary>The plan, with every default</summary>\n<pre>");
        markup_append(out, plan);
        text_append(out, "</pre></details>\n");
    }
    free(plan);
    text_append(out, "</section>\n");
}

void fitted_page_append(struct text *out, const struct fitted *fitted)
{
    char *title = attribute(fitted, "title");
    const char *shown = title != NULL && title[0] != '\0' ? title : "A calibration";
    page_append_head(out, shown);
    text_append(out, "<body>\n<main>\n<header>\n<h1>");
    markup_append(out, shown);
    text_append(out, "</h1>\n");
    append_lead(out, fitted);
    text_append(out, "</header>\n");
    for (size_t s = 0; s < fitted->n_stages; s++)
        append_stage(out, fitted, s);
    append_shifts(out, fitted);
    append_decks(out, fitted);
    append_provenance(out, fitted);
    text_append(out, "</main>\n</body>\n</html>\n");
    free(title);
}
