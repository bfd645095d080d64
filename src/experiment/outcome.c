/* Collecting the parts of a run. */
#include "experiment/outcome_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/statistics.h"

static const double confidence = 0.95;

/* What `take` fills besides the result: which units came, and the samples of each trial. */
struct collection {
    struct outcome *outcome;
    bool *seen;      /* [n_points * n_trials] */
    double *samples; /* [n_points][n_trials][n_samples][PLAN_SAMPLE_N], of a task */
};

static bool has_task(const struct head *head)
{
    return head->metric[0] != '\0';
}

/* What a task's samples take of memory; 0 without one. */
static size_t n_sample_numbers(const struct head *head)
{
    return has_task(head) ? head->n_samples * PLAN_SAMPLE_N : 0;
}

static enum rs_status take(void *context, struct plan_row *row, struct rs_error *err)
{
    struct collection *collection = context;
    struct outcome *outcome = collection->outcome;
    const struct head *head = &outcome->head;
    size_t n_by_head = head->n_layers * head->n_heads * VARIABLES_N, point = row->unit / head->n_trials;
    (void)err;
    if (collection->seen[row->unit])
        return RS_OK;
    collection->seen[row->unit] = true;
    memcpy(outcome->values + row->unit * VARIABLES_N, row->values, sizeof row->values);
    if (has_task(head))
        memcpy(collection->samples + row->unit * n_sample_numbers(head), row->samples,
               n_sample_numbers(head) * sizeof(double));
    if (row->references != NULL && has_task(head))
        memcpy(outcome->references + point * head->n_samples * PLAN_REFERENCE_N, row->references,
               head->n_samples * PLAN_REFERENCE_N * sizeof(double));
    outcome->status[row->unit] = row->status;
    size_t n_costs = head->n_systems * COST_VARIABLES_N;
    memcpy(outcome->costs + row->unit * n_costs, row->costs, n_costs * sizeof(double));
    outcome->n_failed += (row->status & VARIABLES_STATUS_solver_missed_tolerance) != 0;
    if (outcome->by_head != NULL)
        memcpy(outcome->by_head + row->unit * n_by_head, row->by_head, n_by_head * sizeof(double));
    if (row->unit % head->n_trials == 0) {
        outcome->keeps[point] = row->keep;
        row->keep = (struct keep){0};
    }
    return RS_OK;
}

static enum rs_status allocate(struct outcome *outcome, struct collection *collection, struct rs_error *err)
{
    const struct head *head = &outcome->head;
    size_t n_units = head->n_points * head->n_trials,
           n_by_head = head->n_layers * head->n_heads * VARIABLES_N;
    outcome->values = memory_allocate(n_units * VARIABLES_N, sizeof(double), err);
    outcome->status = memory_allocate(n_units, sizeof(int), err);
    outcome->samples = memory_allocate(head->n_points * n_sample_numbers(head), sizeof(double), err);
    outcome->references = memory_allocate(
        has_task(head) ? head->n_points * head->n_samples * PLAN_REFERENCE_N : 0, sizeof(double), err);
    outcome->sample_intervals =
        memory_allocate(head->n_points * OUTCOME_SAMPLED_N, sizeof *outcome->sample_intervals, err);
    outcome->costs = memory_allocate(n_units * head->n_systems * COST_VARIABLES_N, sizeof(double), err);
    outcome->keeps = memory_allocate(head->n_points, sizeof(struct keep), err);
    if (head->saves.heads)
        outcome->by_head = memory_allocate(n_units * n_by_head, sizeof(double), err);
    collection->seen = memory_allocate(n_units, sizeof(bool), err);
    collection->samples = memory_allocate(n_units * n_sample_numbers(head), sizeof(double), err);
    bool all = outcome->values && outcome->status && outcome->samples && outcome->references &&
               outcome->sample_intervals && outcome->costs && outcome->keeps && collection->seen &&
               collection->samples && (!head->saves.heads || outcome->by_head != NULL);
    return all ? RS_OK : RS_INTERNAL;
}

static void mark_missing(struct collection *collection, size_t unit)
{
    struct outcome *outcome = collection->outcome;
    const struct head *head = &outcome->head;
    size_t n_by_head = head->n_layers * head->n_heads * VARIABLES_N;
    outcome->n_missing++;
    outcome->status[unit] = VARIABLES_STATUS_missing;
    for (size_t v = 0; v < VARIABLES_N; v++)
        outcome->values[unit * VARIABLES_N + v] = (double)NAN;
    size_t n_costs = head->n_systems * COST_VARIABLES_N;
    for (size_t i = 0; i < n_costs; i++)
        outcome->costs[unit * n_costs + i] = (double)NAN;
    for (size_t i = 0; outcome->by_head != NULL && i < n_by_head; i++)
        outcome->by_head[unit * n_by_head + i] = (double)NAN;
}

/* One number of the samples averaged over the trials that are there; NAN where none is. */
static double average(const struct collection *collection, size_t point, size_t number)
{
    const struct head *head = &collection->outcome->head;
    double sum = 0;
    size_t n_seen = 0;
    for (size_t unit = point * head->n_trials; unit < (point + 1) * head->n_trials; unit++) {
        if (!collection->seen[unit])
            continue;
        sum += collection->samples[unit * n_sample_numbers(head) + number];
        n_seen++;
    }
    return n_seen > 0 ? sum / (double)n_seen : (double)NAN;
}

static void finish(struct collection *collection)
{
    struct outcome *outcome = collection->outcome;
    const struct head *head = &outcome->head;
    for (size_t unit = 0; unit < head->n_points * head->n_trials; unit++)
        if (!collection->seen[unit])
            mark_missing(collection, unit);
    for (size_t point = 0; point < head->n_points; point++)
        for (size_t i = 0; i < n_sample_numbers(head); i++)
            outcome->samples[point * n_sample_numbers(head) + i] = average(collection, point, i);
}

static enum rs_status check_gaps(const struct outcome *outcome, const struct collection *collection,
                                 const char *folder, bool partial, struct rs_error *err)
{
    size_t first = 0;
    if (outcome->n_missing == 0 || partial)
        return RS_OK;
    while (collection->seen[first])
        first++;
    return rs_fail(
        err, RS_INPUT,
        "%s: error: %zu of %zu units are missing, the first is point %zu, trial %zu (unit %zu); run the "
        "missing shards, or merge with --partial",
        folder, outcome->n_missing, outcome->head.n_points * outcome->head.n_trials,
        first / outcome->head.n_trials, first % outcome->head.n_trials, first);
}

enum rs_status outcome_collect(const char *folder, bool partial, struct outcome *out, struct rs_error *err)
{
    struct collection collection = {.outcome = out};
    *out = (struct outcome){0};
    enum rs_status status = parts_read_head(folder, &out->head, err);
    if (status == RS_OK)
        status = config_parse(out->head.path, out->head.yaml, out->head.n_sets,
                              (const char *const *)out->head.sets, &out->configuration, err);
    if (status == RS_OK)
        cost_section_systems(&out->configuration->base.cost, out->systems);
    if (status == RS_OK)
        status = allocate(out, &collection, err);
    if (status == RS_OK)
        status = parts_read(folder, &out->head, take, &collection, err);
    if (status == RS_OK) {
        finish(&collection);
        status = check_gaps(out, &collection, folder, partial, err);
    }
    if (status == RS_OK && has_task(&out->head))
        status = outcome_find_sample_intervals(out, err);
    free(collection.seen);
    free(collection.samples);
    if (status != RS_OK)
        outcome_clear(out);
    return status;
}

void outcome_clear(struct outcome *outcome)
{
    for (size_t p = 0; outcome->keeps != NULL && p < outcome->head.n_points; p++)
        keep_clear(&outcome->keeps[p]);
    free(outcome->keeps);
    free(outcome->values);
    free(outcome->status);
    free(outcome->samples);
    free(outcome->references);
    free(outcome->sample_intervals);
    free(outcome->by_head);
    free(outcome->costs);
    config_destroy(outcome->configuration);
    head_clear(&outcome->head);
    *outcome = (struct outcome){0};
}

/* Over the trials of a point that are there, of all [unit * stride]. */
static struct outcome_interval interval_of(const struct outcome *outcome, size_t point, const double *all,
                                           size_t stride)
{
    size_t n = outcome->head.n_trials;
    double *values = calloc(n, sizeof *values), mean = (double)NAN, half = (double)NAN;
    if (values == NULL)
        return (struct outcome_interval){(double)NAN, (double)NAN, (double)NAN};
    size_t n_there = 0, n_same = 0;
    for (size_t unit = point * n; unit < (point + 1) * n; unit++)
        if (outcome->status[unit] != VARIABLES_STATUS_missing)
            values[n_there++] = all[unit * stride];
    statistics_interval(values, n_there, confidence, &mean, &half);
    while (n_same < n_there && values[n_same] == values[0])
        n_same++;
    if (n_there > 1 && n_same == n_there) { /* rounding would give them a width */
        mean = values[0];
        half = 0;
    }
    free(values);
    return (struct outcome_interval){mean, mean - half, mean + half};
}

struct outcome_interval outcome_interval_of(const struct outcome *outcome, size_t point,
                                            enum variable variable)
{
    return interval_of(outcome, point, outcome->values + variable, VARIABLES_N);
}

struct outcome_interval outcome_cost_interval(const struct outcome *outcome, size_t point, size_t system,
                                              size_t index)
{
    return interval_of(outcome, point, outcome->costs + system * COST_VARIABLES_N + index,
                       outcome->head.n_systems * COST_VARIABLES_N);
}

bool outcome_has(const struct outcome *outcome, enum variable variable)
{
    return variables_present(variable, outcome->head.metric, outcome->head.characters);
}
