/* rescore explain [KEY] */
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "experiment/config.h"

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    const char *key = line->n_positionals > 0 ? line->positionals[0] : NULL;
    int index = key != NULL ? config_find(key) : -1;
    bool is_section = key != NULL && index < 0;
    char *text = is_section ? config_explain_section(key, err) : config_explain_text(index, err);
    if (text == NULL)
        return is_section ? RS_USAGE : RS_INTERNAL;
    fputs(text, stdout);
    free(text);
    return RS_OK;
}

const struct command command_explain = {
    .name = "explain",
    .summary = "say what a configuration key or section means; without KEY, all of them",
    .arguments = "[KEY]",
    .n_positionals_max = 1,
    .example = "rescore explain array.r_word_line",
    .run = run,
};
