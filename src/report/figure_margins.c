#include "report/figure_margins.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "report/axis.h"
#include "report/corner.h"
#include "report/markup.h"
#include "report/number.h"
#include "report/samples.h"
#include "report/svg.h"

/* The picture's layout, in picture units; the picture spans this share of the margins. */
static const double width = 920, top = 50, height = 300, panel_width = 392, first_begin = 54,
                    second_begin = 512;
static const double below = 48, shown_share = 0.998;

enum { MARGINS_BINS_WANTED = 64, MARGINS_BINS_MAX = 256 };

/* What exact scores say, and what was decided. */
enum outcome { OUTCOME_KEPT, OUTCOME_FALSE_PRUNE, OUTCOME_PRUNED, OUTCOME_FALSE_KEEP, OUTCOMES };

struct histogram {
    char place[512];
    size_t n_pairs, n_left_out, n_outside; /* left out: margin is no number; outside: beyond the picture */
    size_t counts[OUTCOMES];
    double *margins;   /* [n_pairs], in score units */
    uint8_t *outcomes; /* [n_pairs] of enum outcome */
    size_t bins[MARGINS_BINS_MAX][OUTCOMES];
};

/* Bins of `step` from first * step on, so that one edge is the threshold. */
struct bins {
    double step, first;
    size_t n;
};

static enum outcome judge(bool exact_keep, bool kept)
{
    if (exact_keep)
        return kept ? OUTCOME_KEPT : OUTCOME_FALSE_PRUNE;
    return kept ? OUTCOME_FALSE_KEEP : OUTCOME_PRUNED;
}

static void gather(struct histogram *histogram, const struct samples_margins *samples)
{
    for (size_t i = 0; i < samples->n_pairs; i++) {
        double margin = samples->analog_score[i] - samples->threshold[i];
        if (!isfinite(margin) || !isfinite(samples->exact_score[i])) {
            histogram->n_left_out++;
            continue;
        }
        enum outcome outcome = judge(samples->exact_score[i] >= samples->threshold[i], samples->kept[i] != 0);
        histogram->margins[histogram->n_pairs] = margin;
        histogram->outcomes[histogram->n_pairs++] = (uint8_t)outcome;
        histogram->counts[outcome]++;
    }
}

static enum rs_status read_histogram(const struct result *result, bool last, struct histogram *histogram,
                                     struct rs_error *err)
{
    size_t index[RESULT_KNOBS_MAX] = {0};
    struct samples_margins samples;
    result_corner(result, last, index);
    corner_print(result, index, histogram->place, sizeof histogram->place);
    enum rs_status status = samples_read_margins(result, index, &samples, err);
    if (status != RS_OK || samples.n_pairs == 0)
        return status;
    histogram->margins = memory_allocate(samples.n_pairs, sizeof *histogram->margins, err);
    histogram->outcomes = memory_allocate(samples.n_pairs, sizeof *histogram->outcomes, err);
    if (histogram->margins == NULL || histogram->outcomes == NULL)
        status = RS_INTERNAL;
    else
        gather(histogram, &samples);
    samples_clear_margins(&samples);
    return status;
}

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* Widens [low, high] to the middle `shown_share` of the margins. */
static enum rs_status span(const struct histogram *histogram, double *low, double *high, struct rs_error *err)
{
    if (histogram->n_pairs == 0)
        return RS_OK;
    double *sorted = memory_allocate(histogram->n_pairs, sizeof *sorted, err);
    if (sorted == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < histogram->n_pairs; i++)
        sorted[i] = histogram->margins[i];
    qsort(sorted, histogram->n_pairs, sizeof *sorted, compare);
    size_t cut = (size_t)((1 - shown_share) / 2 * (double)histogram->n_pairs);
    *low = fmin(*low, sorted[cut]);
    *high = fmax(*high, sorted[histogram->n_pairs - 1 - cut]);
    free(sorted);
    return RS_OK;
}

static struct bins make_bins(double low, double high)
{
    struct bins bins;
    bins.step = axis_step(high > low ? high - low : fmax(fabs(high), 1), MARGINS_BINS_WANTED);
    bins.first = floor(fmin(low, 0) / bins.step);
    bins.n = (size_t)(floor(fmax(high, 0) / bins.step) - bins.first) + 1;
    if (bins.n > MARGINS_BINS_MAX)
        bins.n = MARGINS_BINS_MAX;
    return bins;
}

static void fill_bins(struct histogram *histogram, const struct bins *bins)
{
    for (size_t i = 0; i < histogram->n_pairs; i++) {
        double bin = floor(histogram->margins[i] / bins->step) - bins->first;
        if (bin < 0 || bin >= (double)bins->n)
            histogram->n_outside++;
        else
            histogram->bins[(size_t)bin][histogram->outcomes[i]]++;
    }
}

static double share(size_t count, const size_t counts[OUTCOMES], enum outcome right, enum outcome wrong)
{
    size_t all = counts[right] + counts[wrong];
    return all > 0 ? (double)count / (double)all : 0;
}

/* The tallest bar, up or down, of one histogram. */
static double tallest(const struct histogram *histogram, const struct bins *bins)
{
    double most = 0;
    for (size_t i = 0; i < bins->n; i++) {
        const size_t *bin = histogram->bins[i], *all = histogram->counts;
        most = fmax(most, share(bin[OUTCOME_KEPT] + bin[OUTCOME_FALSE_PRUNE], all, OUTCOME_KEPT,
                                OUTCOME_FALSE_PRUNE));
        most = fmax(most, share(bin[OUTCOME_PRUNED] + bin[OUTCOME_FALSE_KEEP], all, OUTCOME_PRUNED,
                                OUTCOME_FALSE_KEEP));
    }
    return most;
}

/* One bin's pair of bars, the wrong decisions next to the middle line. */
static void draw_bars(struct text *out, const struct histogram *histogram, size_t bin, const struct axis *y,
                      double x, double bar_width)
{
    static const char *const classes[OUTCOMES] = {"keep", "false-prune", "prune", "false-keep"};
    static const enum outcome order[2][2] = {{OUTCOME_FALSE_PRUNE, OUTCOME_KEPT},
                                             {OUTCOME_FALSE_KEEP, OUTCOME_PRUNED}};
    for (int side = 0; side < 2; side++) {
        double from = 0;
        for (int i = 0; i < 2; i++) {
            enum outcome outcome = order[side][i];
            double part =
                share(histogram->bins[bin][outcome], histogram->counts, order[side][0], order[side][1]);
            if (part <= 0)
                continue;
            double near = axis_position(y, side == 0 ? from : -from),
                   far = axis_position(y, side == 0 ? from + part : -from - part);
            svg_rectangle(out, classes[outcome], (struct svg_point){x, fmin(near, far)}, bar_width,
                          fabs(far - near));
            from += part;
        }
    }
}

static void rate_text(const char *what, const size_t counts[OUTCOMES], enum outcome wrong, enum outcome right,
                      char *text, size_t text_size)
{
    double rate = share(counts[wrong], counts, right, wrong);
    if (counts[wrong] + counts[right] == 0)
        snprintf(text, text_size, "no %s possible", what);
    else
        snprintf(text, text_size, "%zu %s%s (%.2g %%)", counts[wrong], what, counts[wrong] == 1 ? "" : "s",
                 100 * rate);
}

static void draw_labels(struct text *out, const struct histogram *histogram, double begin)
{
    char text[4 * NUMBER_SIZE];
    double end = begin + panel_width, bottom = top + height;
    const size_t *counts = histogram->counts;
    rate_text("false prune", counts, OUTCOME_FALSE_PRUNE, OUTCOME_KEPT, text, sizeof text);
    svg_text(out, "label strong halo false-prune", (struct svg_point){begin + 6, top + 16}, SVG_START, 0,
             text);
    snprintf(text, sizeof text, "%zu kept", counts[OUTCOME_KEPT]);
    svg_text(out, "label halo", (struct svg_point){end - 6, top + 16}, SVG_END, 0, text);
    snprintf(text, sizeof text, "%zu pruned", counts[OUTCOME_PRUNED]);
    svg_text(out, "label halo", (struct svg_point){begin + 6, bottom - 8}, SVG_START, 0, text);
    rate_text("false keep", counts, OUTCOME_FALSE_KEEP, OUTCOME_PRUNED, text, sizeof text);
    svg_text(out, "label strong halo false-keep", (struct svg_point){end - 6, bottom - 8}, SVG_END, 0, text);
}

static void draw_panel(struct text *out, const struct histogram *histogram, const struct bins *bins,
                       double most, double begin)
{
    struct axis x, y;
    double end = begin + panel_width, bottom = top + height, low = bins->first * bins->step;
    axis_fit_range(&y, -most, most, bottom, top, 12, true);
    /* Both directions are shares: the lower half's labels lose their sign. */
    for (int i = 0; i < y.n_ticks; i++)
        if (y.labels[i][0] == '-')
            for (char *letter = y.labels[i]; *letter != '\0'; letter++)
                letter[0] = letter[1];
    axis_fit_range(&x, low, low + (double)bins->n * bins->step, begin, end, 10, false);
    svg_text(out, "label strong", (struct svg_point){begin, 16}, SVG_START, 0, histogram->place);
    axis_draw_left(out, &y, begin, end, "");
    svg_text(out, "note", (struct svg_point){begin - 44, top + height / 4}, SVG_MIDDLE, -90,
             "share of exact keeps");
    svg_text(out, "note", (struct svg_point){begin - 44, top + 3 * height / 4}, SVG_MIDDLE, -90,
             "share of exact prunes");
    double bar_width = panel_width / (double)bins->n;
    for (size_t i = 0; i < bins->n; i++)
        draw_bars(out, histogram, i, &y, begin + (double)i * bar_width, fmax(bar_width - 0.8, 0.5));
    double zero = axis_position(&x, 0), middle = axis_position(&y, 0);
    svg_line(out, "frame", (struct svg_point){begin, middle}, (struct svg_point){end, middle});
    axis_draw_bottom(out, &x, bottom, "analog score minus threshold (score units)");
    svg_line(out, "threshold", (struct svg_point){zero, top - 6}, (struct svg_point){zero, bottom});
    double half = svg_text_width("threshold") / 2;
    svg_text(out, "note", (struct svg_point){fmax(begin + half, fmin(zero, end - half)), top - 11},
             SVG_MIDDLE, 0, "threshold");
    draw_labels(out, histogram, begin);
}

static void append_rate(struct text *out, const size_t counts[OUTCOMES], enum outcome wrong,
                        enum outcome right)
{
    if (counts[wrong] + counts[right] == 0)
        text_append(out, "<td>" NUMBER_NONE "</td>");
    else
        text_append(out, "<td>%.3g</td>", share(counts[wrong], counts, right, wrong));
}

static void append_table(struct text *out, const struct histogram *histograms, size_t n)
{
    text_append(out,
                "<div class=\"wide\"><table>\n<thead><tr><th class=\"text\" scope=\"col\">point</th><th "
                "scope=\"col\">"
                "kept</th><th scope=\"col\">false prunes</th><th scope=\"col\">false-prune rate</th><th "
                "scope=\"col\">"
                "pruned</th><th scope=\"col\">false keeps</th><th scope=\"col\">false-keep rate</th><th "
                "scope=\"col\">"
                "beyond the picture</th><th scope=\"col\">without a margin</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < n; i++) {
        const size_t *counts = histograms[i].counts;
        text_append(out, "<tr><th class=\"text\" scope=\"row\">");
        markup_append(out, histograms[i].place);
        text_append(out, "</th><td>%zu</td><td>%zu</td>", counts[OUTCOME_KEPT], counts[OUTCOME_FALSE_PRUNE]);
        append_rate(out, counts, OUTCOME_FALSE_PRUNE, OUTCOME_KEPT);
        text_append(out, "<td>%zu</td><td>%zu</td>", counts[OUTCOME_PRUNED], counts[OUTCOME_FALSE_KEEP]);
        append_rate(out, counts, OUTCOME_FALSE_KEEP, OUTCOME_PRUNED);
        text_append(out, "<td>%zu</td><td>%zu</td></tr>\n", histograms[i].n_outside,
                    histograms[i].n_left_out);
    }
    text_append(out, "</tbody></table></div>\n");
}

static void append_figure(struct text *out, const struct histogram *histograms, size_t n,
                          const struct bins *bins)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, tallest(&histograms[i], bins));
    char description[1600];
    snprintf(description, sizeof description,
             "Histograms of analog score minus threshold: keys that exact scores keep "
             "point up, keys that they prune point down; %s%s%s. The counts stand in the table.",
             histograms[0].place, n > 1 ? "; " : "", n > 1 ? histograms[1].place : "");
    text_append(out, "<figure>\n");
    svg_open(out, "figure-3", width, top + height + below, "Margins of the analog scores", description);
    draw_panel(out, &histograms[0], bins, most, first_begin);
    if (n > 1)
        draw_panel(out, &histograms[1], bins, most, second_begin);
    svg_close(out);
    text_append(
        out,
        "<figcaption><p>All visible pairs of a query and a key in the first trial, pooled over layers and "
        "heads: from each analog score its own threshold is subtracted. Up: keys that the exact score keeps; "
        "down: keys that it prunes; each adds up to 1, so that the coloured area of wrong decisions is the "
        "rate itself. Bins are %.6g wide. Colours show what the comparator decided; its offset, its noise "
        "and a margin can place a wrong decision on the right side of the "
        "line.</p></figcaption>\n</figure>\n",
        bins->step);
    append_table(out, histograms, n);
}

static enum rs_status append_pictures(struct text *out, struct histogram *histograms, size_t n,
                                      struct rs_error *err)
{
    double low = (double)INFINITY, high = -(double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        enum rs_status status = span(&histograms[i], &low, &high, err);
        if (status != RS_OK)
            return status;
    }
    if (!(high >= low)) {
        text_append(out, "<p class=\"muted\">The scores of this file have no thresholds: there are no "
                         "margins to show.</p>\n");
        return RS_OK;
    }
    struct bins bins = make_bins(low, high);
    for (size_t i = 0; i < n; i++)
        fill_bins(&histograms[i], &bins);
    append_figure(out, histograms, n, &bins);
    return RS_OK;
}

enum rs_status figure_margins_append(struct text *out, const struct result *result, struct rs_error *err)
{
    size_t n = result->n_points > 1 ? 2 : 1;
    struct histogram *histograms = memory_allocate(2, sizeof *histograms, err);
    enum rs_status status = histograms == NULL ? RS_INTERNAL : RS_OK;
    for (size_t i = 0; i < n && status == RS_OK; i++)
        status = read_histogram(result, i == 1, &histograms[i], err);
    if (status == RS_OK && histograms[0].margins == NULL)
        text_append(out,
                    "<p class=\"muted\">This file holds no margins; <code>rescore run</code> adds them with "
                    "<code>--save margins</code>.</p>\n");
    else if (status == RS_OK)
        status = append_pictures(out, histograms, n, err);
    for (size_t i = 0; i < n && histograms != NULL; i++) {
        free(histograms[i].margins);
        free(histograms[i].outcomes);
    }
    free(histograms);
    return status;
}
