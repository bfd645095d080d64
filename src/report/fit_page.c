#include "report/fit_page.h"

#include <math.h>
#include <stdio.h>

#include "report/axis.h"
#include "report/markup.h"
#include "report/number.h"
#include "report/page.h"
#include "report/svg.h"

/* Layout, in picture units. */
static const double width = 920, height = 360, top = 44, bottom = 300, left_begin = 56, left_end = 420,
                    right_begin = 520, right_end = 884, cap = 6, marker = 7;

enum { DOTS_MAX = 400, CURVE_MAX = 512 };

/* The normal quantile to about 5e-4, enough for a picture (Hastings, Approximations, 1955, sheet 68). */
static double normal_score(double p)
{
    double q = p < 0.5 ? p : 1 - p, t = sqrt(-2 * log(q));
    double score =
        t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    return p < 0.5 ? -score : score;
}

static void draw_spread(struct text *out, const struct fit_page *page)
{
    struct axis x, y;
    char symbol[16], title[64];
    double most = 0, widest = 0, points = 0;
    for (size_t i = 0; i < page->n_states; i++) {
        most = fmax(most, page->sigma_siemens[i] + page->sigma_error[i]);
        widest = fmax(widest, page->target_siemens[i]);
    }
    for (size_t i = 0; i < page->n_curve; i++)
        most = fmax(most, page->curve_sigma[i]);
    double of_sigma = number_prefix(most, QUANTITY_SIEMENS, symbol, sizeof symbol);
    snprintf(title, sizeof title, "sigma, %s", symbol);
    axis_fit_range(&y, 0, most / of_sigma, bottom, top, 6, true);
    axis_draw_left(out, &y, left_begin, left_end, title);
    double of_target = number_prefix(widest, QUANTITY_SIEMENS, symbol, sizeof symbol);
    snprintf(title, sizeof title, "target, %s", symbol);
    axis_fit_range(&x, 0, widest / of_target, left_begin, left_end, 6, true);
    axis_draw_bottom(out, &x, bottom, title);
    struct svg_point curve[CURVE_MAX];
    for (size_t i = 0; i < page->n_curve && i < CURVE_MAX; i++, points++)
        curve[i] = (struct svg_point){axis_position(&x, page->curve_siemens[i] / of_target),
                                      axis_position(&y, page->curve_sigma[i] / of_sigma)};
    svg_path(out, "curve line-1", curve, (size_t)points);
    for (size_t i = 0; i < page->n_states; i++) {
        double at = axis_position(&x, page->target_siemens[i] / of_target);
        double low = fmax(page->sigma_siemens[i] - page->sigma_error[i], 0) / of_sigma;
        double high = (page->sigma_siemens[i] + page->sigma_error[i]) / of_sigma;
        char tip[128];
        snprintf(tip, sizeof tip, "%.4g: %.4g +- %.2g", page->target_siemens[i] / of_target,
                 page->sigma_siemens[i] / of_sigma, page->sigma_error[i] / of_sigma);
        svg_error_bar(out, "bar line-3", (struct svg_point){at, axis_position(&y, low)},
                      (struct svg_point){at, axis_position(&y, high)}, cap);
        svg_marker(out, "dot line-3", SVG_CIRCLE,
                   (struct svg_point){at, axis_position(&y, page->sigma_siemens[i] / of_sigma)}, marker, tip);
    }
}

static void draw_quantiles(struct text *out, const struct fit_page *page)
{
    struct axis x, y;
    size_t n = page->n_residuals, dots = n < DOTS_MAX ? n : DOTS_MAX;
    double end = 1;
    if (n == 0)
        return;
    end = fmax(end, -normal_score(0.5 / (double)n));
    double reach = fmax(end, fmax(fabs(page->residuals[0]), fabs(page->residuals[n - 1])));
    axis_fit_range(&y, -reach, reach, bottom, top, 8, true);
    axis_draw_left(out, &y, right_begin, right_end, "standardised error");
    axis_fit_range(&x, -end, end, right_begin, right_end, 8, true);
    axis_draw_bottom(out, &x, bottom, "normal quantile");
    svg_line(out, "reference", (struct svg_point){axis_position(&x, -end), axis_position(&y, -end)},
             (struct svg_point){axis_position(&x, end), axis_position(&y, end)});
    for (size_t k = 0; k < dots; k++) { /* at equal steps of the normal quantile, so that the tails show */
        double score = dots > 1 ? end * (2.0 * (double)k / (double)(dots - 1) - 1) : 0;
        double p = n == dots ? ((double)k + 0.5) / (double)n : 0.5 * erfc(-score / sqrt(2));
        size_t i = n == dots ? k : (size_t)fmin(p * (double)n, (double)(n - 1));
        struct svg_point at = {axis_position(&x, normal_score(((double)i + 0.5) / (double)n)),
                               axis_position(&y, page->residuals[i])};
        svg_marker(out, "dot faint line-3", SVG_CIRCLE, at, 5, NULL);
    }
}

static void append_cell(struct text *out, const char *tag, const char *plain)
{
    text_append(out, "<%s class=\"text\">", tag);
    markup_append(out, plain);
    text_append(out, "</%s>", tag);
}

static void append_table(struct text *out, const struct fit_page *page)
{
    text_append(out, "<div class=\"wide\"><table>\n<thead><tr>");
    append_cell(out, "th", "block");
    append_cell(out, "th", "key");
    append_cell(out, "th", "value and standard error");
    text_append(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < page->n_rows; i++) {
        text_append(out, "<tr>");
        append_cell(out, "td", page->rows[i].block);
        append_cell(out, "td", page->rows[i].key);
        append_cell(out, "td", page->rows[i].value);
        text_append(out, "</tr>\n");
    }
    text_append(out, "</tbody>\n</table></div>\n");
}

void fit_page_append(struct text *out, const struct fit_page *page)
{
    page_append_head(out, page->title);
    text_append(out, "<body>\n<main>\n<header>\n<h1>");
    markup_append(out, page->title);
    text_append(out, "</h1>\n<p class=\"lead\">");
    markup_append(out, page->summary);
    text_append(out, "</p>\n</header>\n<section>\n<h2>Programming error</h2>\n<figure>\n");
    svg_open(
        out, "figure-1", width, height, "Spread against target, and normal quantiles",
        "Left: measured standard deviation at each state with its standard error, and the fitted law. Right: "
        "standardised errors against the quantiles of the normal distribution; on the line they agree.");
    draw_spread(out, page);
    draw_quantiles(out, page);
    svg_close(out);
    text_append(out,
                "<figcaption><p>Left: standard deviation of the programming error at each state with its "
                "standard error; the line is the fitted law. Right: errors in units of the fitted standard "
                "deviation against normal quantiles; on the line the errors are normal.</p></figcaption>\n"
                "</figure>\n</section>\n<section>\n<h2>Figures of the card</h2>\n");
    append_table(out, page);
    text_append(out, "<ul>\n");
    for (size_t i = 0; i < page->n_notes; i++) {
        text_append(out, "<li>");
        markup_append(out, page->notes[i]);
        text_append(out, "</li>\n");
    }
    text_append(out, "</ul>\n</section>\n</main>\n</body>\n</html>\n");
}
