/* Decisions of the engine against those of ngspice on full paths of 4, 8 and 16 lines. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calib/agreement.h"

TestSuite(decisions, .timeout = 300);

enum { N_LINES_MAX = 16 };

/* What `rescore calibrate` finds of spice/decks/strongarm.sub at 0.6 V behind 1 kohm (docs/validation.md). */
static const struct {
    const char *name;
    double value;
} found[] = {{"offset_sensitivity_input", 1.093},
             {"offset_sensitivity_nlatch", 0.186},
             {"offset_sensitivity_platch", 0.055},
             {"offset_input_per_volt", 0.226},
             {"offset_nlatch_per_volt", 1.217},
             {"offset_platch_per_volt", 0.043},
             {"delay_t0_seconds", 35.6e-12},
             {"delay_tau_seconds", 9.14e-12},
             {"delay_v1_volts", 0.1},
             {"delay_overdrive_volts", 0.1833},
             {"delay_integration_seconds", 29.6e-12},
             {"delay_tau_share", 0.175}};

struct circuit {
    struct path_plan plan;
    struct decisions_options options;
    struct array_file array;
    struct calibration calibration;
    double conductance[N_LINES_MAX * N_LINES_MAX];
};

static void identify(const struct circuit *c, struct calibration *out)
{
    struct rs_error err = {{0}};
    const struct network *network = &c->array.network;
    const struct calibration_topology topology = {.n_rows = network->n_rows,
                                                  .n_columns = network->n_columns,
                                                  .r_word_line_ohm = network->r_word_line_ohm,
                                                  .r_bit_line_ohm = network->r_bit_line_ohm,
                                                  .r_driver_ohm = network->r_driver_ohm,
                                                  .r_sense_ohm = network->r_sense_ohm,
                                                  .sense = frontend_options_senses[c->plan.path.sense],
                                                  .reference =
                                                      frontend_options_references[c->plan.reference.kind],
                                                  .share = frontend_options_shares[c->plan.reference.sharing],
                                                  .sign = frontend_options_signs[c->plan.path.sign]};
    cr_assert_eq(calibration_topology_identity(&topology, &out->topology, &err), RS_OK, "%s", err.text);
    out->device.text = calloc(1, 1);
    for (size_t k = 0; k < sizeof found / sizeof found[0]; k++)
        cr_assert_eq(calibration_add(out, found[k].name, found[k].value, NAN, NAN, NAN, &err), RS_OK, "%s",
                     err.text);
}

/* The circuit of spice/decks/make_path.py with n lines each way. */
static struct circuit *make_circuit(size_t n, int sense)
{
    struct circuit *c = calloc(1, sizeof *c);
    path_options_fill(&c->plan);
    option_fill_defaults(&decisions_options_table, &c->options);
    c->plan.path.sense = sense;
    c->plan.path.r_feedback_ohm = 5e3;
    c->plan.reference.kind = sense == PATH_RESISTOR ? PATH_IDEAL : PATH_CURRENT;
    c->array.network = (struct network){.n_rows = n,
                                        .n_columns = n,
                                        .r_word_line_ohm = 2,
                                        .r_bit_line_ohm = 2,
                                        .r_driver_ohm = 100,
                                        .r_sense_ohm = 1500};
    for (size_t i = 0; i < n * n; i++)
        c->conductance[i] = i % 2 == 0 ? 1e-5 : 1e-4;
    c->array.conductance = c->conductance;
    identify(c, &c->calibration);
    return c;
}

static void free_circuit(struct circuit *c)
{
    calibration_clear(&c->calibration);
    free(c);
}

static void run(const struct circuit *c, struct decisions *decisions, struct agreement *agreement)
{
    struct rs_error err = {{0}};
    const struct decisions_hooks hooks = {.program = getenv("RESCORE")};
    enum rs_status status =
        decisions_run(&c->array, &c->plan, &c->options, &c->calibration, 2, &hooks, decisions, &err);
    cr_assert_eq(status, RS_OK, "%s", err.text);
    cr_assert_eq(agreement_compute(decisions, agreement, &err), RS_OK, "%s", err.text);
}

Test(decisions, engine_and_ngspice_agree_on_paths_of_4_8_and_16_lines)
{
    static const struct {
        size_t n;
        int64_t n_decks, n_queries;
    } cases[] = {{4, 4, 8}, {8, 3, 6}, {16, 1, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct circuit *c = make_circuit(cases[i].n, PATH_TRANSIMPEDANCE);
        struct decisions decisions;
        struct agreement a;
        c->options.n_decks = cases[i].n_decks;
        c->options.n_queries = cases[i].n_queries;
        run(c, &decisions, &a);
        cr_assert_eq(a.n, (size_t)(cases[i].n_decks * cases[i].n_queries) * cases[i].n / 2);
        cr_assert_eq(a.n, a.confusion[0][0] + a.confusion[0][1] + a.confusion[1][0] + a.confusion[1][1]);
        cr_assert(a.good, "%zu lines, seed %ld: agreement %g, clear %g, p %g", cases[i].n,
                  (long)c->options.seed, a.all.ratio, a.clear.ratio, a.curve_p);
        cr_assert_eq(a.clear.k, a.clear.n, "%zu lines: a clear decision disagrees", cases[i].n);
        /* d itself: array, sense path and reference, to the tolerance of the transient. */
        cr_assert_lt(a.input_rms_volts, 10e-6, "%zu lines: %g V", cases[i].n, a.input_rms_volts);
        cr_assert_lt(a.delay_rms_seconds, 6e-12, "%zu lines: %g s", cases[i].n, a.delay_rms_seconds);
        agreement_clear(&a);
        decisions_clear(&decisions);
        free_circuit(c);
    }
}

/* The comparison can fail: an engine that is told of another latch disagrees. */
Test(decisions, a_wrong_calibration_is_found_out)
{
    struct circuit *c = make_circuit(4, PATH_TRANSIMPEDANCE);
    struct decisions decisions;
    struct agreement a;
    c->options.n_decks = 6;
    c->options.near_sigmas = 1;
    c->options.near_ratio = 1;
    c->calibration.estimates[0].value = 0.2; /* of the input pair: 1.093 */
    run(c, &decisions, &a);
    cr_assert_not(a.good);
    cr_assert_lt(a.clear.ratio, 0.95, "%g", a.clear.ratio);
    agreement_clear(&a);
    decisions_clear(&decisions);
    free_circuit(c);
}

/* Known outcomes: rows that are made up. */
static void make_up(struct decisions *decisions, const struct decisions_options *options, size_t n_decks,
                    double true_sigma)
{
    struct random_key key = {.seed = 7, .purpose = RANDOM_OFFSET};
    *decisions = (struct decisions){.options = options, .n_decks = n_decks, .n_queries = 4, .n_slots = 2};
    decisions->prediction.sigma_volts = 1e-2;
    decisions->prediction.knows_pairs = true;
    decisions->rows = calloc(n_decks * 8, sizeof *decisions->rows);
    for (size_t k = 0; k < n_decks * 8; k++) {
        struct decisions_row *row = &decisions->rows[k];
        uint32_t latch = (uint32_t)(k / 8 * 2 + k % 2);
        double d = 1e-2 * (-1.5 + (double)(k / 2 % 4)), offset = true_sigma * random_normal(&key, latch);
        row->slot = (int32_t)(k % 2);
        row->engine = (struct prediction_decision){
            .input_volts = d, .offset_volts = offset, .margin_volts = d - offset, .keep = d > offset};
        row->ngspice = (struct path_decision){d, d > offset ? 1 : -1, 0, true};
    }
}

Test(decisions, the_curve_s_test_allows_for_latches_that_decide_several_times_and_finds_a_wrong_sigma)
{
    struct decisions_options options;
    struct rs_error err = {{0}};
    option_fill_defaults(&decisions_options_table, &options);
    for (int wrong = 0; wrong < 2; wrong++) {
        struct decisions decisions;
        struct agreement a;
        make_up(&decisions, &options, 2000, wrong ? 1.15e-2 : 1e-2);
        cr_assert_eq(agreement_compute(&decisions, &a, &err), RS_OK, "%s", err.text);
        cr_assert_eq(a.all.k, a.n);
        if (wrong)
            cr_assert_lt(a.curve_p, 1e-6, "seed 7: %g", a.curve_p);
        else
            cr_assert(a.curve_p > 1e-3 && a.curve_degrees >= 4, "seed 7: %g of %g degrees", a.curve_p,
                      a.curve_degrees);
        agreement_clear(&a);
        decisions_clear(&decisions);
    }
}

Test(decisions, a_circuit_that_cannot_be_compared_is_refused)
{
    struct circuit *c = make_circuit(4, PATH_TRANSIMPEDANCE);
    struct decisions decisions;
    struct rs_error err = {{0}};
    const struct decisions_hooks hooks = {.program = getenv("RESCORE")};
    for (size_t i = 0; i < 16; i++)
        c->conductance[i] = 1e-5;
    cr_assert_eq(decisions_run(&c->array, &c->plan, &c->options, NULL, 1, &hooks, &decisions, &err),
                 RS_INPUT);
    cr_assert_not_null(strstr(err.text, "two different values above 0 expected"), "%s", err.text);
    decisions_clear(&decisions);
    c->conductance[0] = 1e-4;
    c->array.network.r_sense_ohm = 1400;
    cr_assert_eq(
        decisions_run(&c->array, &c->plan, &c->options, &c->calibration, 1, &hooks, &decisions, &err),
        RS_INPUT);
    cr_assert_not_null(strstr(err.text, "r_sense"), "%s", err.text);
    decisions_clear(&decisions);
    free_circuit(c);
}
