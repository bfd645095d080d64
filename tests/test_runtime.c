/* What time and voltage do to the arrays of a run, through the bank: closed forms, other orders of the same
 * steps, draws that must not move. */
#define _GNU_SOURCE
#include <math.h>
#include <string.h>

#include "attention/attention.h"
#include "attention/traps.h"
#include "attention_fixture.h"
#include "crossbar/nonlinear.h"
#include "crossbar/transfer.h"
#include "folder.h"

TestSuite(runtime, .timeout = 200, .init = enter_folder, .fini = leave_folder);

enum { ROWS = 8, COLUMNS = 31, KEYS = 15, CELLS = ROWS * COLUMNS, READS_MOST = 300 };

static const char window[] = "format: rescore-device-card\nversion: 1\nname: cell\nsummary: a test\n"
                             "citation: [none]\nwindow:\n  g_min: 1 uS\n  g_max: 100 uS\n  clamp: zero\n"
                             "  source: a test\n  confidence: assumed\n";
static const char origin[] = "  source: a test\n  confidence: assumed\n";

/* An ideal cell with one block more; wires of 0 ohm unless told. */
static void init(struct attention_fixture *f, size_t d, size_t n_queries, const char *block)
{
    char path[64];
    attention_fixture_init(f, d, KEYS);
    snprintf(path, sizeof path, "card%d.yaml", count_files());
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_gt(fprintf(file, "%s%s%s", window, block, block[0] != '\0' ? origin : ""), 0);
    cr_assert_eq(fclose(file), 0);
    attention_fixture_set(f, "device.card", path);
    attention_fixture_set(f, "array.rows", "8");
    attention_fixture_set(f, "array.columns", "31");
    f->shape.n_queries_max = n_queries;
}

static void add_wires(struct attention_fixture *f)
{
    attention_fixture_set(f, "array.r_word_line", "20 ohm");
    attention_fixture_set(f, "array.r_driver", "100 ohm");
    attention_fixture_set(f, "array.r_sense", "100 ohm");
}

static int16_t key_msb[40 * 24], query_msb[READS_MOST * 24];

static void draw_codes(void)
{
    struct random_key key = {.seed = 5, .purpose = RANDOM_PROBE};
    for (uint32_t i = 0; i < sizeof key_msb / sizeof key_msb[0]; i++)
        key_msb[i] = (int16_t)((int)random_integer(&key, i, 15) - 7);
    key.draw = 1;
    for (uint32_t i = 0; i < sizeof query_msb / sizeof query_msb[0]; i++)
        query_msb[i] = (int16_t)((int)random_integer(&key, i, 15) - 7);
}

static struct bank_job job_of(const struct attention_fixture *f, uint32_t trial)
{
    return (struct bank_job){.trial = trial,
                             .write = 3,
                             .n_keys = f->shape.n_keys_max,
                             .n_queries = f->shape.n_queries_max,
                             .n_query_heads = (size_t)f->shape.n_heads,
                             .causal = f->shape.causal,
                             .key_msb = key_msb,
                             .query_msb = query_msb};
}

/* Signals of one job; the certificate must hold. */
static double read_once(const struct attention_fixture *f, struct keep *keep, double *signals)
{
    struct bank *bank;
    struct rs_error err = {{0}};
    const struct bank_job job = job_of(f, 2);
    cr_assert_eq(bank_create(&f->setup, &bank, &err), RS_OK, "%s", err.text);
    cr_assert_eq(bank_read(bank, &job, &(struct bank_answer){.signal_units = signals}, keep, &err), RS_OK,
                 "%s", err.text);
    struct bank_certificate certificate = bank_certificate(bank);
    cr_assert(certificate.n_failed == 0 && certificate.residual_max < 1e-9, "%g", certificate.residual_max);
    bank_destroy(bank);
    return certificate.residual_max;
}

static double largest(size_t n, const double *one, const double *other)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(one[i] - other[i]));
    return most;
}

static double signals[READS_MOST * 40], others[READS_MOST * 40];

/* --- telegraph noise --- */

#define TRAPS(amplitude, rate)                                                                               \
    "telegraph:\n  kind: traps\n  traps: 1\n  amplitude: " amplitude "\n  amplitude_spread: 0\n"             \
    "  g_reference: 50 uS\n  exponent: 0\n  amplitude_max: 50 %\n  rate_low: " rate "\n  rate_high: " rate   \
    "\n"

/*
 * Caught and released at rate k, read for T every q: the change over m reads has the mean square
 * 2 n (a g v)^2 / 4 f^2 (1 - exp(-2 k q m)), f = (1 - exp(-2 k T)) / (2 k T), n the traps of the column.
 */
Test(runtime, signals_of_successive_reads_have_the_spectrum_of_two_state_traps)
{
    enum { N = 256, TRIALS = 30, LAGS = 4 };
    const size_t lags[LAGS] = {1, 3, 8, 20};
    const double amplitude = 1e-3, k = 1e5, interval = 1e-6, read = 0.5e-6;
    double sum[LAGS] = {0}, squares[LAGS] = {0};
    struct attention_fixture f;
    struct bank *bank;
    struct rs_error err;
    for (size_t i = 0; i < KEYS * ROWS; i++)
        key_msb[i] = 7;
    for (size_t i = 0; i < N * ROWS; i++)
        query_msb[i] = 7;
    init(&f, ROWS, N, TRAPS("1e-3", "1e5"));
    attention_fixture_set(&f, "array.read_time", "0.5 us");
    attention_fixture_set(&f, "array.query_interval", "1 us");
    attention_fixture_settle(&f, 0);
    cr_assert_eq(bank_create(&f.setup, &bank, &err), RS_OK);
    for (uint32_t trial = 0; trial < TRIALS; trial++) {
        const struct bank_job job = job_of(&f, trial);
        cr_assert_eq(bank_read(bank, &job, &(struct bank_answer){.signal_units = signals}, NULL, &err),
                     RS_OK);
        bank_reset(bank);
        for (size_t j = 0; j < KEYS; j++)
            for (size_t l = 0; l < LAGS; l++) {
                double mean = 0;
                for (size_t r = 0; r + lags[l] < N; r++)
                    mean += pow(signals[(r + lags[l]) * KEYS + j] - signals[r * KEYS + j], 2);
                mean /= (double)(N - lags[l]);
                sum[l] += mean;
                squares[l] += mean * mean;
            }
    }
    bank_destroy(bank);
    double n = KEYS * TRIALS, x = 2 * k * read, f_read = (1 - exp(-x)) / x;
    /* A cell at g_max carries 7 x 7 units of signal per g_max - g_min. */
    double swing = amplitude * 49 * 100 / 99.0;
    for (size_t l = 0; l < LAGS; l++) {
        double found = sum[l] / n, error = sqrt((squares[l] / n - found * found) / n);
        double expected =
            2 * ROWS * swing * swing / 4 * f_read * f_read * (1 - exp(-2 * k * interval * (double)lags[l]));
        cr_assert_lt(fabs(found - expected), 4.5 * error, "lag %zu: %g found, %g expected, error %g", lags[l],
                     found, expected, error);
        cr_assert_lt(error, 0.04 * expected);
    }
    setup_clear(&f.setup);
}

static void settle_noisy(struct attention_fixture *f, const char *block, const char *read_noise,
                         const char *scale, size_t n_queries)
{
    init(f, ROWS, n_queries, block);
    add_wires(f);
    attention_fixture_set(f, "device.cycle_spread", "3 %");
    attention_fixture_set(f, "device.read_noise", read_noise);
    attention_fixture_set(f, "device.telegraph_scale", scale);
    attention_fixture_settle(f, 0);
}

/* 4 reads redraw cells, 300 draw columns from tables; without read noise a field per read. */
Test(runtime, traps_that_take_nothing_change_no_byte_and_others_move_no_draw)
{
    const size_t counts[] = {4, 300, 20};
    const char *const noises[] = {"3 %", "3 %", "0"};
    draw_codes();
    for (int c = 0; c < 3; c++) {
        struct attention_fixture without, silent, off, faint, loud;
        size_t n = counts[c] * KEYS;
        settle_noisy(&without, "", noises[c], "1", counts[c]);
        settle_noisy(&silent, TRAPS("0", "1e5"), noises[c], "1", counts[c]);
        settle_noisy(&off, TRAPS("10 %", "1e5"), noises[c], "0", counts[c]);
        settle_noisy(&faint, TRAPS("10 %", "1e5"), noises[c], "1e-8", counts[c]);
        settle_noisy(&loud, TRAPS("10 %", "1e5"), noises[c], "1", counts[c]);
        read_once(&without, NULL, signals);
        read_once(&silent, NULL, others);
        cr_assert_eq(memcmp(signals, others, n * sizeof *signals), 0, "%zu reads: silent", counts[c]);
        read_once(&off, NULL, others);
        cr_assert_eq(memcmp(signals, others, n * sizeof *signals), 0, "%zu reads: off", counts[c]);
        read_once(&faint, NULL, others);
        double moved = largest(n, signals, others);
        cr_assert(moved > 0 && moved < 2e-6, "%zu reads: faint traps move a signal by %g units", counts[c],
                  moved);
        read_once(&loud, NULL, others);
        cr_assert_gt(largest(n, signals, others), 1, "%zu reads: loud", counts[c]);
        setup_clear(&without.setup);
        setup_clear(&silent.setup);
        setup_clear(&off.setup);
        setup_clear(&faint.setup);
        setup_clear(&loud.setup);
    }
}

/* What a column draws beside its current has, with traps, the variance of cells with their mean occupation.
 */
Test(runtime, column_noise_beside_traps_is_that_of_redrawn_cells)
{
    enum { TRIALS = 500, N = 40 };
    double variance[2] = {0};
    draw_codes();
    for (int many = 0; many < 2; many++) {
        struct attention_fixture f, quiet;
        struct bank *bank, *quiet_bank;
        struct rs_error err;
        size_t n = many ? N : 2;
        settle_noisy(&f, TRAPS("40 %", "1e5"), "3 %", "1", n);
        settle_noisy(&quiet, TRAPS("40 %", "1e5"), "0", "1", n);
        cr_assert_eq(bank_create(&f.setup, &bank, &err), RS_OK);
        cr_assert_eq(bank_create(&quiet.setup, &quiet_bank, &err), RS_OK);
        for (uint32_t trial = 0; trial < (many ? 40u : TRIALS); trial++) {
            const struct bank_job job = job_of(&f, trial);
            cr_assert_eq(bank_read(bank, &job, &(struct bank_answer){.signal_units = signals}, NULL, &err),
                         RS_OK);
            cr_assert_eq(
                bank_read(quiet_bank, &job, &(struct bank_answer){.signal_units = others}, NULL, &err),
                RS_OK);
            for (size_t i = 0; i < 2 * KEYS; i++)
                variance[many] += pow(signals[i] - others[i], 2) / (2 * KEYS * (many ? 40 : TRIALS));
            bank_reset(bank);
            bank_reset(quiet_bank);
        }
        bank_destroy(bank);
        bank_destroy(quiet_bank);
        setup_clear(&f.setup);
        setup_clear(&quiet.setup);
    }
    /* 1200 and 15000 numbers; without the traps' mean the columns' variance would be 40 % larger. */
    double error = sqrt(2.0 / 1200 + 2.0 / 15000);
    cr_assert_lt(fabs(variance[1] / variance[0] - 1), 4.5 * error, "%g and %g", variance[1], variance[0]);
}

static double share_switched(const struct attention_setup *setup, struct traps *traps, bool again)
{
    double programmed[CELLS], before[CELLS], after[CELLS], n = 0;
    struct rs_error err;
    struct random_key key = {.seed = 1, .trial = 4, .array = 0, .write = 8};
    for (size_t c = 0; c < CELLS; c++)
        programmed[c] = 1e-5;
    traps_reset(traps);
    cr_assert_eq(traps_start(traps, &key, 0, programmed, &err), RS_OK);
    traps_see(traps, &key, programmed, before);
    cr_assert_eq(traps_finish(traps, &err), RS_OK);
    if (again)
        traps_reset(traps);
    key.write++;
    cr_assert_eq(traps_start(traps, &key, 0, programmed, &err), RS_OK);
    traps_see(traps, &key, programmed, after);
    for (size_t c = 0; c < CELLS; c++)
        n += before[c] != after[c];
    (void)setup;
    return n / CELLS;
}

Test(runtime, traps_stay_as_they_are_from_one_sample_to_the_next)
{
    const char *const times[] = {"1 us", "1 s"};
    for (int i = 0; i < 2; i++) {
        struct attention_fixture f;
        struct traps *traps;
        struct rs_error err;
        init(&f, ROWS, 4, TRAPS("10 %", "1e2"));
        attention_fixture_set(&f, "device.time", times[i]);
        attention_fixture_set(&f, "array.read_time", "1 ns");
        attention_fixture_settle(&f, 0);
        cr_assert_eq(traps_create(&f.setup, f.setup.mapping.n_rows * f.setup.mapping.n_columns,
                                  setup_n_array_numbers(&f.setup), &traps, &err),
                     RS_OK);
        double kept = share_switched(&f.setup, traps, false), fresh = share_switched(&f.setup, traps, true);
        /* Long after, cells with traps (63 %) differ as any two draws do: 40 % of all. */
        cr_assert(i == 0 ? kept < 0.01 : kept > 0.25, "%g of the cells switched in %s", kept, times[i]);
        cr_assert(fresh > 0.25, "%g of the cells differ in another trial's start", fresh);
        traps_destroy(traps);
        setup_clear(&f.setup);
    }
}

/* --- ageing between queries --- */

#define DRIFT                                                                                                \
    "relaxation:\n  kind: power\n  t0: 1 s\n  last_time: 100 s\n  g_reference: 100 uS\n  nu: 0.1\n"          \
    "  nu_spread: 0.02\n"

static void init_drift(struct attention_fixture *f, size_t n_queries, const char *time, const char *interval)
{
    init(f, ROWS, n_queries, DRIFT);
    add_wires(f);
    attention_fixture_set(f, "device.time", time);
    if (interval != NULL)
        attention_fixture_set(f, "array.query_interval", interval);
    attention_fixture_settle(f, 0);
}

/* Against one shot at device.time + r interval, all reads of it: within the bound of timing.h. */
Test(runtime, each_query_finds_cells_of_its_own_age)
{
    enum { N = 40 };
    struct attention_fixture f;
    static double first[N * KEYS];
    double furthest = 0;
    draw_codes();
    init_drift(&f, N, "1 s", "100 ms");
    read_once(&f, NULL, signals);
    for (size_t r = 0; r < N; r++) {
        struct attention_fixture one;
        char time[32];
        double bound = 0;
        snprintf(time, sizeof time, "%.17g", 1 + 0.1 * (double)r);
        init_drift(&one, N, time, NULL);
        read_once(&one, NULL, others);
        if (r == 0)
            memcpy(first, others, sizeof first);
        /* |dG / d ln t| <= nu G with nu below 0.2, and the signal adds cells of both signs. */
        for (size_t i = 0; i < ROWS; i++)
            bound += fabs((double)query_msb[r * ROWS + i]) * 7;
        bound *= DEVICE_AGE_STEP * 0.2;
        double off = largest(KEYS, signals + r * KEYS, others + r * KEYS);
        cr_assert(r == 0 ? off < 1e-9 : off < bound, "query %zu is off by %g units, at most %g", r, off,
                  bound);
        furthest = fmax(furthest, largest(KEYS, signals + r * KEYS, first + r * KEYS) / fmax(bound, 1e-9));
        setup_clear(&one.setup);
    }
    cr_assert_gt(furthest, 5, "cells that do not age would be within %g of the bound", furthest);
    setup_clear(&f.setup);
}

Test(runtime, short_intervals_make_one_age_and_change_nothing)
{
    struct attention_fixture f, g;
    draw_codes();
    init_drift(&f, 200, "50 s", "1 us");
    init_drift(&g, 200, "50 s", "2 ms");
    cr_assert_eq(timing_block(&f.setup.timing, 199), 0);
    cr_assert_eq(timing_block(&g.setup.timing, 199), 0);
    read_once(&f, NULL, signals);
    read_once(&g, NULL, others);
    cr_assert_eq(memcmp(signals, others, 200 * KEYS * sizeof *signals), 0);
    setup_clear(&f.setup);
    setup_clear(&g.setup);
}

Test(runtime, times_that_contradict_each_other_or_the_card_are_errors)
{
    struct attention_fixture f;
    struct rs_error err = {{0}};
    init(&f, ROWS, 40, DRIFT);
    attention_fixture_set(&f, "array.read_time", "2 us");
    attention_fixture_set(&f, "array.query_interval", "1 us");
    cr_assert_eq(attention_fixture_try(&f, &err), RS_INPUT);
    cr_assert_not_null(
        strstr(err.text, "array.query_interval 1e-06 s found, at least array.read_time (2e-06 s)"), "%s",
        err.text);
    attention_fixture_set(&f, "array.query_interval", "3 s");
    cr_assert_eq(attention_fixture_try(&f, &err), RS_INPUT);
    cr_assert_not_null(strstr(err.text, "array.query_interval: the last query of a sample comes 118 s after"),
                       "%s", err.text);
    attention_fixture_set(&f, "device.extrapolate", "true");
    cr_assert_eq(attention_fixture_try(&f, &err), RS_OK, "%s", err.text);
    attention_fixture_set(&f, "array.fill", "append");
    setup_clear(&f.setup);
    cr_assert_eq(attention_fixture_try(&f, &err), RS_INPUT);
    cr_assert_not_null(strstr(err.text, "array.fill: append found"), "%s", err.text);
    init(&f, ROWS, 40, "flicker:\n  kind: log10\n  k: 20 nS\n  t_read: 3 us\n");
    cr_assert_eq(attention_fixture_try(&f, &err), RS_OK, "%s", err.text);
    cr_assert(f.setup.timing.read_seconds == 3e-6 && f.setup.timing.interval_seconds == 3e-6);
    setup_clear(&f.setup);
}

/* sigma = k log10(g / 1 uS) sqrt(ln((t + T) / (2 T))), the same normals. */
Test(runtime, one_over_f_noise_sees_the_read_time)
{
    const char *const reads[] = {"1 us", "1 ms"};
    const char block[] = "flicker:\n  kind: log10\n  k: 20 nS\n  t_read: 1 us\n";
    struct attention_fixture f;
    static double plain[4 * KEYS];
    double ratio = sqrt(log((1 + 1e-3) / 2e-3) / log((1 + 1e-6) / 2e-6));
    draw_codes();
    for (int i = 0; i < 2; i++) {
        init(&f, ROWS, 4, block);
        attention_fixture_set(&f, "device.time", "1 s");
        attention_fixture_set(&f, "array.read_time", reads[i]);
        attention_fixture_settle(&f, 0);
        read_once(&f, NULL, i == 0 ? signals : others);
        setup_clear(&f.setup);
    }
    init(&f, ROWS, 4, "");
    attention_fixture_settle(&f, 0);
    read_once(&f, NULL, plain);
    for (size_t i = 0; i < 4 * KEYS; i++)
        cr_assert_float_eq(others[i] - plain[i], ratio * (signals[i] - plain[i]), 1e-9);
    cr_assert_gt(largest(4 * KEYS, signals, plain), 0.01);
    setup_clear(&f.setup);
}

/* --- cells that bend --- */

#define SINH "current_voltage:\n  kind: sinh\n  v0: 0.15 V\n  v_read: 0.1 V\n"
#define TABLE                                                                                                \
    "current_voltage:\n  kind: table\n  volts: [0, 0.1, 0.2, 0.3]\n  factor: [1, 1.05, 1.2, 1.5]\n"          \
    "  v_read: 0.2 V\n"

/* Differential pairs by hand: the field of every query, or without wires a sum. */
static void read_bent(const struct attention_fixture *f, bool wires, double *out)
{
    const struct attention_setup *s = &f->setup;
    double g_lsb = 99e-6 / 7, v_lsb = f->encoding.v_read_volts / 7, g[CELLS], unused;
    struct nonlinear_plan *plan = NULL;
    struct rs_error err;
    for (size_t c = 0; c < CELLS; c++) {
        size_t j = c % COLUMNS / 2;
        int code = j < KEYS && c % COLUMNS < 2 * KEYS ? key_msb[j * ROWS + c / COLUMNS] : 0;
        int own = c % COLUMNS % 2 == 0 ? code : -code;
        g[c] = 1e-6 + (own > 0 ? own : 0) * g_lsb;
    }
    cr_assert_eq(nonlinear_plan_create_borrow(&s->network, NULL, &s->law, g, &plan, &err), RS_OK);
    for (size_t r = 0; r < f->shape.n_queries_max; r++) {
        double volts[ROWS], amperes[COLUMNS] = {0};
        struct nonlinear_report report;
        for (size_t i = 0; i < ROWS; i++)
            volts[i] = v_lsb * query_msb[r * ROWS + i];
        if (wires)
            cr_assert(nonlinear_solve(plan, volts, 1e-11, amperes, NULL, NULL, &report));
        for (size_t c = 0; !wires && c < CELLS; c++)
            amperes[c % COLUMNS] += cell_law_current(&s->law, g[c], volts[c / COLUMNS], &unused);
        for (size_t j = 0; j < KEYS; j++)
            out[r * KEYS + j] = (amperes[2 * j] - amperes[2 * j + 1]) / (v_lsb * g_lsb);
    }
    nonlinear_plan_destroy(plan);
}

Test(runtime, currents_bend_with_the_voltage_as_in_the_nonlinear_field)
{
    const char *const blocks[] = {SINH, TABLE};
    draw_codes();
    for (int c = 0; c < 4; c++) {
        struct attention_fixture f, ohmic;
        bool wires = c / 2;
        init(&f, ROWS, 30, blocks[c % 2]);
        init(&ohmic, ROWS, 30, blocks[c % 2]);
        attention_fixture_set(&f, "encoding.v_read", "0.25 V");
        attention_fixture_set(&ohmic, "encoding.v_read", "0.25 V");
        attention_fixture_set(&ohmic, "device.current_voltage", "none");
        if (wires) {
            add_wires(&f);
            add_wires(&ohmic);
        }
        attention_fixture_settle(&f, 0);
        attention_fixture_settle(&ohmic, 0);
        double residual = read_once(&f, NULL, signals);
        cr_assert(!wires || residual > 0, "the certificate saw nothing");
        read_bent(&f, wires, others);
        double off = largest(30 * KEYS, signals, others);
        cr_assert_lt(off, 2e-7, "case %d: off by %g units", c, off);
        read_once(&ohmic, NULL, others);
        cr_assert_gt(largest(30 * KEYS, signals, others), 1, "case %d: nothing bends", c);
        setup_clear(&f.setup);
        init(&f, ROWS, 30, "");
        attention_fixture_set(&f, "encoding.v_read", "0.25 V");
        if (wires)
            add_wires(&f);
        attention_fixture_settle(&f, 0);
        read_once(&f, NULL, signals);
        cr_assert_eq(memcmp(signals, others, 30 * KEYS * sizeof *signals), 0, "case %d: none is not ohmic",
                     c);
        setup_clear(&f.setup);
        setup_clear(&ohmic.setup);
    }
}

Test(runtime, everything_together_is_certified_and_repeats)
{
    struct attention_fixture f;
    static double first[24 * KEYS];
    draw_codes();
    for (int i = 0; i < 2; i++) {
        struct keep keep = {.arrays = i};
        init(&f, ROWS, 24,
             SINH "  source: a test\n  confidence: assumed\n" DRIFT
                  "  source: a test\n  confidence: assumed\n" TRAPS("10 %", "1e2"));
        add_wires(&f);
        attention_fixture_set(&f, "device.read_noise", "2 %");
        attention_fixture_set(&f, "array.query_interval", "10 ms");
        attention_fixture_settle(&f, 0);
        read_once(&f, &keep, i == 0 ? first : signals);
        cr_assert_eq(keep.n_arrays, (size_t)i);
        keep_clear(&keep);
        setup_clear(&f.setup);
    }
    cr_assert_eq(memcmp(first, signals, sizeof first), 0, "saving an array changes the run");
}

/* --- keys that come with their tokens --- */

Test(runtime, appended_keys_have_ages_of_their_own_among_cells_at_g_min)
{
    enum { N = 30, HEADS = 2 };
    struct attention_fixture f;
    struct transfer_plan *plan;
    draw_codes();
    init(&f, ROWS, N, DRIFT);
    add_wires(&f);
    f.shape.n_keys_max = N;
    f.shape.n_heads = HEADS;
    f.shape.causal = true;
    attention_fixture_set(&f, "device.time", "1 s");
    attention_fixture_set(&f, "array.query_interval", "50 ms");
    attention_fixture_set(&f, "array.fill", "append");
    attention_fixture_settle(&f, 0);
    const struct attention_setup *s = &f.setup;
    read_once(&f, NULL, signals);
    cr_assert_eq(transfer_plan_create(&s->network, NULL, kernel_chosen(), TRANSFER_F64, &plan, NULL), RS_OK);
    double g_lsb = 99e-6 / 7, v_lsb = f.encoding.v_read_volts / 7;
    for (size_t tile = 0; tile < 2; tile++)
        for (size_t i = tile * KEYS; i < N; i++) {
            double full[CELLS], empty[CELLS], g[CELLS], aged[CELLS], transfer[CELLS];
            const struct random_key key = {.seed = f.seed, .trial = 2, .write = 3, .array = (uint32_t)tile};
            for (size_t c = 0; c < CELLS; c++) {
                size_t j = tile * KEYS + c % COLUMNS / 2;
                int code = c % COLUMNS < 2 * KEYS ? key_msb[j * ROWS + c / COLUMNS] : 0;
                int own = c % COLUMNS % 2 == 0 ? code : -code;
                empty[c] = 1e-6;
                full[c] = 1e-6 + (own > 0 ? own : 0) * g_lsb;
            }
            double ratio = timing_age_ratio(timing_block(&s->timing, i * HEADS));
            device_write(&s->device, &key, ROWS, COLUMNS, empty, g);
            device_age(&s->device, &key, ratio, ROWS, COLUMNS, empty, NULL, g);
            for (size_t j = tile * KEYS; j <= i && j < (tile + 1) * KEYS; j++) {
                ratio = timing_age_ratio(timing_block(&s->timing, (i - j) * HEADS));
                device_write(&s->device, &key, ROWS, COLUMNS, full, aged);
                device_age(&s->device, &key, ratio, ROWS, COLUMNS, full, NULL, aged);
                for (size_t c = 0; c < CELLS; c++)
                    if (tile * KEYS + c % COLUMNS / 2 == j && c % COLUMNS < 2 * KEYS)
                        g[c] = aged[c];
            }
            transfer_compute(plan, g, transfer);
            for (size_t h = 0; h < HEADS; h++)
                for (size_t j = tile * KEYS; j <= i && j < (tile + 1) * KEYS; j++) {
                    double sum = 0;
                    for (size_t row = 0; row < ROWS; row++) {
                        const double *pair = transfer + row * COLUMNS + 2 * (j - tile * KEYS);
                        sum += v_lsb * query_msb[(h * N + i) * ROWS + row] * (pair[0] - pair[1]);
                    }
                    double found = signals[(i * HEADS + h) * N + j];
                    cr_assert_float_eq(found, sum / (v_lsb * g_lsb), 1e-6, "query %zu, key %zu: %g, not %g",
                                       i, j, found, sum / (v_lsb * g_lsb));
                }
        }
    transfer_plan_destroy(plan);
    setup_clear(&f.setup);
    /* Before it is written a key's cells conduct less: another array than the prefilled one. */
    attention_fixture_set(&f, "array.fill", "prefill");
    attention_fixture_settle(&f, 0);
    read_once(&f, NULL, others);
    cr_assert_gt(fabs(signals[0] - others[0]), 1e-4);
    setup_clear(&f.setup);
}
