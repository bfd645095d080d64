/* rescore check CONFIG */
#include <stdio.h>

#include "cli/command.h"
#include "experiment/plan.h"

static void print_size(const char *name, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    int unit = 0;
    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1000;
    printf("%-18s %.3g %s\n", name, bytes, units[unit]);
}

static void print_plan(const struct plan *plan, const struct plan_estimate *estimate, int n_threads)
{
    const struct mapping *mapping = &plan->points[0].setup.mapping;
    const struct configuration *configuration = plan->configuration;
    printf("workload           %s\n", plan->head.workload);
    printf("device             %s, %.4g to %.4g uS, %.4g s after the write\n",
           plan->points[0].setup.device.card.name, mapping->g_min_siemens * 1e6,
           plan->points[0].setup.device.g_max_siemens * 1e6, plan->points[0].setup.device.at.time_seconds);
    printf("array              %zu x %zu cells, %zu keys each, %zu bit lines per key, one unit of sum(q k) = "
           "%.3g nA\n",
           mapping->n_rows, mapping->n_columns, mapping->n_keys_per_array, mapping->n_lines_per_key,
           mapping->unit_amperes * 1e9);
    for (int s = 0; s < configuration->n_sweeps; s++)
        printf("sweep              %s: %zu values\n", config_option(configuration->sweeps[s].option)->key,
               configuration->sweeps[s].n_values);
    printf("points             %zu\ntrials             %zu\nunits              %zu\n", plan->head.n_points,
           plan->head.n_trials, plan->n_units);
    print_size("memory", estimate->memory_bytes);
    print_size("disk", estimate->disk_bytes);
    printf("estimated time     %.0f s on %d threads (from %zu samples)\n",
           estimate->unit_seconds * (double)plan->n_units / n_threads, n_threads, estimate->n_probed);
    printf("config_sha256      %s\n", plan->head.digest);
}

static void print_json(const struct plan *plan, const struct plan_estimate *estimate, int n_threads)
{
    printf("{\"schema\": \"rescore-check/1\", \"points\": %zu, \"trials\": %zu, \"units\": %zu, \"samples\": "
           "%zu, "
           "\"memory_bytes\": %.0f, \"disk_bytes\": %.0f, \"estimated_seconds\": %.1f, \"config_sha256\": "
           "\"%s\"}\n",
           plan->head.n_points, plan->head.n_trials, plan->n_units, plan->head.n_samples,
           estimate->memory_bytes, estimate->disk_bytes,
           estimate->unit_seconds * (double)plan->n_units / n_threads, plan->head.digest);
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    struct configuration *configuration = NULL;
    struct plan *plan = NULL;
    struct plan_estimate estimate;
    enum rs_status status =
        config_load(line->positionals[0], line->n_sets, (const char *const *)line->sets, &configuration, err);
    if (status == RS_OK)
        status = plan_create(configuration, line->n_sets, (const char *const *)line->sets,
                             (struct head_saves){0}, false, line->n_threads, &plan, err);
    if (status == RS_OK)
        status = plan_estimate(plan, line->n_threads, &estimate, err);
    if (status == RS_OK && !line->quiet && plan->notices.length > 0)
        fprintf(stderr, "%s", plan->notices.bytes);
    if (status == RS_OK && line->json)
        print_json(plan, &estimate, line->n_threads);
    else if (status == RS_OK)
        print_plan(plan, &estimate, line->n_threads);
    plan_destroy(plan);
    config_destroy(configuration);
    return status;
}

const struct command command_check = {
    .name = "check",
    .summary = "validate a configuration; print the plan: points, trials, memory, disk, time",
    .arguments = "CONFIG",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .example = "rescore check demo.yaml --set monte_carlo.trials=100",
    .run = run,
};
