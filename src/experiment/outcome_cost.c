/* Costs in a result file: means over trials with their intervals, status, and the table of constants. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cost/constants.h"
#include "experiment/outcome_internal.h"

static const char *const suffixes[] = {"", "_lo95", "_hi95"};

static double part_of(struct outcome_interval interval, int part)
{
    return part == 0 ? interval.mean : part == 1 ? interval.low : interval.high;
}

/* `count` numbers per system from `first` on; count 0: one, without an axis of its own. */
static enum rs_status write_variable(struct outcome_writer *writer, const char *name, size_t first,
                                     size_t count, struct store_label label, struct rs_error *err)
{
    const struct outcome *outcome = writer->outcome;
    size_t n_points = outcome->head.n_points, n_systems = outcome->head.n_systems,
           n_each = count > 0 ? count : 1, n_all = n_points * n_systems * n_each;
    const char *const axes[] = {"system", "category"};
    const size_t sizes[] = {n_systems, count};
    struct outcome_interval *intervals = memory_allocate(n_all, sizeof *intervals, err);
    double *numbers = memory_allocate(n_all, sizeof *numbers, err);
    enum rs_status status = intervals == NULL || numbers == NULL ? RS_INTERNAL : RS_OK;
    for (size_t i = 0; status == RS_OK && i < n_all; i++)
        intervals[i] = outcome_cost_interval(outcome, i / n_each / n_systems, i / n_each % n_systems,
                                             first + i % n_each);
    for (int part = 0; part < 3 && status == RS_OK; part++) {
        char full[OUTCOME_NAME_SIZE];
        for (size_t i = 0; i < n_all; i++)
            numbers[i] = part_of(intervals[i], part);
        snprintf(full, sizeof full, "%s%s", name, suffixes[part]);
        status = outcome_write_over(writer, full, STORE_FLOAT64, count > 0 ? 2 : 1, axes, sizes, numbers,
                                    label, err);
    }
    free(intervals);
    free(numbers);
    return status;
}

int outcome_cost_status(const struct outcome *outcome, size_t point, size_t system)
{
    const struct head *head = &outcome->head;
    int bits = 0;
    for (size_t unit = point * head->n_trials; unit < (point + 1) * head->n_trials; unit++) {
        const double *values = outcome->costs + (unit * head->n_systems + system) * COST_VARIABLES_N;
        if (outcome->status[unit] & VARIABLES_STATUS_missing)
            bits |= COST_VARIABLES_STATUS_missing;
        else if (outcome->status[unit] & VARIABLES_STATUS_solver_missed_tolerance)
            bits |= COST_VARIABLES_STATUS_solver_missed_tolerance;
        else {
            if (isnan(values[COST_VARIABLE_reused_share]))
                bits |= outcome->systems[system]->requests_kept ? COST_VARIABLES_STATUS_no_adjacent_queries
                                                                : COST_VARIABLES_STATUS_keys_fetched_whole;
            if (isnan(values[COST_VARIABLE_array_energy_solved]))
                bits |= outcome->configuration->base.cost.options.solved_array_energy
                            ? COST_VARIABLES_STATUS_read_time_unknown
                            : COST_VARIABLES_STATUS_array_energy_not_asked;
        }
    }
    return bits;
}

static enum rs_status write_status(struct outcome_writer *writer, struct rs_error *err)
{
#define MASK(name, bit) bit,
    static const unsigned char masks[] = {COST_VARIABLES_STATUS_LIST(MASK)};
#undef MASK
#define MEANING(name, bit) " " #name
    static const char meanings[] = COST_VARIABLES_STATUS_LIST(MEANING);
#undef MEANING
    size_t n_systems = writer->outcome->head.n_systems, n_all = writer->outcome->head.n_points * n_systems;
    const char *const axes[] = {"system"};
    unsigned char *bits = memory_allocate(n_all, 1, err);
    if (bits == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n_all; i++)
        bits[i] = (unsigned char)outcome_cost_status(writer->outcome, i / n_systems, i % n_systems);
    enum rs_status status = outcome_write_over(
        writer, "cost_status", STORE_UINT8, 1, axes, &n_systems, bits,
        (struct store_label){"1", "0 good, else why numbers of a system are missing"}, err);
    free(bits);
    if (status == RS_OK)
        status = store_write_numbers(writer->store, "cost_status", "flag_masks", STORE_UINT8, sizeof masks,
                                     masks, err);
    if (status == RS_OK)
        status = store_write_text(writer->store, "cost_status", "flag_meanings", meanings + 1, err);
    return status;
}

/* A word or a number per constant. */
static enum rs_status write_constants(struct store *store, struct rs_error *err)
{
    static const char *const words[] = {"cost_constant_unit", "cost_constant_kind", "cost_constant_source"};
    const char *const axes[] = {"cost_constant"};
    const char *texts[4][CONSTANTS_N];
    double values[CONSTANTS_N];
    for (size_t i = 0; i < CONSTANTS_N; i++) {
        const struct constants_row *row = &constants_rows[i];
        values[i] = row->value;
        texts[0][i] = row->name;
        texts[1][i] = row->unit;
        texts[2][i] = constants_kind(row->kind);
        texts[3][i] = row->source;
    }
    enum rs_status status =
        store_write_text_scale(store, "cost_constant", CONSTANTS_N, texts[0],
                               (struct store_label){"1", "constant of the cost systems"}, err);
    if (status == RS_OK) {
        struct store_shape shape = {1, {CONSTANTS_N}};
        status = store_write(store, "cost_constant_value", STORE_FLOAT64, &shape, axes, values,
                             (struct store_label){NULL, "in the unit that stands beside it"}, err);
    }
    for (int i = 0; i < 3 && status == RS_OK; i++)
        status = store_write_texts(store, words[i], CONSTANTS_N, texts[i + 1], axes[0], err);
    return status;
}

static enum rs_status write_scales(struct outcome_writer *writer, struct rs_error *err)
{
    const char *names[COST_SECTION_SYSTEMS_MAX];
    size_t n = writer->outcome->head.n_systems;
    for (size_t i = 0; i < n; i++)
        names[i] = writer->outcome->systems[i]->name;
    enum rs_status status =
        store_write_text_scale(writer->store, "system", n, names,
                               (struct store_label){"1", "published system, on the run's decisions"}, err);
    if (status == RS_OK)
        status = store_write_text_scale(writer->store, "category", ENERGY_N, energy_names,
                                        (struct store_label){"1", "where energy goes"}, err);
    return status;
}

enum rs_status outcome_write_costs(struct outcome_writer *writer, struct rs_error *err)
{
    if (writer->outcome->head.n_systems == 0)
        return RS_OK;
    enum rs_status status = write_scales(writer, err);
    for (size_t v = 0; v < COST_VARIABLES_CATEGORIES && status == RS_OK; v++) {
        const struct cost_variables_row *row = &cost_variables_table[v];
        status =
            write_variable(writer, row->name, v, 0, (struct store_label){row->unit, row->long_name}, err);
    }
    if (status == RS_OK)
        status = write_variable(writer, "energy_by_category", COST_VARIABLES_CATEGORIES, ENERGY_N,
                                (struct store_label){"J", "energy of each category"}, err);
    if (status == RS_OK)
        status = write_status(writer, err);
    return status == RS_OK ? write_constants(writer->store, err) : status;
}
