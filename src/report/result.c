/* Reading a result file: names and shapes after docs/interface.md 4, every shape checked before it is filled.
 */
#include "report/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "report/number.h"

/* A report of more points than this would be no page. */
static const size_t result_points_max = 100000;

static const char *const datasets[] = {
#define RESULT_DATASET(name, dataset, label, definition) dataset,
    RESULT_VARIABLE_LIST(RESULT_DATASET)
#undef RESULT_DATASET
};

static const char *const labels[] = {
#define RESULT_LABEL(name, dataset, label, definition) label,
    RESULT_VARIABLE_LIST(RESULT_LABEL)
#undef RESULT_LABEL
};

static const char *const definitions[] = {
#define RESULT_DEFINITION(name, dataset, label, definition) definition,
    RESULT_VARIABLE_LIST(RESULT_DEFINITION)
#undef RESULT_DEFINITION
};

const char *result_dataset(enum result_name name)
{
    return datasets[name];
}

const char *result_label(enum result_name name)
{
    return labels[name];
}

const char *result_definition(enum result_name name)
{
    return definitions[name];
}

static char *copy_text(const char *text, struct rs_error *err)
{
    char *copy = memory_allocate(strlen(text) + 1, 1, err);
    if (copy != NULL)
        memcpy(copy, text, strlen(text));
    return copy;
}

static void print_shape(const struct store_shape *shape, char *text, size_t text_size)
{
    size_t used = 0;
    for (int i = 0; i < shape->rank && used < text_size; i++)
        used += (size_t)snprintf(text + used, text_size - used, "%s%zu", i > 0 ? " x " : "", shape->sizes[i]);
    if (shape->rank == 0)
        snprintf(text, text_size, "a scalar");
}

/* The sweep's shape, to which callers append their own dimensions. */
static struct store_shape sweep_shape(const struct result *result)
{
    struct store_shape shape = {.rank = (int)result->n_knobs};
    for (size_t i = 0; i < result->n_knobs; i++)
        shape.sizes[i] = result->knobs[i].n;
    return shape;
}

static enum rs_status check_shape(const struct result *result, const char *dataset,
                                  const struct store_shape *expected, struct rs_error *err)
{
    struct store_shape found;
    enum rs_status status = store_get_shape(result->store, dataset, &found, err);
    if (status != RS_OK)
        return status;
    if (found.rank == expected->rank &&
        memcmp(found.sizes, expected->sizes, (size_t)found.rank * sizeof found.sizes[0]) == 0)
        return RS_OK;
    char found_text[256], expected_text[256];
    print_shape(&found, found_text, sizeof found_text);
    print_shape(expected, expected_text, sizeof expected_text);
    return rs_fail(err, RS_INPUT, "%s:/%s: error: %s found, %s expected", store_path(result->store), dataset,
                   found_text, expected_text);
}

/* Reads a dataset of [sweep...], or of [sweep..., trial], as freshly allocated values of `type`. */
static enum rs_status read_points(const struct result *result, const char *dataset, bool per_trial,
                                  enum store_type type, size_t size, void **values, struct rs_error *err)
{
    struct store_shape shape = sweep_shape(result);
    if (per_trial)
        shape.sizes[shape.rank++] = result->n_trials;
    enum rs_status status = check_shape(result, dataset, &shape, err);
    if (status != RS_OK)
        return status;
    *values = memory_allocate(result->n_points * (per_trial ? result->n_trials : 1), size, err);
    if (*values == NULL)
        return RS_INTERNAL;
    return store_read(result->store, dataset, type, *values, err);
}

enum rs_status result_read_doubles(const struct result *result, const char *dataset, bool per_trial,
                                   double **values, struct rs_error *err)
{
    void *memory = NULL;
    enum rs_status status =
        read_points(result, dataset, per_trial, STORE_FLOAT64, sizeof **values, &memory, err);
    *values = memory;
    return status;
}

static enum rs_status read_variable(const struct result *result, const char *name,
                                    struct result_variable *variable, struct rs_error *err)
{
    const struct {
        const char *suffix;
        double **values;
    } parts[] = {{"", &variable->trials},
                 {"_mean", &variable->mean},
                 {"_lo95", &variable->low},
                 {"_hi95", &variable->high}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char dataset[STORE_NAME_SIZE];
        snprintf(dataset, sizeof dataset, "%s%s", name, parts[i].suffix);
        enum rs_status status = result_read_doubles(result, dataset, i == 0, parts[i].values, err);
        if (status != RS_OK)
            return status;
    }
    variable->present = true;
    return RS_OK;
}

static enum rs_status read_variables(struct result *result, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    for (int i = 0; i < RESULT_VARIABLES && status == RS_OK; i++)
        if (store_has(result->store, datasets[i]))
            status = read_variable(result, datasets[i], &result->variables[i], err);
    if (status == RS_OK && store_has(result->store, "task_loss_sample_lo95"))
        status = result_read_doubles(result, "task_loss_sample_lo95", false, &result->sample_low, err);
    if (status == RS_OK && store_has(result->store, "task_loss_sample_hi95"))
        status = result_read_doubles(result, "task_loss_sample_hi95", false, &result->sample_high, err);
    if (status == RS_OK && store_has(result->store, "task_caution"))
        status = result_read_doubles(result, "task_caution", false, &result->caution, err);
    if (status == RS_OK && store_has(result->store, "n_visible"))
        status = result_read_doubles(result, "n_visible", true, &result->n_visible, err);
    return status;
}

/* A text attribute; `missing` stands for an absent one (NULL stays NULL). */
static enum rs_status read_text(const struct store *store, const char *object, const char *name,
                                const char *missing, char **text, struct rs_error *err)
{
    if (store_has_attribute(store, object, name))
        return store_read_text(store, object, name, text, err);
    *text = missing == NULL ? NULL : copy_text(missing, err);
    return missing != NULL && *text == NULL ? RS_INTERNAL : RS_OK;
}

static enum rs_status read_status(struct result *result, struct rs_error *err)
{
    if (!store_has(result->store, "status"))
        return RS_OK;
    void *memory = NULL;
    enum rs_status status =
        read_points(result, "status", true, STORE_INT64, sizeof *result->status, &memory, err);
    result->status = memory;
    if (status != RS_OK)
        return status;
    return read_text(result->store, "status", "flag_meanings", NULL, &result->flag_meanings, err);
}

static enum rs_status read_metric(struct result *result, struct rs_error *err)
{
    if (!result->variables[RESULT_TASK_METRIC].present)
        return RS_OK;
    char *better = NULL;
    enum rs_status status =
        read_text(result->store, "task_metric", "metric", "task metric", &result->metric, err);
    if (status == RS_OK)
        status = read_text(result->store, "task_metric", "better", "higher", &better, err);
    result->higher_is_better = better != NULL && strcmp(better, "higher") == 0;
    free(better);
    return status;
}

/* Indices in ascending order of value; equal values stay in the file's order. */
static void sort_order(struct result_knob *knob)
{
    for (size_t i = 0; i < knob->n; i++) {
        size_t at = i;
        while (at > 0 && knob->values[knob->order[at - 1]] > knob->values[i]) {
            knob->order[at] = knob->order[at - 1];
            at--;
        }
        knob->order[at] = i;
    }
}

static enum rs_status read_knob_values(const struct store *store, struct result_knob *knob,
                                       struct rs_error *err)
{
    knob->values = memory_allocate(knob->n, sizeof *knob->values, err);
    knob->order = memory_allocate(knob->n, sizeof *knob->order, err);
    if (knob->values == NULL || knob->order == NULL)
        return RS_INTERNAL;
    enum rs_status status;
    if (store_is_text(store, knob->name)) {
        size_t n_words;
        status = store_read_texts(store, knob->name, &n_words, &knob->words, err);
        for (size_t i = 0; i < knob->n; i++)
            knob->values[i] = (double)i;
    } else
        status = store_read(store, knob->name, STORE_FLOAT64, knob->values, err);
    if (status != RS_OK)
        return status;
    for (size_t i = 0; i < knob->n; i++)
        if (!isfinite(knob->values[i]))
            return rs_fail(err, RS_INPUT,
                           "%s:/%s: error: a value that is not finite found, swept values expected",
                           store_path(store), knob->name);
    sort_order(knob);
    return RS_OK;
}

static enum rs_status read_published(const struct store *store, struct result_knob *knob,
                                     struct rs_error *err)
{
    enum rs_status status = read_text(store, knob->name, "published", NULL, &knob->published, err);
    if (status != RS_OK || knob->words != NULL || !store_has_attribute(store, knob->name, "published_values"))
        return status;
    return store_read_numbers(store, knob->name, "published_values", &knob->n_published,
                              &knob->published_values, err);
}

static enum rs_status read_knob(const struct store *store, const char *name, size_t n,
                                struct result_knob *knob, struct rs_error *err)
{
    struct store_shape shape;
    knob->n = n;
    if (name[0] == '\0' || !store_has(store, name))
        return rs_fail(err, RS_INPUT,
                       "%s:/false_prune_rate: error: a dimension without coordinates found, swept keys "
                       "and then 'trial' expected",
                       store_path(store));
    enum rs_status status = store_get_shape(store, name, &shape, err);
    if (status != RS_OK)
        return status;
    if (shape.rank != 1 || shape.sizes[0] != n || n == 0)
        return rs_fail(err, RS_INPUT,
                       "%s:/%s: error: a shape that differs from its dimension found, %zu values expected",
                       store_path(store), name, n);
    knob->name = copy_text(name, err);
    if (knob->name == NULL)
        return RS_INTERNAL;
    if ((status = read_text(store, name, "key", name, &knob->key, err)) != RS_OK ||
        (status = read_text(store, name, "units", "1", &knob->units, err)) != RS_OK ||
        (status = read_text(store, name, "long_name", "", &knob->help, err)) != RS_OK ||
        (status = read_knob_values(store, knob, err)) != RS_OK)
        return status;
    return read_published(store, knob, err);
}

/* The dimensions of false_prune_rate say what was swept. */
static enum rs_status read_sweep(struct result *result, struct rs_error *err)
{
    const struct store *store = result->store;
    if (!store_has(store, "false_prune_rate"))
        return rs_fail(err, RS_INPUT,
                       "%s:/false_prune_rate: error: no such dataset found, a result of 'rescore run' "
                       "expected",
                       store_path(store));
    struct store_shape shape;
    char names[STORE_RANK_MAX][STORE_NAME_SIZE];
    enum rs_status status = store_get_shape(store, "false_prune_rate", &shape, err);
    if (status == RS_OK)
        status = store_get_dimensions(store, "false_prune_rate", names, err);
    if (status != RS_OK)
        return status;
    if (shape.rank < 1 || shape.rank > RESULT_KNOBS_MAX + 1 || strcmp(names[shape.rank - 1], "trial") != 0)
        return rs_fail(err, RS_INPUT,
                       "%s:/false_prune_rate: error: %d dimensions found%s%s%s, at most %d and then "
                       "'trial' expected",
                       store_path(store), shape.rank, shape.rank > 0 ? ", the last '" : "",
                       shape.rank > 0 ? names[shape.rank - 1] : "", shape.rank > 0 ? "'" : "",
                       RESULT_KNOBS_MAX);
    result->n_trials = shape.sizes[shape.rank - 1];
    result->n_points = 1;
    for (int i = 0; i + 1 < shape.rank; i++) {
        result->n_knobs++;
        status = read_knob(store, names[i], shape.sizes[i], &result->knobs[i], err);
        if (status != RS_OK)
            return status;
        result->n_points *= shape.sizes[i];
        if (result->n_points > result_points_max)
            return rs_fail(err, RS_INPUT, "%s:/false_prune_rate: error: more than %zu points found",
                           store_path(store), result_points_max);
    }
    if (result->n_trials == 0)
        return rs_fail(err, RS_INPUT, "%s:/trial: error: no trials found, at least one expected",
                       store_path(store));
    return RS_OK;
}

enum rs_status result_read(const char *path, struct result **out, struct rs_error *err)
{
    struct result *result = memory_allocate(1, sizeof *result, err);
    if (result == NULL)
        return RS_INTERNAL;
    enum rs_status status = store_open(path, &result->store, err);
    if (status == RS_OK)
        status = read_sweep(result, err);
    if (status == RS_OK)
        status = read_variables(result, err);
    if (status == RS_OK)
        status = read_status(result, err);
    if (status == RS_OK)
        status = read_metric(result, err);
    if (status != RS_OK) {
        result_destroy(result);
        result = NULL;
    }
    *out = result;
    return status;
}

static void clear_knob(struct result_knob *knob)
{
    free(knob->name);
    free(knob->key);
    free(knob->units);
    free(knob->help);
    free(knob->published);
    free(knob->values);
    free(knob->words);
    free(knob->order);
    free(knob->published_values);
}

void result_destroy(struct result *result)
{
    if (result == NULL)
        return;
    for (size_t i = 0; i < result->n_knobs; i++)
        clear_knob(&result->knobs[i]);
    for (int i = 0; i < RESULT_VARIABLES; i++) {
        free(result->variables[i].trials);
        free(result->variables[i].mean);
        free(result->variables[i].low);
        free(result->variables[i].high);
    }
    free(result->sample_low);
    free(result->sample_high);
    free(result->caution);
    free(result->n_visible);
    free(result->status);
    free(result->flag_meanings);
    free(result->metric);
    store_close(result->store);
    free(result);
}

char *result_attribute(const struct result *result, const char *name)
{
    struct rs_error ignored = {{0}};
    char *text = NULL, digits[NUMBER_SIZE];
    double number;
    if (!store_has_attribute(result->store, "/", name))
        return NULL;
    if (store_read_text(result->store, "/", name, &text, &ignored) == RS_OK)
        return text;
    if (store_read_number(result->store, "/", name, &number, &ignored) != RS_OK)
        return NULL;
    snprintf(digits, sizeof digits, "%.15g", number);
    return copy_text(digits, &ignored);
}

size_t result_point(const struct result *result, const size_t index[RESULT_KNOBS_MAX])
{
    size_t point = 0;
    for (size_t i = 0; i < result->n_knobs; i++)
        point = point * result->knobs[i].n + index[i];
    return point;
}

void result_index(const struct result *result, size_t point, size_t index[RESULT_KNOBS_MAX])
{
    for (size_t i = result->n_knobs; i-- > 0;) {
        index[i] = point % result->knobs[i].n;
        point /= result->knobs[i].n;
    }
}

void result_corner(const struct result *result, bool last, size_t index[RESULT_KNOBS_MAX])
{
    for (size_t i = 0; i < result->n_knobs; i++)
        index[i] = result->knobs[i].order[last ? result->knobs[i].n - 1 : 0];
}

void result_print_value(const struct result_knob *knob, size_t i, char *text, size_t text_size)
{
    if (knob->words != NULL)
        snprintf(text, text_size, "%s", knob->words[i]);
    else {
        double largest =
            fmax(fabs(knob->values[knob->order[0]]), fabs(knob->values[knob->order[knob->n - 1]]));
        number_print_quantity(knob->values[i], largest, number_unit(knob->units), text, text_size);
    }
}
