/* Writing the result file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/version.h"
#include "experiment/outcome_internal.h"
#include "numeric/statistics.h"

#define RESULT_SCHEMA_VERSION "1.1"

static enum rs_status write_text_axis(struct outcome_writer *writer, int s, struct rs_error *err)
{
    const struct config_sweep *sweep = &writer->outcome->configuration->sweeps[s];
    struct store_label label = {"1", config_option(sweep->option)->help};
    return store_write_text_scale(writer->store, writer->sweep_names[s], sweep->n_values,
                                  (const char *const *)sweep->values, label, err);
}

static enum rs_status write_axis(struct outcome_writer *writer, int s, struct rs_error *err)
{
    const struct config_sweep *sweep = &writer->outcome->configuration->sweeps[s];
    const struct option *option = config_option(sweep->option);
    char *name = writer->sweep_names[s];
    enum quantity_unit unit = QUANTITY_NONE;
    double *numbers = memory_allocate(sweep->n_values, sizeof *numbers, err);
    if (numbers == NULL)
        return RS_INTERNAL;
    snprintf(name, OUTCOME_NAME_SIZE, "%s", option->key);
    for (char *dot = strchr(name, '.'); dot != NULL; dot = strchr(name, '.'))
        *dot = '_';
    enum rs_status status;
    if (config_sweep_numbers(writer->outcome->configuration, s, numbers, &unit))
        status = store_write_scale(writer->store, name, STORE_FLOAT64, sweep->n_values, numbers,
                                   (struct store_label){quantity_symbol(unit), option->help}, err);
    else
        status = write_text_axis(writer, s, err);
    if (status == RS_OK)
        status = store_write_text(writer->store, name, "key", option->key, err);
    if (status == RS_OK && option->published != NULL)
        status = store_write_text(writer->store, name, "published", option->published, err);
    free(numbers);
    return status;
}

static enum rs_status write_axes(struct outcome_writer *writer, struct rs_error *err)
{
    const struct configuration *configuration = writer->outcome->configuration;
    size_t n_trials = writer->outcome->head.n_trials;
    enum rs_status status = RS_OK;
    writer->n_sweeps = configuration->n_sweeps;
    for (int s = 0; s < writer->n_sweeps && status == RS_OK; s++) {
        status = write_axis(writer, s, err);
        writer->dimensions[s] = writer->sweep_names[s];
        writer->shape.sizes[s] = configuration->sweeps[s].n_values;
    }
    int64_t *trials = memory_allocate(n_trials, sizeof *trials, err);
    if (trials == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n_trials; i++)
        trials[i] = (int64_t)i;
    if (status == RS_OK)
        status = store_write_scale(writer->store, "trial", STORE_INT64, n_trials, trials,
                                   (struct store_label){"1", "device instance"}, err);
    writer->dimensions[writer->n_sweeps] = "trial";
    writer->shape.sizes[writer->n_sweeps] = n_trials;
    free(trials);
    return status;
}

enum rs_status outcome_write_over(struct outcome_writer *writer, const char *name, enum store_type type,
                                  int n_more, const char *const *more, const size_t *sizes,
                                  const void *values, struct store_label label, struct rs_error *err)
{
    struct store_shape shape = writer->shape;
    const char *dimensions[STORE_RANK_MAX];
    shape.rank = writer->n_sweeps + n_more;
    memcpy(dimensions, writer->dimensions, sizeof dimensions);
    for (int i = 0; i < n_more; i++) {
        dimensions[writer->n_sweeps + i] = more[i];
        shape.sizes[writer->n_sweeps + i] = sizes[i];
    }
    return store_write(writer->store, name, type, &shape, dimensions, values, label, err);
}

static enum rs_status write_variable(struct outcome_writer *writer, enum variable variable,
                                     struct rs_error *err)
{
    const struct variable_row *row = &variables_table[variable];
    size_t n_units = writer->outcome->head.n_points * writer->outcome->head.n_trials;
    const char *const axes[] = {"trial"};
    const size_t sizes[] = {writer->outcome->head.n_trials};
    double *numbers = memory_allocate(n_units, sizeof *numbers, err);
    int64_t *counts = memory_allocate(n_units, sizeof *counts, err);
    if (numbers == NULL || counts == NULL) {
        free(numbers);
        free(counts);
        return RS_INTERNAL;
    }
    for (size_t unit = 0; unit < n_units; unit++) {
        numbers[unit] = writer->outcome->values[unit * VARIABLES_N + variable];
        counts[unit] = isnan(numbers[unit]) ? -1 : (int64_t)numbers[unit];
    }
    bool whole = row->flags & VARIABLES_COUNT;
    enum rs_status status =
        outcome_write_over(writer, row->name, whole ? STORE_INT64 : STORE_FLOAT64, 1, axes, sizes,
                           whole ? (const void *)counts : (const void *)numbers,
                           (struct store_label){variables_unit(variable), row->long_name}, err);
    free(numbers);
    free(counts);
    return status;
}

static enum rs_status write_means(struct outcome_writer *writer, const char *name, const char *unit, size_t n,
                                  const struct outcome_interval *intervals, bool with_mean,
                                  struct rs_error *err)
{
    static const char *const suffixes[] = {"mean", "lo95", "hi95"};
    static const char *const texts[] = {"mean over trials", "lower end of the 95 % interval",
                                        "upper end of the 95 % interval"};
    enum rs_status status = RS_OK;
    double *numbers = memory_allocate(n, sizeof *numbers, err);
    if (numbers == NULL)
        return RS_INTERNAL;
    for (int part = with_mean ? 0 : 1; part < 3 && status == RS_OK; part++) {
        char full[OUTCOME_NAME_SIZE];
        for (size_t i = 0; i < n; i++)
            numbers[i] = part == 0 ? intervals[i].mean : part == 1 ? intervals[i].low : intervals[i].high;
        snprintf(full, sizeof full, "%s_%s", name, suffixes[part]);
        status = outcome_write_over(writer, full, STORE_FLOAT64, 0, NULL, NULL, numbers,
                                    (struct store_label){unit, texts[part]}, err);
    }
    free(numbers);
    return status;
}

static enum rs_status write_intervals(struct outcome_writer *writer, struct rs_error *err)
{
    size_t n_points = writer->outcome->head.n_points;
    struct outcome_interval *intervals = memory_allocate(n_points, sizeof *intervals, err);
    enum rs_status status = intervals == NULL ? RS_INTERNAL : RS_OK;
    for (int v = 0; v < VARIABLES_N && status == RS_OK; v++) {
        if (!(variables_table[v].flags & VARIABLES_INTERVAL) ||
            !outcome_has(writer->outcome, (enum variable)v))
            continue;
        for (size_t p = 0; p < n_points; p++)
            intervals[p] = outcome_interval_of(writer->outcome, p, (enum variable)v);
        status = write_means(writer, variables_table[v].name, variables_unit((enum variable)v), n_points,
                             intervals, true, err);
    }
    for (size_t v = 0; v < OUTCOME_SAMPLED_N && status == RS_OK; v++) {
        char name[OUTCOME_NAME_SIZE];
        if (!outcome_has(writer->outcome, outcome_sampled[v]))
            continue;
        for (size_t p = 0; p < n_points; p++) {
            struct outcome_ends ends = outcome_sample_interval(writer->outcome, p, v);
            intervals[p] = (struct outcome_interval){(double)NAN, ends.low, ends.high};
        }
        snprintf(name, sizeof name, "%s_sample", variables_table[outcome_sampled[v]].name);
        status = write_means(writer, name, "1", n_points, intervals, false, err);
    }
    free(intervals);
    return status;
}

static enum rs_status write_status(struct outcome_writer *writer, struct rs_error *err)
{
    static const unsigned char masks[] = {
#define MASK(name, bit) bit,
        VARIABLES_STATUS_LIST(MASK)
#undef MASK
    };
    static const char meanings[] =
#define MEANING(name, bit) #name " "
        VARIABLES_STATUS_LIST(MEANING)
#undef MEANING
        ;
    size_t n_units = writer->outcome->head.n_points * writer->outcome->head.n_trials;
    const char *const axes[] = {"trial"};
    const size_t sizes[] = {writer->outcome->head.n_trials};
    char trimmed[sizeof meanings];
    snprintf(trimmed, sizeof trimmed, "%.*s", (int)sizeof meanings - 2, meanings);
    unsigned char *bits = memory_allocate(n_units, 1, err);
    if (bits == NULL)
        return RS_INTERNAL;
    for (size_t unit = 0; unit < n_units; unit++)
        bits[unit] = (unsigned char)writer->outcome->status[unit];
    enum rs_status status =
        outcome_write_over(writer, "status", STORE_UINT8, 1, axes, sizes, bits,
                           (struct store_label){"1", "0 good, else why numbers are missing"}, err);
    free(bits);
    if (status == RS_OK)
        status =
            store_write_numbers(writer->store, "status", "flag_masks", STORE_UINT8, sizeof masks, masks, err);
    if (status == RS_OK)
        status = store_write_text(writer->store, "status", "flag_meanings", trimmed, err);
    return status;
}

static enum rs_status write_cautions(struct outcome_writer *writer, struct rs_error *err)
{
    static const unsigned char masks[] = {
#define MASK(name, bit) bit,
        OUTCOME_CAUTION_LIST(MASK)
#undef MASK
    };
    static const char meanings[] =
#define MEANING(name, bit) " " #name
        OUTCOME_CAUTION_LIST(MEANING)
#undef MEANING
        ;
    size_t n_points = writer->outcome->head.n_points;
    unsigned char *bits = memory_allocate(n_points, 1, err);
    if (bits == NULL)
        return RS_INTERNAL;
    for (size_t p = 0; p < n_points; p++)
        bits[p] = (unsigned char)outcome_caution(writer->outcome, p);
    enum rs_status status = outcome_write_over(
        writer, "task_caution", STORE_UINT8, 0, NULL, NULL, bits,
        (struct store_label){"1", "0 none, else why the task metric says little about the array"}, err);
    free(bits);
    if (status == RS_OK)
        status = store_write_numbers(writer->store, "task_caution", "flag_masks", STORE_UINT8, sizeof masks,
                                     masks, err);
    if (status == RS_OK)
        status = store_write_text(writer->store, "task_caution", "flag_meanings", meanings + 1, err);
    return status;
}

static enum rs_status write_by_head(struct outcome_writer *writer, struct rs_error *err)
{
    const struct head *head = &writer->outcome->head;
    size_t n_units = head->n_points * head->n_trials, n_heads = head->n_layers * head->n_heads;
    const char *const axes[] = {"trial", "layer", "head"};
    const size_t sizes[] = {head->n_trials, head->n_layers, head->n_heads};
    if (!head->saves.heads)
        return RS_OK;
    enum rs_status status = store_write_scale(writer->store, "layer", STORE_INT64, head->n_layers, NULL,
                                              (struct store_label){0}, err);
    if (status == RS_OK)
        status = store_write_scale(writer->store, "head", STORE_INT64, head->n_heads, NULL,
                                   (struct store_label){0}, err);
    double *numbers = memory_allocate(n_units * n_heads, sizeof *numbers, err);
    if (numbers == NULL)
        return RS_INTERNAL;
    for (int v = 0; v < VARIABLES_N && status == RS_OK; v++) {
        char name[OUTCOME_NAME_SIZE];
        if (!(variables_table[v].flags & VARIABLES_HEAD))
            continue;
        for (size_t i = 0; i < n_units * n_heads; i++)
            numbers[i] = writer->outcome->by_head[i * VARIABLES_N + (size_t)v];
        snprintf(name, sizeof name, "%s_by_head", variables_table[v].name);
        status = outcome_write_over(
            writer, name, STORE_FLOAT64, 3, axes, sizes, numbers,
            (struct store_label){variables_unit((enum variable)v), variables_table[v].long_name}, err);
    }
    free(numbers);
    return status;
}

static enum rs_status write_provenance(struct outcome_writer *writer, struct rs_error *err)
{
    const struct outcome *outcome = writer->outcome;
    char *resolved = config_resolved_text(outcome->configuration, err), source[64];
    char *hybrid = outcome_hybrid_text(outcome, "; ", err), *readout = outcome_readout_text(outcome, err);
    enum rs_status status = resolved && hybrid && readout ? RS_OK : RS_INTERNAL;
    if (status != RS_OK)
        goto done;
    snprintf(source, sizeof source, "rescore %s", version_number());
    const char *const texts[][2] = {
        {"Conventions", "CF-1.8"},
        {"title", "decisions, accuracy and cost of attention scores from analog ReRAM crossbars"},
        {"source", source},
        {"schema_version", RESULT_SCHEMA_VERSION},
        {"git_commit", version_commit()},
        {"config_yaml", outcome->configuration->yaml},
        {"config_resolved_yaml", resolved},
        {"config_sha256", outcome->head.digest},
        {"rng", RANDOM_NAME},
        {"kernel", version_kernel()},
        {"compiler", version_compiler()},
        {"hdf5_version", store_library_version()},
        {"gsl_version", statistics_library_version()},
        {"workload", outcome->head.workload},
        {"thresholds", outcome->head.thresholds},
        {"interval", "95 % Student t interval over trials (device instances)"},
        {"sample_interval",
         outcome->head.metric[0] != '\0'
             ? "95 % interval over test items, each averaged over trials (NAME_sample_lo95, _hi95): "
               "accuracies by Wilson's score, their losses by Tango's for pairs, all else by BCa bootstrap "
               "of "
               "items"
             : ""},
        {"hybrid", hybrid},
        {"readout", readout},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == RS_OK; i++)
        if (texts[i][1][0] != '\0')
            status = store_write_text(writer->store, "/", texts[i][0], texts[i][1], err);
    if (status == RS_OK)
        status = store_write_integer(writer->store, "/", "seed",
                                     (long long)outcome->configuration->base.monte_carlo.seed, err);
    if (status == RS_OK)
        status = store_write_integer(writer->store, "/", "n_trials", (long long)outcome->head.n_trials, err);
    if (status == RS_OK)
        status =
            store_write_integer(writer->store, "/", "n_samples", (long long)outcome->head.n_samples, err);
    if (status == RS_OK)
        status = store_write_integer(writer->store, "/", "complete", outcome->n_missing == 0, err);
done:
    free(resolved);
    free(hybrid);
    free(readout);
    return status;
}

/* --- group `samples`: the first trial of each point --- */

static const struct keep *first_keep(const struct outcome *outcome, bool pairs)
{
    for (size_t p = 0; p < outcome->head.n_points; p++)
        if (pairs ? outcome->keeps[p].n_pairs > 0 : outcome->keeps[p].n_arrays > 0)
            return &outcome->keeps[p];
    return NULL;
}

static enum rs_status write_pair_places(struct outcome_writer *writer, const struct keep *keep,
                                        struct rs_error *err)
{
    static const char *const names[] = {"samples/pair_sample", "samples/pair_layer", "samples/pair_head",
                                        "samples/pair_query", "samples/pair_key"};
    const char *const dimension[] = {"samples/pair"};
    struct store_shape shape = {1, {keep->n_pairs}};
    int32_t *places = memory_allocate(keep->n_pairs, sizeof *places, err);
    enum rs_status status = places == NULL ? RS_INTERNAL : RS_OK;
    for (int which = 0; which < 5 && status == RS_OK; which++) {
        for (size_t i = 0; i < keep->n_pairs; i++) {
            const struct keep_pair *pair = &keep->pairs[i];
            const int32_t all[] = {pair->sample, pair->layer, pair->head, pair->query, pair->key};
            places[i] = all[which];
        }
        status = store_write(writer->store, names[which], STORE_INT32, &shape, dimension, places,
                             (struct store_label){"1", NULL}, err);
    }
    free(places);
    return status;
}

static double pair_number(const struct keep_pair *pair, int which)
{
    const double all[] = {pair->exact_score, pair->analog_score, pair->threshold, pair->decision};
    return all[which];
}

static enum rs_status write_pairs(struct outcome_writer *writer, struct rs_error *err)
{
    static const char *const names[] = {"samples/exact_score", "samples/analog_score", "samples/threshold",
                                        "samples/decision"};
    static const char *const texts[] = {"score from codes",
                                        "score that the comparator sees, offset and noise included",
                                        "threshold of the layer and head", "1 = kept"};
    const struct outcome *outcome = writer->outcome;
    const struct keep *keep = first_keep(outcome, true);
    const char *const axes[] = {"samples/pair"};
    if (keep == NULL)
        return RS_OK;
    size_t n_pairs = keep->n_pairs, sizes[] = {n_pairs};
    enum rs_status status = store_write_scale(writer->store, "samples/pair", STORE_INT64, n_pairs, NULL,
                                              (struct store_label){0}, err);
    if (status == RS_OK)
        status = write_pair_places(writer, keep, err);
    double *numbers = memory_allocate(outcome->head.n_points * n_pairs, sizeof *numbers, err);
    if (numbers == NULL)
        return RS_INTERNAL;
    for (int which = 0; which < 4 && status == RS_OK; which++) {
        for (size_t p = 0; p < outcome->head.n_points; p++)
            for (size_t i = 0; i < n_pairs; i++)
                numbers[p * n_pairs + i] = i < outcome->keeps[p].n_pairs
                                               ? pair_number(&outcome->keeps[p].pairs[i], which)
                                               : (double)NAN;
        status = outcome_write_over(writer, names[which], STORE_FLOAT64, 1, axes, sizes, numbers,
                                    (struct store_label){"1", texts[which]}, err);
    }
    free(numbers);
    return status;
}

/* One array quantity of every point, `count` numbers each; points without arrays are NAN. */
static enum rs_status write_array_numbers(struct outcome_writer *writer, const char *name, int n_axes,
                                          const char *const *axes, const size_t *sizes, size_t count,
                                          size_t member, struct store_label label, struct rs_error *err)
{
    const struct outcome *outcome = writer->outcome;
    double *numbers = memory_allocate(outcome->head.n_points * count, sizeof *numbers, err);
    if (numbers == NULL)
        return RS_INTERNAL;
    for (size_t p = 0; p < outcome->head.n_points; p++) {
        const double *values;
        memcpy(&values, (const char *)&outcome->keeps[p] + member, sizeof values);
        for (size_t i = 0; i < count; i++)
            numbers[p * count + i] = outcome->keeps[p].n_arrays > 0 ? values[i] : (double)NAN;
    }
    enum rs_status status =
        outcome_write_over(writer, name, STORE_FLOAT64, n_axes, axes, sizes, numbers, label, err);
    free(numbers);
    return status;
}

static enum rs_status write_array_axes(struct outcome_writer *writer, const struct keep *keep,
                                       struct rs_error *err)
{
    static const char *const names[] = {"samples/array", "samples/row", "samples/column"};
    const size_t sizes[] = {keep->n_arrays, keep->n_rows, keep->n_columns};
    const char *const dimension[] = {"samples/array"};
    struct store_shape shape = {1, {keep->n_arrays}};
    enum rs_status status = RS_OK;
    for (int i = 0; i < 3 && status == RS_OK; i++)
        status = store_write_scale(writer->store, names[i], STORE_INT64, sizes[i], NULL,
                                   (struct store_label){0}, err);
    if (status == RS_OK)
        status = store_write(writer->store, "samples/array_layer", STORE_INT32, &shape, dimension,
                             keep->array_layer, (struct store_label){"1", "layer whose keys the array holds"},
                             err);
    if (status == RS_OK)
        status = store_write(writer->store, "samples/array_kv_head", STORE_INT32, &shape, dimension,
                             keep->array_kv_head,
                             (struct store_label){"1", "kv head whose keys the array holds"}, err);
    return status;
}

static enum rs_status write_arrays(struct outcome_writer *writer, struct rs_error *err)
{
    const struct keep *keep = first_keep(writer->outcome, false);
    const char *const cells[] = {"samples/array", "samples/row", "samples/column"};
    const char *const lines[] = {"samples/array", "samples/column"};
    if (keep == NULL)
        return RS_OK;
    const size_t cell_sizes[] = {keep->n_arrays, keep->n_rows, keep->n_columns};
    const size_t line_sizes[] = {keep->n_arrays, keep->n_columns};
    size_t n_cells = keep->n_arrays * keep->n_rows * keep->n_columns;
    enum rs_status status = write_array_axes(writer, keep, err);
    if (status == RS_OK)
        status = write_array_numbers(writer, "samples/target_conductance", 3, cells, cell_sizes, n_cells,
                                     offsetof(struct keep, target_siemens),
                                     (struct store_label){"S", "conductance asked for"}, err);
    if (status == RS_OK)
        status = write_array_numbers(
            writer, "samples/read_conductance", 3, cells, cell_sizes, n_cells,
            offsetof(struct keep, read_siemens),
            (struct store_label){"S", "conductance that the first read of the first sample sees"}, err);
    if (status == RS_OK)
        status = write_array_numbers(writer, "samples/current", 2, lines, line_sizes,
                                     keep->n_arrays * keep->n_columns, offsetof(struct keep, current_amperes),
                                     (struct store_label){"A", "bit-line current of that read"}, err);
    return status;
}

static enum rs_status write_samples(struct outcome_writer *writer, struct rs_error *err)
{
    const struct head_saves *saves = &writer->outcome->head.saves;
    if (!saves->arrays && !saves->margins)
        return RS_OK;
    enum rs_status status = store_make_group(writer->store, "/samples", err);
    if (status == RS_OK && saves->margins)
        status = write_pairs(writer, err);
    if (status == RS_OK && saves->arrays)
        status = write_arrays(writer, err);
    return status;
}

/* Which metric the task variables are in, and which way it is better. */
static enum rs_status name_metric(struct outcome_writer *writer, struct rs_error *err)
{
    const struct head *head = &writer->outcome->head;
    enum rs_status status = RS_OK;
    for (int v = 0; v < VARIABLES_N && status == RS_OK; v++) {
        if (!(variables_table[v].flags & VARIABLES_METRIC))
            continue;
        status = store_write_text(writer->store, variables_table[v].name, "metric", head->metric, err);
        if (status == RS_OK)
            status = store_write_text(writer->store, variables_table[v].name, "better", head->better, err);
    }
    return status;
}

static enum rs_status write_all(struct outcome_writer *writer, struct rs_error *err)
{
    const struct head *head = &writer->outcome->head;
    enum rs_status status = write_provenance(writer, err);
    if (status == RS_OK)
        status = write_axes(writer, err);
    for (int v = 0; v < VARIABLES_N && status == RS_OK; v++)
        if (outcome_has(writer->outcome, (enum variable)v))
            status = write_variable(writer, (enum variable)v, err);
    if (status == RS_OK && head->metric[0] != '\0')
        status = name_metric(writer, err);
    if (status == RS_OK)
        status = write_intervals(writer, err);
    if (status == RS_OK)
        status = write_status(writer, err);
    if (status == RS_OK && head->metric[0] != '\0')
        status = write_cautions(writer, err);
    if (status == RS_OK)
        status = outcome_write_costs(writer, err);
    if (status == RS_OK)
        status = write_by_head(writer, err);
    if (status == RS_OK)
        status = write_samples(writer, err);
    return status;
}

enum rs_status outcome_write(const struct outcome *outcome, const char *path, struct rs_error *err)
{
    struct outcome_writer writer = {.outcome = outcome};
    enum rs_status status = store_create(path, &writer.store, err);
    if (status == RS_OK)
        status = write_all(&writer, err);
    if (status == RS_OK)
        return store_commit(writer.store, err);
    store_close(writer.store);
    return status;
}
