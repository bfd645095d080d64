/* The ways to read one array: which is taken, and that those with read noise have one law. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/attention.h"
#include "attention/reads.h"
#include "attention_fixture.h"

TestSuite(reads, .timeout = 120);

enum { ROWS = 40, COLUMNS = 31, D = 24, KEYS = 15, DISTINCT = 4, MOST = 512, DRAWS = 2000 };

/* Wires, and read noise as the only thing that is drawn. */
static void init(struct attention_fixture *f, size_t d, size_t n, const char *read_noise)
{
    attention_fixture_init(f, d, n);
    attention_fixture_set(f, "array.rows", "40");
    attention_fixture_set(f, "array.columns", "31");
    attention_fixture_set(f, "array.r_word_line", "20 ohm");
    attention_fixture_set(f, "array.r_driver", "100 ohm");
    attention_fixture_set(f, "array.r_sense", "100 ohm");
    attention_fixture_set(f, "device.preset", "wan2022");
    attention_fixture_set(f, "device.programming_scale", "0");
    attention_fixture_set(f, "device.read_noise", read_noise);
    f->shape.n_queries_max = MOST;
}

Test(reads, the_way_follows_from_shape_and_number_of_reads)
{
    const struct network wires = {.n_rows = 64, .n_columns = 128, .r_driver_ohm = 100}, none = {64, 128};
    cr_assert_eq(reads_choose(&wires, 1), READS_FIELD);
    cr_assert_eq(reads_choose(&wires, 64), READS_PRODUCT);
    cr_assert_eq(reads_choose(&none, 1), READS_PRODUCT);
    for (size_t n = 1; n < 5000; n++) {
        enum reads_way way = reads_choose_noisy(&wires, 64, n, 1),
                       before = reads_choose_noisy(&wires, 64, n - 1, 1);
        cr_assert_eq(reads_choose_noisy(&none, 64, n, 1), way, "wires do not enter: %zu reads", n);
        cr_assert(way == before || (before == READS_REDRAW && way != READS_PRODUCT) ||
                      (before == READS_LAW && way == READS_TABLES),
                  "%zu reads", n);
    }
    cr_assert_eq(reads_choose_noisy(&wires, 64, 1, 1), READS_REDRAW);
    cr_assert_eq(reads_choose_noisy(&wires, 64, 4999, 1), READS_TABLES);
    cr_assert_eq(reads_choose_noisy(&wires, 64, 4999, 4), READS_TABLES, "cells that seldom change");
    cr_assert_eq(reads_choose_noisy(&wires, 64, 4999, 4999), READS_REDRAW, "cells that change at every read");
}

static void draw_volts(size_t n_reads, double *volts)
{
    struct random_key key = {.seed = 8, .purpose = RANDOM_PROBE};
    memset(volts, 0, n_reads * ROWS * sizeof *volts);
    for (size_t r = 0; r < n_reads; r++)
        for (uint32_t i = 0; i < D; i++) {
            key.draw = (uint32_t)(r % DISTINCT);
            volts[r * ROWS + i] = 0.02 * ((int)random_integer(&key, i, 15) - 7);
        }
}

static void begin(struct reads *reads, const double *programmed, size_t n_reads, const double *volts)
{
    const struct reads_job job = {.n_reads = n_reads, .n_spans = 1, .volts = volts};
    struct rs_error err;
    cr_assert_eq(reads_open(reads, &job, programmed, &err), RS_OK);
    cr_assert_eq(reads_begin(reads, programmed, programmed, n_reads, volts), 0);
}

struct moments {
    double mean[DISTINCT * COLUMNS], sigma[DISTINCT * COLUMNS];
};

/* Over DRAWS draws of DISTINCT queries, by the way that is right for n_reads of them. */
static enum reads_way measure(const struct attention_setup *setup, const double *programmed, size_t n_reads,
                              uint64_t seed, struct moments *out)
{
    struct reads *reads;
    struct rs_error err;
    double *volts = calloc(n_reads * ROWS, sizeof *volts), amperes[DISTINCT * COLUMNS];
    memset(out, 0, sizeof *out);
    draw_volts(n_reads, volts);
    cr_assert_eq(reads_create(setup, &reads, &err), RS_OK, "%s", err.text);
    begin(reads, programmed, n_reads, volts);
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        const struct random_key key = {.seed = seed, .draw = draw * DISTINCT};
        cr_assert_eq(reads_solve(reads, &key, DISTINCT, volts, amperes), 0);
        for (size_t i = 0; i < DISTINCT * COLUMNS; i++) {
            double before = amperes[i] - out->mean[i];
            out->mean[i] += before / (draw + 1);
            out->sigma[i] += before * (amperes[i] - out->mean[i]);
        }
    }
    for (size_t i = 0; i < DISTINCT * COLUMNS; i++)
        out->sigma[i] = sqrt(out->sigma[i] / (DRAWS - 1));
    enum reads_way way = reads->way;
    reads_destroy(reads);
    free(volts);
    return way;
}

/* Each mean and sigma within 4 standard errors, all of them together within 3, plus 0.5 % of the tables. */
static void assert_same(const struct moments *one, const struct moments *other, const char *what)
{
    double n = DISTINCT * COLUMNS, shift = 0, ratio = 0;
    for (size_t i = 0; i < DISTINCT * COLUMNS; i++) {
        double own_shift = (one->mean[i] - other->mean[i]) / other->sigma[i];
        double own_ratio = one->sigma[i] / other->sigma[i] - 1;
        cr_assert_lt(fabs(own_shift), 4 * sqrt(2.0 / DRAWS), "%s %zu: mean off by %g sigma", what, i,
                     own_shift);
        cr_assert_lt(fabs(own_ratio), 4 * sqrt(1.0 / DRAWS) + 0.005, "%s %zu: sigma off by %g", what, i,
                     own_ratio);
        shift += own_shift / n;
        ratio += own_ratio / n;
    }
    cr_assert_lt(fabs(shift), 3 * sqrt(2.0 / DRAWS / n), "%s: means off by %g sigma", what, shift);
    cr_assert_lt(fabs(ratio), 3 * sqrt(1.0 / DRAWS / n) + 0.002, "%s: sigmas off by %g", what, ratio);
}

Test(reads, redrawn_cells_law_and_tables_have_the_same_means_and_spreads)
{
    static double programmed[ROWS * COLUMNS];
    for (int ideal = 0; ideal < 2; ideal++) {
        struct attention_fixture f;
        static struct moments redraw, law, tables;
        init(&f, D, KEYS, "5 %");
        if (ideal) {
            attention_fixture_set(&f, "array.r_word_line", "0");
            attention_fixture_set(&f, "array.r_driver", "0");
            attention_fixture_set(&f, "array.r_sense", "0");
        }
        attention_fixture_settle(&f, 0);
        const struct random_key key = {.seed = 9, .purpose = RANDOM_PROBE};
        random_uniforms(&key, ROWS * COLUMNS, programmed);
        for (size_t c = 0; c < ROWS * COLUMNS; c++)
            programmed[c] = 1e-6 + 39e-6 * programmed[c];
        cr_assert_eq(measure(&f.setup, programmed, DISTINCT, 1, &redraw), READS_REDRAW);
        cr_assert_eq(measure(&f.setup, programmed, 32, 2, &law), READS_LAW);
        cr_assert_eq(measure(&f.setup, programmed, MOST, 3, &tables), READS_TABLES);
        assert_same(&law, &redraw, ideal ? "ideal law" : "law");
        assert_same(&tables, &redraw, ideal ? "ideal tables" : "tables");
        setup_clear(&f.setup);
    }
}

Test(reads, noise_above_a_fifth_of_a_conductance_is_redrawn)
{
    const char *const ratios[] = {"20 %", "21 %"};
    static double programmed[ROWS * COLUMNS], volts[MOST * ROWS];
    draw_volts(MOST, volts);
    for (size_t c = 0; c < ROWS * COLUMNS; c++)
        programmed[c] = 1e-6 * (double)(c % 39 + 1);
    for (int i = 0; i < 2; i++) {
        struct attention_fixture f;
        struct reads *reads;
        struct rs_error err;
        init(&f, D, KEYS, ratios[i]);
        attention_fixture_settle(&f, 0);
        cr_assert_eq(reads_create(&f.setup, &reads, &err), RS_OK, "%s", err.text);
        begin(reads, programmed, MOST, volts);
        cr_assert_eq(reads->way, i == 0 ? READS_TABLES : READS_REDRAW, "%s", ratios[i]);
        reads_destroy(reads);
        setup_clear(&f.setup);
    }
}

Test(reads, a_read_has_the_same_currents_whatever_is_read_with_it)
{
    const size_t counts[] = {3, 32, MOST};
    static double programmed[ROWS * COLUMNS], volts[MOST * ROWS];
    double together[32 * COLUMNS], alone[COLUMNS];
    struct attention_fixture f;
    draw_volts(MOST, volts);
    for (size_t c = 0; c < ROWS * COLUMNS; c++)
        programmed[c] = 1e-6 * (double)(c % 39 + 1);
    for (int noise = 0; noise < 2; noise++)
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            struct reads *reads;
            struct rs_error err;
            size_t n = counts[c] < 32 ? counts[c] : 32;
            init(&f, D, KEYS, noise ? "3 %" : "0");
            attention_fixture_settle(&f, 0);
            cr_assert_eq(reads_create(&f.setup, &reads, &err), RS_OK, "%s", err.text);
            begin(reads, programmed, counts[c], volts);
            struct random_key key = {.seed = 5, .trial = 1, .array = 2, .write = 3, .draw = 40};
            cr_assert_eq(reads_solve(reads, &key, n, volts, together), 0);
            for (size_t r = 0; r < n; r++, key.draw++) {
                cr_assert_eq(reads_solve(reads, &key, 1, volts + r * ROWS, alone), 0);
                cr_assert_eq(memcmp(alone, together + r * COLUMNS, sizeof alone), 0, "read %zu of %zu", r,
                             counts[c]);
            }
            reads_destroy(reads);
            setup_clear(&f.setup);
        }
}

struct rates {
    double sums[3], squares[3];
    size_t n_trials;
};

/* keep_ratio, false_prune_rate and false_keep_rate of each trial: the same DISTINCT queries, `repeats` times
 * in one call. */
static struct rates run(size_t repeats, uint32_t first_trial, size_t n_trials)
{
    static float q[MOST * D], k[KEYS * D], v[KEYS * D], output[MOST * D];
    static double normals[MOST * D];
    struct attention_fixture f;
    struct attention *attention;
    struct rs_error err;
    struct rates rates = {.n_trials = n_trials};
    init(&f, D, KEYS, "10 %");
    f.shape.n_queries_max = repeats * DISTINCT;
    attention_fixture_settle(&f, 4000);
    struct random_key key = {.seed = 4, .purpose = RANDOM_PROBE};
    random_normals(&key, DISTINCT * D, normals);
    for (size_t i = 0; i < repeats * DISTINCT * D; i++)
        q[i] = (float)rint(40 * normals[i % (DISTINCT * D)]);
    key.draw = 1;
    random_normals(&key, KEYS * D, normals);
    for (size_t i = 0; i < KEYS * D; i++)
        k[i] = v[i] = (float)rint(40 * normals[i]);
    const struct attention_call call = {.n_query_heads = 1,
                                        .n_queries = repeats * DISTINCT,
                                        .n_keys = KEYS,
                                        .d = D,
                                        .score_scale = 1,
                                        .q = q,
                                        .k = k,
                                        .v = v,
                                        .output = output};
    cr_assert_eq(attention_create(&f.setup, QUERY_ANALOG, &attention, &err), RS_OK, "%s", err.text);
    for (size_t t = 0; t < n_trials; t++) {
        attention_start(attention, first_trial + (uint32_t)t, NULL);
        attention_set_sample(attention, 0);
        cr_assert_eq(attention_run(attention, &call, &err), RS_OK, "%s", err.text);
        const struct attention_counts *c = attention_get_counts(attention);
        double n_exact = (double)c->n_exact_keep, n_rest = (double)(c->n_visible - c->n_exact_keep);
        const double values[3] = {(double)c->n_kept / (double)c->n_visible,
                                  (double)c->n_false_prune / n_exact, (double)c->n_false_keep / n_rest};
        for (int i = 0; i < 3; i++) {
            rates.sums[i] += values[i];
            rates.squares[i] += values[i] * values[i];
        }
    }
    attention_destroy(attention);
    setup_clear(&f.setup);
    return rates;
}

Test(reads, rates_of_decisions_do_not_depend_on_the_way)
{
    const char *const names[] = {"keep_ratio", "false_prune_rate", "false_keep_rate"};
    struct rates redraw = run(1, 0, 1200), law = run(8, 5000, 150), tables = run(128, 9000, 25);
    const struct rates *const others[] = {&law, &tables};
    for (int w = 0; w < 2; w++)
        for (int i = 0; i < 3; i++) {
            double mean[2], error = 0;
            const struct rates *const pair[] = {&redraw, others[w]};
            for (int p = 0; p < 2; p++) {
                double n = (double)pair[p]->n_trials;
                mean[p] = pair[p]->sums[i] / n;
                error += (pair[p]->squares[i] / n - mean[p] * mean[p]) / (n - 1);
            }
            cr_assert_gt(mean[0], 0.01, "%s", names[i]);
            cr_assert_lt(fabs(mean[1] - mean[0]), 3 * sqrt(error), "%s: %g and %g", names[i], mean[0],
                         mean[1]);
        }
}
