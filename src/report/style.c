/*
 * The style sheets lie in page.css and figures.css and are compiled in. That of the pictures names every
 * colour once per line in its first rule, so that notebooks/figure.sh can set them into a picture taken out
 * of the page.
 */
#include "report/style.h"

#include <stddef.h>

/* Generated; each ends in '\0'. */
extern const unsigned char page_css[], figures_css[];

const char *style_page(void)
{
    return (const char *)page_css;
}

const char *style_figures(void)
{
    return (const char *)figures_css;
}

int style_line(int i, int n)
{
    return n <= 1 ? 0 : (2 * i * (STYLE_LINES - 1) + n - 1) / (2 * (n - 1));
}
