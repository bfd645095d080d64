#include "cli/launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/outcome.h"

static bool read_environment(const char *name, long *value)
{
    const char *text = getenv(name);
    char *end;
    if (text == NULL || *text == '\0')
        return false;
    *value = strtol(text, &end, 10);
    return *end == '\0';
}

/* A Slurm array counts from MIN in steps of STEP; the ranks of srun and mpirun from 0. */
static bool ask_launcher(long *shard, long *n_shards)
{
    static const char *const pairs[][2] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                           {"PMI_RANK", "PMI_SIZE"},
                                           {"SLURM_PROCID", "SLURM_NTASKS"}};
    long first = 0, step = 1;
    if (read_environment("SLURM_ARRAY_TASK_ID", shard) &&
        read_environment("SLURM_ARRAY_TASK_COUNT", n_shards)) {
        read_environment("SLURM_ARRAY_TASK_MIN", &first);
        read_environment("SLURM_ARRAY_TASK_STEP", &step);
        *shard = step > 0 ? (*shard - first) / step : -1;
        return true;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (read_environment(pairs[i][0], shard) && read_environment(pairs[i][1], n_shards))
            return true;
    return false;
}

enum rs_status launcher_read_shard(const char *text, struct parts_shard *shard, struct rs_error *err)
{
    long k = -1, n = -1;
    int end = 0;
    if (strcmp(text, "auto") == 0) {
        if (!ask_launcher(&k, &n))
            return rs_fail(err, RS_USAGE,
                           "rescore run: --shard auto: no Slurm array, srun or mpirun in the environment");
    } else if (sscanf(text, "%ld/%ld%n", &k, &n, &end) != 2 || text[end] != '\0') {
        return rs_fail(err, RS_USAGE, "rescore run: --shard '%s' found, K/N with K = 0 ... N-1 expected",
                       text);
    }
    if (n < 1 || n > 1000000 || k < 0 || k >= n)
        return rs_fail(err, RS_USAGE, "rescore run: --shard %ld/%ld found, K/N with K = 0 ... N-1 expected",
                       k, n);
    *shard = (struct parts_shard){(size_t)k, (size_t)n};
    return RS_OK;
}

static enum rs_status print_summary(const struct command_line *line, const struct outcome *outcome,
                                    struct rs_error *err)
{
    if (line->quiet && !line->json)
        return RS_OK;
    char *text = line->json ? outcome_summary_json(outcome, err) : outcome_summary_text(outcome, err);
    if (text == NULL)
        return RS_INTERNAL;
    fputs(text, stdout);
    free(text);
    return RS_OK;
}

enum rs_status launcher_merge(const struct command_line *line, const char *folder, bool partial,
                              struct rs_error *err)
{
    struct outcome outcome;
    enum rs_status status = outcome_collect(folder, partial, &outcome, err);
    if (status != RS_OK)
        return status;
    status = outcome_write(&outcome, line->output, err);
    if (status == RS_OK)
        status = print_summary(line, &outcome, err);
    size_t n_units = outcome.head.n_points * outcome.head.n_trials;
    if (status == RS_OK && outcome.n_failed > 0)
        status = rs_fail_also(err, RS_INCOMPLETE,
                              "%s: %zu of %zu units missed the solver's tolerance; their numbers are "
                              "NaN",
                              line->output, outcome.n_failed, n_units);
    if ((status == RS_OK || status == RS_INCOMPLETE) && outcome.n_missing > 0)
        status = rs_fail_also(err, RS_INCOMPLETE, "%s: %zu of %zu units are missing; their numbers are NaN",
                              line->output, outcome.n_missing, n_units);
    outcome_clear(&outcome);
    return status;
}
