#include "experiment/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "experiment/plan_thresholds.h"

/* --- points --- */

struct attention_options plan_attention(const struct config *config)
{
    return (struct attention_options){
        .array = &config->array,
        .encoding = &config->encoding,
        .comparator = &config->comparator,
        .readout = &config->readout,
        .prune = &config->prune,
        .recompute = &config->recompute,
        .device = &config->device,
        .seed = (uint64_t)config->monte_carlo.seed,
        .cost = &config->cost,
    };
}

static enum rs_status prepare_point(const struct plan *plan, size_t point, struct rs_error *err)
{
    struct plan_point *out = &plan->points[point];
    config_at(plan->configuration, point, &out->config);
    const struct config *config = &out->config;
    if (config->monte_carlo.mode != MONTE_CARLO_SAMPLE)
        return rs_fail(err, RS_INPUT,
                       "monte_carlo.mode: this version has no law or law-full; sample expected");
    const struct attention_options options = plan_attention(config);
    enum rs_status status =
        setup_init(&options, subject_shape(plan->subject), subject_ranges(plan->subject), &out->setup, err);
    if (status == RS_OK)
        status = plan_thresholds_find(plan, point, err);
    if (status == RS_OK)
        status = setup_settle_reference(&out->setup, err);
    return status;
}

static bool has_task(const struct plan *plan)
{
    return subject_get_kind(plan->subject)->metric != SUBJECT_NO_TASK;
}

/* A pass over the evaluated samples. */
static enum rs_status run_reference(const struct plan *plan, size_t point, enum query_mode mode,
                                    struct subject_worker *worker, struct task_room *room,
                                    struct plan_reference *out, struct rs_error *err)
{
    struct attention *attention = NULL;
    enum rs_status status = attention_create(&plan->points[point].setup, mode, &attention, err);
    if (status != RS_OK)
        return status;
    out->values = memory_allocate(plan->head.n_samples, sizeof *out->values, err);
    status = out->values == NULL ? RS_INTERNAL : RS_OK;
    attention_start(attention, 0, NULL);
    for (size_t i = 0; i < plan->head.n_samples && status == RS_OK; i++) {
        struct task_sums sums;
        attention_set_sample(attention, (uint32_t)subject_sample_number(plan->subject, i));
        status = task_run(plan->task, room, worker, i, attention_run, attention, &sums, err);
        if (status != RS_OK)
            break;
        task_add(&out->sums, &sums);
        out->values[i] = task_value(plan->subject, &sums);
    }
    attention_destroy(attention);
    return status;
}

static enum rs_status run_references(const struct plan *plan, size_t point, struct rs_error *err)
{
    struct plan_point *own = &plan->points[point];
    struct subject_worker *worker = NULL;
    struct task_room *room = NULL;
    enum rs_status status = subject_worker_create(plan->subject, &worker, err);
    if (status == RS_OK)
        status = task_room_create(plan->task, &room, err);
    if (status == RS_OK)
        status = run_reference(plan, point, QUERY_EXACT, worker, room, &own->exact, err);
    if (status == RS_OK)
        status = run_reference(plan, point, QUERY_QUANTISED, worker, room, &own->quantised, err);
    if (status == RS_OK)
        status = run_reference(plan, point, QUERY_RANDOM, worker, room, &own->random, err);
    task_room_destroy(room);
    subject_worker_destroy(worker);
    return status;
}

static enum rs_status run_all_references(struct plan *plan, int n_threads, struct rs_error *err)
{
    enum rs_status worst = task_create(plan->subject, TASK_KEPT_BYTES, n_threads, &plan->task, err);
    if (worst != RS_OK)
        return worst;
    for (size_t i = 0; i < plan->head.n_samples; i++)
        task_add(&plan->real, &task_float(plan->task)[i]);
#pragma omp parallel for schedule(dynamic) num_threads(n_threads)
    for (size_t p = 0; p < plan->head.n_points; p++) {
        struct rs_error own = {{0}};
        enum rs_status status = run_references(plan, p, &own);
        if (status != RS_OK)
#pragma omp critical
        {
            worst = rs_fail(err, status, "%s", own.text);
        }
    }
    return worst;
}

/* Where `ideal` overrules keys that ask for something else than their default, the user is told. */
static void note_ideal(struct plan *plan)
{
    static const char *const keys[] = {"device.programming_scale", "device.relaxation_scale",
                                       "device.telegraph_scale", "device.read_noise"};
    const struct config *config = &plan->points[plan->head.n_points - 1].config;
    const struct device_options *device = &config->device;
    const bool asked[] = {device->programming_scale != 1 && device->programming_scale != 0,
                          device->relaxation_scale != 1 && device->relaxation_scale != 0,
                          device->telegraph_scale != 1 && device->telegraph_scale != 0,
                          device->read_noise_ratio > 0};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(plan->points[0].setup.device.card.name, "ideal") == 0 && asked[i])
            text_append(&plan->notices, "device.preset: ideal turns %s off\n", keys[i]);
}

/* Keys that one policy reads may differ from their defaults only where it is run. */
static enum rs_status check_policy_keys(const struct plan *plan, struct rs_error *err)
{
    struct prune_options defaults;
    static const struct {
        const char *key, *policy;
        size_t offset, size;
    } owned[] = {
#define OWNED(policy, member)                                                                                \
    {"prune." #member, policy, offsetof(struct prune_options, member), sizeof defaults.member}
        OWNED("three-way", band),
        OWNED("cascade", token_unpruned_layers),
        OWNED("cascade", token_ratio_start),
        OWNED("cascade", token_ratio_end),
        OWNED("cascade", token_keep),
        OWNED("cascade", head_unpruned_layers),
        OWNED("cascade", head_ratio_start),
        OWNED("cascade", head_ratio_end),
        OWNED("cascade", head_keep),
        OWNED("cascade", value_ratio),
        OWNED("cascade", progressive_lsb_bits),
        OWNED("cascade", progressive_bound),
        OWNED("a3", search_share),
        OWNED("a3", post_share),
        OWNED("mnnfast", skip_below),
#undef OWNED
    };
    option_fill_defaults(&prune_options_table, &defaults);
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) {
        bool runs = false, differs = false;
        for (size_t p = 0; p < plan->head.n_points; p++) {
            const struct attention_setup *setup = &plan->points[p].setup;
            runs = runs || strcmp(setup->policy->name, owned[i].policy) == 0;
            differs = differs || memcmp((const char *)&setup->prune + owned[i].offset,
                                        (const char *)&defaults + owned[i].offset, owned[i].size) != 0;
        }
        if (differs && !runs)
            return rs_fail(err, RS_INPUT, "%s: found, but prune.policy is %s; %s expected", owned[i].key,
                           plan->points[0].setup.policy->name, owned[i].policy);
    }
    return RS_OK;
}

static enum rs_status check_sizes(const struct plan *plan, struct rs_error *err)
{
    size_t last = subject_sample_number(plan->subject, plan->head.n_samples - 1);
    if (last >= RANDOM_WRITES_MAX || plan->head.n_trials >= RANDOM_TRIALS_MAX)
        return rs_fail(err, RS_INPUT, "%zu samples and %zu trials found, fewer than %d each expected",
                       last + 1, plan->head.n_trials, RANDOM_WRITES_MAX);
    return RS_OK;
}

static enum rs_status fill_head(struct plan *plan, const struct config *config, struct rs_error *err)
{
    const struct attention_shape *shape = subject_shape(plan->subject);
    const struct workload_options *workload = &config->workload;
    bool embedded = workload->file[0] == '\0', named = embedded && workload->kind == WORKLOAD_TRANSFORMER;
    struct head *head = &plan->head;
    head->n_samples = subject_n_samples(plan->subject);
    head->n_layers = (size_t)shape->n_layers;
    head->n_heads = (size_t)shape->n_heads;
    plan->n_head_rows = head->n_layers * head->n_heads;
    snprintf(head->metric, sizeof head->metric, "%s", subject_metric_name(plan->subject));
    snprintf(head->better, sizeof head->better, "%s", subject_metric_better(plan->subject));
    head->characters = subject_get_answers(plan->subject).characters;
    snprintf(head->workload, sizeof head->workload,
             "%s: %s%s%.32s; %zu samples, %zu layers x %zu heads, d = %zu, at most %zu keys",
             run_options_kind_name(workload), embedded ? "embedded" : "from a file",
             named && workload->task[0] != '\0' ? ", " : "", named ? workload->task : "", head->n_samples,
             head->n_layers, head->n_heads, shape->d, shape->n_keys_max);
    size_t length = strlen(head->workload);
    if (subject_calibrates_on_samples(plan->subject))
        snprintf(head->workload + length, sizeof head->workload - length, "; the first %zu samples %s",
                 subject_n_calibration(plan->subject),
                 subject_holds_out(plan->subject) ? "only calibrate" : "calibrate too");
    return config_digest(plan->configuration, head->digest, err);
}

enum rs_status plan_create(const struct configuration *configuration, size_t n_sets, const char *const *sets,
                           struct head_saves saves, bool references, int n_threads, struct plan **out,
                           struct rs_error *err)
{
    struct plan *plan = memory_allocate(1, sizeof *plan, err);
    *out = NULL;
    if (plan == NULL)
        return RS_INTERNAL;
    plan->configuration = configuration;
    enum rs_status status = head_init(&plan->head, configuration, n_sets, sets, err);
    plan->head.saves = saves;
    plan->head.n_points = config_n_points(configuration);
    plan->head.n_trials = (size_t)configuration->base.monte_carlo.trials;
    plan->n_units = plan->head.n_points * plan->head.n_trials;
    if (status == RS_OK &&
        (plan->points = memory_allocate(plan->head.n_points, sizeof *plan->points, err)) == NULL)
        status = RS_INTERNAL;
    if (status == RS_OK)
        status = subject_open(&configuration->base, &plan->subject, err);
    if (status == RS_OK)
        status = fill_head(plan, &configuration->base, err);
    for (size_t p = 0; p < plan->head.n_points && status == RS_OK; p++)
        status = prepare_point(plan, p, err);
    if (status == RS_OK)
        plan_thresholds_describe(plan, plan->head.thresholds, sizeof plan->head.thresholds);
    plan->head.n_systems = status == RS_OK ? plan->points[0].setup.n_cost_systems : 0;
    if (status == RS_OK)
        status = check_sizes(plan, err);
    if (status == RS_OK)
        status = check_policy_keys(plan, err);
    if (status == RS_OK && references && has_task(plan))
        status = run_all_references(plan, n_threads, err);
    if (status == RS_OK) {
        note_ideal(plan);
        *out = plan;
    } else {
        plan_destroy(plan);
    }
    return config_blame(configuration, status, err);
}

void plan_destroy(struct plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t p = 0; plan->points != NULL && p < plan->head.n_points; p++) {
        setup_clear(&plan->points[p].setup);
        free(plan->points[p].exact.values);
        free(plan->points[p].quantised.values);
        free(plan->points[p].random.values);
    }
    free(plan->points);
    text_clear(&plan->notices);
    head_clear(&plan->head);
    task_destroy(plan->task);
    subject_close(plan->subject);
    free(plan);
}

/* --- units --- */

void plan_row_clear(struct plan_row *row)
{
    free(row->samples);
    free(row->references);
    free(row->costs);
    free(row->by_head);
    keep_clear(&row->keep);
    *row = (struct plan_row){0};
}

static enum rs_status start_row(const struct plan *plan, size_t unit, struct plan_row *row,
                                struct rs_error *err)
{
    bool first_trial = unit % plan->head.n_trials == 0;
    *row = (struct plan_row){.unit = unit};
    row->keep.margins = plan->head.saves.margins && first_trial;
    row->keep.arrays = plan->head.saves.arrays && first_trial;
    for (size_t v = 0; v < VARIABLES_N; v++)
        row->values[v] = (double)NAN;
    if (plan->task != NULL) {
        row->samples = memory_allocate(plan->head.n_samples * PLAN_SAMPLE_N, sizeof(double), err);
        if (row->samples == NULL)
            return RS_INTERNAL;
    }
    row->costs = memory_allocate(plan->head.n_systems * COST_VARIABLES_N, sizeof *row->costs, err);
    if (row->costs == NULL)
        return RS_INTERNAL;
    if (plan->head.saves.heads &&
        (row->by_head = memory_allocate(plan->n_head_rows * VARIABLES_N, sizeof(double), err)) == NULL)
        return RS_INTERNAL;
    return RS_OK;
}

/* All numbers NAN but the certificate: the solver missed its tolerance, so none may be trusted. */
static void fail_row(const struct plan *plan, struct plan_row *row, double residual_max)
{
    for (size_t v = 0; v < VARIABLES_N; v++)
        row->values[v] = (double)NAN;
    for (size_t i = 0; row->samples != NULL && i < plan->head.n_samples * PLAN_SAMPLE_N; i++)
        row->samples[i] = (double)NAN;
    for (size_t i = 0; i < plan->head.n_systems * COST_VARIABLES_N; i++)
        row->costs[i] = (double)NAN;
    for (size_t i = 0; row->by_head != NULL && i < plan->n_head_rows * VARIABLES_N; i++)
        row->by_head[i] = (double)NAN;
    row->values[VARIABLE_residual_max] = residual_max;
    row->status = VARIABLES_STATUS_solver_missed_tolerance;
}

static void fill_task(const struct plan *plan, const struct plan_point *point, const struct task_sums *analog,
                      struct plan_row *row)
{
    const struct variables_task task = {.metric = subject_get_kind(plan->subject)->metric,
                                        .analog = *analog,
                                        .exact = point->exact.sums,
                                        .quantised = point->quantised.sums,
                                        .random = point->random.sums,
                                        .real = plan->real,
                                        .chance = task_chance(plan->task)};
    variables_from_task(&task, row->values);
}

/* Of the first trial of a point. */
static enum rs_status list_references(const struct plan *plan, const struct plan_point *point,
                                      struct plan_row *row, struct rs_error *err)
{
    size_t n_samples = plan->head.n_samples;
    row->references = memory_allocate(n_samples * PLAN_REFERENCE_N, sizeof(double), err);
    if (row->references == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n_samples; i++) {
        const struct task_sums *real = &task_float(plan->task)[i];
        double *columns = row->references + i * PLAN_REFERENCE_N;
        columns[PLAN_REFERENCE_COUNTED] = real->n_counted;
        columns[PLAN_REFERENCE_FLOAT] = task_value(plan->subject, real);
        columns[PLAN_REFERENCE_QUANTISED] = point->quantised.values[i];
        columns[PLAN_REFERENCE_EXACT] = point->exact.values[i];
        columns[PLAN_REFERENCE_RANDOM] = point->random.values[i];
    }
    return RS_OK;
}

static void finish_row(const struct plan *plan, struct attention *attention, const struct task_sums *sums,
                       const struct plan_point *point, struct plan_row *row)
{
    struct attention_counts total = {0};
    const struct attention_counts *counts = attention_get_counts(attention);
    struct bank_certificate certificate = attention_certificate(attention);
    struct writes_counts writes = attention_writes(attention);
    for (size_t i = 0; i < plan->n_head_rows; i++) {
        counts_add(&total, &counts[i]);
        if (row->by_head != NULL)
            variables_from_counts(&counts[i], row->by_head + i * VARIABLES_N);
    }
    row->status = variables_from_counts(&total, row->values);
    row->values[VARIABLE_comparator_delay_p99] = delays_quantile(attention_get_delays(attention), 0.99);
    row->values[VARIABLE_residual_max] = certificate.residual_max;
    row->values[VARIABLE_pulses_per_cell] = counts_ratio((double)writes.n_pulses, (double)writes.n_cells);
    row->values[VARIABLE_failed_share] = counts_ratio((double)writes.n_failed, (double)writes.n_cells);
    for (size_t i = 0; i < plan->head.n_systems; i++)
        cost_variables_fill(attention_costing(attention), i, &total, row->costs + i * COST_VARIABLES_N);
    if (plan->task != NULL)
        fill_task(plan, point, sums, row);
    if (certificate.n_failed > 0)
        fail_row(plan, row, certificate.residual_max);
}

static enum rs_status run_samples(const struct plan *plan, size_t unit, struct attention *attention,
                                  struct subject_worker *worker, struct task_room *room, struct plan_row *row,
                                  struct task_sums *total, struct rs_error *err)
{
    bool keeps = row->keep.margins || row->keep.arrays;
    attention_start(attention, (uint32_t)(unit % plan->head.n_trials), keeps ? &row->keep : NULL);
    for (size_t i = 0; i < plan->head.n_samples; i++) {
        struct task_sums sums = {0};
        size_t number = subject_sample_number(plan->subject, i);
        attention_set_sample(attention, (uint32_t)number);
        enum rs_status status =
            plan->task != NULL
                ? task_run(plan->task, room, worker, i, attention_run, attention, &sums, err)
                : subject_run(worker, SUBJECT_TEST, number, attention_run, attention, NULL, err);
        if (status != RS_OK)
            return status;
        if (plan->task == NULL)
            continue;
        task_add(total, &sums);
        row->samples[i * PLAN_SAMPLE_N + PLAN_SAMPLE_METRIC] = task_value(plan->subject, &sums);
        row->samples[i * PLAN_SAMPLE_N + PLAN_SAMPLE_KL] = sums.kl;
    }
    return RS_OK;
}

enum rs_status plan_run_unit(const struct plan *plan, size_t unit, struct plan_row *row, struct rs_error *err)
{
    const struct plan_point *point = &plan->points[unit / plan->head.n_trials];
    struct attention *attention = NULL;
    struct subject_worker *worker = NULL;
    struct task_room *room = NULL;
    struct task_sums sums = {0};
    enum rs_status status = start_row(plan, unit, row, err);
    if (status == RS_OK)
        status = attention_create(&point->setup, QUERY_ANALOG, &attention, err);
    if (status == RS_OK)
        status = subject_worker_create(plan->subject, &worker, err);
    if (status == RS_OK && plan->task != NULL)
        status = task_room_create(plan->task, &room, err);
    if (status == RS_OK)
        status = run_samples(plan, unit, attention, worker, room, row, &sums, err);
    if (status == RS_OK && plan->task != NULL && unit % plan->head.n_trials == 0)
        status = list_references(plan, point, row, err);
    if (status == RS_OK)
        finish_row(plan, attention, &sums, point, row);
    else
        plan_row_clear(row);
    task_room_destroy(room);
    subject_worker_destroy(worker);
    attention_destroy(attention);
    return status;
}
