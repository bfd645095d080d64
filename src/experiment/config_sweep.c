/* The values of a swept key: a list, or a range written out. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"
#include "experiment/config_internal.h"

enum { WHY_SIZE = 512, VALUES_MAX = 10000 };

void config_sweep_clear(struct config_sweep *sweep)
{
    for (size_t i = 0; i < sweep->n_values; i++)
        free(sweep->values[i]);
    free(sweep->values);
    *sweep = (struct config_sweep){0};
}

static bool keep_value(struct config_reader *reader, struct config_sweep *sweep, const char *text)
{
    char **bigger = realloc(sweep->values, (sweep->n_values + 1) * sizeof *bigger);
    if (bigger != NULL)
        sweep->values = bigger;
    char *copy = bigger != NULL ? strdup(text) : NULL;
    if (copy == NULL) {
        reader->status = rs_fail(reader->err, RS_INTERNAL, "out of memory");
        return false;
    }
    sweep->values[sweep->n_values++] = copy;
    return true;
}

/* The unit that a value of `section` was given in: amperes and volts stand beside each other. */
static enum quantity_unit unit_of(const struct option *option, const void *section)
{
    const char *member = (const char *)section + option->offset;
    if (option->kind == OPTION_EITHER)
        return ((const struct option_either *)(const void *)member)->unit;
    return option->kind == OPTION_INTEGER ? QUANTITY_NONE : option->unit;
}

/* A word where numbers may stand too: prune.threshold: learned. */
static bool is_word(const struct option *option, const void *section)
{
    const void *member = (const char *)section + option->offset;
    return option->kind == OPTION_REALS && ((const struct option_reals *)member)->word >= 0;
}

static bool stands_already(const struct config_sweep *sweep, const struct config *value)
{
    const struct option *option = config_option(sweep->option);
    const void *section = config_const_section(value, sweep->option);
    double number = option_number(option, section);
    struct config other = *value;
    char why[WHY_SIZE];
    for (size_t i = 0; i < sweep->n_values; i++) {
        option_set(option, config_section(&other, sweep->option), sweep->values[i], why, sizeof why);
        const void *its = config_const_section(&other, sweep->option);
        if (is_word(option, its) == is_word(option, section) && option_number(option, its) == number &&
            (number == 0 || unit_of(option, its) == unit_of(option, section)))
            return true;
    }
    return false;
}

static bool check_value(struct config_reader *reader, const struct config_sweep *sweep,
                        const struct yaml_node *node, const char *text, struct config *value)
{
    const struct option *option = config_option(sweep->option);
    char why[WHY_SIZE];
    *value = reader->configuration->base;
    if (option_set(option, config_section(value, sweep->option), text, why, sizeof why))
        return true;
    config_read_refuse(reader, node->line, node->column, "'%s': %s", option->key, why);
    return false;
}

static bool refuse_twice(struct config_reader *reader, const struct config_sweep *sweep,
                         const struct yaml_node *node, const char *text)
{
    config_read_refuse(reader, node->line, node->column, "'%s': the value %s stands twice",
                       config_option(sweep->option)->key, text);
    return false;
}

static bool add_value(struct config_reader *reader, struct config_sweep *sweep, const struct yaml_node *node,
                      const char *text)
{
    struct config value;
    if (!check_value(reader, sweep, node, text, &value))
        return false;
    if (stands_already(sweep, &value))
        return refuse_twice(reader, sweep, node, text);
    return keep_value(reader, sweep, text);
}

/* {from, to, steps, scale}: the texts of its members, NULL where missing. */
struct range {
    const struct yaml_node *from, *to, *steps, *scale;
};

static bool read_range(struct config_reader *reader, const struct yaml_node *node, const char *key,
                       struct range *range)
{
    static const char *const names[] = {"from", "to", "steps", "scale"};
    const struct yaml_node **members[] = {&range->from, &range->to, &range->steps, &range->scale};
    for (size_t i = 0; i < node->n_children; i++) {
        const struct yaml_node *child = &node->children[i];
        size_t which = 0;
        while (which < 4 && strcmp(child->key, names[which]) != 0)
            which++;
        if (which == 4 || child->kind != YAML_SCALAR) {
            config_read_refuse(
                reader, child->key_line, child->key_column,
                "'%s': '%s' found, a range {from, to, steps} with an optional scale: log expected", key,
                child->key);
            return false;
        }
        *members[which] = child;
    }
    if (range->from != NULL && range->to != NULL && range->steps != NULL)
        return true;
    config_read_refuse(reader, node->line, node->column, "'%s': a range needs from, to and steps", key);
    return false;
}

static bool range_number(struct config_reader *reader, const struct config_sweep *sweep,
                         const struct yaml_node *node, double *number, enum quantity_unit *unit)
{
    const struct option *option = config_option(sweep->option);
    struct config value;
    if (option->kind == OPTION_CHOICE || option->kind == OPTION_BOOLEAN) {
        config_read_refuse(reader, node->line, node->column, "'%s': a list of words expected, a range found",
                           option->key);
        return false;
    }
    if (!check_value(reader, sweep, node, node->text, &value))
        return false;
    if (is_word(option, config_section(&value, sweep->option))) {
        config_read_refuse(reader, node->line, node->column, "'%s': '%s' found, a number expected",
                           option->key, node->text);
        return false;
    }
    *number = option_number(option, config_section(&value, sweep->option));
    *unit = unit_of(option, config_section(&value, sweep->option));
    return true;
}

/* Both ends and their common unit: 0 has none of its own. */
static bool range_ends(struct config_reader *reader, const struct config_sweep *sweep,
                       const struct range *range, double *from, double *to, enum quantity_unit *unit)
{
    enum quantity_unit to_unit;
    if (!range_number(reader, sweep, range->from, from, unit) ||
        !range_number(reader, sweep, range->to, to, &to_unit))
        return false;
    if (*unit != to_unit && *from != 0 && *to != 0) {
        config_read_refuse(reader, range->to->line, range->to->column,
                           "'%s': from %s to %s found, ends in one unit expected",
                           config_option(sweep->option)->key, range->from->text, range->to->text);
        return false;
    }
    if (*from == 0)
        *unit = to_unit;
    return true;
}

static bool range_steps(struct config_reader *reader, const struct config_sweep *sweep,
                        const struct range *range, int *n_steps)
{
    double steps;
    char why[WHY_SIZE];
    if (quantity_parse(range->steps->text, QUANTITY_NONE, &steps, why, sizeof why) && steps == floor(steps) &&
        steps >= 2 && steps <= VALUES_MAX) {
        *n_steps = (int)steps;
        return true;
    }
    config_read_refuse(reader, range->steps->line, range->steps->column,
                       "'%s': steps '%s' found, a whole number from 2 to %d expected (both ends included)",
                       config_option(sweep->option)->key, range->steps->text, VALUES_MAX);
    return false;
}

static bool range_scale(struct config_reader *reader, const struct config_sweep *sweep,
                        const struct range *range, bool *is_log)
{
    *is_log = range->scale != NULL && strcmp(range->scale->text, "log") == 0;
    if (range->scale == NULL || *is_log || strcmp(range->scale->text, "linear") == 0)
        return true;
    config_read_refuse(reader, range->scale->line, range->scale->column,
                       "'%s': scale '%s' found, log or linear expected", config_option(sweep->option)->key,
                       range->scale->text);
    return false;
}

/* Multiplied first, so that whole steps of whole numbers stay whole; those of a log scale are taken as whole
 * when they are so but for rounding. */
static double step_of(double from, double to, bool is_log, int step, int n_steps)
{
    if (step == 0 || step == n_steps - 1)
        return step == 0 ? from : to;
    if (!is_log)
        return from + (to - from) * step / (n_steps - 1);
    double value = from * pow(to / from, step / (double)(n_steps - 1));
    return fabs(value - rint(value)) <= 1e-12 * value ? rint(value) : value;
}

static bool expand_range(struct config_reader *reader, struct config_sweep *sweep,
                         const struct yaml_node *node)
{
    struct range range = {0};
    struct config value;
    double from, to;
    int n_steps;
    bool is_log;
    enum quantity_unit unit;
    char text[64];
    if (!read_range(reader, node, config_option(sweep->option)->key, &range) ||
        !range_ends(reader, sweep, &range, &from, &to, &unit) ||
        !range_scale(reader, sweep, &range, &is_log) || !range_steps(reader, sweep, &range, &n_steps))
        return false;
    if (is_log && (from <= 0 || to <= 0)) {
        config_read_refuse(reader, node->line, node->column, "'%s': a log scale needs ends above 0",
                           config_option(sweep->option)->key);
        return false;
    }
    for (int i = 0; i < n_steps; i++) {
        quantity_print_exact(step_of(from, to, is_log, i, n_steps), unit, text, sizeof text);
        if (!check_value(reader, sweep, node, text, &value))
            return false;
        if (i > 0 && strcmp(text, sweep->values[i - 1]) == 0) /* values of a range only rise or fall */
            return refuse_twice(reader, sweep, node, text);
        if (!keep_value(reader, sweep, text))
            return false;
    }
    return true;
}

bool config_sweep_read(struct config_reader *reader, struct config_sweep *sweep, const struct yaml_node *node)
{
    if (node->kind == YAML_MAPPING)
        return expand_range(reader, sweep, node);
    if (node->kind != YAML_SEQUENCE || node->n_children == 0) {
        config_read_refuse(reader, node->line, node->column,
                           "'%s': a list or a range {from, to, steps} expected",
                           config_option(sweep->option)->key);
        return false;
    }
    if (node->n_children > VALUES_MAX) {
        config_read_refuse(reader, node->line, node->column, "'%s': %zu values found, at most %d expected",
                           config_option(sweep->option)->key, node->n_children, VALUES_MAX);
        return false;
    }
    for (size_t i = 0; i < node->n_children; i++) {
        const struct yaml_node *item = &node->children[i];
        if (item->kind != YAML_SCALAR) {
            config_read_refuse(reader, item->line, item->column, "'%s': one value expected",
                               config_option(sweep->option)->key);
            return false;
        }
        if (!add_value(reader, sweep, item, item->text))
            return false;
    }
    return true;
}

bool config_sweep_numbers(const struct configuration *configuration, int index, double *numbers,
                          enum quantity_unit *unit)
{
    const struct config_sweep *sweep = &configuration->sweeps[index];
    const struct option *option = config_option(sweep->option);
    struct config value = configuration->base;
    void *section = config_section(&value, sweep->option);
    char why[WHY_SIZE];
    if (option->kind == OPTION_CHOICE || option->kind == OPTION_BOOLEAN)
        return false;
    for (size_t i = 0; i < sweep->n_values; i++) {
        bool good = option_set(option, section, sweep->values[i], why, sizeof why);
        rs_require(good, "swept values were checked when read");
        numbers[i] = option_number(option, section);
        if (is_word(option, section))
            return false;
        if (i > 0 && unit_of(option, section) != *unit)
            return false;
        *unit = unit_of(option, section);
    }
    return true;
}
