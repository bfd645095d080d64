#include "report/figure_correlation.h"

#include <math.h>
#include <stdio.h>

#include "report/svg.h"

/* Layout, in picture units. */
static const double cell_width = 92, cell_height = 34, left = 250, top = 30;

enum { SHOWN_MAX = 8 };

/* Free parameters of a relation; their number. */
static size_t list_free(const struct fitted *fitted, size_t relation, size_t *list)
{
    size_t n = 0;
    for (size_t k = 0; k < fitted->n_parameters && n < SHOWN_MAX; k++)
        if ((size_t)fitted->parameter_relation[k] == relation &&
            isfinite(fitted->correlation[k * fitted->n_parameters + k]))
            list[n++] = k;
    return n;
}

static void draw_cell(struct text *out, double correlation, struct svg_point corner)
{
    char label[32];
    snprintf(label, sizeof label, fabs(correlation) > 0.9995 && fabs(correlation) < 1 ? "%+.5f" : "%+.2f",
             correlation);
    text_append(out,
                "<rect class=\"%s\" fill-opacity=\"%.3f\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                "height=\"%.1f\"/>\n",
                correlation > 0 ? "plus" : "minus", 0.85 * fabs(correlation), corner.x, corner.y, cell_width,
                cell_height);
    svg_text(out, "label halo", (struct svg_point){corner.x + cell_width / 2, corner.y + cell_height / 2 + 4},
             SVG_MIDDLE, 0, label);
}

void figure_correlation_append(struct text *out, const struct fitted *fitted, size_t relation)
{
    size_t list[SHOWN_MAX], n = list_free(fitted, relation, list);
    char id[32], title[256];
    if (n < 2)
        return;
    snprintf(id, sizeof id, "correlation-%zu", relation);
    snprintf(title, sizeof title, "Correlations of the estimates of %.100s", fitted->relation[relation]);
    text_append(out, "<figure>\n");
    svg_open(out, id, 920, top + cell_height * (double)n + 12, title,
             "The lower triangle of the correlation matrix of the free parameters; numbers in the cells.");
    for (size_t a = 0; a < n; a++) {
        double y = top + cell_height * (double)a;
        svg_text(out, "label", (struct svg_point){left - 12, y + cell_height / 2 + 4}, SVG_END, 0,
                 fitted->parameter[list[a]]);
        for (size_t b = 0; b <= a; b++) {
            struct svg_point corner = {left + cell_width * (double)b, y};
            if (a != b)
                draw_cell(out, fitted->correlation[list[a] * fitted->n_parameters + list[b]], corner);
            else
                svg_text(out, "note", (struct svg_point){corner.x + 8, corner.y + cell_height / 2 + 4},
                         SVG_START, 0, fitted->parameter[list[a]]);
        }
    }
    svg_close(out);
    text_append(
        out, "<figcaption><p>Correlations of the estimates: near 1 or -1, two parameters can hardly be told "
             "apart by these data, and only their combination is well known.</p></figcaption>\n</figure>\n");
}
