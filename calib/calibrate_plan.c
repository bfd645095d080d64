#include <config.h>

#include "calib/calibrate_plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"

static const struct option calibrate_rows[] = {
    {.key = "calibrate.correlation_limit",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = offsetof(struct calibrate_options, correlation_limit),
     .initial = "0.999",
     .low = 0,
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "two parameters whose estimates are correlated more than this are refused as one"},
    {.key = "calibrate.deck_limit",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SECOND,
     .offset = offsetof(struct calibrate_options, deck_limit_seconds),
     .initial = "600 s",
     .low = 0,
     .high = 1e6,
     .flags = OPTION_LOW_OPEN,
     .help = "longest time that one deck may take"},
};
static const struct option_table calibrate_table = {
    calibrate_rows, sizeof calibrate_rows / sizeof calibrate_rows[0], sizeof(struct calibrate_options)};

static const struct option monte_carlo_rows[] = {
    {.key = "monte_carlo.seed",
     .kind = OPTION_INTEGER,
     .offset = offsetof(struct calibrate_monte_carlo, seed),
     .initial = "1",
     .low = 0,
     .high = 1e15 - 1,
     .help = "seed of every random draw: cells, inputs, mismatch, declared noise"},
};
static const struct option_table monte_carlo_table = {monte_carlo_rows, 1,
                                                      sizeof(struct calibrate_monte_carlo)};

static const char *const others[] = {"stages", "parameters", NULL};
static const char *const change_words[] = {"start", "low", "high", "fixed", NULL};

/* --- stages and parameters, which no table describes --- */

/* Errors are the file's, or those of a --set. */
struct place {
    const struct yaml_document *document;
    const char *set;
};

static enum rs_status refuse(const struct place *place, int line, int column, struct rs_error *err,
                             const char *text)
{
    if (place->set != NULL)
        return rs_fail_also(err, RS_INPUT, "--set %s: error: %s", place->set, text);
    return yaml_fail(place->document, line, column, err, "%s", text);
}

static enum rs_status refuse_word(const struct place *place, const char *found, int line, int column,
                                  const char *what, const char *const *words, size_t n_words,
                                  struct rs_error *err)
{
    struct text text = {0};
    const char *nearest = text_nearest(found, words, n_words);
    text_append(&text, "'%s' found, %s expected (", found, what);
    for (size_t i = 0; i < n_words; i++)
        text_append(&text, "%s%s", i > 0 ? ", " : "", words[i]);
    text_append(&text, nearest != NULL ? "); did you mean '%s'?" : ")", nearest);
    enum rs_status status =
        refuse(place, line, column, err, text.failed ? "an unknown word found" : text.bytes);
    text_clear(&text);
    return status;
}

static enum rs_status choose_stage(struct calibrate_plan *plan, const struct place *place,
                                   const struct yaml_node *node, struct rs_error *err)
{
    const char *names[CALIBRATE_STAGES_MAX];
    size_t n = 0;
    if (node->kind != YAML_SCALAR)
        return refuse(place, node->line, node->column, err, "'stages': the name of a stage expected");
    for (; stage_list[n] != NULL; n++) {
        names[n] = stage_list[n]->name;
        if (strcmp(node->text, names[n]) == 0) {
            plan->is_chosen[n] = true;
            return RS_OK;
        }
    }
    return refuse_word(place, node->text, node->line, node->column, "a stage", names, n, err);
}

static enum rs_status read_stages(struct calibrate_plan *plan, const struct place *place,
                                  const struct yaml_node *node, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    memset(plan->is_chosen, 0, sizeof plan->is_chosen);
    if (node->kind == YAML_MAPPING || (node->kind == YAML_SEQUENCE && node->n_children == 0))
        return refuse(place, node->line, node->column, err, "'stages': a list of stages expected");
    if (node->kind == YAML_SCALAR)
        return choose_stage(plan, place, node, err);
    for (size_t i = 0; i < node->n_children; i++) {
        enum rs_status item = choose_stage(plan, place, &node->children[i], err);
        status = item != RS_OK ? item : status;
    }
    return status;
}

/* All names of parameters, of all stages; returns their number. */
static size_t list_parameters(const struct relation_parameter **list, size_t list_size)
{
    size_t n = 0;
    for (size_t s = 0; stage_list[s] != NULL; s++)
        for (size_t r = 0; r < stage_list[s]->n_relations; r++)
            for (size_t k = 0; k < stage_list[s]->relations[r]->n_parameters && n < list_size; k++)
                list[n++] = &stage_list[s]->relations[r]->parameters[k];
    return n;
}

static enum rs_status read_change(struct calibrate_change *change, const struct relation_parameter *parameter,
                                  const struct place *place, const struct yaml_node *node,
                                  struct rs_error *err)
{
    double *const values[] = {&change->start, &change->low, &change->high, &change->fixed};
    char why[256], text[512];
    for (size_t i = 0; change_words[i] != NULL; i++) {
        if (strcmp(node->key, change_words[i]) != 0)
            continue;
        enum quantity_unit unit = QUANTITY_NONE;
        for (int u = QUANTITY_OHM; u <= QUANTITY_JOULE; u++)
            if (strcmp(quantity_symbol((enum quantity_unit)u), parameter->unit) == 0)
                unit = (enum quantity_unit)u;
        snprintf(why, sizeof why, "a value expected");
        if (node->kind == YAML_SCALAR && quantity_parse(node->text, unit, values[i], why, sizeof why))
            return RS_OK;
        snprintf(text, sizeof text, "'parameters.%s.%s': %s", parameter->name, node->key, why);
        return refuse(place, node->line, node->column, err, text);
    }
    return refuse_word(place, node->key, node->key_line, node->key_column, "one of its keys", change_words, 4,
                       err);
}

static enum rs_status check_change(const struct calibrate_change *change,
                                   const struct relation_parameter *parameter, const struct place *place,
                                   const struct yaml_node *node, struct rs_error *err)
{
    double low = isnan(change->low) ? parameter->low : change->low,
           high = isnan(change->high) ? parameter->high : change->high,
           start = !isnan(change->fixed)  ? change->fixed
                   : isnan(change->start) ? parameter->start
                                          : change->start;
    char text[256];
    if (low < high && start >= low && start <= high && (!parameter->logarithmic || start > 0))
        return RS_OK;
    snprintf(text, sizeof text,
             "'parameters.%s': value %g, bounds %g and %g found; a value between its bounds%s expected",
             parameter->name, start, low, high, parameter->logarithmic ? ", above 0," : "");
    return refuse(place, node->line, node->column, err, text);
}

static struct calibrate_change *find_change(struct calibrate_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n_changes; i++)
        if (strcmp(plan->changes[i].name, name) == 0)
            return &plan->changes[i];
    rs_require(plan->n_changes < CALIBRATE_CHANGES_MAX, "fewer parameters than changes");
    struct calibrate_change *change = &plan->changes[plan->n_changes++];
    *change = (struct calibrate_change){name, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    return change;
}

static enum rs_status read_parameter(struct calibrate_plan *plan, const struct place *place,
                                     const struct yaml_node *node, struct rs_error *err)
{
    const struct relation_parameter *list[CALIBRATE_CHANGES_MAX], *found = NULL;
    const char *names[CALIBRATE_CHANGES_MAX];
    size_t n = list_parameters(list, CALIBRATE_CHANGES_MAX);
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < n; i++) {
        names[i] = list[i]->name;
        found = strcmp(names[i], node->key) == 0 ? list[i] : found;
    }
    if (found == NULL)
        return refuse_word(place, node->key, node->key_line, node->key_column, "a parameter", names, n, err);
    if (node->kind != YAML_MAPPING)
        return refuse(place, node->line, node->column, err,
                      "'parameters': start, low, high or fixed below each name expected");
    struct calibrate_change *change = find_change(plan, found->name);
    const struct yaml_node *twice = yaml_find_duplicate(node);
    if (twice != NULL)
        status = refuse(place, twice->key_line, twice->key_column, err, "a key stands twice");
    for (size_t i = 0; i < node->n_children; i++) {
        enum rs_status item = read_change(change, found, place, &node->children[i], err);
        status = item != RS_OK ? item : status;
    }
    return status == RS_OK ? check_change(change, found, place, node, err) : status;
}

static enum rs_status read_parameters(struct calibrate_plan *plan, const struct place *place,
                                      const struct yaml_node *node, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    if (node->kind != YAML_MAPPING)
        return refuse(place, node->line, node->column, err, "'parameters': names of parameters expected");
    const struct yaml_node *twice = yaml_find_duplicate(node);
    if (twice != NULL)
        status = refuse(place, twice->key_line, twice->key_column, err, "a parameter stands twice");
    for (size_t i = 0; i < node->n_children; i++) {
        enum rs_status item = read_parameter(plan, place, &node->children[i], err);
        status = item != RS_OK ? item : status;
    }
    return status;
}

/* "stages=...", or "parameters.NAME.KEY=...": written out as the file has them. */
static enum rs_status set_other(struct calibrate_plan *plan, const char *set, struct rs_error *err)
{
    char text[512], name[64], word[16], value[256];
    struct yaml_document *document = NULL;
    const char *equals = strchr(set, '=');
    if (strncmp(set, "stages=", 7) == 0)
        snprintf(text, sizeof text, "stages: %.400s\n", equals + 1);
    else if (sscanf(set, "parameters.%63[a-z0-9_].%15[a-z]=%255[^\n]", name, word, value) == 3)
        snprintf(text, sizeof text, "parameters:\n  %s:\n    %s: %s\n", name, word, value);
    else
        return rs_fail_also(err, RS_INPUT,
                            "--set %s: error: parameters.NAME.start, low, high or fixed expected", set);
    struct rs_error own = {{0}};
    if (yaml_parse("--set", text, strlen(text), &document, &own) != RS_OK)
        return rs_fail_also(err, RS_INPUT, "--set %s: error: the value is neither a scalar nor a [list]",
                            set);
    const struct place place = {document, set};
    const struct yaml_node *node = &document->root->children[0];
    enum rs_status status = strcmp(node->key, "stages") == 0 ? read_stages(plan, &place, node, err)
                                                             : read_parameters(plan, &place, node, err);
    yaml_destroy(document);
    return status;
}

/* --- the whole --- */

static enum rs_status add_sections(struct calibrate_plan *plan, struct rs_error *err)
{
    struct settings *settings = &plan->settings;
    settings->path = plan->path;
    settings->others = others;
    settings_add(settings, &frontend_options_array, &plan->array);
    settings_add(settings, &device_option_table, &plan->device);
    settings_add(settings, &frontend_options_encoding, &plan->encoding);
    path_options_add(settings, &plan->circuit);
    settings_add(settings, &monte_carlo_table, &plan->monte_carlo);
    settings_add(settings, &calibrate_table, &plan->calibrate);
    settings_add(settings, &decisions_options_table, &plan->decisions);
    for (size_t s = 0; stage_list[s] != NULL; s++) {
        plan->is_chosen[s] = true;
        plan->stage_options[s] = memory_allocate(1, stage_list[s]->options->struct_size, err);
        if (plan->stage_options[s] == NULL)
            return RS_INTERNAL;
        settings_add(settings, stage_list[s]->options, plan->stage_options[s]);
    }
    return RS_OK;
}

static enum rs_status read_document(struct calibrate_plan *plan, const struct yaml_document *document,
                                    struct rs_error *err)
{
    const struct place place = {document, NULL};
    enum rs_status status = settings_read(&plan->settings, document, err), other = RS_OK;
    const struct yaml_node *root = document->root;
    const struct yaml_node *stages = root->kind == YAML_MAPPING ? yaml_find(root, "stages") : NULL;
    const struct yaml_node *parameters = root->kind == YAML_MAPPING ? yaml_find(root, "parameters") : NULL;
    if (stages != NULL)
        other = read_stages(plan, &place, stages, err);
    status = other != RS_OK ? other : status;
    if (parameters != NULL)
        other = read_parameters(plan, &place, parameters, err);
    return other != RS_OK ? other : status;
}

static enum rs_status read_sets(struct calibrate_plan *plan, size_t n_sets, const char *const *sets,
                                struct rs_error *err)
{
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < n_sets; i++) {
        bool other = strncmp(sets[i], "stages=", 7) == 0 || strncmp(sets[i], "parameters.", 11) == 0;
        enum rs_status one =
            other ? set_other(plan, sets[i], err) : settings_set(&plan->settings, sets[i], err);
        status = one != RS_OK ? one : status;
    }
    return status;
}

/* Both sections know it; where one says it, the other follows. */
static enum rs_status settle_sign(struct calibrate_plan *plan, struct rs_error *err)
{
    bool of_path = settings_is_given(&plan->settings, "path.sign");
    bool of_encoding = settings_is_given(&plan->settings, "encoding.sign");
    if (of_path && !of_encoding)
        plan->encoding.sign =
            plan->circuit.path.sign == PATH_OFFSET ? ENCODING_OFFSET : ENCODING_DIFFERENTIAL;
    if (of_encoding && !of_path)
        plan->circuit.path.sign = plan->encoding.sign == ENCODING_OFFSET ? PATH_OFFSET : PATH_DIFFERENTIAL;
    if ((plan->encoding.sign == ENCODING_OFFSET) == (plan->circuit.path.sign == PATH_OFFSET))
        return RS_OK;
    return settings_fail(&plan->settings, "path.sign", err, "the same as encoding.sign expected");
}

/* Takes the document. */
static enum rs_status settle(struct yaml_document *document, size_t n_sets, const char *const *sets,
                             struct calibrate_plan **out, struct rs_error *err)
{
    struct calibrate_plan *plan = memory_allocate(1, sizeof *plan, err);
    enum rs_status status = RS_INTERNAL, of_sets = RS_OK;
    if (plan != NULL) {
        plan->path = strdup(document->path);
        plan->yaml = strdup(document->text);
        status = plan->path != NULL && plan->yaml != NULL ? add_sections(plan, err)
                                                          : rs_fail(err, RS_INTERNAL, "out of memory");
    }
    if (status == RS_OK)
        status = read_document(plan, document, err);
    if (status == RS_OK || status == RS_INPUT)
        of_sets = read_sets(plan, n_sets, sets, err);
    status = status == RS_OK ? of_sets : status;
    if (status == RS_OK)
        status = settle_sign(plan, err);
    if (status == RS_OK)
        status = path_options_check(&plan->settings, &plan->circuit, err);
    yaml_destroy(document);
    if (status == RS_OK)
        *out = plan;
    else
        calibrate_plan_destroy(plan);
    return status;
}

enum rs_status calibrate_plan_load(const char *path, size_t n_sets, const char *const *sets,
                                   struct calibrate_plan **out, struct rs_error *err)
{
    struct yaml_document *document;
    enum rs_status status = yaml_read(path, &document, err);
    return status == RS_OK ? settle(document, n_sets, sets, out, err) : status;
}

enum rs_status calibrate_plan_parse(const char *path, const char *yaml, size_t n_sets,
                                    const char *const *sets, struct calibrate_plan **out,
                                    struct rs_error *err)
{
    struct yaml_document *document;
    enum rs_status status = yaml_parse(path, yaml, strlen(yaml), &document, err);
    return status == RS_OK ? settle(document, n_sets, sets, out, err) : status;
}

void calibrate_plan_destroy(struct calibrate_plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t s = 0; s < CALIBRATE_STAGES_MAX; s++)
        free(plan->stage_options[s]);
    settings_clear(&plan->settings);
    free(plan->path);
    free(plan->yaml);
    free(plan);
}

void calibrate_plan_fill_parameters(const struct calibrate_plan *plan, const struct relation *relation,
                                    struct relation_parameter *parameters)
{
    for (size_t k = 0; k < relation->n_parameters; k++) {
        parameters[k] = relation->parameters[k];
        for (size_t i = 0; i < plan->n_changes; i++) {
            const struct calibrate_change *change = &plan->changes[i];
            if (strcmp(change->name, parameters[k].name) != 0)
                continue;
            if (!isnan(change->start)) {
                parameters[k].start = change->start;
                parameters[k].fixed = false; /* who gives a start wants it estimated */
            }
            parameters[k].low = isnan(change->low) ? parameters[k].low : change->low;
            parameters[k].high = isnan(change->high) ? parameters[k].high : change->high;
            if (!isnan(change->fixed)) {
                parameters[k].start = change->fixed;
                parameters[k].fixed = true;
            }
        }
    }
}

char *calibrate_plan_resolved_text(const struct calibrate_plan *plan, struct rs_error *err)
{
    struct text out = {0};
    text_append(&out, "stages:\n");
    for (size_t s = 0; stage_list[s] != NULL; s++)
        if (plan->is_chosen[s])
            text_append(&out, "  - %s\n", stage_list[s]->name);
    settings_print(&plan->settings, &out);
    text_append(&out, plan->n_changes > 0 ? "parameters:\n" : "");
    for (size_t i = 0; i < plan->n_changes; i++) {
        const struct calibrate_change *change = &plan->changes[i];
        const double values[] = {change->start, change->low, change->high, change->fixed};
        text_append(&out, "  %s:\n", change->name);
        for (size_t k = 0; k < 4; k++)
            if (!isnan(values[k]))
                text_append(&out, "    %s: %.17g\n", change_words[k], values[k]);
    }
    return text_take(&out, err);
}
