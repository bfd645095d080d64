/* The looks of a report. Colours are variables, with a second set for dark pages. */
#ifndef REPORT_STYLE_H
#define REPORT_STYLE_H

/* CSS of the whole page, and of what stands inside the pictures; static. */
const char *style_page(void);
const char *style_figures(void);

/* Levels of the ramp that lines of one picture are coloured with: classes line-0 (lowest value) to line-5. */
enum { STYLE_LINES = 6 };

/* The ramp's level for line `i` of `n`. */
int style_line(int i, int n);

#endif
