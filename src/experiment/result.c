/* Collecting the parts of a run. */
#include "experiment/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/statistics.h"

static const double confidence = 0.95;

/* What `take` fills besides the result: which units came, and the losses of each trial. */
struct collection {
    struct result *result;
    bool *seen;   /* [n_points * n_trials] */
    double *loss; /* [n_points][n_trials][n_samples] */
};

static enum rs_status take(void *context, struct plan_row *row, struct rs_error *err)
{
    struct collection *collection = context;
    struct result *result = collection->result;
    const struct head *head = &result->head;
    size_t n_by_head = head->n_layers * head->n_heads * VARIABLES_N, point = row->unit / head->n_trials;
    (void)err;
    if (collection->seen[row->unit])
        return RS_OK;
    collection->seen[row->unit] = true;
    memcpy(result->values + row->unit * VARIABLES_N, row->values, sizeof row->values);
    memcpy(collection->loss + row->unit * head->n_samples, row->sample_loss, head->n_samples * sizeof(double));
    result->status[row->unit] = row->status;
    result->n_failed += (row->status & VARIABLES_STATUS_solver_missed_tolerance) != 0;
    if (result->by_head != NULL)
        memcpy(result->by_head + row->unit * n_by_head, row->by_head, n_by_head * sizeof(double));
    if (row->unit % head->n_trials == 0) {
        result->keeps[point] = row->keep;
        row->keep = (struct keep){0};
    }
    return RS_OK;
}

static enum rs_status allocate(struct result *result, struct collection *collection, struct rs_error *err)
{
    const struct head *head = &result->head;
    size_t n_units = head->n_points * head->n_trials, n_by_head = head->n_layers * head->n_heads * VARIABLES_N;
    result->values = memory_allocate(n_units * VARIABLES_N, sizeof(double), err);
    result->status = memory_allocate(n_units, sizeof(int), err);
    result->sample_loss = memory_allocate(head->n_points * head->n_samples, sizeof(double), err);
    result->keeps = memory_allocate(head->n_points, sizeof(struct keep), err);
    if (head->saves.heads)
        result->by_head = memory_allocate(n_units * n_by_head, sizeof(double), err);
    collection->seen = memory_allocate(n_units, sizeof(bool), err);
    collection->loss = memory_allocate(n_units * head->n_samples, sizeof(double), err);
    bool all = result->values && result->status && result->sample_loss && result->keeps && collection->seen &&
               collection->loss && (!head->saves.heads || result->by_head != NULL);
    return all ? RS_OK : RS_INTERNAL;
}

/* NAN and a status for units that are not there; losses of samples averaged over the trials that are. */
static void finish(struct collection *collection)
{
    struct result *result = collection->result;
    const struct head *head = &result->head;
    for (size_t unit = 0; unit < head->n_points * head->n_trials; unit++) {
        if (collection->seen[unit])
            continue;
        result->n_missing++;
        result->status[unit] = VARIABLES_STATUS_missing;
        for (size_t v = 0; v < VARIABLES_N; v++)
            result->values[unit * VARIABLES_N + v] = NAN;
        for (size_t i = 0; i < head->n_samples; i++)
            collection->loss[unit * head->n_samples + i] = NAN;
    }
    for (size_t point = 0; point < head->n_points; point++)
        for (size_t i = 0; i < head->n_samples; i++) {
            double sum = 0;
            for (size_t trial = 0; trial < head->n_trials; trial++)
                sum += collection->loss[(point * head->n_trials + trial) * head->n_samples + i];
            result->sample_loss[point * head->n_samples + i] = sum / (double)head->n_trials;
        }
}

static enum rs_status check_gaps(const struct result *result, const struct collection *collection, const char *folder,
                                 bool partial, struct rs_error *err)
{
    size_t first = 0;
    if (result->n_missing == 0 || partial)
        return RS_OK;
    while (collection->seen[first])
        first++;
    return rs_fail(err, RS_INPUT,
                   "%s: error: %zu of %zu units are missing, the first is point %zu, trial %zu (unit %zu); run the "
                   "missing shards, or merge with --partial",
                   folder, result->n_missing, result->head.n_points * result->head.n_trials,
                   first / result->head.n_trials, first % result->head.n_trials, first);
}

enum rs_status result_collect(const char *folder, bool partial, struct result *out, struct rs_error *err)
{
    struct collection collection = {.result = out};
    *out = (struct result){0};
    enum rs_status status = parts_read_head(folder, &out->head, err);
    if (status == RS_OK)
        status = config_parse(out->head.path, out->head.yaml, out->head.n_sets, (const char *const *)out->head.sets,
                              &out->configuration, err);
    if (status == RS_OK)
        status = allocate(out, &collection, err);
    if (status == RS_OK)
        status = parts_read(folder, &out->head, take, &collection, err);
    if (status == RS_OK) {
        finish(&collection);
        status = check_gaps(out, &collection, folder, partial, err);
    }
    free(collection.seen);
    free(collection.loss);
    if (status != RS_OK)
        result_clear(out);
    return status;
}

void result_clear(struct result *result)
{
    for (size_t p = 0; result->keeps != NULL && p < result->head.n_points; p++)
        keep_clear(&result->keeps[p]);
    free(result->keeps);
    free(result->values);
    free(result->status);
    free(result->sample_loss);
    free(result->by_head);
    config_destroy(result->configuration);
    head_clear(&result->head);
    *result = (struct result){0};
}

struct result_interval result_interval_of(const struct result *result, size_t point, enum variable variable)
{
    size_t n = result->head.n_trials;
    double *values = malloc(n * sizeof *values), mean = NAN, half = NAN;
    if (values == NULL)
        return (struct result_interval){NAN, NAN, NAN};
    for (size_t trial = 0; trial < n; trial++)
        values[trial] = result->values[(point * n + trial) * VARIABLES_N + variable];
    statistics_interval(values, n, confidence, &mean, &half);
    free(values);
    return (struct result_interval){mean, mean - half, mean + half};
}

struct result_interval result_sample_interval(const struct result *result, size_t point)
{
    double mean, half;
    size_t n = result->head.n_samples;
    statistics_interval(result->sample_loss + point * n, n, confidence, &mean, &half);
    return (struct result_interval){mean, mean - half, mean + half};
}
