#!/bin/sh
# Takes figure 1 out of a report as an SVG file of its own, with light colours set in:
#   notebooks/figure.sh build/demo.html > notebooks/demo.svg
[ $# -eq 1 ] || { echo "usage: $0 REPORT.html > FIGURE.svg" >&2; exit 64; }
[ -r "$1" ] || { echo "$1: error: cannot read" >&2; exit 74; }
awk '
/^<style id="figure-style">/ { in_style = 1; next }
in_style && /<\/style>/ { in_style = 0 }
in_style && /^:root \{/ { in_colours = 1; next }
in_style && /^@media/ { skips = 1 }
skips { if ($0 ~ /^} }/) skips = 0; next }
in_colours && /^}/ { in_colours = 0; next }
in_colours { name = $1; sub(/:$/, "", name); value = $2; sub(/;$/, "", value); colour[name] = value; next }
in_style {
    while (match($0, /var\(--[a-z0-9-]+\)/)) {
        name = substr($0, RSTART + 4, RLENGTH - 5)
        $0 = substr($0, 1, RSTART - 1) colour[name] substr($0, RSTART + RLENGTH)
    }
    style = style $0 "\n"
    next
}
/^<svg id="figure-1"/ { sub(/<svg /, "<svg xmlns=\"http://www.w3.org/2000/svg\" "); in_figure = found = 1 }
in_figure { print }
in_figure && /<\/desc>/ { printf "<style>\n%s</style>\n<rect class=\"surface\" width=\"100%%\" height=\"100%%\"/>\n", style }
/<\/svg>/ { in_figure = 0 }
END { if (!found) { print "no figure-1 found, a report of rescore expected" > "/dev/stderr"; exit 65 } }' "$1"
