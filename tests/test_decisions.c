/* Decisions of the engine against those of ngspice on full paths of 4, 8 and 16 lines. */
#include "config.h" /* mkdtemp */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calib/agreement.h"
#include "folder.h"
#include "io/file.h"
#include "io/store.h"
#include "spice/parts.h"

TestSuite(decisions, .timeout = 1200);

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
             {"delay_tau_share", 0.175},
             {"kickback_volts_per_ohm", -36.95e-6},
             {"kickback_r0_ohm", 2449},
             {"kickback_per_volt", -220e-6}};

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

/* --- every path --- */

enum { PATH_ROWS = 8, PATH_DECKS = 2, PATH_QUERIES = 4 };

/* Three rows of a pair, some 2.4 uA. */
static void write_replica(const char *path)
{
    struct rs_error err = {{0}};
    struct store *store;
    double conductance[PATH_ROWS * 2], voltage[PATH_ROWS] = {0};
    const struct store_shape cells = {2, {PATH_ROWS, 2}}, drive = {2, {1, PATH_ROWS}};
    static const char *const names[] = {"r_word_line_ohm", "r_bit_line_ohm", "r_driver_ohm", "r_sense_ohm"};
    static const double ohms[] = {2, 2, 100, 1500};
    for (size_t i = 0; i < PATH_ROWS * 2; i++)
        conductance[i] = i >= (PATH_ROWS - 3) * 2 && i % 2 == 0 ? 5e-5 : 1e-5;
    for (size_t i = PATH_ROWS - 3; i < PATH_ROWS; i++)
        voltage[i] = 0.02;
    cr_assert_eq(store_create(path, &store, &err), RS_OK, "%s", err.text);
    bool good = store_write(store, "conductance", STORE_FLOAT64, &cells, NULL, conductance,
                            (struct store_label){"S", NULL}, &err) == RS_OK &&
                store_write(store, "voltage", STORE_FLOAT64, &drive, NULL, voltage,
                            (struct store_label){"V", NULL}, &err) == RS_OK;
    for (int k = 0; k < 4 && good; k++)
        good = store_write_number(store, "/", names[k], ohms[k], &err) == RS_OK;
    cr_assert(good && store_commit(store, &err) == RS_OK, "%s", err.text);
}

/* The last row of the file: large cells on the negative lines. */
static void add_bias_row(struct circuit *c, double *volts)
{
    size_t n_columns = c->array.network.n_columns;
    bool offset = c->plan.path.sign == PATH_OFFSET;
    c->plan.reference.bias_rows = 1;
    volts[0] = 0.1;
    volts[PATH_ROWS - 1] = 0.03;
    for (size_t j = 0; j < n_columns; j++)
        c->conductance[(PATH_ROWS - 1) * n_columns + j] =
            (offset ? j == n_columns - 1 : j % 2 == 1) ? 1e-4 : 1e-5;
    c->array.n_vectors = 1;
    c->array.voltage = volts;
}

static const struct {
    const char *name;
    int sense, sign, kind, sharing;
    double r_sense_ohm, r_out_ohm;
    double threshold_amperes; /* 220 uA: what latches on one node of 50 ohm kick, 11 mV */
    double input_rms_volts;   /* allowed; 30 uV: what latches drew of the line after the decision before it */
} paths[] = {
    {"resistor, ideal", PATH_RESISTOR, PATH_DIFFERENTIAL, PATH_IDEAL, PATH_PER_COMPARATOR, 1500, 1e3, 1e-6,
     30e-6},
    {"resistor, current", PATH_RESISTOR, PATH_DIFFERENTIAL, PATH_CURRENT, PATH_PER_COMPARATOR, 1500, 1e3,
     1e-6, 30e-6},
    {"integrator, current", PATH_INTEGRATOR, PATH_DIFFERENTIAL, PATH_CURRENT, PATH_PER_COMPARATOR, 1500, 1e3,
     1e-6, 10e-6},
    {"offset, current", PATH_TRANSIMPEDANCE, PATH_OFFSET, PATH_CURRENT, PATH_PER_COMPARATOR, 1500, 1e3, 1e-6,
     10e-6},
    {"offset, resistor, current", PATH_RESISTOR, PATH_OFFSET, PATH_CURRENT, PATH_PER_COMPARATOR, 1500, 1e3,
     1e-6, 30e-6},
    {"bias rows", PATH_TRANSIMPEDANCE, PATH_DIFFERENTIAL, PATH_BIAS_ROWS, PATH_PER_COMPARATOR, 1500, 1e3, 0,
     10e-6},
    {"offset, bias rows", PATH_TRANSIMPEDANCE, PATH_OFFSET, PATH_BIAS_ROWS, PATH_PER_COMPARATOR, 1500, 1e3, 0,
     10e-6},
    {"replica", PATH_TRANSIMPEDANCE, PATH_DIFFERENTIAL, PATH_REPLICA, PATH_PER_COMPARATOR, 1500, 1e3, 0,
     10e-6},
    {"resistor, replica", PATH_RESISTOR, PATH_DIFFERENTIAL, PATH_REPLICA, PATH_PER_COMPARATOR, 1500, 1e3, 0,
     30e-6},
    {"shared", PATH_TRANSIMPEDANCE, PATH_DIFFERENTIAL, PATH_CURRENT, PATH_SHARED, 1500, 50, 1e-6, 30e-6},
    {"offset, integrator, shared", PATH_INTEGRATOR, PATH_OFFSET, PATH_CURRENT, PATH_SHARED, 1500, 50, 1e-6,
     30e-6},
    {"offset, resistor, shared", PATH_RESISTOR, PATH_OFFSET, PATH_CURRENT, PATH_SHARED, 50, 50, 220e-6,
     30e-6},
};
enum { N_PATHS = sizeof paths / sizeof paths[0] };

static struct circuit *make_path(size_t i, double volts[PATH_ROWS])
{
    struct circuit *c = make_circuit(PATH_ROWS, paths[i].sense);
    calibration_clear(&c->calibration);
    c->plan.path.sign = paths[i].sign;
    c->plan.path.r_out_ohm = paths[i].r_out_ohm;
    c->plan.path.integration_capacitance_farad = 200e-15;
    c->plan.reference.kind = paths[i].kind;
    c->plan.reference.sharing = paths[i].sharing;
    c->plan.reference.threshold_amperes.values[0] = paths[i].threshold_amperes;
    c->array.network.r_sense_ohm = paths[i].r_sense_ohm;
    c->options.n_decks = PATH_DECKS;
    c->options.n_queries = PATH_QUERIES;
    if (paths[i].kind == PATH_BIAS_ROWS)
        add_bias_row(c, volts);
    if (paths[i].kind == PATH_REPLICA)
        cr_assert_not_null(getcwd(c->plan.reference.replica, OPTION_TEXT_SIZE - 16));
    if (paths[i].kind == PATH_REPLICA)
        strcat(c->plan.reference.replica, "/replica.h5");
    identify(c, &c->calibration);
    return c;
}

/* For docs/validation.md 4: more decks, and what each path came to, where DECISIONS_DECKS asks for it. */
static void show(const char *name, const struct agreement *a, const struct decisions *decisions)
{
    size_t n_near = 0;
    for (size_t k = 0; k < a->n; k++)
        n_near += decisions->rows[k].is_near;
    fprintf(stderr, "| %s | %zu | %zu | %zu | %zu of %zu | %.1f uV |\n", name, a->n, n_near, a->n - a->all.k,
            a->clear.n - a->clear.k, a->clear.n, 1e6 * a->input_rms_volts);
}

/* Sense paths, encodings and references, as circuits and as the engine has them. */
Test(decisions, engine_and_ngspice_agree_on_every_path, .init = enter_folder, .fini = leave_folder)
{
    size_t n = 0, n_agree = 0, n_clear = 0, n_clear_agree = 0, n_near = 0;
    const char *more = getenv("DECISIONS_DECKS");
    write_replica("replica.h5");
    for (size_t i = 0; i < N_PATHS; i++) {
        double volts[PATH_ROWS] = {0};
        struct circuit *c = make_path(i, volts);
        struct decisions decisions;
        struct agreement a;
        if (more != NULL)
            c->options.n_decks = atoi(more);
        run(c, &decisions, &a);
        if (more != NULL)
            show(paths[i].name, &a, &decisions);
        cr_assert_geq(a.clear.k + 1, a.clear.n, "%s: %zu of %zu clear decisions", paths[i].name, a.clear.k,
                      a.clear.n);
        cr_assert_lt(a.input_rms_volts, paths[i].input_rms_volts, "%s: %g V", paths[i].name,
                     a.input_rms_volts);
        for (size_t k = 0; k < a.n; k++)
            n_near += decisions.rows[k].is_near;
        n += a.n;
        n_agree += a.all.k;
        n_clear += a.clear.n;
        n_clear_agree += a.clear.k;
        agreement_clear(&a);
        decisions_clear(&decisions);
        free_circuit(c);
    }
    cr_assert_eq(count_files(), 1, "nothing is left behind");
    cr_assert_gt(2 * n_near, n, "%zu of %zu near", n_near, n);
    cr_assert_geq(n_agree, 0.95 * (double)n, "%zu of %zu", n_agree, n);
    cr_assert_geq(n_clear_agree, 0.99 * (double)n_clear, "%zu of %zu", n_clear_agree, n_clear);
}

/* The effects that a path's circuit has beside those of others are needed: without them decisions differ. */
Test(decisions, a_common_node_without_its_kickback_is_found_out)
{
    struct circuit *c = make_path(9, NULL);
    struct decisions decisions;
    struct agreement a;
    cr_assert_eq(c->plan.reference.sharing, PATH_SHARED);
    for (size_t k = 0; k < c->calibration.n_estimates; k++)
        if (strcmp(c->calibration.estimates[k].name, "kickback_volts_per_ohm") == 0)
            c->calibration.estimates[k].value = 0;
    c->options.n_queries = 8;
    run(c, &decisions, &a);
    cr_assert_lt(a.clear.ratio, 0.97, "%g", a.clear.ratio);
    cr_assert_eq(a.confusion[1][0], 0, "all are pulled to 1");
    agreement_clear(&a);
    decisions_clear(&decisions);
    free_circuit(c);
}

/* Another order of ports, and two threshold shifts that are the input pair's: only the spread is known. */
Test(decisions, a_latch_of_the_users_own_keeps_as_often_as_its_spread_says, .init = enter_folder,
     .fini = leave_folder)
{
    struct circuit *c = make_circuit(4, PATH_TRANSIMPEDANCE);
    struct latch_options *latch = &c->plan.latch;
    struct decisions decisions;
    struct agreement a;
    struct text text = {0};
    struct rs_error err = {{0}};
    text_append(&text, "* theirs\n%s\n%s\n.subckt theirs vss vdd outn outp clk inn inp a=0 b=0\n",
                (const char *)parts_embedded_generic65, (const char *)parts_embedded_strongarm);
    text_append(&text, "xin inp inn clk outp outn vdd vss strongarm dv1={a} dv2={b}\n.ends\n");
    cr_assert_eq(file_write("latch.sub", text.bytes, text.length, &err), RS_OK, "%s", err.text);
    text_clear(&text);
    cr_assert_not_null(getcwd(latch->file, OPTION_TEXT_SIZE - 16));
    strcat(latch->file, "/latch.sub");
    snprintf(latch->subcircuit, OPTION_TEXT_SIZE, "theirs");
    snprintf(latch->mismatch_parameters, OPTION_TEXT_SIZE, "a b");
    latch->mismatch_sigmas_volts = (struct option_reals){.word = -1, .n = 1, .values = {7e-3}};
    cr_assert_eq(
        calibration_add(&c->calibration, "offset_sigma_volts", 1.093 * sqrt(2) * 7e-3, NAN, NAN, NAN, &err),
        RS_OK);
    c->options.n_decks = 8;
    c->options.near_sigmas = 1;
    run(c, &decisions, &a);
    cr_assert_not(a.knows_mismatch);
    cr_assert(a.good && a.curve_degrees >= 4, "seed %ld: p %g, %g degrees", (long)c->options.seed, a.curve_p,
              a.curve_degrees);
    cr_assert_lt(a.input_rms_volts, 10e-6);
    agreement_clear(&a);
    decisions_clear(&decisions);
    free_circuit(c);
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
