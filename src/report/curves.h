/* What figure 1 shows, which part of the grid it takes, and the words and numbers beside it. */
#ifndef REPORT_CURVES_H
#define REPORT_CURVES_H

#include "base/text.h"
#include "report/result.h"
#include "report/style.h"

/* The first key along x, a line per value of the second, at most STYLE_LINES of them, others at their lowest.
 */
struct curves {
    const struct result *result;
    const struct result_knob *x, *line; /* NULL: not swept */
    double x_factor;
    char x_title[256];
    size_t n_lines, lines[STYLE_LINES]; /* indices of the second key's values, ascending */
};

/* Takes no ownership: `result` must outlive `curves`. */
void curves_init(struct curves *curves, const struct result *result);

/* Number of places along x, at least 1. */
size_t curves_n_x(const struct curves *curves);
/* The point at value `x` of the first key and value `line` of the second (ignored where not swept). */
size_t curves_point(const struct curves *curves, size_t x, size_t line);

/* Appends <figcaption>: trials, intervals, what is held fixed, where published values lie. */
void curves_append_caption(struct text *out, const struct curves *curves);

/* Appends the drawn numbers: a row per value of the first key, a column per line, `n_panels` variables side
 * by side. */
void curves_append_table(struct text *out, const struct curves *curves, const enum result_name *names,
                         size_t n_panels);

#endif
