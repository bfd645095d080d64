#include "report/decided_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "report/figure_shares.h"
#include "report/markup.h"
#include "report/number.h"
#include "report/page.h"

enum { COLUMNS = 5, WORD_SIZE = 32 };

/* Shares in bins, as the file has them: NAME_n, NAME_k ... */
struct shares {
    size_t n;
    double *columns[COLUMNS]; /* n, k, ratio, lo95, hi95; each [n] */
    double *x, *expected;     /* [n], or NULL */
    char (*words)[WORD_SIZE], **list;
};

bool decided_page_is_one(const struct store *store)
{
    struct rs_error ignored;
    char *format = NULL;
    bool is_one = store_has_attribute(store, "/", "format") &&
                  store_read_text(store, "/", "format", &format, &ignored) == RS_OK &&
                  strcmp(format, "rescore-decisions") == 0;
    free(format);
    return is_one;
}

static double number(const struct store *store, const char *name)
{
    struct rs_error ignored;
    double value;
    return store_read_number(store, "/", name, &value, &ignored) == RS_OK ? value : (double)NAN;
}

static void clear_shares(struct shares *shares)
{
    for (int c = 0; c < COLUMNS; c++)
        free(shares->columns[c]);
    free(shares->x);
    free(shares->expected);
    free(shares->words);
    free(shares->list);
}

static enum rs_status read_column(const struct store *store, const char *name, size_t *n, double **values,
                                  struct rs_error *err)
{
    const struct store_axis any = {"bins", *n == 0 ? STORE_SIZE_ANY : *n, NULL};
    struct store_shape shape;
    enum rs_status status = store_check_shape(store, name, 1, &any, err);
    if (status == RS_OK)
        status = store_get_shape(store, name, &shape, err);
    if (status != RS_OK)
        return status;
    *n = shape.sizes[0];
    *values = memory_allocate(*n, sizeof **values, err);
    return *values == NULL ? RS_INTERNAL : store_read(store, name, STORE_FLOAT64, *values, err);
}

static enum rs_status read_shares(const struct store *store, const char *name, const char *scale,
                                  const char *expected, struct shares *out, struct rs_error *err)
{
    static const char *const endings[COLUMNS] = {"n", "k", "ratio", "lo95", "hi95"};
    char full[STORE_NAME_SIZE];
    enum rs_status status = RS_OK;
    for (int c = 0; c < COLUMNS && status == RS_OK; c++) {
        snprintf(full, sizeof full, "%s_%s", name, endings[c]);
        status = read_column(store, full, &out->n, &out->columns[c], err);
    }
    if (status == RS_OK && scale != NULL)
        status = read_column(store, scale, &out->n, &out->x, err);
    if (status == RS_OK && expected != NULL)
        status = read_column(store, expected, &out->n, &out->expected, err);
    return status;
}

/* Names of bins: their ends, or their numbers. */
static enum rs_status name_bins(struct shares *shares, struct rs_error *err)
{
    shares->words = memory_allocate(shares->n, sizeof *shares->words, err);
    shares->list = memory_allocate(shares->n, sizeof *shares->list, err);
    if (shares->words == NULL || shares->list == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < shares->n; i++) {
        shares->list[i] = shares->words[i];
        if (shares->x == NULL)
            snprintf(shares->words[i], WORD_SIZE, "%zu", i);
        else if (i + 1 < shares->n)
            snprintf(shares->words[i], WORD_SIZE, "%g \xe2\x80\x93 %g", shares->x[i], shares->x[i + 1]);
        else
            snprintf(shares->words[i], WORD_SIZE, "above %g", shares->x[i]);
    }
    return RS_OK;
}

static void append_lead(struct text *out, const struct store *store, double n)
{
    char sigma[NUMBER_SIZE], rms[NUMBER_SIZE];
    quantity_print(number(store, "offset_sigma_volts"), QUANTITY_VOLT, sigma, sizeof sigma);
    quantity_print(number(store, "input_rms_volts"), QUANTITY_VOLT, rms, sizeof rms);
    text_append(
        out,
        "<p class=\"lead\">%.0f decisions of full paths, %.0f x %.0f arrays: %.2f&#160;%% agree [%.2f, "
        "%.2f], %.2f&#160;%% [%.2f, %.2f] of those whose margin exceeds %g of the offset's standard "
        "deviation (%s).</p>\n",
        n, number(store, "n_rows"), number(store, "n_columns"), 100 * number(store, "agreement"),
        100 * number(store, "agreement_lo95"), 100 * number(store, "agreement_hi95"),
        100 * number(store, "clear_agreement"), 100 * number(store, "clear_agreement_lo95"),
        100 * number(store, "clear_agreement_hi95"), number(store, "clear_sigmas"), sigma);
    text_append(out, "<p>The comparator's input differs by %s rms. ", rms);
    text_append(
        out,
        "With the mismatch taken as unknown, the share kept follows the expected curve: statistic %.3g "
        "for %.0f degrees of freedom, p = %.3g.</p>\n",
        number(store, "curve_statistic"), number(store, "curve_degrees"), number(store, "curve_p"));
    if (!(number(store, "good") > 0))
        text_append(out,
                    "<p class=\"warning\">The agreement that the plan states was <strong>missed</strong>."
                    "</p>\n");
}

static enum rs_status append_confusion(struct text *out, const struct store *store, struct rs_error *err)
{
    static const char *const names[] = {"prunes", "keeps"};
    static const struct store_axis axes[] = {{"rows", 2, NULL}, {"columns", 2, NULL}};
    double counts[4];
    enum rs_status status = store_check_shape(store, "confusion", 2, axes, err);
    if (status == RS_OK)
        status = store_read(store, "confusion", STORE_FLOAT64, counts, err);
    if (status != RS_OK)
        return status;
    text_append(out,
                "<section>\n<h2>Both kinds of disagreement</h2>\n<table>\n<thead><tr><th></th><th>ngspice "
                "prunes</th><th>ngspice keeps</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < 2; i++)
        text_append(out, "<tr><th class=\"text\">engine %s</th><td>%.0f</td><td>%.0f</td></tr>\n", names[i],
                    counts[2 * i], counts[2 * i + 1]);
    text_append(out, "</tbody>\n</table>\n</section>\n");
    return RS_OK;
}

static void append_facts(struct text *out, const struct store *store)
{
    static const char *const names[] = {"source", "git_commit", "ngspice_version", "plan", "rng", "compiler"};
    text_append(out, "<section>\n<h2>Where it comes from</h2>\n<table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct rs_error ignored;
        char *value = NULL;
        if (store_read_text(store, "/", names[i], &value, &ignored) != RS_OK)
            continue;
        text_append(out, "<tr><th>%s</th><td>", names[i]);
        markup_append(out, value);
        text_append(out, "</td></tr>\n");
        free(value);
    }
    text_append(out, "</tbody></table>\n</section>\n");
}

static void append_shares(struct text *out, const struct shares *shares, struct figure_shares figure)
{
    figure.n = shares->n;
    figure.count = shares->columns[0];
    figure.ratio = shares->columns[2];
    figure.low = shares->columns[3];
    figure.high = shares->columns[4];
    figure.x = figure.expected = shares->expected;
    figure.words = shares->list;
    figure_shares_append(out, &figure);
}

static void append_body(struct text *out, const struct shares *margins, const struct shares *kept,
                        const struct shares *slots)
{
    text_append(out, "<section>\n<h2>Mismatch known</h2>\n");
    append_shares(
        out, margins,
        (struct figure_shares){
            .id = "margins",
            .title = "Disagreement against margin",
            .description = "Share of decisions that disagree, by |margin| over the offset's standard "
                           "deviation, with 95 % intervals.",
            .x_title = "|margin| / standard deviation of the offset",
            .y_title = "share that disagrees",
            .caption = "Margin: what the engine expects at the comparator's input, less the offset of "
                       "the latch's sampled mismatch and systematic shifts. Exact binomial 95&#160;% "
                       "intervals."});
    append_shares(out, slots,
                  (struct figure_shares){.id = "slots",
                                         .title = "Disagreement of each key slot",
                                         .description = "Share of decisions that disagree, by key slot, with "
                                                        "95 % intervals.",
                                         .x_title = "key slot",
                                         .y_title = "share that disagrees",
                                         .caption =
                                             "A slot whose interval stands above the others would show "
                                             "an effect of position that the model lacks."});
    text_append(out, "</section>\n<section>\n<h2>Mismatch unknown</h2>\n");
    append_shares(out, kept,
                  (struct figure_shares){
                      .id = "kept",
                      .title = "Share kept against the expected one",
                      .description = "Share of decisions that ngspice keeps against the engine's keep "
                                     "probability, with 95 % intervals; the line is equality.",
                      .x_title = "keep probability of the engine",
                      .y_title = "share that ngspice keeps",
                      .caption =
                          "The latch's offset as a normal variable of the calibrated standard deviation. "
                          "Intervals take decisions as independent; the test above allows for decisions "
                          "of one latch, which share its offset."});
    text_append(out, "</section>\n");
}

enum rs_status decided_page_append(struct text *out, const struct store *store, struct rs_error *err)
{
    struct shares margins = {0}, kept = {0}, slots = {0};
    struct store_shape shape = {0};
    enum rs_status status = read_shares(store, "disagreement", "margin_bin", NULL, &margins, err);
    if (status == RS_OK)
        status = read_shares(store, "kept", NULL, "kept_expected", &kept, err);
    if (status == RS_OK)
        status = read_shares(store, "slot_disagreement", NULL, NULL, &slots, err);
    if (status == RS_OK)
        status = name_bins(&margins, err);
    if (status == RS_OK)
        status = name_bins(&slots, err);
    if (status == RS_OK)
        status = store_get_shape(store, "margin", &shape, err);
    if (status == RS_OK) {
        page_append_head(out, "Decisions of the engine against those of ngspice");
        text_append(out, "<body>\n<main>\n<header>\n<h1>Decisions of the engine against those of "
                         "ngspice</h1>\n");
        append_lead(out, store, (double)shape.sizes[0]);
        text_append(out, "</header>\n");
        status = append_confusion(out, store, err);
        append_body(out, &margins, &kept, &slots);
        append_facts(out, store);
        text_append(out, "</main>\n</body>\n</html>\n");
    }
    clear_shares(&margins);
    clear_shares(&kept);
    clear_shares(&slots);
    return status;
}
