#include "report/svg.h"

#include <math.h>
#include <stdio.h>

#include "report/markup.h"

/* A middling advance width of the sans-serif faces of style.c, at their size in pictures. */
static const double svg_character_width = 6.7;

static void append_coordinate(struct text *out, double value)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%.2f", value);
    while (length > 0 && digits[length - 1] == '0')
        digits[--length] = '\0';
    if (length > 0 && digits[length - 1] == '.')
        digits[--length] = '\0';
    text_append(out, "%s", digits[0] == '-' && digits[1] == '0' && digits[2] == '\0' ? "0" : digits);
}

static void append_number(struct text *out, const char *name, double value)
{
    text_append(out, " %s=\"", name);
    append_coordinate(out, value);
    text_append(out, "\"");
}

static void append_point(struct text *out, const char *command, struct svg_point point)
{
    text_append(out, "%s", command);
    append_coordinate(out, point.x);
    text_append(out, " ");
    append_coordinate(out, point.y);
}

void svg_open(struct text *out, const char *id, double width, double height, const char *title,
              const char *description)
{
    text_append(out,
                "<svg id=\"%s\" class=\"picture\" role=\"img\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
                "height=\"%.0f\"",
                id, width, height, width, height);
    text_append(out, " aria-labelledby=\"%s-title %s-description\">\n<title id=\"%s-title\">", id, id, id);
    markup_append(out, title);
    text_append(out, "</title>\n<desc id=\"%s-description\">", id);
    markup_append(out, description);
    text_append(out, "</desc>\n");
}

void svg_close(struct text *out)
{
    text_append(out, "</svg>\n");
}

void svg_line(struct text *out, const char *class, struct svg_point from, struct svg_point to)
{
    text_append(out, "<line class=\"%s\"", class);
    append_number(out, "x1", from.x);
    append_number(out, "y1", from.y);
    append_number(out, "x2", to.x);
    append_number(out, "y2", to.y);
    text_append(out, "/>\n");
}

void svg_rectangle(struct text *out, const char *class, struct svg_point corner, double width, double height)
{
    text_append(out, "<rect class=\"%s\"", class);
    append_number(out, "x", corner.x);
    append_number(out, "y", corner.y);
    append_number(out, "width", width);
    append_number(out, "height", height);
    text_append(out, "/>\n");
}

void svg_path(struct text *out, const char *class, const struct svg_point *points, size_t n)
{
    bool pen_down = false;
    text_append(out, "<path class=\"%s\" d=\"", class);
    for (size_t i = 0; i < n; i++) {
        bool finite = isfinite(points[i].x) && isfinite(points[i].y);
        if (finite)
            append_point(out, pen_down ? "L" : "M", points[i]);
        pen_down = finite;
    }
    text_append(out, "\"/>\n");
}

void svg_area(struct text *out, const char *class, const struct svg_point *points, size_t n)
{
    text_append(out, "<path class=\"%s\" d=\"", class);
    for (size_t i = 0; i < n; i++)
        append_point(out, i == 0 ? "M" : "L", points[i]);
    text_append(out, "%s\"/>\n", n > 0 ? "z" : "");
}

static void append_shape(struct text *out, enum svg_marker shape, struct svg_point at, double size)
{
    double half = size / 2;
    struct svg_point corners[4];
    size_t n = 4;
    switch (shape) {
    case SVG_SQUARE:
        half *= 0.9;
        corners[0] = (struct svg_point){at.x - half, at.y - half};
        corners[1] = (struct svg_point){at.x + half, at.y - half};
        corners[2] = (struct svg_point){at.x + half, at.y + half};
        corners[3] = (struct svg_point){at.x - half, at.y + half};
        break;
    case SVG_TRIANGLE:
        n = 3;
        corners[0] = (struct svg_point){at.x, at.y - 1.15 * half};
        corners[1] = (struct svg_point){at.x + 1.1 * half, at.y + 0.75 * half};
        corners[2] = (struct svg_point){at.x - 1.1 * half, at.y + 0.75 * half};
        break;
    default:
        half *= 1.2;
        corners[0] = (struct svg_point){at.x, at.y - half};
        corners[1] = (struct svg_point){at.x + half, at.y};
        corners[2] = (struct svg_point){at.x, at.y + half};
        corners[3] = (struct svg_point){at.x - half, at.y};
        break;
    }
    for (size_t i = 0; i < n; i++)
        append_point(out, i == 0 ? "M" : "L", corners[i]);
}

void svg_marker(struct text *out, const char *class, enum svg_marker shape, struct svg_point at, double size,
                const char *tip)
{
    const char *element = shape == SVG_CIRCLE ? "circle" : "path";
    text_append(out, "<%s class=\"%s\"", element, class);
    if (shape == SVG_CIRCLE) {
        append_number(out, "cx", at.x);
        append_number(out, "cy", at.y);
        append_number(out, "r", size / 2);
    } else {
        text_append(out, " d=\"");
        append_shape(out, shape, at, size);
        text_append(out, "z\"");
    }
    if (tip == NULL) {
        text_append(out, "/>\n");
        return;
    }
    text_append(out, "><title>");
    markup_append(out, tip);
    text_append(out, "</title></%s>\n", element);
}

void svg_error_bar(struct text *out, const char *class, struct svg_point low, struct svg_point high,
                   double cap)
{
    text_append(out, "<path class=\"%s\" d=\"", class);
    append_point(out, "M", low);
    append_point(out, "L", high);
    append_point(out, "M", (struct svg_point){low.x - cap / 2, low.y});
    append_point(out, "L", (struct svg_point){low.x + cap / 2, low.y});
    append_point(out, "M", (struct svg_point){high.x - cap / 2, high.y});
    append_point(out, "L", (struct svg_point){high.x + cap / 2, high.y});
    text_append(out, "\"/>\n");
}

void svg_text(struct text *out, const char *class, struct svg_point at, enum svg_anchor anchor,
              double degrees, const char *plain)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    text_append(out, "<text class=\"%s\" text-anchor=\"%s\"", class, anchors[anchor]);
    append_number(out, "x", at.x);
    append_number(out, "y", at.y);
    if (degrees != 0) {
        text_append(out, " transform=\"rotate(");
        append_coordinate(out, degrees);
        append_point(out, " ", at);
        text_append(out, ")\"");
    }
    text_append(out, ">");
    markup_append(out, plain);
    text_append(out, "</text>\n");
}

double svg_text_width(const char *plain)
{
    return svg_character_width * (double)markup_count(plain);
}
