/* rescore calibrate PLAN.yaml -o CALIB.h5 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "calib/calibrate.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "io/file.h"

enum { PATH_SIZE = 4096 };

struct shown {
    struct progress progress;
    const struct command_line *line;
    char stage[64];
};

/* One bar for each stage. */
static void show(void *context, const char *stage, size_t n_done, size_t n_total, size_t n_failed)
{
    struct shown *shown = context;
    if (strcmp(shown->stage, stage) != 0) {
        progress_end(&shown->progress);
        snprintf(shown->stage, sizeof shown->stage, "%s", stage);
        progress_init(&shown->progress, shown->line, "decks");
        if (shown->line->verbose)
            fprintf(stderr, "stage %s: %zu decks\n", stage, n_total);
    }
    const struct run_progress state = {.n_done = n_done,
                                       .n_total = n_total,
                                       .n_failed = n_failed,
                                       .seconds = progress_seconds(&shown->progress)};
    progress_show(&shown->progress, &state);
}

/* --- for people --- */

static void print_value(const struct calibrate_result *result, size_t k)
{
    const struct relation_parameter *parameter = &result->relation->parameters[k];
    const struct estimate_value *value = &result->estimate.values[k];
    printf("  %-32s %13.6g  ", parameter->name, value->value);
    if (value->fixed)
        printf("%-11s %-27s", "fixed", "");
    else if (value->bound != 0)
        printf("%-11s %-27s", value->bound < 0 ? "lower bound" : "upper bound", "");
    else
        printf("%-11.3g [%12.6g, %12.6g]", value->error, value->lo95, value->hi95);
    printf(" %s", parameter->unit);
    if (result->has_truth && isfinite(result->truth[k]) && value->error > 0)
        printf("  true %.6g, missed by %+.2f standard errors", result->truth[k],
               (value->value - result->truth[k]) / value->error);
    printf("\n");
}

static void print_result(const struct calibrate_result *result)
{
    const struct estimate *estimate = &result->estimate;
    const char *unit = result->relation->unit;
    size_t one, other;
    printf("\n%s.%s: %s\n", result->stage->name, result->relation->name, result->relation->summary);
    if (estimate->fitted == NULL) {
        printf("  no estimate\n");
        return;
    }
    printf("  %-32s %13s  %-11s %-28s unit\n", "parameter", "estimate", "std error", "95 % interval");
    for (size_t k = 0; k < result->relation->n_parameters; k++)
        print_value(result, k);
    printf("  %zu numbers; residuals are %s\n", estimate->n, estimate_residual_words(result->relation));
    printf("  rms residual %.3g %s (%.2g of the rms value), largest %.3g %s\n", estimate->rms, unit,
           estimate->relative_rms, estimate->largest, unit);
    printf("  chi-square %.4g for %.0f degrees of freedom", estimate->chi_square, estimate->degrees);
    if (!isnan(estimate->p))
        printf(", p = %.3g", estimate->p);
    if (estimate->error_factor > 1)
        printf("; errors enlarged %.2f times", estimate->error_factor);
    printf("\n");
    if (estimate_worst_pair(estimate, &one, &other))
        printf("  largest correlation %+.4f: %s, %s\n", estimate->correlation[one][other],
               result->relation->parameters[one].name, result->relation->parameters[other].name);
}

static void print_plain(const struct calibrate *calibrate, const char *path)
{
    for (size_t s = 0; s < calibrate->n_stages; s++) {
        const struct calibrate_stage *stage = &calibrate->stages[s];
        printf("%sstage %s: %s; %zu decks\n", s > 0 ? "\n" : "", stage->stage->name, stage->stage->summary,
               stage->n_decks);
        if (stage->good && stage->message[0] != '\0')
            printf("  %s\n", stage->message);
        for (size_t r = 0; r < stage->n_results; r++)
            print_result(&calibrate->results[stage->first_result + r]);
    }
    printf("\nwritten to %s\n", path);
}

/* --- for programs --- */

static void append_number(struct text *out, const char *name, double value)
{
    if (isfinite(value))
        text_append(out, "\"%s\": %.17g", name, value);
    else
        text_append(out, "\"%s\": null", name);
}

static void append_parameter(struct text *out, const struct calibrate_result *result, size_t k, bool first)
{
    const struct estimate_value *value = &result->estimate.values[k];
    text_append(out, "%s{\"name\": \"%s\", \"unit\": \"%s\", \"relation\": \"%s.%s\", ", first ? "" : ", ",
                result->relation->parameters[k].name, result->relation->parameters[k].unit,
                result->stage->name, result->relation->name);
    bool empty = result->estimate.fitted == NULL;
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"value", value->value}, {"stderr", value->error}, {"lo95", value->lo95},
                   {"hi95", value->hi95},   {"start", value->start},  {"truth", result->truth[k]}};
    for (int i = 0; i < 6; i++) {
        bool absent = (empty && i < 4) || (i == 5 && !result->has_truth);
        append_number(out, numbers[i].name, absent ? (double)NAN : numbers[i].value);
        text_append(out, ", ");
    }
    text_append(out, "\"fixed\": %s, \"at_bound\": %s, \"identified\": %s}", value->fixed ? "true" : "false",
                value->bound != 0 ? "true" : "false", result->estimate.identified ? "true" : "false");
}

static void append_relation(struct text *out, const struct calibrate_result *result, bool first)
{
    const struct estimate *e = &result->estimate;
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"chi_square", e->chi_square},
                   {"degrees", e->degrees},
                   {"p", e->p},
                   {"rms", e->rms},
                   {"p95", e->p95},
                   {"largest", e->largest},
                   {"relative_rms", e->relative_rms},
                   {"condition", e->condition}};
    text_append(out, "%s{\"name\": \"%s.%s\", \"unit\": \"%s\", \"n\": %zu, \"good\": %s, \"is_test\": %s",
                first ? "" : ", ", result->stage->name, result->relation->name, result->relation->unit, e->n,
                result->good ? "true" : "false", result->stage->is_test ? "true" : "false");
    for (int i = 0; i < 8; i++) {
        text_append(out, ", ");
        append_number(out, numbers[i].name, e->fitted == NULL ? (double)NAN : numbers[i].value);
    }
    text_append(out, "}");
}

static enum rs_status print_json(const struct calibrate *calibrate, struct rs_error *err)
{
    struct text out = {0};
    bool first = true;
    text_append(&out,
                "{\"schema\": \"rescore-calibrate/1\", \"complete\": %s, \"n_decks\": %zu, \"parameters\": [",
                calibrate->complete ? "true" : "false", calibrate->n_decks);
    for (size_t r = 0; r < calibrate->n_results; r++)
        for (size_t k = 0; k < calibrate->results[r].relation->n_parameters; k++, first = false)
            append_parameter(&out, &calibrate->results[r], k, first);
    text_append(&out, "], \"relations\": [");
    for (size_t r = 0; r < calibrate->n_results; r++)
        append_relation(&out, &calibrate->results[r], r == 0);
    text_append(&out, "]}\n");
    char *bytes = text_take(&out, err);
    if (bytes == NULL)
        return RS_INTERNAL;
    fputs(bytes, stdout);
    free(bytes);
    return RS_OK;
}

/* --- the command --- */

/* Stopped before its end, what there is goes beside the final name. */
static enum rs_status write_and_print(const struct calibrate *calibrate, const struct command_line *line,
                                      bool stopped, struct rs_error *err)
{
    char path[PATH_SIZE];
    struct rs_error own = {{0}};
    snprintf(path, sizeof path, "%s%s", line->output, stopped ? ".partial" : "");
    enum rs_status status = calibrate_write(calibrate, path, &own);
    if (status == RS_OK && line->json)
        status = print_json(calibrate, &own);
    else if (status == RS_OK && !line->quiet)
        print_plain(calibrate, path);
    if (status != RS_OK)
        rs_fail_also(err, status, "%s", own.text);
    else if (stopped)
        rs_fail_also(err, RS_STOPPED, "rescore calibrate: what was finished is in %s", path);
    return status;
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    struct calibrate_plan *plan = NULL;
    struct calibrate *calibrate = NULL;
    struct shown shown = {.line = line};
    const struct calibrate_hooks hooks = {command_should_stop, show, &shown, NULL};
    enum rs_status status =
        calibrate_plan_load(line->positionals[0], line->n_sets, (const char *const *)line->sets, &plan, err);
    if (status == RS_OK)
        status = file_check_writable(line->output, err);
    if (status == RS_OK)
        status = calibrate_run(plan, (size_t)line->n_threads, &hooks, &calibrate, err);
    progress_end(&shown.progress);
    if (calibrate != NULL && (status != RS_STOPPED || calibrate->n_results > 0)) {
        enum rs_status written = write_and_print(calibrate, line, status == RS_STOPPED, err);
        status = written != RS_OK ? written : status;
    }
    calibrate_destroy(calibrate);
    calibrate_plan_destroy(plan);
    return status;
}

const struct command command_calibrate = {
    .name = "calibrate",
    .summary = "fit the behavioural model of sense path, comparator and thresholds to ngspice",
    .arguments = "PLAN.yaml -o CALIB.h5",
    .n_positionals_min = 1,
    .n_positionals_max = 1,
    .needs_output = true,
    .writes_store = true,
    .example =
        "rescore calibrate plan.yaml -o calib.h5 && rescore report calib.h5 -o calib.html\n  rescore explain "
        "--plan                # every key of a plan",
    .run = run,
};
