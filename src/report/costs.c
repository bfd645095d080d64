#include "report/costs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "report/number.h"

static const char *const datasets[] = {
#define COSTS_DATASET(name, dataset, label, definition) dataset,
    COSTS_LIST(COSTS_DATASET)
#undef COSTS_DATASET
};

static const char *const labels[] = {
#define COSTS_LABEL(name, dataset, label, definition) label,
    COSTS_LIST(COSTS_LABEL)
#undef COSTS_LABEL
};

static const char *const definitions[] = {
#define COSTS_DEFINITION(name, dataset, label, definition) definition,
    COSTS_LIST(COSTS_DEFINITION)
#undef COSTS_DEFINITION
};

const char *costs_label(enum costs_name name)
{
    return labels[name];
}

const char *costs_definition(enum costs_name name)
{
    return definitions[name];
}

double costs_scale(const struct costs *costs, enum costs_name name, char *unit, size_t unit_size)
{
    static const struct {
        const char *symbol;
        double factor;
    } prefixes[] = {{"G", 1e9}, {"M", 1e6}, {"k", 1e3}, {"", 1}};
    const char *plain = name == COSTS_TRAFFIC ? "bit" : "";
    double largest = 0;
    size_t i = 0;
    for (size_t k = 0; k < costs->result->n_points * costs->n_systems; k++)
        if (isfinite(costs->variables[name].mean[k]))
            largest = fmax(largest, costs->variables[name].mean[k]);
    if (name == COSTS_ENERGY || name == COSTS_PER_DECISION)
        return number_prefix(largest, QUANTITY_JOULE, unit, unit_size);
    snprintf(unit, unit_size, "%s", "");
    if (name != COSTS_CYCLES && name != COSTS_TRAFFIC)
        return 1;
    while (prefixes[i].factor > 1 && largest < prefixes[i].factor)
        i++;
    snprintf(unit, unit_size, "%s%s", prefixes[i].symbol, plain);
    return prefixes[i].factor;
}

size_t costs_at(const struct costs *costs, size_t point, size_t system)
{
    return point * costs->n_systems + system;
}

bool costs_prunes(const struct costs *costs, size_t system)
{
    for (size_t point = 0; strcmp(costs->systems[system], "baseline") != 0 && point < costs->result->n_points;
         point++) {
        double ratio = costs->variables[COSTS_ENERGY_RATIO].mean[costs_at(costs, point, system)];
        if (isfinite(ratio) && ratio != 1)
            return true;
    }
    return false;
}

/* A dataset of [sweep..., system], or with one axis more. */
static enum rs_status read_numbers(const struct costs *costs, const char *name, size_t n_more,
                                   enum store_type type, size_t size, void **values, struct rs_error *err)
{
    const struct result *result = costs->result;
    struct store_axis axes[STORE_RANK_MAX];
    int rank = 0;
    for (size_t i = 0; i < result->n_knobs; i++)
        axes[rank++] = (struct store_axis){"points", result->knobs[i].n, result->knobs[i].name};
    axes[rank++] = (struct store_axis){"systems", costs->n_systems, "/system"};
    if (n_more > 0)
        axes[rank++] = (struct store_axis){"categories", n_more, "/category"};
    enum rs_status status = store_check_shape(result->store, name, rank, axes, err);
    if (status != RS_OK)
        return status;
    *values = memory_allocate(result->n_points * costs->n_systems * (n_more > 0 ? n_more : 1), size, err);
    return *values == NULL ? RS_INTERNAL : store_read(result->store, name, type, *values, err);
}

static enum rs_status read_variable(const struct costs *costs, const char *name, size_t n_more,
                                    struct costs_numbers *out, struct rs_error *err)
{
    const struct {
        const char *suffix;
        double **values;
    } parts[] = {{"", &out->mean}, {"_lo95", &out->low}, {"_hi95", &out->high}};
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == RS_OK; i++) {
        char full[STORE_NAME_SIZE];
        void *values = NULL;
        snprintf(full, sizeof full, "%s%s", name, parts[i].suffix);
        status = read_numbers(costs, full, n_more, STORE_FLOAT64, sizeof(double), &values, err);
        *parts[i].values = values;
    }
    return status;
}

static enum rs_status read_constants(struct costs *costs, struct rs_error *err)
{
    const struct store *store = costs->result->store;
    const struct {
        const char *name;
        char ***texts;
    } columns[] = {{"cost_constant", &costs->constants},
                   {"cost_constant_unit", &costs->units},
                   {"cost_constant_kind", &costs->kinds},
                   {"cost_constant_source", &costs->sources}};
    if (!store_has(store, "cost_constant"))
        return RS_OK;
    enum rs_status status = RS_OK;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0] && status == RS_OK; i++) {
        size_t n = 0;
        status = store_read_texts(store, columns[i].name, &n, columns[i].texts, err);
        if (status == RS_OK && i > 0 && n != costs->n_constants)
            return rs_fail(err, RS_INPUT, "%s:/%s: error: %zu texts found, %zu expected", store_path(store),
                           columns[i].name, n, costs->n_constants);
        costs->n_constants = n;
    }
    const struct store_axis axis = {"constants", costs->n_constants, "/cost_constant"};
    if (status == RS_OK)
        status = store_check_shape(store, "cost_constant_value", 1, &axis, err);
    if (status == RS_OK &&
        (costs->values = memory_allocate(costs->n_constants, sizeof *costs->values, err)) == NULL)
        status = RS_INTERNAL;
    return status == RS_OK ? store_read(store, "cost_constant_value", STORE_FLOAT64, costs->values, err)
                           : status;
}

static enum rs_status read_all(struct costs *costs, struct rs_error *err)
{
    const struct store *store = costs->result->store;
    enum rs_status status = store_read_texts(store, "system", &costs->n_systems, &costs->systems, err);
    if (status == RS_OK)
        status = store_read_texts(store, "category", &costs->n_categories, &costs->categories, err);
    if (status == RS_OK && (costs->n_systems == 0 || costs->n_categories > COSTS_CATEGORIES_MAX))
        return rs_fail(err, RS_INPUT, "%s:/category: error: %zu systems and %zu categories found",
                       store_path(store), costs->n_systems, costs->n_categories);
    for (int i = 0; i < COSTS_VARIABLES && status == RS_OK; i++)
        status = read_variable(costs, datasets[i], 0, &costs->variables[i], err);
    if (status == RS_OK)
        status = read_variable(costs, "energy_by_category", costs->n_categories, &costs->by_category, err);
    void *flags = NULL;
    if (status == RS_OK)
        status = read_numbers(costs, "cost_status", 0, STORE_INT64, sizeof *costs->status, &flags, err);
    costs->status = flags;
    if (status == RS_OK)
        status = store_read_text(store, "cost_status", "flag_meanings", &costs->flag_meanings, err);
    return status == RS_OK ? read_constants(costs, err) : status;
}

enum rs_status costs_read(const struct result *result, struct costs **out, struct rs_error *err)
{
    *out = NULL;
    if (!store_has(result->store, "cycles") || !store_has(result->store, "system"))
        return RS_OK;
    struct costs *costs = memory_allocate(1, sizeof *costs, err);
    if (costs == NULL)
        return RS_INTERNAL;
    costs->result = result;
    enum rs_status status = read_all(costs, err);
    if (status == RS_OK)
        *out = costs;
    else
        costs_destroy(costs);
    return status;
}

static void clear_numbers(struct costs_numbers *numbers)
{
    free(numbers->mean);
    free(numbers->low);
    free(numbers->high);
}

void costs_destroy(struct costs *costs)
{
    if (costs == NULL)
        return;
    for (int i = 0; i < COSTS_VARIABLES; i++)
        clear_numbers(&costs->variables[i]);
    clear_numbers(&costs->by_category);
    free(costs->systems);
    free(costs->categories);
    free(costs->status);
    free(costs->flag_meanings);
    free(costs->constants);
    free(costs->units);
    free(costs->kinds);
    free(costs->sources);
    free(costs->values);
    free(costs);
}
