#include "report/axis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/svg.h"

static const double axis_padding = 16, axis_zero_share = 0.14, axis_zero_least = 34, axis_slot_share = 0.92;
static const double axis_tick_length = 5, axis_label_depth = 19, axis_title_depth = 20, axis_word_turn = -32;

enum { AXIS_TICKS_AT_VALUES = 9 };

double axis_step(double range, int n_wanted)
{
    if (!(range > 0) || !isfinite(range))
        return 1;
    double raw = range / n_wanted, power = pow(10, floor(log10(raw))), lead = raw / power;
    return (lead <= 1 + 1e-9 ? 1 : lead <= 2 + 1e-9 ? 2 : lead <= 5 + 1e-9 ? 5 : 10) * power;
}

static void add_tick(struct axis *axis, double value, int decimals)
{
    if (axis->n_ticks == AXIS_TICKS_MAX)
        return;
    char *label = axis->labels[axis->n_ticks];
    if (decimals < 0 || decimals > 9 || fabs(value) >= 1e7)
        snprintf(label, AXIS_LABEL_SIZE, "%.6g", value);
    else
        snprintf(label, AXIS_LABEL_SIZE, "%.*f", decimals, value);
    axis->ticks[axis->n_ticks++] = value;
}

/* No span: one is made around the value, so that a single datum stands in the middle. */
static void widen(double *low, double *high)
{
    if (*high > *low)
        return;
    double size = fabs(*low) > 0 ? 0.5 * fabs(*low) : 0.5;
    *low -= size;
    *high += size;
}

void axis_fit_range(struct axis *axis, double low, double high, double begin, double end, int n_wanted,
                    bool rounded)
{
    *axis = (struct axis){.kind = AXIS_LINEAR, .begin = begin, .end = end};
    widen(&low, &high);
    double step = axis_step(high - low, n_wanted);
    while ((high - low) / step > AXIS_TICKS_MAX - 3)
        step *= 10;
    double first = rounded ? floor(low / step + 1e-6) : ceil(low / step - 1e-6);
    double last = rounded ? ceil(high / step - 1e-6) : floor(high / step + 1e-6);
    axis->low = rounded ? first * step : low;
    axis->high = rounded ? last * step : high;
    int decimals = (int)fmax(0, -floor(log10(step) + 1e-9));
    for (double i = first; i <= last; i++)
        add_tick(axis, i == 0 ? 0 : i * step, decimals);
}

bool axis_is_log_spaced(const double *ascending, size_t n)
{
    size_t first = n > 0 && ascending[0] == 0;
    if (n < first + 3 || !(ascending[first] > 0) || ascending[n - 1] < 8 * ascending[first])
        return false;
    double step_low = (double)INFINITY, step_high = 0, ratio_low = (double)INFINITY, ratio_high = 0;
    for (size_t i = first + 1; i < n; i++) {
        double step = ascending[i] - ascending[i - 1], ratio = log(ascending[i] / ascending[i - 1]);
        step_low = fmin(step_low, step);
        step_high = fmax(step_high, step);
        ratio_low = fmin(ratio_low, ratio);
        ratio_high = fmax(ratio_high, ratio);
    }
    return step_low > 0 && step_high / step_low > 1.5 * ratio_high / ratio_low;
}

static void fit_log(struct axis *axis, const double *ascending, size_t n, double begin, double end)
{
    size_t first = ascending[0] == 0;
    *axis = (struct axis){.kind = AXIS_LOG,
                          .has_zero = first == 1,
                          .low = ascending[first],
                          .high = ascending[n - 1],
                          .begin = begin,
                          .end = end};
    if (axis->has_zero)
        add_tick(axis, 0, 0);
    double decades = log10(axis->high / axis->low);
    static const double leads[] = {1, 2, 5};
    for (double power = floor(log10(axis->low)); power <= log10(axis->high); power += decades > 16 ? 2 : 1)
        for (int i = 0; i < (decades > 3 ? 1 : 3); i++) {
            double tick = leads[i] * pow(10, power);
            if (tick >= axis->low * (1 - 1e-9) && tick <= axis->high * (1 + 1e-9))
                add_tick(axis, tick, -1);
        }
}

void axis_fit_values(struct axis *axis, const double *ascending, size_t n, double begin, double end)
{
    if (axis_is_log_spaced(ascending, n))
        fit_log(axis, ascending, n, begin, end);
    else
        axis_fit_range(axis, ascending[0], ascending[n - 1], begin, end, 7, false);
    axis->padding = axis_padding;
    if (n > AXIS_TICKS_AT_VALUES)
        return;
    axis->n_ticks = 0;
    for (size_t i = 0; i < n; i++)
        add_tick(axis, ascending[i], -1);
}

void axis_fit_words(struct axis *axis, char *const *words, size_t n, double begin, double end)
{
    *axis = (struct axis){.kind = AXIS_WORDS, .high = (double)n, .begin = begin, .end = end};
    for (size_t i = 0; i < n && axis->n_ticks < AXIS_TICKS_MAX; i++) {
        char *label = axis->labels[axis->n_ticks];
        int length = snprintf(label, AXIS_LABEL_SIZE, "%s", words[i]);
        /* A cut word ends before any half of a character. */
        if (length >= AXIS_LABEL_SIZE)
            for (length = AXIS_LABEL_SIZE - 1; length > 0 && ((unsigned char)label[--length] & 0xc0) == 0x80;)
                label[length] = '\0';
        axis->ticks[axis->n_ticks++] = (double)i;
    }
}

/* Where the logarithmic part begins. */
static double log_begin(const struct axis *axis)
{
    double width = axis->end - axis->begin;
    return axis->begin + axis->padding +
           (axis->has_zero ? fmax(axis_zero_share * width, axis_zero_least) : 0);
}

bool axis_contains(const struct axis *axis, double value)
{
    return (value >= axis->low && value <= axis->high) || (axis->has_zero && value == 0);
}

double axis_position(const struct axis *axis, double value)
{
    double direction = axis->end > axis->begin ? 1 : -1;
    double begin = axis->begin + direction * axis->padding, end = axis->end - direction * axis->padding;
    switch (axis->kind) {
    case AXIS_WORDS:
        return axis->begin + (value + 0.5) * (axis->end - axis->begin) / axis->high;
    case AXIS_LOG:
        if (value == 0 && axis->has_zero)
            return begin;
        if (!(value > 0))
            return (double)NAN;
        return log_begin(axis) +
               (end - log_begin(axis)) * log(value / axis->low) / log(axis->high / axis->low);
    default:
        return begin + (end - begin) * (value - axis->low) / (axis->high - axis->low);
    }
}

/* Whether words are too wide to stand side by side. */
static bool has_turned_words(const struct axis *axis)
{
    if (axis->kind != AXIS_WORDS)
        return false;
    double slot = axis_slot_share * fabs(axis->end - axis->begin) / axis->high;
    for (int i = 0; i < axis->n_ticks; i++)
        if (svg_text_width(axis->labels[i]) > slot)
            return true;
    return false;
}

static double label_depth(const struct axis *axis)
{
    if (!has_turned_words(axis))
        return axis_label_depth;
    double widest = 0;
    for (int i = 0; i < axis->n_ticks; i++)
        widest = fmax(widest, svg_text_width(axis->labels[i]));
    return axis_label_depth + widest * sin(-axis_word_turn * 3.14159265358979 / 180);
}

double axis_depth(const struct axis *axis)
{
    return label_depth(axis) + axis_title_depth;
}

/* Two strokes across the line between zero and the logarithmic part. */
static void draw_break(struct text *out, const struct axis *axis, double y)
{
    double middle = (axis->begin + axis->padding + log_begin(axis)) / 2;
    svg_line(out, "gap", (struct svg_point){middle - 3, y}, (struct svg_point){middle + 3, y});
    for (int i = -1; i <= 1; i += 2)
        svg_line(out, "frame", (struct svg_point){middle + 3 * i - 2, y + 5},
                 (struct svg_point){middle + 3 * i + 2, y - 5});
}

void axis_draw_bottom(struct text *out, const struct axis *axis, double y, const char *title)
{
    bool turned = has_turned_words(axis);
    double last_end = -(double)INFINITY;
    svg_line(out, "frame", (struct svg_point){axis->begin, y}, (struct svg_point){axis->end, y});
    for (int i = 0; i < axis->n_ticks; i++) {
        double x = axis_position(axis, axis->ticks[i]), half = svg_text_width(axis->labels[i]) / 2;
        svg_line(out, "frame", (struct svg_point){x, y}, (struct svg_point){x, y + axis_tick_length});
        if (turned)
            svg_text(out, "tick", (struct svg_point){x + 5, y + 17}, SVG_END, axis_word_turn,
                     axis->labels[i]);
        else if (x - half > last_end) {
            svg_text(out, "tick", (struct svg_point){x, y + axis_label_depth}, SVG_MIDDLE, 0,
                     axis->labels[i]);
            last_end = x + half + 5;
        }
    }
    if (axis->kind == AXIS_LOG && axis->has_zero)
        draw_break(out, axis, y);
    struct svg_point at = {(axis->begin + axis->end) / 2, y + axis_depth(axis)};
    svg_text(out, "label", at, SVG_MIDDLE, 0, title);
}

void axis_draw_left(struct text *out, const struct axis *axis, double x, double grid_end, const char *title)
{
    for (int i = 0; i < axis->n_ticks; i++) {
        double y = axis_position(axis, axis->ticks[i]);
        svg_line(out, "grid", (struct svg_point){x, y}, (struct svg_point){grid_end, y});
        svg_text(out, "tick", (struct svg_point){x - 8, y + 4}, SVG_END, 0, axis->labels[i]);
    }
    svg_text(out, "label", (struct svg_point){x - 38, axis->end - 30}, SVG_START, 0, title);
}
