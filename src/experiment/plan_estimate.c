/* What a run will take: a few samples are timed, sizes are added up. */
#include <config.h>

#include "base/clock.h"
#include "experiment/plan.h"

enum { PROBE_SAMPLES = 4 };

static enum rs_status time_unit(const struct plan *plan, size_t unit, double *seconds, struct rs_error *err)
{
    struct plan_row row;
    double start = clock_thread_seconds();
    enum rs_status status = plan_run_unit(plan, unit, &row, err);
    *seconds = clock_thread_seconds() - start;
    if (status == RS_OK)
        plan_row_clear(&row);
    return status;
}

static double sample_bytes(const struct plan *plan)
{
    const struct attention_shape *shape = subject_shape(plan->subject);
    const struct mapping *mapping = &plan->points[0].setup.mapping;
    double pairs = (double)(shape->causal ? (shape->n_keys_max + 1) / 2 : shape->n_keys_max) *
                   (double)shape->n_queries_max * (double)plan->n_head_rows * (double)plan->head.n_samples;
    double arrays = (double)(mapping_tiles(mapping, shape->n_keys_max) * mapping->n_stacks) *
                    (double)(shape->n_layers * shape->n_kv_heads);
    double bytes = 0;
    if (plan->head.saves.margins)
        bytes += pairs * 4 * sizeof(double);
    if (plan->head.saves.arrays)
        bytes += arrays * (double)(mapping->n_rows * mapping->n_columns) * 2 * sizeof(double);
    return bytes * (double)plan->head.n_points;
}

/* What the policy cascade remembers, of both sides: importance and tokens, for every query of causal layers.
 */
static double cascade_bytes(const struct plan *plan)
{
    const struct attention_shape *shape = subject_shape(plan->subject);
    double n_sets = shape->causal ? (double)shape->n_queries_max : 1;
    for (size_t p = 0; p < plan->head.n_points; p++)
        if (plan->points[p].setup.policy->cascades)
            return 2 * n_sets * (double)shape->n_keys_max * (sizeof(int64_t) + sizeof(bool));
    return 0;
}

enum rs_status plan_estimate(struct plan *plan, int n_threads, struct plan_estimate *out,
                             struct rs_error *err)
{
    const struct attention_shape *shape = subject_shape(plan->subject);
    const struct mapping *mapping = &plan->points[0].setup.mapping;
    struct head_saves saves = plan->head.saves;
    size_t n_samples = plan->head.n_samples;
    double first, last;
    out->n_probed = n_samples < PROBE_SAMPLES ? n_samples : PROBE_SAMPLES;
    plan->head.saves = (struct head_saves){0};
    plan->head.n_samples = out->n_probed;
    enum rs_status status = time_unit(plan, 0, &first, err);
    if (status == RS_OK)
        status = time_unit(plan, plan->n_units - 1, &last, err);
    plan->head.n_samples = n_samples;
    plan->head.saves = saves;
    if (status != RS_OK)
        return status;
    double cells = (double)(mapping->n_rows * mapping->n_columns);
    double reads = (double)shape->n_queries_max * (double)(shape->n_heads / shape->n_kv_heads);
    double per_cell = device_has_read_noise(&plan->points[0].setup.device) ? 100 : 50; /* numbers */
    double per_read = (double)(shape->n_keys_max + mapping->n_rows);
    const struct attention_setup *setup = &plan->points[0].setup;
    if (setup->array.fill == ARRAY_FILL_APPEND) /* keys of every age */
        per_cell += (double)timing_block(&setup->timing, setup_reads_max(setup)) + 4;
    double per_thread = (per_cell * cells + reads * per_read) * sizeof(double) + cascade_bytes(plan);
    double n_costs = (double)(plan->head.n_systems * COST_VARIABLES_N);
    struct subject_answers answers = subject_get_answers(plan->subject);
    double logits = (double)answers.n_most * (double)answers.n_choices * sizeof(float);
    double rows =
        (double)plan->n_units * (VARIABLES_N + PLAN_SAMPLE_N * (double)n_samples + n_costs) * sizeof(double);
    double kept = (double)n_samples * logits;
    per_thread += kept > (double)TASK_KEPT_BYTES ? 2 * logits : logits;
    rows += kept > (double)TASK_KEPT_BYTES ? 0 : kept;
    out->unit_seconds = 0.5 * (first + last) * (double)n_samples / (double)out->n_probed;
    out->disk_bytes = (double)plan->n_units * (VARIABLES_N + n_costs) * sizeof(double) + sample_bytes(plan);
    out->memory_bytes = per_thread * n_threads + rows + sample_bytes(plan);
    return RS_OK;
}
