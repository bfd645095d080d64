#include "report/corner.h"

#include <stdio.h>
#include <string.h>

#include "report/number.h"

#define CORNER_SPACE "\xc2\xa0" /* no line ends here */

/* What follows the next space, or NULL. */
static const char *next_part(const char *part)
{
    const char *space = strchr(part, ' ');
    return space == NULL ? NULL : space + 1;
}

void corner_print(const struct result *result, const size_t index[RESULT_KNOBS_MAX], char *text,
                  size_t text_size)
{
    size_t used = 0;
    snprintf(text, text_size, "%s", result->n_knobs == 0 ? "this run" : "");
    for (size_t i = 0; i < result->n_knobs && used < text_size; i++) {
        const struct result_knob *knob = &result->knobs[i];
        const char *dot = strrchr(knob->key, '.');
        char value[NUMBER_SIZE];
        result_print_value(knob, index[i], value, sizeof value);
        used += (size_t)snprintf(text + used, text_size - used, "%s%s", i > 0 ? ", " : "",
                                 dot == NULL ? knob->key : dot + 1);
        for (const char *part = value; part != NULL && used < text_size; part = next_part(part))
            used += (size_t)snprintf(text + used, text_size - used, CORNER_SPACE "%.*s",
                                     (int)strcspn(part, " "), part);
    }
}
