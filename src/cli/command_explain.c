/* rescore explain [KEY] */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "experiment/config.h"

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    int index = -1;
    if (line->n_positionals > 0) {
        const char *key = line->positionals[0];
        index = config_find(key);
        const char *nearest = index < 0 ? config_nearest(key) : NULL;
        if (index < 0 && nearest != NULL)
            return rs_fail(err, RS_USAGE, "rescore explain: '%s': unknown key; did you mean '%s'?", key,
                           nearest);
        if (index < 0)
            return rs_fail(err, RS_USAGE,
                           "rescore explain: '%s': unknown key; 'rescore explain' lists them all", key);
    }
    char *text = config_explain_text(index, err);
    if (text == NULL)
        return RS_INTERNAL;
    fputs(text, stdout);
    free(text);
    return RS_OK;
}

const struct command command_explain = {
    .name = "explain",
    .summary = "say what a configuration key means; without KEY, all of them",
    .arguments = "[KEY]",
    .n_positionals_max = 1,
    .example = "rescore explain array.r_word_line",
    .run = run,
};
