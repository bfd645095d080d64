/* What a figure of curves shows, which part of the grid it takes, and the words and numbers beside it. */
#ifndef REPORT_CURVES_H
#define REPORT_CURVES_H

#include "base/text.h"
#include "report/axis.h"
#include "report/result.h"
#include "report/style.h"

/*
 * The first key along x, a line per value of the second, at most STYLE_LINES of them, others at their lowest.
 * prune.policy, wherever it stands beside another key, gives the lines: one per policy.
 */
enum { CURVES_LINES_MAX = 12 };
struct curves {
    const struct result *result;
    const struct result_knob *x, *line; /* NULL: not swept */
    size_t i_x, i_line;                 /* which keys these are */
    double x_factor;
    char x_title[256];
    size_t n_lines, lines[CURVES_LINES_MAX]; /* indices of the second key's values, ascending */
};

/* Takes no ownership: `result` must outlive `curves`. */
void curves_init(struct curves *curves, const struct result *result);

/* Number of places along x, at least 1. */
size_t curves_n_x(const struct curves *curves);
/* The point at value `x` of the first key and value `line` of the second (ignored where not swept). */
size_t curves_point(const struct curves *curves, size_t x, size_t line);

/* The horizontal axis of the first key. */
void curves_fit_x(const struct curves *curves, double begin, double end, struct axis *axis);

/* The legend of the lines from (x, y) on; nothing where there is one line. */
void curves_draw_legend(struct text *out, const struct curves *curves, double x, double y);

/* Appends <figcaption>: trials, intervals, what is held fixed, where published values lie. */
void curves_append_caption(struct text *out, const struct curves *curves);

/* Appends the drawn numbers: a row per value of the first key, a column per line, `n_panels` variables side
 * by side. */
void curves_append_table(struct text *out, const struct curves *curves, const enum result_name *names,
                         size_t n_panels);

#endif
