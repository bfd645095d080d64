#include "report/program_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "report/axis.h"
#include "report/markup.h"
#include "report/number.h"
#include "report/page.h"
#include "report/svg.h"

/* Layout, in picture units. */
static const double width = 920, height = 360, top = 44, bottom = 300, left_begin = 64, left_end = 430,
                    right_begin = 530, right_end = 884, cap = 6, marker = 7, map_most = 560;

enum { BARS_MAX = 40, BINS = 24, MAP_TILES = 64 };

struct cells {
    size_t n_rows, n_columns, n;
    double *target, *conductance, *pulses, *failed, *energy;
};

static void clear_cells(struct cells *cells)
{
    free(cells->target);
    free(cells->conductance);
    free(cells->pulses);
    free(cells->failed);
    free(cells->energy);
}

static enum rs_status read_field(const struct store *store, const char *name, struct cells *cells,
                                 double **values, struct rs_error *err)
{
    struct store_shape shape;
    enum rs_status status = store_get_shape(store, name, &shape, err);
    if (status != RS_OK)
        return status;
    if (shape.rank != 2 ||
        (cells->n > 0 && (shape.sizes[0] != cells->n_rows || shape.sizes[1] != cells->n_columns)))
        return rs_fail(err, RS_INPUT, "%s: error: /%s: [row][column] as of the targets expected",
                       store_path(store), name);
    cells->n_rows = shape.sizes[0];
    cells->n_columns = shape.sizes[1];
    cells->n = cells->n_rows * cells->n_columns;
    *values = memory_allocate(cells->n, sizeof **values, err);
    return *values == NULL ? RS_INTERNAL : store_read(store, name, STORE_FLOAT64, *values, err);
}

static enum rs_status read_cells(const struct store *store, struct cells *cells, struct rs_error *err)
{
    enum rs_status status = read_field(store, "target", cells, &cells->target, err);
    if (status == RS_OK)
        status = read_field(store, "conductance", cells, &cells->conductance, err);
    if (status == RS_OK)
        status = read_field(store, "pulses", cells, &cells->pulses, err);
    if (status == RS_OK)
        status = read_field(store, "failed", cells, &cells->failed, err);
    return status == RS_OK ? read_field(store, "energy_joules", cells, &cells->energy, err) : status;
}

/* --- pulses --- */

/* Bars of equal width, whole numbers of pulses each; failed cells stand on the others. */
static void draw_pulses(struct text *out, const struct cells *cells)
{
    struct axis x, y;
    double most = 0, good[BARS_MAX] = {0}, bad[BARS_MAX] = {0}, highest = 0;
    for (size_t i = 0; i < cells->n; i++)
        most = fmax(most, cells->pulses[i]);
    double step = ceil((most + 1) / BARS_MAX);
    int n_bars = (int)floor(most / step) + 1;
    for (size_t i = 0; i < cells->n; i++) {
        int bar = (int)fmin(fmax(cells->pulses[i] / step, 0), n_bars - 1);
        *(cells->failed[i] != 0 ? &bad[bar] : &good[bar]) += 100 / (double)cells->n;
        highest = fmax(highest, good[bar] + bad[bar]);
    }
    axis_fit_range(&y, 0, highest, bottom, top, 6, true);
    axis_draw_left(out, &y, left_begin, left_end, "cells, %");
    axis_fit_range(&x, 0, n_bars * step, left_begin, left_end, 8, false);
    axis_draw_bottom(out, &x, bottom, "pulses of a cell");
    for (int bar = 0; bar < n_bars; bar++) {
        double from = axis_position(&x, bar * step), to = axis_position(&x, (bar + 1) * step);
        double middle = axis_position(&y, good[bar]), high = axis_position(&y, good[bar] + bad[bar]);
        double gap = to - from > 4 ? 1 : 0;
        svg_rectangle(out, "keep", (struct svg_point){from, middle}, to - from - gap,
                      axis_position(&y, 0) - middle);
        svg_rectangle(out, "false-prune", (struct svg_point){from, high}, to - from - gap, middle - high);
    }
}

/* --- errors --- */

struct bin {
    double n, sum, squares, target;
};

/* Mean and standard deviation of the error in BINS parts of the span of targets. */
static void bin_errors(const struct cells *cells, struct bin bins[BINS], double *low, double *high)
{
    *low = (double)INFINITY;
    *high = 0;
    for (size_t i = 0; i < cells->n; i++) {
        *low = fmin(*low, cells->target[i]);
        *high = fmax(*high, cells->target[i]);
    }
    double span = *high > *low ? *high - *low : 1;
    for (size_t i = 0; i < cells->n; i++) {
        struct bin *bin = &bins[(int)fmin((cells->target[i] - *low) / span * BINS, BINS - 1)];
        double error = cells->conductance[i] - cells->target[i];
        if (cells->failed[i] != 0)
            continue;
        bin->n++;
        bin->sum += error;
        bin->squares += error * error;
        bin->target += cells->target[i];
    }
}

static void draw_errors(struct text *out, const struct cells *cells)
{
    struct axis x, y;
    struct bin bins[BINS] = {{0}};
    char symbol[16], title[64];
    double low, high, reach = 0;
    bin_errors(cells, bins, &low, &high);
    for (int b = 0; b < BINS; b++) {
        double mean = bins[b].n > 0 ? bins[b].sum / bins[b].n : 0;
        double sigma = bins[b].n > 0 ? sqrt(fmax(bins[b].squares / bins[b].n - mean * mean, 0)) : 0;
        reach = fmax(reach, fabs(mean) + sigma);
    }
    reach = reach > 0 ? reach : 1e-9;
    double of_error = number_prefix(reach, QUANTITY_SIEMENS, symbol, sizeof symbol);
    snprintf(title, sizeof title, "error, %s", symbol);
    axis_fit_range(&y, -reach / of_error, reach / of_error, bottom, top, 8, true);
    axis_draw_left(out, &y, right_begin, right_end, title);
    double of_target = number_prefix(high, QUANTITY_SIEMENS, symbol, sizeof symbol);
    snprintf(title, sizeof title, "target, %s", symbol);
    axis_fit_range(&x, low / of_target, high / of_target, right_begin, right_end, 6, true);
    axis_draw_bottom(out, &x, bottom, title);
    svg_line(out, "reference", (struct svg_point){right_begin, axis_position(&y, 0)},
             (struct svg_point){right_end, axis_position(&y, 0)});
    for (int b = 0; b < BINS; b++) {
        if (bins[b].n == 0)
            continue;
        double mean = bins[b].sum / bins[b].n, at = axis_position(&x, bins[b].target / bins[b].n / of_target);
        double sigma = sqrt(fmax(bins[b].squares / bins[b].n - mean * mean, 0));
        char tip[128];
        snprintf(tip, sizeof tip, "%.4g: %.3g +- %.3g, %.0f cells", bins[b].target / bins[b].n / of_target,
                 mean / of_error, sigma / of_error, bins[b].n);
        svg_error_bar(out, "bar line-3", (struct svg_point){at, axis_position(&y, (mean - sigma) / of_error)},
                      (struct svg_point){at, axis_position(&y, (mean + sigma) / of_error)}, cap);
        svg_marker(out, "dot line-3", SVG_CIRCLE, (struct svg_point){at, axis_position(&y, mean / of_error)},
                   marker, tip);
    }
}

/* --- where cells failed --- */

/* One square per cell, or per block of cells where there are many; as dark as its share of failed cells. */
static void draw_map(struct text *out, const struct cells *cells)
{
    size_t block = 1;
    while ((cells->n_rows + block - 1) / block > MAP_TILES ||
           (cells->n_columns + block - 1) / block > MAP_TILES)
        block++;
    size_t n_down = (cells->n_rows + block - 1) / block, n_across = (cells->n_columns + block - 1) / block;
    double size = fmin(map_most / (double)n_across, map_most / (double)n_down);
    double map_width = size * (double)n_across, map_height = size * (double)n_down;
    char text[128];
    svg_open(
        out, "figure-2", width, map_height + 70, "Failed cells",
        "Each square is a cell, or a block of cells, at its place in the array; filled squares hold failed "
        "cells, the larger the higher their share.");
    svg_rectangle(out, "frame", (struct svg_point){left_begin, 24}, map_width, map_height);
    for (size_t i = 0; i < n_down; i++)
        for (size_t j = 0; j < n_across; j++) {
            double n = 0, failed = 0;
            for (size_t r = i * block; r < (i + 1) * block && r < cells->n_rows; r++)
                for (size_t c = j * block; c < (j + 1) * block && c < cells->n_columns; c++) {
                    n++;
                    failed += cells->failed[r * cells->n_columns + c] != 0;
                }
            double side = size * sqrt(failed / n), inset = (size - side) / 2;
            if (failed > 0)
                svg_rectangle(
                    out, "false-prune",
                    (struct svg_point){left_begin + size * (double)j + inset, 24 + size * (double)i + inset},
                    side, side);
        }
    snprintf(text, sizeof text, "bit line 0 ... %zu", cells->n_columns - 1);
    svg_text(out, "label", (struct svg_point){left_begin + map_width / 2, map_height + 46}, SVG_MIDDLE, 0,
             text);
    snprintf(text, sizeof text, "word line 0 ... %zu", cells->n_rows - 1);
    svg_text(out, "label", (struct svg_point){left_begin - 14, 24 + map_height / 2}, SVG_MIDDLE, -90, text);
    svg_close(out);
    text_append(out,
                "<figcaption><p>Failed cells at their places; a square stands for %zu x %zu cells, its area "
                "for the failed share of them.</p></figcaption>\n",
                block, block);
}

/* --- the page --- */

static void append_facts(const struct store *store, const struct cells *cells, struct text *out)
{
    static const char *const attributes[] = {"device", "method", "source"};
    double failed = 0, pulses = 0, energy = 0;
    char text[NUMBER_SIZE];
    for (size_t i = 0; i < cells->n; i++) {
        failed += cells->failed[i] != 0;
        pulses += cells->pulses[i];
        energy += cells->energy[i];
    }
    text_append(out, "<dl>\n<dt>cells</dt><dd>%zu &#215; %zu</dd>\n", cells->n_rows, cells->n_columns);
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        char *value = NULL;
        struct rs_error ignored;
        if (store_read_text(store, "/", attributes[i], &value, &ignored) == RS_OK) {
            text_append(out, "<dt>%s</dt><dd>", attributes[i]);
            markup_append(out, value);
            text_append(out, "</dd>\n");
        }
        free(value);
    }
    text_append(out, "<dt>failed cells</dt><dd>%.0f (%.3g %%)</dd>\n<dt>pulses per cell</dt><dd>%.4g</dd>\n",
                failed, 100 * failed / (double)cells->n, pulses / (double)cells->n);
    if (!isnan(energy)) {
        quantity_print(energy / (double)cells->n, QUANTITY_JOULE, text, sizeof text);
        text_append(out, "<dt>energy per cell</dt><dd>%s</dd>\n", text);
    }
    text_append(out, "</dl>\n");
}

bool program_page_fits(const struct store *store)
{
    return store_has(store, "target") && store_has(store, "pulses") && store_has(store, "conductance") &&
           store_has_attribute(store, "/", "method");
}

enum rs_status program_page_append(const struct store *store, struct text *out, struct rs_error *err)
{
    struct cells cells = {0};
    enum rs_status status = read_cells(store, &cells, err);
    if (status == RS_OK && cells.n > 0) {
        page_append_head(out, "rescore: a programmed array");
        text_append(out, "<body>\n<main>\n<header>\n<h1>A programmed array</h1>\n");
        append_facts(store, &cells, out);
        text_append(out, "</header>\n<section>\n<h2 id=\"cells\">Pulses and errors</h2>\n<figure>\n");
        svg_open(
            out, "figure-1", width, height, "Pulses per cell, and error against target",
            "Left: histogram of the pulses that cells got, failed cells on top. Right: mean and standard "
            "deviation of the error of the cells that did not fail, against their target.");
        draw_pulses(out, &cells);
        draw_errors(out, &cells);
        svg_close(out);
        text_append(out, "<figcaption><p>Left: how many pulses cells got; red: cells that failed. Right: "
                         "error left, mean and one standard deviation, of the cells that did not "
                         "fail.</p></figcaption>\n</figure>\n</section>\n"
                         "<section>\n<h2 id=\"failed\">Failed cells</h2>\n<figure>\n");
        draw_map(out, &cells);
        text_append(out, "</figure>\n</section>\n</main>\n</body>\n</html>\n");
    }
    clear_cells(&cells);
    return status;
}
