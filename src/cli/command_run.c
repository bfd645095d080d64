/* rescore run CONFIG -o OUT.h5 | --shard K/N -o DIR */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/launcher.h"
#include "cli/progress.h"
#include "experiment/outcome.h"
#include "experiment/run.h"
#include "io/file.h"

enum { OPTION_SHARD, OPTION_SAVE };

enum { PATH_SIZE = 2048 };

static enum rs_status read_saves(const char *text, struct head_saves *saves, struct rs_error *err)
{
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, ",");
        if (length == 5 && strncmp(text, "heads", length) == 0)
            saves->heads = true;
        else if (length == 6 && strncmp(text, "arrays", length) == 0)
            saves->arrays = true;
        else if (length == 7 && strncmp(text, "margins", length) == 0)
            saves->margins = true;
        else
            return rs_fail(err, RS_USAGE,
                           "rescore run: --save '%.*s' found, heads, arrays, margins or several of them "
                           "with commas between expected",
                           (int)length, text);
        text += length + (text[length] == ',');
    }
    return RS_OK;
}

static void print_notices(const struct command_line *line, const struct plan *plan)
{
    if (!line->quiet && plan->notices.length > 0)
        fprintf(stderr, "%s", plan->notices.bytes);
}

/* Runs a shard's units into a folder of parts, which stays locked; `own`: nobody else works there. */
static enum rs_status run_parts(const struct command_line *line, const struct plan *plan, const char *folder,
                                struct parts_shard shard, bool own, struct parts **parts,
                                struct rs_error *err)
{
    struct progress progress;
    size_t n_discarded;
    enum rs_status status = parts_open(folder, plan, shard, own, parts, &n_discarded, err);
    if (status != RS_OK)
        return status;
    if (n_discarded > 0 && !line->quiet)
        fprintf(stderr,
                "%s: %zu parts of another configuration, program or kernel, or damaged ones, are discarded\n",
                folder, n_discarded);
    progress_init(&progress, line, "units");
    struct run_hooks hooks = {progress_show, command_should_stop, &progress};
    status = run_units(plan, *parts, shard, line->n_threads, &hooks, err);
    progress_end(&progress);
    if (status == RS_STOPPED)
        return rs_fail(err, RS_STOPPED,
                       "stopped; what is done lies in %s, the same command goes on from there", folder);
    return status;
}

static enum rs_status run_shard(const struct command_line *line, const struct plan *plan,
                                struct parts_shard shard, struct rs_error *err)
{
    struct parts *parts = NULL;
    enum rs_status status = run_parts(line, plan, line->output, shard, false, &parts, err);
    parts_close(parts);
    return status;
}

/* What the result does not hold, since it must not depend on it: when, where, how many threads. */
static void write_log(const struct command_line *line, const struct plan *plan, double seconds)
{
    char path[PATH_SIZE], host[256] = "unknown", date[64], text[4 * PATH_SIZE];
    time_t now = time(NULL);
    struct tm broken;
    struct rs_error ignored;
    gethostname(host, sizeof host - 1);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &broken));
    snprintf(path, sizeof path, "%s.log", line->output);
    snprintf(text, sizeof text,
             "finished %s\nhost %s\nconfiguration %s\nthreads %d\nseconds %.2f\nunits %zu\ncommit "
             "%s\nconfig_sha256 %s\n",
             date, host, plan->configuration->path, line->n_threads, seconds, plan->n_units, version_commit(),
             plan->head.digest);
    if (file_write(path, text, strlen(text), &ignored) != RS_OK && !line->quiet)
        fprintf(stderr, "%s\n", ignored.text);
}

static enum rs_status run_whole(const struct command_line *line, const struct plan *plan,
                                struct rs_error *err)
{
    char folder[PATH_SIZE];
    double start = clock_seconds();
    snprintf(folder, sizeof folder, "%s.parts", line->output);
    struct parts *parts = NULL;
    enum rs_status status = run_parts(line, plan, folder, (struct parts_shard){0, 1}, true, &parts, err);
    if (status == RS_OK)
        status = launcher_merge(line, folder, false, err);
    if (status == RS_OK || status == RS_INCOMPLETE) {
        parts_remove(folder);
        write_log(line, plan, clock_seconds() - start);
    }
    parts_close(parts); /* last: until here the lock refuses a second run */
    return status;
}

/* The result must not take the place of a file that it is made from. */
static enum rs_status check_output(const struct command_line *line, const struct configuration *configuration,
                                   struct rs_error *err)
{
    for (int i = 0; i < config_n_options(); i++) {
        const struct option *option = config_option(i);
        const char *section = config_const_section(&configuration->base, i);
        if (option->kind == OPTION_PATH && option_is_set(option, section) &&
            file_is_same(section + option->offset, line->output))
            return rs_fail(err, RS_USAGE, "rescore run: -o '%s' found, another file than %s expected",
                           line->output, option->key);
    }
    return file_check_writable(line->output, err);
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    struct configuration *configuration = NULL;
    struct plan *plan = NULL;
    struct head_saves saves = {0};
    struct parts_shard shard;
    const char *given = line->values[OPTION_SHARD];
    enum rs_status status = read_saves(line->values[OPTION_SAVE], &saves, err);
    if (status == RS_OK && given != NULL)
        status = launcher_read_shard(given, &shard, err);
    if (status == RS_OK)
        status = config_load(line->positionals[0], line->n_sets, (const char *const *)line->sets,
                             &configuration, err);
    if (status == RS_OK && given == NULL)
        status = check_output(line, configuration, err);
    if (status == RS_OK)
        status = plan_create(configuration, line->n_sets, (const char *const *)line->sets, saves, true,
                             line->n_threads, &plan, err);
    if (status == RS_OK) {
        print_notices(line, plan);
        status = given != NULL ? run_shard(line, plan, shard, err) : run_whole(line, plan, err);
    }
    plan_destroy(plan);
    config_destroy(configuration);
    return status;
}

const struct command command_run = {
    .name = "run",
    .summary = "the main job: program, score, threshold, recompute, accuracy",
    .arguments = "CONFIG -o OUT.h5",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .needs_output = true,
    .writes_store = true,
    .options = {{"shard", "K/N",
                 "do share K = 0 ... N-1 of the work into the folder -o; 'auto' asks Slurm or mpirun"},
                {"save", "WHAT", "also heads, arrays, margins (commas between)"}},
    .example = "rescore run demo.yaml -j 2 -o demo.h5",
    .run = run,
};
