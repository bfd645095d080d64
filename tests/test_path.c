/* Full-path decks, run by ngspice, against the engine's own solve and against what the latch's mismatch says.
 */
#include "config.h" /* mkdtemp */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/file.h"
#include "path_case.h"
#include "spice/parts.h"

TestSuite(path, .timeout = 120);

#define LIMIT_SECONDS 100.0

static struct path_case cases[2];
static struct path_decision decisions[PATH_CASE_VECTORS_MAX * PATH_CASE_LINES_MAX];
static double expected[PATH_CASE_VECTORS_MAX * PATH_CASE_LINES_MAX];

static void run(const struct path_case *c)
{
    const struct worker_options options = {.program = getenv("RESCORE")};
    struct worker_pool *pool;
    struct rs_error err = {{0}};
    cr_assert_eq(worker_pool_create(&options, &pool, &err), RS_OK, "%s", err.text);
    cr_assert_eq(path_run(&c->path, pool, LIMIT_SECONDS, decisions, &err), RS_OK, "%s", err.text);
    worker_pool_destroy(pool);
}

/*
 * Relative to the largest input. What is linear, Newton's last step solves exactly. The integral of a
 * constant current is off by the one step of Euler's rule at each of its gate's corners. And after a decision
 * a latch draws a gate current that falls like 1 / t, as subthreshold current charges its tail: 3 uV at 1.5
 * kohm after 1 ns, so queries wait. The first follows none.
 */
#define WAIT_SECONDS 1e-6
#define LEFT_VOLTS 5e-8 /* 15 nV found, below the transient's vntol of 100 nV */

static void check_inputs(struct path_case *c, double tolerance, const char *what)
{
    c->plan.path.settle_seconds = WAIT_SECONDS;
    size_t n = c->path.n_vectors * path_n_slots(&c->plan.path, c->array.network.n_columns);
    double largest = 0;
    path_case_inputs(c, expected);
    run(c);
    for (size_t k = 0; k < n; k++)
        largest = fmax(largest, fabs(expected[k]));
    for (size_t k = 0; k < n; k++) {
        double allowed = tolerance * largest + (k < n / c->path.n_vectors ? 0 : LEFT_VOLTS);
        cr_assert(fabs(decisions[k].input_volts - expected[k]) <= allowed,
                  "%s, decision %zu: %.12g V, the engine says %.12g V", what, k, decisions[k].input_volts,
                  expected[k]);
    }
}

Test(path, settled_inputs_are_those_of_the_engine)
{
    static const char *const names[] = {"resistor", "transimpedance", "integrator"};
    static const double tolerances[] = {1e-7, 1e-7, 5e-6};
    struct path_case *c = &cases[0];
    for (int sense = 0; sense < 3; sense++) {
        path_case_fill(c, sense == PATH_RESISTOR ? 8 : 4, 3, 10 + (uint64_t)sense);
        c->plan.path.sense = sense;
        c->plan.reference.threshold_amperes.values[0] = 2e-6;
        check_inputs(c, tolerances[sense], names[sense]);
    }
}

Test(path, nonlinear_cells_and_other_edges_are_those_of_the_engine)
{
    struct path_case *c = &cases[0];
    path_case_fill(c, 5, 2, 20);
    c->array.law = (struct cell_law){.kind = CELL_LAW_SINH, .v0_volts = 0.1};
    c->array.edges.drive = EDGES_DRIVE_BOTH;
    check_inputs(c, 1e-6, "sinh cells");
}

/* Compact models at rest: Yakopcic's is linear where its state does not move, Stanford's is a sinh of 0.25 V.
 */
Test(path, compact_models_conduct_what_the_array_says)
{
    struct path_case *c = &cases[0];
    path_case_fill(c, 4, 2, 30);
    c->plan.path.cell = PATH_CELL_VTEAM;
    check_inputs(c, 1e-6, "vteam");
    c->plan.path.cell = PATH_CELL_YAKOPCIC;
    check_inputs(c, 1e-4, "yakopcic");
    c->plan.path.cell = PATH_CELL_STANFORD;
    c->array.law = (struct cell_law){.kind = CELL_LAW_SINH, .v0_volts = 0.25};
    check_inputs(c, 1e-3, "stanford");
}

/* Sensitivities that decks/strongarm_offset.cir measures at a common mode of 0.6 V. */
static double offset(const double *dv)
{
    return 1.095 * (dv[0] - dv[1]) + 0.185 * (dv[2] - dv[3]) + 0.056 * (dv[4] - dv[5]);
}

/* Transimpedances: both inputs see the same resistance. Below the margin, 10 % of the offset's sigma, nothing
 * is said. */
Test(path, decisions_follow_the_mismatch)
{
    enum { N = 16, N_VECTORS = 4, N_SLOTS = N / 2, N_MISMATCH = 6 };
    struct path_case *c = &cases[0];
    double mismatch[N_SLOTS * N_MISMATCH];
    struct rs_error err;
    int n_decided = 0, n_turned = 0;
    path_case_fill(c, N, N_VECTORS, 40);
    c->plan.path.sense = PATH_TRANSIMPEDANCE;
    c->plan.path.r_feedback_ohm = 2e3;
    cr_assert_eq(latch_draw_mismatch(&c->plan.latch, 1, N_SLOTS, mismatch, &err), RS_OK);
    run(c);
    for (int k = 0; k < N_VECTORS * N_SLOTS; k++) {
        double input = decisions[k].input_volts, o = offset(&mismatch[k % N_SLOTS * N_MISMATCH]);
        if (fabs(input - o) < 1.1e-3)
            continue;
        n_decided++;
        n_turned += (input > 0) != (input > o);
        cr_assert_eq(decisions[k].output_volts > 0, input > o, "decision %d: input %g V, offset %g V", k,
                     input, o);
        cr_assert(decisions[k].resolved && decisions[k].delay_seconds > 20e-12 &&
                      decisions[k].delay_seconds < 90e-12,
                  "decision %d: %g s", k, decisions[k].delay_seconds);
    }
    cr_assert_gt(n_decided, 25);
    cr_assert_gt(n_turned, 0, "some decisions are the mismatch's");
}

/* Index of the first query that is kept, as the threshold falls by 20 uV a query. */
static int first_kept(const struct path_case *c, int n)
{
    run(c);
    int first = 0;
    while (first < n && decisions[first].output_volts < 0)
        first++;
    for (int v = first; v < n; v++)
        cr_assert_gt(decisions[v].output_volts, 0, "one trip point");
    return first;
}

Test(path, the_trip_point_does_not_move_with_the_time_step)
{
    enum { N_VECTORS = 24 };
    struct path_case *c = &cases[0];
    static const double mismatch[6] = {5e-3, 0, 3e-3, -2e-3, 0, 1e-3};
    double thresholds[N_VECTORS];
    path_case_fill(c, 2, N_VECTORS, 50);
    c->plan.path.sense = PATH_TRANSIMPEDANCE;
    for (int k = 0; k < 2 * N_VECTORS; k++)
        c->volts[k] = 0;
    for (int v = 0; v < N_VECTORS; v++) /* around an offset of 6.46 mV, gain 10 kohm */
        thresholds[v] = -(offset(mismatch) + 20e-6 * (v - N_VECTORS / 2)) / 1e4;
    c->path.threshold_amperes = thresholds;
    c->path.mismatch_volts = mismatch;
    int coarse = first_kept(c, N_VECTORS);
    cr_assert(coarse > 0 && coarse < N_VECTORS, "%d: the trip point is among the queries", coarse);
    for (double step = 10e-12; step > 2e-12; step /= 2) {
        c->plan.path.step_seconds = step;
        int fine = first_kept(c, N_VECTORS);
        cr_assert(abs(fine - coarse) <= 1, "%g s: %d, as the circuit needs: %d", step, fine, coarse);
    }
}

/* Eight latches on one node without a buffer pull it below their own inputs: all keep. Buffered, they do not.
 */
Test(path, kickback_adds_up_on_a_shared_reference)
{
    enum { N = 8 };
    struct path_case *c = &cases[0];
    double mismatch[(N - 1) * 6] = {0};
    int kept[2] = {0, 0};
    for (int sharing = 0; sharing < 2; sharing++) {
        path_case_fill(c, N, 1, 60);
        c->plan.path.sign = PATH_OFFSET;
        c->plan.path.sense = PATH_TRANSIMPEDANCE;
        c->plan.path.r_feedback_ohm = 500;
        c->plan.reference.sharing = sharing;
        c->path.mismatch_volts = mismatch;
        run(c);
        for (int j = 0; j < N - 1; j++) {
            kept[sharing] += decisions[j].output_volts > 0;
            if (sharing == PATH_PER_COMPARATOR && fabs(decisions[j].input_volts) > 1e-4)
                cr_assert_eq(decisions[j].output_volts > 0, decisions[j].input_volts > 0);
        }
    }
    cr_assert_lt(kept[PATH_PER_COMPARATOR], N - 1);
    cr_assert_eq(kept[PATH_SHARED], N - 1);
}

/* --- a user's own latch --- */

static void write_latch(const char *path, const char *ports)
{
    struct text text = {0};
    struct rs_error err;
    text_append(&text, "* somebody's latch\n%s\n%s\n.SUBCKT My_Latch %s\n+ shift_a=0 shift_b=0\n",
                (const char *)parts_embedded_generic65, (const char *)parts_embedded_strongarm, ports);
    text_append(&text, "xin inp inn clk outp outn vdd vss strongarm dv1={shift_a} dv2={shift_b}\n.ends\n");
    cr_assert_eq(file_write(path, text.bytes, text.length, &err), RS_OK, "%s", err.text);
    text_clear(&text);
}

static void use_latch(struct path_case *c, const char *path)
{
    snprintf(c->plan.latch.file, OPTION_TEXT_SIZE, "%s", path);
    snprintf(c->plan.latch.subcircuit, OPTION_TEXT_SIZE, "my_latch");
    snprintf(c->plan.latch.mismatch_parameters, OPTION_TEXT_SIZE, "shift_a, shift_b");
    c->plan.latch.mismatch_sigmas_volts = (struct option_reals){.word = -1, .n = 1, .values = {5e-3}};
}

Test(path, a_latch_of_the_users_own_takes_the_place_of_ours)
{
    char folder[] = "/tmp/rescore-test-XXXXXX", path[128];
    struct path_case *own = &cases[0], *theirs = &cases[1];
    static double mismatch[4] = {4e-3, -1e-3, -3e-3, 2e-3};
    const double ours[12] = {4e-3, -1e-3, 0, 0, 0, 0, -3e-3, 2e-3};
    struct path_decision first[2];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/latch.sub", folder);
    write_latch(path, "vss vdd\n* their order\n+ OUTN outp CLK inn inp");
    path_case_fill(own, 4, 1, 70);
    own->path.mismatch_volts = ours;
    run(own);
    memcpy(first, decisions, sizeof first);
    path_case_fill(theirs, 4, 1, 70);
    use_latch(theirs, path);
    theirs->path.mismatch_volts = mismatch;
    run(theirs);
    for (int j = 0; j < 2; j++)
        cr_assert(fabs(first[j].delay_seconds - decisions[j].delay_seconds) < 1e-14 &&
                      fabs(first[j].input_volts - decisions[j].input_volts) < 1e-9,
                  "%g s, %g s", first[j].delay_seconds, decisions[j].delay_seconds);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(folder), 0);
}

/* Delays of two latches whose thresholds their own file draws. */
static void run_drawn(const char *path, const char *monte_carlo, int seed, double delays[2])
{
    struct path_case *c = &cases[0];
    path_case_fill(c, 4, 1, 75);
    snprintf(c->plan.latch.file, OPTION_TEXT_SIZE, "%s", path);
    snprintf(c->plan.latch.subcircuit, OPTION_TEXT_SIZE, "my_latch");
    snprintf(c->plan.latch.monte_carlo, OPTION_TEXT_SIZE, "%s", monte_carlo);
    c->plan.latch.seed = seed;
    run(c);
    for (int j = 0; j < 2; j++)
        delays[j] = decisions[j].delay_seconds;
}

Test(path, a_latchs_own_monte_carlo_switch_draws_by_the_seed)
{
    char folder[] = "/tmp/rescore-test-XXXXXX", path[128];
    double off[2], other_off[2], on[2], again[2], other[2];
    struct text text = {0};
    struct rs_error err;
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/latch.sub", folder);
    text_append(&text,
                "* drawn\n%s\n%s\n.subckt my_latch inp inn clk outp outn vdd vss\n"
                ".param spread={mismatch_on*5m}\n"
                "xin inp inn clk outp outn vdd vss strongarm dv1={agauss(0,spread,1)}\n.ends\n",
                (const char *)parts_embedded_generic65, (const char *)parts_embedded_strongarm);
    cr_assert_eq(file_write(path, text.bytes, text.length, &err), RS_OK, "%s", err.text);
    text_clear(&text);
    run_drawn(path, "mismatch_on=0", 1, off);
    run_drawn(path, "mismatch_on=0", 2, other_off);
    run_drawn(path, "mismatch_on=1", 1, on);
    run_drawn(path, "mismatch_on=1", 1, again);
    run_drawn(path, "mismatch_on=1", 2, other);
    for (int j = 0; j < 2; j++) {
        cr_assert(off[j] == other_off[j] && on[j] == again[j]);
        cr_assert(on[j] != off[j] && on[j] != other[j]);
    }
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(folder), 0);
}

Test(path, a_latch_that_does_not_fit_is_refused)
{
    static const struct {
        const char *ports, *said;
    } bad[] = {{"inp inn clk outp vdd vss", "has no port 'outn'"},
               {"inp inn clk outp outn vdd vss bulk", "has a port 'bulk'"},
               {"inp inp clk outp outn vdd vss", "has a port 'inp'"}};
    char folder[] = "/tmp/rescore-test-XXXXXX", path[128];
    struct path_case *c = &cases[0];
    struct rs_error err;
    struct text deck = {0};
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/latch.sub", folder);
    path_case_fill(c, 4, 1, 80);
    use_latch(c, path);
    cr_assert_eq(path_write(&c->path, &deck, &err), RS_IO);
    cr_assert(strstr(err.text, path) != NULL, "%s", err.text);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_latch(path, bad[i].ports);
        cr_assert_eq(path_write(&c->path, &deck, &err), RS_INPUT);
        cr_assert(strstr(err.text, bad[i].said) != NULL && strstr(err.text, path) != NULL, "%s", err.text);
    }
    write_latch(path, "inp inn clk outp outn vdd vss");
    snprintf(c->plan.latch.subcircuit, OPTION_TEXT_SIZE, "another");
    cr_assert_eq(path_write(&c->path, &deck, &err), RS_INPUT);
    cr_assert(strstr(err.text, "no '.subckt another' found") != NULL, "%s", err.text);
    text_clear(&deck);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(folder), 0);
}

/* --- plans --- */

Test(path, every_error_of_a_plan_is_told_at_its_place)
{
    static const char yaml[] = "path:\n  sense: resister\n  supply: 1.2 A\nreference:\n  kind: replica\n"
                               "  sharing: shared\nlatch:\n  w_inptu: 1 um\n  file: latch.sub\nlach: {}\n";
    static const char *const said[] = {
        "p.yaml:2:10: error: 'path.sense': ", "p.yaml:3:11: error: 'path.supply': ",
        "p.yaml:8:3: error: 'latch.w_inptu': unknown key; did you mean 'latch.w_input'?",
        "p.yaml:10:1: error: 'lach': unknown key; did you mean 'latch'?"};
    struct yaml_document *document;
    struct path_plan plan;
    struct settings settings = {.path = "p.yaml"};
    struct rs_error err = {{0}};
    cr_assert_eq(yaml_parse("p.yaml", yaml, strlen(yaml), &document, &err), RS_OK);
    path_options_add(&settings, &plan);
    cr_assert_eq(settings_read(&settings, document, &err), RS_INPUT);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        cr_assert(strstr(err.text, said[i]) != NULL, "%s in %s", said[i], err.text);
    err.text[0] = '\0';
    cr_assert_eq(path_options_check(&settings, &plan, &err), RS_INPUT);
    cr_assert(strstr(err.text, "p.yaml:6:12: error: 'reference.sharing': ") != NULL, "%s", err.text);
    cr_assert(strstr(err.text, "'reference.replica': ") != NULL, "%s", err.text);
    cr_assert(strstr(err.text, "'latch.subcircuit': ") != NULL, "%s", err.text);
    settings_clear(&settings);
    yaml_destroy(document);
}

Test(path, what_does_not_fit_the_array_is_refused)
{
    struct path_case *c = &cases[0];
    const double bias_volts[4] = {0, 0, 0, 0.1};
    struct rs_error err;
    struct text deck = {0};
    path_case_fill(c, 4, 2, 90);
    c->array.edges.sense = EDGES_SENSE_BOTH;
    cr_assert_eq(path_write(&c->path, &deck, &err), RS_INPUT);
    path_case_fill(c, 4, 2, 90);
    c->array.edges.bit_line_bias_volts = bias_volts;
    cr_assert_eq(path_write(&c->path, &deck, &err), RS_INPUT);
    path_case_fill(c, 4, 2, 90);
    c->array.network.r_sense_ohm = 0;
    cr_assert_eq(path_write(&c->path, &deck, &err), RS_INPUT);
    path_case_fill(c, 4, 2, 90);
    c->plan.reference.threshold_amperes.n = 3;
    cr_assert_eq(path_write(&c->path, &deck, &err), RS_INPUT);
    path_case_fill(c, 4, 2, 90);
    c->plan.reference.kind = PATH_BIAS_ROWS;
    cr_assert_eq(path_write(&c->path, &deck, &err), RS_INPUT);
    cr_assert(strstr(err.text, "bias row 3") != NULL, "%s", err.text);
    path_case_fill(c, 4, 2, 90);
    c->plan.path.cell = PATH_CELL_STANFORD;
    c->conductance[5] = 1e-7;
    cr_assert_eq(path_write(&c->path, &deck, &err), RS_INPUT);
    cr_assert(strstr(err.text, "cell (1, 1)") != NULL, "%s", err.text);
    text_clear(&deck);
}

Test(path, drawn_mismatch_has_the_spread_of_its_size)
{
    enum { N_SLOTS = 4000 };
    struct path_plan plan;
    static double volts[N_SLOTS * 6];
    struct rs_error err;
    path_options_fill(&plan);
    cr_assert_eq(latch_draw_mismatch(&plan.latch, 7, N_SLOTS, volts, &err), RS_OK);
    for (int k = 0; k < 6; k++) {
        double sum = 0, width = k < 2 ? 2 : 1, sigma = 3.5e-3 / sqrt(2 * width * 0.065);
        for (int j = 0; j < N_SLOTS; j++)
            sum += volts[j * 6 + k] * volts[j * 6 + k];
        /* of a variance: sqrt(2 / n) */
        cr_assert(fabs(sum / N_SLOTS / (sigma * sigma) - 1) < 4 * sqrt(2.0 / N_SLOTS), "%d: %g", k,
                  sum / N_SLOTS);
    }
}
