/*
 * Primitives of an inline SVG picture: coordinates are picture units (1 unit = 1 CSS pixel at full width), y
 * grows downward. Looks come from the classes of style.h, so that a picture follows light and dark pages.
 */
#ifndef REPORT_SVG_H
#define REPORT_SVG_H

#include <stddef.h>

#include "base/text.h"

enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

enum svg_marker { SVG_CIRCLE, SVG_SQUARE, SVG_TRIANGLE, SVG_DIAMOND, SVG_MARKERS };

struct svg_point {
    double x, y;
};

/* Opens <svg id=ID> with its accessible title and description (plain text, escaped here). */
void svg_open(struct text *out, const char *id, double width, double height, const char *title,
              const char *description);
void svg_close(struct text *out);

void svg_line(struct text *out, const char *class, struct svg_point from, struct svg_point to);
void svg_rectangle(struct text *out, const char *class, struct svg_point corner, double width, double height);
/* A line through `n` points; points that are not finite cut it. */
void svg_path(struct text *out, const char *class, const struct svg_point *points, size_t n);
/* A filled area; the last point joins the first. */
void svg_area(struct text *out, const char *class, const struct svg_point *points, size_t n);
/* A marker of about `size` across; `tip` (may be NULL) is shown on hovering. */
void svg_marker(struct text *out, const char *class, enum svg_marker shape, struct svg_point at, double size,
                const char *tip);
/* A vertical error bar with caps of `cap` across. */
void svg_error_bar(struct text *out, const char *class, struct svg_point low, struct svg_point high,
                   double cap);

/* Text (plain, escaped here), turned by `degrees` clockwise about its anchor. */
void svg_text(struct text *out, const char *class, struct svg_point at, enum svg_anchor anchor,
              double degrees, const char *plain);

/* About how wide `plain` is at the pictures' text size. */
double svg_text_width(const char *plain);

#endif
