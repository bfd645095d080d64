#include "report/figure_map.h"

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

/* The picture's layout, in picture units; levels of colour on each side of zero. */
static const double width = 920, map_top = 46, map_width = 340, map_height_least = 150, map_height_most = 356;
static const double first_begin = 52, second_begin = 468, bar_gap = 22, bar_width = 14, below_map = 46;
static const double scale_share = 0.99;

enum { MAP_LEVELS = 12, MAP_CELLS_MAX = 32768 };

/* One corner's errors, averaged over blocks of `per_cell` x `per_cell` cells where the array is too big to
 * draw. */
struct map {
    char place[512];
    size_t n_rows, n_columns; /* of the array */
    size_t per_cell, n_down, n_across;
    double *error_siemens; /* [n_down][n_across] */
    double mean, rms, largest;
};

static void measure(struct map *map, const struct samples_arrays *arrays)
{
    size_t n = arrays->n_rows * arrays->n_columns;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double error = arrays->read_siemens[i] - arrays->target_siemens[i];
        sum += error;
        squares += error * error;
        map->largest = fmax(map->largest, fabs(error));
    }
    map->mean = sum / (double)n;
    map->rms = sqrt(squares / (double)n);
}

static double block_mean(const struct map *map, const struct samples_arrays *arrays, size_t down,
                         size_t across)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = down * map->per_cell; i < (down + 1) * map->per_cell && i < map->n_rows; i++)
        for (size_t j = across * map->per_cell; j < (across + 1) * map->per_cell && j < map->n_columns; j++) {
            size_t cell = i * map->n_columns + j;
            sum += arrays->read_siemens[cell] - arrays->target_siemens[cell];
            n++;
        }
    return sum / (double)n;
}

static enum rs_status read_map(const struct result *result, bool last, struct map *map, struct rs_error *err)
{
    size_t index[RESULT_KNOBS_MAX] = {0};
    struct samples_arrays arrays;
    *map = (struct map){.per_cell = 1};
    result_corner(result, last, index);
    corner_print(result, index, map->place, sizeof map->place);
    enum rs_status status = samples_read_arrays(result, index, &arrays, err);
    if (status != RS_OK || arrays.n_arrays == 0)
        return status;
    map->n_rows = arrays.n_rows;
    map->n_columns = arrays.n_columns;
    measure(map, &arrays);
    while ((map->n_rows / map->per_cell) * (map->n_columns / map->per_cell) > MAP_CELLS_MAX)
        map->per_cell++;
    map->n_down = (map->n_rows + map->per_cell - 1) / map->per_cell;
    map->n_across = (map->n_columns + map->per_cell - 1) / map->per_cell;
    map->error_siemens = memory_allocate(map->n_down * map->n_across, sizeof *map->error_siemens, err);
    if (map->error_siemens == NULL)
        status = RS_INTERNAL;
    for (size_t i = 0; status == RS_OK && i < map->n_down * map->n_across; i++)
        map->error_siemens[i] = block_mean(map, &arrays, i / map->n_across, i % map->n_across);
    samples_clear_arrays(&arrays);
    return status;
}

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

/* The size below which `scale_share` of one map's errors lie. */
static enum rs_status find_scale(const struct map *map, double *scale_siemens, struct rs_error *err)
{
    size_t n = map->n_down * map->n_across, n_finite = 0;
    double *sizes = memory_allocate(n, sizeof *sizes, err);
    if (sizes == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n; i++)
        if (isfinite(map->error_siemens[i]))
            sizes[n_finite++] = fabs(map->error_siemens[i]);
    qsort(sizes, n_finite, sizeof *sizes, compare);
    if (n_finite > 0)
        *scale_siemens = fmax(*scale_siemens, sizes[(size_t)(scale_share * (double)(n_finite - 1))]);
    free(sizes);
    return RS_OK;
}

/* The next of 1, 1.5, 2, 3, 5, 7.5, 10 times a power of ten. */
static double round_up(double value)
{
    static const double leads[] = {1, 1.5, 2, 3, 5, 7.5, 10};
    double power = pow(10, floor(log10(value)));
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++)
        if (leads[i] * power >= value * (1 - 1e-9))
            return leads[i] * power;
    return 10 * power;
}

/* -MAP_LEVELS ... MAP_LEVELS */
static int level_of(double error, double scale)
{
    if (!isfinite(error) || scale <= 0)
        return 0;
    double level = round(error / scale * MAP_LEVELS);
    return (int)fmax(-MAP_LEVELS, fmin(MAP_LEVELS, level));
}

/* One path per level, of runs of equal cells; coordinates are cells, scaled by the group. */
static void draw_level(struct text *out, const struct map *map, double scale, int level)
{
    bool begun = false;
    for (size_t i = 0; i < map->n_down; i++)
        for (size_t j = 0; j < map->n_across;) {
            const double *row = map->error_siemens + i * map->n_across;
            size_t end = j + 1;
            if (level_of(row[j], scale) != level) {
                j++;
                continue;
            }
            while (end < map->n_across && level_of(row[end], scale) == level)
                end++;
            if (!begun)
                text_append(out, "<path class=\"%s\" fill-opacity=\"%.3f\" d=\"",
                            level > 0 ? "plus" : "minus", abs(level) / (double)MAP_LEVELS);
            begun = true;
            text_append(out, "M%zu %zuh%zuv1h-%zuz", j, i, end - j, end - j);
            j = end;
        }
    if (begun)
        text_append(out, "\"/>\n");
}

/* In microsiemens, as the scale is, unless it is far smaller. */
static void print_error(double error_siemens, char *text, size_t text_size)
{
    number_print_quantity(error_siemens, 1e-6, QUANTITY_SIEMENS, text, text_size);
}

static void draw_map(struct text *out, const struct map *map, double scale, double begin, double height)
{
    struct axis across, down;
    svg_text(out, "label strong", (struct svg_point){begin, 16}, SVG_START, 0, map->place);
    char rms[NUMBER_SIZE], note[2 * NUMBER_SIZE];
    print_error(map->rms, rms, sizeof rms);
    if (!isfinite(map->rms))
        snprintf(note, sizeof note, "not all cells have values");
    else
        snprintf(note, sizeof note,
                 map->largest == 0 ? "every cell reads its target exactly" : "rms error %s", rms);
    svg_text(out, "note", (struct svg_point){begin, 34}, SVG_START, 0, note);
    text_append(out, "<g class=\"cells\" transform=\"translate(%.0f %.0f) scale(%.6f %.6f)\">\n", begin,
                map_top, map_width / (double)map->n_across, height / (double)map->n_down);
    for (int level = -MAP_LEVELS; level <= MAP_LEVELS; level++)
        if (level != 0)
            draw_level(out, map, scale, level);
    text_append(out, "</g>\n");
    svg_rectangle(out, "frame", (struct svg_point){begin, map_top}, map_width, height);
    axis_fit_range(&across, -0.5, (double)map->n_columns - 0.5, begin, begin + map_width, 8, false);
    axis_draw_bottom(out, &across, map_top + height, "bit line");
    axis_fit_range(&down, -0.5, (double)map->n_rows - 0.5, map_top, map_top + height, 7, false);
    for (int i = 0; i < down.n_ticks; i++) {
        double y = axis_position(&down, down.ticks[i]);
        svg_line(out, "frame", (struct svg_point){begin - 5, y}, (struct svg_point){begin, y});
        svg_text(out, "tick", (struct svg_point){begin - 8, y + 4}, SVG_END, 0, down.labels[i]);
    }
    struct svg_point middle = {begin - 36, map_top + height / 2};
    svg_text(out, "label", middle, SVG_MIDDLE, -90, "word line");
}

static void draw_bar(struct text *out, double scale_siemens, double begin, double height)
{
    struct axis axis;
    char symbol[NUMBER_SIZE];
    double factor = number_prefix(1e-6, QUANTITY_SIEMENS, symbol, sizeof symbol),
           scale = scale_siemens / factor;
    double step = height / (2 * MAP_LEVELS + 1);
    text_append(out, "<g class=\"cells\">\n");
    for (int level = -MAP_LEVELS; level <= MAP_LEVELS; level++)
        text_append(out,
                    "<rect class=\"%s\" fill-opacity=\"%.3f\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
                    "height=\"%.2f\"/>\n",
                    level > 0 ? "plus" : "minus", abs(level) / (double)MAP_LEVELS, begin,
                    map_top + (MAP_LEVELS - level) * step, bar_width, step);
    text_append(out, "</g>\n");
    svg_rectangle(out, "frame", (struct svg_point){begin, map_top}, bar_width, height);
    axis_fit_range(&axis, -scale, scale, map_top + height - step / 2, map_top + step / 2, 9, false);
    for (int i = 0; i < axis.n_ticks; i++) {
        double y = axis_position(&axis, axis.ticks[i]);
        char label[AXIS_LABEL_SIZE + 1];
        snprintf(label, sizeof label, "%s%s", axis.ticks[i] > 0 ? "+" : "", axis.labels[i]);
        svg_line(out, "frame", (struct svg_point){begin + bar_width, y},
                 (struct svg_point){begin + bar_width + 4, y});
        svg_text(out, "tick", (struct svg_point){begin + bar_width + 7, y + 4}, SVG_START, 0, label);
    }
    svg_text(out, "label", (struct svg_point){begin - 4, map_top - 12}, SVG_START, 0, "error (uS)");
}

static size_t n_beyond(const struct map *map, double scale)
{
    size_t n = 0;
    for (size_t i = 0; i < map->n_down * map->n_across; i++)
        n += fabs(map->error_siemens[i]) > scale * (1 + 0.5 / MAP_LEVELS);
    return n;
}

static void append_table(struct text *out, const struct map *maps, size_t n_maps, double scale)
{
    text_append(out, "<div class=\"wide\"><table>\n<thead><tr><th class=\"text\" scope=\"col\">point</th><th "
                     "scope=\"col\">"
                     "mean error</th><th scope=\"col\">rms error</th><th scope=\"col\">largest |error|</th>"
                     "<th scope=\"col\">beyond the scale</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < n_maps; i++) {
        char mean[NUMBER_SIZE], rms[NUMBER_SIZE], largest[NUMBER_SIZE];
        print_error(maps[i].mean, mean, sizeof mean);
        print_error(maps[i].rms, rms, sizeof rms);
        print_error(maps[i].largest, largest, sizeof largest);
        text_append(out, "<tr><th class=\"text\" scope=\"row\">");
        markup_append(out, maps[i].place);
        text_append(out, "</th><td>%s</td><td>%s</td><td>%s</td><td>%zu of %zu</td></tr>\n", mean, rms,
                    largest, n_beyond(&maps[i], scale), maps[i].n_down * maps[i].n_across);
    }
    text_append(out, "</tbody></table></div>\n");
}

static void append_figure(struct text *out, const struct map *maps, size_t n_maps, double scale)
{
    double cell = map_width / (double)maps[0].n_columns;
    double height = fmin(map_height_most, fmax(map_height_least, cell * (double)maps[0].n_rows));
    char description[1400];
    snprintf(description, sizeof description,
             "%zu %s of %zu word lines by %zu bit lines, coloured by read minus target "
             "conductance: %s%s%s. The errors' sizes stand in the table.",
             n_maps, n_maps > 1 ? "maps" : "map", maps[0].n_rows, maps[0].n_columns, maps[0].place,
             n_maps > 1 ? "; " : "", n_maps > 1 ? maps[1].place : "");
    text_append(out, "<figure>\n");
    double last = n_maps > 1 ? second_begin : first_begin;
    svg_open(out, "figure-2", width, map_top + height + below_map, "Conductance error of the first array",
             description);
    draw_map(out, &maps[0], scale, first_begin, height);
    if (n_maps > 1)
        draw_map(out, &maps[1], scale, second_begin, height);
    draw_bar(out, scale, last + map_width + bar_gap, height);
    svg_close(out);
    text_append(
        out,
        "<figcaption><p>Read minus target conductance of the first array in the first trial; %s holds 99"
        "&#160;%% of the cells%s, the rest are drawn in its end colours.",
        n_maps > 1 ? "the scale, the same for both maps," : "the scale", n_maps > 1 ? " of each" : "");
    if (maps[0].per_cell > 1)
        text_append(out, " Each spot is the mean of %zu by %zu cells.", maps[0].per_cell, maps[0].per_cell);
    text_append(out, "</p></figcaption>\n</figure>\n");
    append_table(out, maps, n_maps, scale);
}

enum rs_status figure_map_append(struct text *out, const struct result *result, struct rs_error *err)
{
    struct map maps[2] = {{.n_rows = 0}, {.n_rows = 0}};
    size_t n_maps = result->n_points > 1 ? 2 : 1;
    double scale = 0;
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < n_maps && status == RS_OK; i++)
        status = read_map(result, i == 1, &maps[i], err);
    for (size_t i = 0; i < n_maps && status == RS_OK && maps[0].n_rows > 0; i++)
        status = find_scale(&maps[i], &scale, err);
    if (status == RS_OK && maps[0].n_rows == 0)
        text_append(
            out,
            "<p class=\"muted\">This file holds no conductances; <code>rescore run</code> adds them with "
            "<code>--save arrays</code>.</p>\n");
    else if (status == RS_OK)
        append_figure(out, maps, n_maps, scale > 0 ? round_up(scale) : 1e-6);
    for (size_t i = 0; i < 2; i++)
        free(maps[i].error_siemens);
    return status;
}
