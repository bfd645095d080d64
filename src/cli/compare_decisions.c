#include "cli/compare_decisions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "calib/agreement.h"
#include "calib/calibrate_plan.h"
#include "cli/progress.h"
#include "io/file.h"

struct inputs {
    struct array_file array;
    struct path_plan plan;
    struct decisions_options options;
    struct calibration calibration;
    bool has_calibration;
};

static void show(void *context, size_t n_done, size_t n_total)
{
    struct progress *progress = context;
    const struct run_progress state = {
        .n_done = n_done, .n_total = n_total, .seconds = progress_seconds(progress)};
    progress_show(progress, &state);
}

/* --- for people --- */

static void print_share(const struct agreement_share *share)
{
    if (share->n == 0)
        printf("%8d %12s\n", 0, "-");
    else
        printf("%8zu %12zu %9.4f  [%.4f, %.4f]\n", share->n, share->k, share->ratio, share->low, share->high);
}

static void print_margins(const struct agreement *a)
{
    printf("|margin| / sigma   decisions     disagree     share  95 %% interval\n");
    for (int b = 0; b < AGREEMENT_MARGINS; b++) {
        if (isinf(a->margin_edges[b + 1]))
            printf("%5.2f and more   ", a->margin_edges[b]);
        else
            printf("%5.2f ... %5.2f  ", a->margin_edges[b], a->margin_edges[b + 1]);
        print_share(&a->disagreement[b]);
    }
}

static void print_curve(const struct agreement *a)
{
    printf("\nmismatch unknown\nexpected share kept   decisions         kept     share  95 %% interval\n");
    for (int b = 0; b < AGREEMENT_SHARES; b++) {
        printf("%5.3f (%.1f ... %.1f)  ", a->expected[b], a->share_edges[b], a->share_edges[b + 1]);
        print_share(&a->kept[b]);
    }
    printf("statistic %.3g for %.0f degrees of freedom, p = %.3g\n", a->curve_statistic, a->curve_degrees,
           a->curve_p);
}

static void print_plain(const struct decisions *d, const struct agreement *a)
{
    printf("%zu decisions: %zu x %zu array, %zu key slots, %zu decks of %zu queries; %s\n", a->n,
           d->prediction.mapping.n_rows, d->prediction.mapping.n_columns, a->n_slots, d->n_decks,
           d->n_queries, d->ngspice_version);
    printf("offset sigma %.4g mV; d of engine and ngspice differ by %.3g uV rms",
           1e3 * d->prediction.sigma_volts, 1e6 * a->input_rms_volts);
    if (isfinite(a->delay_rms_seconds))
        printf(", delays by %.3g ps rms", 1e12 * a->delay_rms_seconds);
    printf("; %zu unresolved\n\n", a->n_unresolved);
    if (a->knows_mismatch) {
        printf("mismatch known\n                 ngspice prunes  ngspice keeps\nengine prunes  %14zu %14zu\n"
               "engine keeps   %14zu %14zu\n\n",
               a->confusion[0][0], a->confusion[0][1], a->confusion[1][0], a->confusion[1][1]);
        print_margins(a);
        printf("\nkey slot           decisions     disagree     share  95 %% interval\n");
        for (size_t j = 0; j < a->n_slots; j++) {
            printf("%8zu         ", j);
            print_share(&a->slots[j]);
        }
    }
    print_curve(a);
    if (a->knows_mismatch)
        printf("\nagreement = %.4f [%.4f, %.4f]\nclear_agreement = %.4f [%.4f, %.4f] (|margin| above %g "
               "sigma)\n",
               a->all.ratio, a->all.low, a->all.high, a->clear.ratio, a->clear.low, a->clear.high,
               d->options->clear_sigmas);
}

/* --- for programs --- */

static void append_number(struct text *out, const char *name, double value)
{
    if (isfinite(value))
        text_append(out, "\"%s\": %.17g", name, value);
    else
        text_append(out, "\"%s\": null", name);
}

static void append_shares(struct text *out, const char *name, size_t n, const struct agreement_share *shares,
                          const double *edges, const double *expected)
{
    text_append(out, ", \"%s\": [", name);
    for (size_t i = 0; i < n; i++) {
        const struct agreement_share *s = &shares[i];
        text_append(out, "%s{\"n\": %zu, \"k\": %zu, ", i > 0 ? ", " : "", s->n, s->k);
        if (edges != NULL) {
            append_number(out, "from", edges[i]);
            text_append(out, ", ");
        }
        if (expected != NULL) {
            append_number(out, "expected", expected[i]);
            text_append(out, ", ");
        }
        append_number(out, "lo95", s->low);
        text_append(out, ", ");
        append_number(out, "hi95", s->high);
        text_append(out, "}");
    }
    text_append(out, "]");
}

static enum rs_status print_json(const struct decisions *d, const struct agreement *a, struct rs_error *err)
{
    struct text out = {0};
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"agreement", a->knows_mismatch ? a->all.ratio : (double)NAN},
                   {"clear_agreement", a->knows_mismatch ? a->clear.ratio : (double)NAN},
                   {"offset_sigma_volts", d->prediction.sigma_volts},
                   {"curve_statistic", a->curve_statistic},
                   {"curve_degrees", a->curve_degrees},
                   {"curve_p", a->curve_p},
                   {"input_rms_volts", a->input_rms_volts},
                   {"delay_rms_seconds", a->delay_rms_seconds}};
    text_append(
        &out,
        "{\"schema\": \"rescore-compare-decisions/1\", \"n_decisions\": %zu, \"n_clear\": %zu, "
        "\"n_unresolved\": %zu, \"good\": %s, \"ngspice_version\": \"%s\", \"confusion\": [[%zu, %zu], "
        "[%zu, %zu]]",
        a->n, a->clear.n, a->n_unresolved, a->good ? "true" : "false", d->ngspice_version, a->confusion[0][0],
        a->confusion[0][1], a->confusion[1][0], a->confusion[1][1]);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        text_append(&out, ", ");
        append_number(&out, numbers[i].name, numbers[i].value);
    }
    append_shares(&out, "disagreement", AGREEMENT_MARGINS, a->disagreement, a->margin_edges, NULL);
    append_shares(&out, "kept", AGREEMENT_SHARES, a->kept, a->share_edges, a->expected);
    append_shares(&out, "slot_disagreement", a->n_slots, a->slots, NULL, NULL);
    text_append(&out, "}\n");
    char *bytes = text_take(&out, err);
    if (bytes == NULL)
        return RS_INTERNAL;
    fputs(bytes, stdout);
    free(bytes);
    return RS_OK;
}

/* --- the command --- */

static enum rs_status read_inputs(const struct command_line *line, const char *plan_path,
                                  const char *calibration_path, struct inputs *in, struct rs_error *err)
{
    struct calibrate_plan *plan = NULL;
    enum rs_status status = array_file_read(line->positionals[0], false, &in->array, err);
    if (status == RS_OK)
        status = calibrate_plan_load(plan_path, line->n_sets, (const char *const *)line->sets, &plan, err);
    if (status == RS_OK) {
        in->options = plan->decisions;
        in->plan = plan->circuit;
    }
    calibrate_plan_destroy(plan);
    in->has_calibration = calibration_path != NULL;
    if (status == RS_OK && in->has_calibration)
        status = calibration_read(calibration_path, &in->calibration, err);
    if (status == RS_OK && line->output != NULL)
        status = file_check_writable(line->output, err);
    return status;
}

static enum rs_status tell(const struct command_line *line, const char *plan_path,
                           const struct decisions *decisions, struct rs_error *err)
{
    struct agreement agreement = {0};
    enum rs_status status = agreement_compute(decisions, &agreement, err);
    if (status == RS_OK && line->output != NULL)
        status = decisions_write(decisions, &agreement, plan_path, line->output, err);
    if (status == RS_OK && line->json)
        status = print_json(decisions, &agreement, err);
    else if (status == RS_OK && !line->quiet)
        print_plain(decisions, &agreement);
    const struct decisions_options *options = decisions->options;
    if (status == RS_OK && !agreement.good)
        status = rs_fail(
            err, RS_INCOMPLETE,
            "rescore compare: agreement %.4f of all (%.4f stated), %.4f of the clear (%.4f stated), p "
            "= %.3g of the curve (%g stated)",
            agreement.all.ratio, options->agreement_ratio, agreement.clear.ratio,
            options->clear_agreement_ratio, agreement.curve_p, options->curve_p);
    agreement_clear(&agreement);
    return status;
}

enum rs_status compare_decisions(const struct command_line *line, const char *plan_path,
                                 const char *calibration_path, struct rs_error *err)
{
    struct decisions decisions = {0};
    struct progress progress;
    const struct decisions_hooks hooks = {command_should_stop, show, &progress, NULL};
    struct inputs *in = memory_allocate(1, sizeof *in, err);
    if (in == NULL)
        return RS_INTERNAL;
    enum rs_status status = read_inputs(line, plan_path, calibration_path, in, err);
    if (status == RS_OK) {
        progress_init(&progress, line, "decks");
        status =
            decisions_run(&in->array, &in->plan, &in->options, in->has_calibration ? &in->calibration : NULL,
                          (size_t)line->n_threads, &hooks, &decisions, err);
        progress_end(&progress);
    }
    if (status == RS_OK)
        status = tell(line, plan_path, &decisions, err);
    decisions_clear(&decisions);
    calibration_clear(&in->calibration);
    array_file_clear(&in->array);
    free(in);
    return status;
}
