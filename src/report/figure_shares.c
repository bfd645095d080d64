#include "report/figure_shares.h"

#include <math.h>
#include <stdio.h>

#include "report/axis.h"
#include "report/svg.h"

/* Layout, in picture units. */
static const double width = 920, height = 300, top = 40, bottom = 246, begin = 62, end = 900, dot = 8,
                    cap = 7;

static double highest(const struct figure_shares *f)
{
    double most = 0;
    for (size_t i = 0; i < f->n; i++) {
        if (f->count[i] > 0)
            most = fmax(most, f->high[i]);
        if (f->expected != NULL && isfinite(f->expected[i]))
            most = fmax(most, f->expected[i]);
    }
    return most > 0 ? fmin(most, 1) : 1;
}

static void draw_bin(struct text *out, const struct figure_shares *f, size_t i, const struct axis *x,
                     const struct axis *y)
{
    char tip[128];
    double at = axis_position(x, f->words != NULL ? (double)i : f->x[i]);
    if (!(f->count[i] > 0))
        return;
    snprintf(tip, sizeof tip, "%.4f [%.4f, %.4f] of %.0f", f->ratio[i], f->low[i], f->high[i], f->count[i]);
    svg_error_bar(out, "bar line-0", (struct svg_point){at, axis_position(y, f->low[i])},
                  (struct svg_point){at, axis_position(y, f->high[i])}, cap);
    svg_marker(out, "dot line-0", SVG_CIRCLE, (struct svg_point){at, axis_position(y, f->ratio[i])}, dot,
               tip);
}

void figure_shares_append(struct text *out, const struct figure_shares *f)
{
    struct axis x, y;
    axis_fit_range(&y, 0, highest(f), bottom, top, 5, true);
    if (f->words != NULL)
        axis_fit_words(&x, f->words, f->n, begin, end);
    else
        axis_fit_range(&x, 0, 1, begin, end, 10, true);
    text_append(out, "<figure>\n");
    svg_open(out, f->id, width, height, f->title, f->description);
    axis_draw_left(out, &y, begin, end, f->y_title);
    axis_draw_bottom(out, &x, bottom, f->x_title);
    if (f->expected != NULL)
        svg_line(out, "reference", (struct svg_point){axis_position(&x, 0), axis_position(&y, 0)},
                 (struct svg_point){axis_position(&x, 1), axis_position(&y, 1)});
    for (size_t i = 0; i < f->n; i++)
        draw_bin(out, f, i, &x, &y);
    svg_close(out);
    text_append(out, "<figcaption><p>%s</p></figcaption>\n</figure>\n", f->caption);
}
