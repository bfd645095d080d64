/* One axis of a picture: from data to picture units, with ticks at 1, 2 or 5 times a power of ten. */
#ifndef REPORT_AXIS_H
#define REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { AXIS_TICKS_MAX = 32, AXIS_LABEL_SIZE = 48, AXIS_VALUES_MAX = 1024 };

enum axis_kind { AXIS_LINEAR, AXIS_LOG, AXIS_WORDS };

/* Filled by axis_fit_...; begin and end are picture units (end < begin for an axis that grows upward). */
struct axis {
    enum axis_kind kind;
    bool has_zero;    /* AXIS_LOG: zero has a place of its own, before the break */
    double low, high; /* data at begin + padding and end - padding; of a log axis without its zero */
    double begin, end, padding;
    int n_ticks;
    double ticks[AXIS_TICKS_MAX];
    char labels[AXIS_TICKS_MAX][AXIS_LABEL_SIZE];
};

/* Spans [low, high] with at most about `n_wanted` ticks; `rounded` widens the span to whole ticks. */
void axis_fit_range(struct axis *axis, double low, double high, double begin, double end, int n_wanted,
                    bool rounded);

/*
 * Spans `n` values in ascending order, with a tick at each while they are few: logarithmic when they are
 * positive (but for one zero) and spaced more evenly so, else linear.
 */
void axis_fit_values(struct axis *axis, const double *ascending, size_t n, double begin, double end);

/* `n` words at equal distances; data are their indices. Words beyond AXIS_TICKS_MAX get no label. */
void axis_fit_words(struct axis *axis, char *const *words, size_t n, double begin, double end);

/* Whether values are spaced for a logarithmic axis (used by axis_fit_values). */
bool axis_is_log_spaced(const double *ascending, size_t n);

/* Whether a datum lies within the values that the axis spans. */
bool axis_contains(const struct axis *axis, double value);

/* Picture units of a datum; NAN for one that has no place (not above 0 on a log axis). */
double axis_position(const struct axis *axis, double value);

/* The smallest of 1, 2, 5 times a power of ten that cuts `range` into at most `n_wanted` steps. */
double axis_step(double range, int n_wanted);

/* How far below its line the labels of a horizontal axis reach (words may be turned). */
double axis_depth(const struct axis *axis);

/* Draws a horizontal axis at height y with ticks, labels and title. */
void axis_draw_bottom(struct text *out, const struct axis *axis, double y, const char *title);

/* Draws a vertical axis at x with grid lines to `grid_end`, labels, and its title, horizontal, above it. */
void axis_draw_left(struct text *out, const struct axis *axis, double x, double grid_end, const char *title);

#endif
