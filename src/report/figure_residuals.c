#include "report/figure_residuals.h"

#include <math.h>
#include <stdio.h>

#include "report/axis.h"
#include "report/number.h"
#include "report/style.h"
#include "report/svg.h"

/* Layout, in picture units. */
static const double width = 920, height = 300, top = 46, bottom = 244, first_begin = 62, gap = 46, dot = 4.5;

enum { PANELS_MAX = 3, DOTS_MAX = 4000 };

struct panel {
    const char *title; /* of the horizontal axis, without unit */
    double begin, end;
    double (*at)(const struct fitted *fitted, size_t i);
    enum quantity_unit unit;
};

static double fit_at(const struct fitted *fitted, size_t i)
{
    return fitted->fit[i];
}

static double column_at(const struct fitted *fitted, size_t i)
{
    return fitted->residual_column[i] < 0 ? (double)NAN : fitted->residual_column[i];
}

static double load_at(const struct fitted *fitted, size_t i)
{
    return fitted->load[i];
}

/* Whether a panel's values exist and differ. */
static bool varies(const struct fitted *fitted, size_t relation, double (*at)(const struct fitted *, size_t))
{
    double low = (double)INFINITY, high = -(double)INFINITY;
    for (size_t i = 0; i < fitted->n_observations; i++)
        if ((size_t)fitted->residual_relation[i] == relation && isfinite(at(fitted, i))) {
            low = fmin(low, at(fitted, i));
            high = fmax(high, at(fitted, i));
        }
    return high > low;
}

/* The vertical axis, shared by the panels: residuals and the declared sigma. */
struct scale {
    struct axis axis;
    double factor, sigma; /* sigma: mean of the declared ones */
    char symbol[NUMBER_SIZE];
    size_t n;
};

static void measure(const struct fitted *fitted, size_t relation, struct scale *scale)
{
    double most = 0, sigma = 0;
    for (size_t i = 0; i < fitted->n_observations; i++)
        if ((size_t)fitted->residual_relation[i] == relation) {
            most = fmax(most, fabs(fitted->residual[i]));
            sigma += fitted->sigma[i];
            scale->n++;
        }
    scale->sigma = scale->n > 0 ? sigma / (double)scale->n : 0;
    double reach = fmax(1.1 * most, 2.2 * scale->sigma);
    enum quantity_unit unit = number_unit(fitted->relation_unit[relation]);
    scale->factor = number_prefix(reach, unit, scale->symbol, sizeof scale->symbol);
    if (scale->symbol[0] == '\0')
        snprintf(scale->symbol, sizeof scale->symbol, "%.20s", fitted->relation_unit[relation]);
    axis_fit_range(&scale->axis, -reach / scale->factor, reach / scale->factor, bottom, top, 6, true);
}

static void draw_level(struct text *out, const struct scale *scale, const struct panel *panel, double value,
                       const char *class)
{
    double y = axis_position(&scale->axis, value / scale->factor);
    if (axis_contains(&scale->axis, value / scale->factor))
        svg_line(out, class, (struct svg_point){panel->begin, y}, (struct svg_point){panel->end, y});
}

static void draw_panel(struct text *out, const struct fitted *fitted, size_t relation,
                       const struct scale *scale, const struct panel *panel, bool is_first)
{
    struct axis x;
    double low = (double)INFINITY, high = -(double)INFINITY;
    char symbol[NUMBER_SIZE], title[2 * NUMBER_SIZE];
    size_t step = scale->n / DOTS_MAX + 1, n = 0;
    for (size_t i = 0; i < fitted->n_observations; i++)
        if ((size_t)fitted->residual_relation[i] == relation && isfinite(panel->at(fitted, i))) {
            low = fmin(low, panel->at(fitted, i));
            high = fmax(high, panel->at(fitted, i));
        }
    double factor = number_prefix(fmax(fabs(low), fabs(high)), panel->unit, symbol, sizeof symbol);
    snprintf(title, sizeof title, symbol[0] != '\0' ? "%s, %s" : "%s", panel->title, symbol);
    if (is_first) {
        char name[2 * NUMBER_SIZE];
        snprintf(name, sizeof name, "residual, %s", scale->symbol);
        axis_draw_left(out, &scale->axis, panel->begin, panel->end, name);
    } else
        for (int i = 0; i < scale->axis.n_ticks; i++)
            draw_level(out, scale, panel, scale->axis.ticks[i] * scale->factor, "grid");
    axis_fit_range(&x, low / factor, high / factor, panel->begin, panel->end, 5, false);
    axis_draw_bottom(out, &x, bottom, title);
    draw_level(out, scale, panel, 0, "reference");
    for (int side = -2; side <= 2 && scale->sigma > 0; side += 4)
        draw_level(out, scale, panel, side * scale->sigma, "published");
    for (size_t i = 0; i < fitted->n_observations; i++) {
        if ((size_t)fitted->residual_relation[i] != relation || !isfinite(panel->at(fitted, i)) ||
            n++ % step != 0)
            continue;
        char class[32];
        snprintf(class, sizeof class, "dot faint line-%d",
                 style_line(fitted->residual_deck[i] < 0 ? 0 : fitted->residual_deck[i] % STYLE_LINES,
                            STYLE_LINES));
        const struct svg_point at = {axis_position(&x, panel->at(fitted, i) / factor),
                                     axis_position(&scale->axis, fitted->residual[i] / scale->factor)};
        svg_marker(out, class, SVG_CIRCLE, at, dot, NULL);
    }
}

void figure_residuals_append(struct text *out, const struct fitted *fitted, size_t relation)
{
    struct scale scale = {.n = 0};
    const struct panel all[PANELS_MAX] = {
        {"fitted", 0, 0, fit_at, number_unit(fitted->relation_unit[relation])},
        {"column", 0, 0, column_at, QUANTITY_NONE},
        {"load", 0, 0, load_at, QUANTITY_AMPERE},
    };
    struct panel panels[PANELS_MAX];
    size_t n_panels = 0;
    char id[32], title[256];
    measure(fitted, relation, &scale);
    for (int i = 0; i < PANELS_MAX; i++)
        if (varies(fitted, relation, all[i].at))
            panels[n_panels++] = all[i];
    if (scale.n == 0 || n_panels == 0)
        return;
    double room = (width - first_begin - 16 - gap * (double)(n_panels - 1)) / (double)n_panels;
    for (size_t i = 0; i < n_panels; i++) {
        panels[i].begin = first_begin + (room + gap) * (double)i;
        panels[i].end = panels[i].begin + room;
    }
    snprintf(id, sizeof id, "residuals-%zu", relation);
    snprintf(title, sizeof title, "Residuals of %.100s", fitted->relation[relation]);
    text_append(out, "<figure>\n");
    svg_open(
        out, id, width, height, title,
        "Observed less fitted, one dot for each number, against what was fitted, the column and the load, "
        "as far as these vary. Colours tell decks apart. Dashed lines: twice the declared sigma.");
    for (size_t i = 0; i < n_panels; i++)
        draw_panel(out, fitted, relation, &scale, &panels[i], i == 0);
    svg_close(out);
    text_append(out, "<figcaption><p>Observed less fitted, %zu numbers%s; colours tell decks apart", scale.n,
                scale.n > DOTS_MAX ? ", not all of them drawn" : "");
    if (scale.sigma > 0)
        text_append(out, "; dotted lines: twice the %s",
                    fitted->figures.has_noise[relation] > 0 ? "declared noise"
                                                            : "declared tolerance of the model");
    text_append(out, ".</p></figcaption>\n</figure>\n");
}
