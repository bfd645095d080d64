/* What the keys of a plan mean, from the tables that read it. */
#include <stdio.h>
#include <string.h>

#include "calib/calibrate_plan.h"

static const char stages_key[] = "stages", parameters_key[] = "parameters";

static void part(struct text *out)
{
    if (out->length > 0)
        text_append(out, "\n");
}

static void explain_stages(struct text *out)
{
    part(out);
    text_append(out, "%s\n    which stages run, as a list; by default all, and in this order:\n", stages_key);
    for (const struct stage *const *stage = stage_list; *stage != NULL; stage++) {
        text_append(out, "    %s\n", (*stage)->name);
        option_print_wrapped((*stage)->summary, "        ", out);
    }
}

static void explain_parameter(const struct stage *stage, const struct relation *relation,
                              const struct relation_parameter *parameter, struct text *out)
{
    part(out);
    text_append(out, "%s.%s\n", parameters_key, parameter->name);
    option_print_wrapped(parameter->help, "    ", out);
    text_append(out,
                "    of:      %s.%s\n    unit:    %s\n    default: %s%.6g\n    range:   %.6g to %.6g\n"
                "    below:   start, low, high, fixed\n",
                stage->name, relation->name, parameter->unit, parameter->fixed ? "fixed at " : "starts at ",
                parameter->start, parameter->low, parameter->high);
}

static bool is_same_or_below(const char *name, const char *key)
{
    size_t length = strlen(key);
    return strncmp(name, key, length) == 0 && (name[length] == '\0' || name[length] == '.');
}

/* Relations that never stand together may share a parameter. */
static bool is_first(const struct relation_parameter *parameter)
{
    for (const struct stage *const *stage = stage_list; *stage != NULL; stage++)
        for (size_t r = 0; r < (*stage)->n_relations; r++)
            for (size_t k = 0; k < (*stage)->relations[r]->n_parameters; k++) {
                const struct relation_parameter *other = &(*stage)->relations[r]->parameters[k];
                if (strcmp(other->name, parameter->name) == 0)
                    return other == parameter;
            }
    return false;
}

/* key NULL: all of them. */
static void explain_parameters(const char *key, struct text *out)
{
    char name[128];
    for (const struct stage *const *stage = stage_list; *stage != NULL; stage++)
        for (size_t r = 0; r < (*stage)->n_relations; r++)
            for (size_t k = 0; k < (*stage)->relations[r]->n_parameters; k++) {
                const struct relation_parameter *parameter = &(*stage)->relations[r]->parameters[k];
                snprintf(name, sizeof name, "%s.%s", parameters_key, parameter->name);
                if ((key == NULL || is_same_or_below(name, key)) && is_first(parameter))
                    explain_parameter(*stage, (*stage)->relations[r], parameter, out);
            }
}

static void explain_options(const struct settings *settings, const char *key, struct text *out)
{
    for (size_t s = 0; s < settings->n_sections; s++) {
        const struct option_table *table = settings->sections[s].table;
        for (size_t i = 0; i < table->n_options; i++)
            if (key == NULL || is_same_or_below(table->options[i].key, key)) {
                part(out);
                option_print_help(&table->options[i], out);
            }
    }
}

static const char *nearest_key(const struct settings *settings, const char *key)
{
    const char *names[SETTINGS_OPTIONS_MAX];
    size_t n = 0;
    for (size_t s = 0; s < settings->n_sections; s++)
        for (size_t i = 0; i < settings->sections[s].table->n_options && n < SETTINGS_OPTIONS_MAX; i++)
            names[n++] = settings->sections[s].table->options[i].key;
    return text_nearest(key, names, n);
}

char *calibrate_plan_explain(const char *key, struct rs_error *err)
{
    struct calibrate_plan *plan = NULL;
    struct text out = {0};
    if (calibrate_plan_parse("plan", "", 0, NULL, &plan, err) != RS_OK)
        return NULL;
    if (key == NULL || strcmp(key, stages_key) == 0)
        explain_stages(&out);
    explain_options(&plan->settings, key, &out);
    explain_parameters(key, &out);
    const char *nearest = out.length == 0 ? nearest_key(&plan->settings, key) : NULL;
    calibrate_plan_destroy(plan);
    if (out.length > 0 || out.failed)
        return text_take(&out, err);
    if (nearest != NULL)
        rs_fail(err, RS_USAGE, "rescore explain: '%s': unknown key of a plan; did you mean '%s'?", key,
                nearest);
    else
        rs_fail(err, RS_USAGE,
                "rescore explain: '%s': unknown key of a plan; 'rescore explain --plan' lists them all", key);
    return NULL;
}
