/* rescore explain [KEY] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calib/calibrate_plan.h"
#include "cli/command.h"
#include "experiment/config.h"

enum { PLAN };

static enum rs_status explain_plan(const char *key, struct rs_error *err)
{
    char *text = calibrate_plan_explain(key, err);
    if (text == NULL)
        return RS_USAGE;
    fputs(text, stdout);
    free(text);
    return RS_OK;
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    const char *key = line->n_positionals > 0 ? line->positionals[0] : NULL;
    struct rs_error of_plan = {{0}};
    if (line->values[PLAN] != NULL)
        return explain_plan(key, err);
    int index = key != NULL ? config_find(key) : -1;
    bool is_section = key != NULL && index < 0;
    char *text = is_section ? config_explain_section(key, err) : config_explain_text(index, err);
    if (text == NULL && !is_section)
        return RS_INTERNAL;
    if (text == NULL && explain_plan(key, &of_plan) == RS_OK) {
        err->text[0] = '\0';
        return RS_OK;
    }
    if (text == NULL) /* whichever knows a similar key */
        return strstr(err->text, "did you mean") == NULL && strstr(of_plan.text, "did you mean") != NULL
                   ? rs_fail(err, RS_USAGE, "%s", of_plan.text)
                   : RS_USAGE;
    fputs(text, stdout);
    free(text);
    return RS_OK;
}

const struct command command_explain = {
    .name = "explain",
    .summary = "say what a key or section of a configuration or plan means; without KEY, all of them",
    .arguments = "[KEY]",
    .n_positionals_max = 1,
    .options = {[PLAN] = {"plan", NULL,
                          "keys of a plan for calibrate, netlist --path and compare --decisions"}},
    .example = "rescore explain array.r_word_line; rescore explain --plan latch",
    .run = run,
};
