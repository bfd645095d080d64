/* What time, traps and voltage do to a replica, as to the arrays of keys: closed forms and the same steps by
 * hand. */
#define _GNU_SOURCE
#include <math.h>
#include <string.h>

#include "attention/attention.h"
#include "attention/traps.h"
#include "attention_fixture.h"
#include "crossbar/nonlinear.h"
#include "crossbar/transfer.h"
#include "folder.h"

TestSuite(replica, .timeout = 120, .init = enter_folder, .fini = leave_folder);

enum { ROWS = 8, KEYS = 15, READS = 40, CELLS = ROWS * 2 * KEYS };

static const char window[] = "format: rescore-device-card\nversion: 1\nname: cell\nsummary: a test\n"
                             "citation: [none]\nwindow:\n  g_min: 1 uS\n  g_max: 100 uS\n  clamp: zero\n"
                             "  source: a test\n  confidence: assumed\n";
static const double cut = 80.5;

/* An ideal cell with one block more, and a replica or nothing for a reference of 80.5 units. */
static void settle(struct attention_fixture *f, const char *block, const char *const *options, bool replica)
{
    struct rs_error err = {{0}};
    attention_fixture_init(f, ROWS, KEYS);
    cr_assert_leq(count_files(), 1);
    FILE *file = fopen("card.yaml", "w");
    cr_assert_not_null(file);
    cr_assert_gt(fprintf(file, "%s%s  source: a test\n  confidence: assumed\n", window, block), 0);
    cr_assert_eq(fclose(file), 0);
    attention_fixture_set(f, "device.card", "card.yaml");
    attention_fixture_set(f, "array.rows", "8");
    attention_fixture_set(f, "array.columns", "31");
    attention_fixture_set(f, "comparator.reference", replica ? "replica" : "ideal");
    for (size_t i = 0; options[i] != NULL; i += 2)
        attention_fixture_set(f, options[i], options[i + 1]);
    f->shape.n_queries_max = READS;
    cr_assert_eq(attention_fixture_try(f, &err), RS_OK, "%s", err.text);
    for (int h = 0; h < f->shape.n_heads; h++)
        f->setup.thresholds[h] = (cut + 0.1) * setup_analog_unit(&f->setup, 0, h);
    cr_assert_eq(setup_settle_reference(&f->setup, &err), RS_OK, "%s", err.text);
}

static int16_t key_msb[KEYS * ROWS], query_msb[READS * ROWS];

/* Signals [samples][READS][KEYS] of samples that follow each other. */
static void read_samples(const struct attention_fixture *f, uint32_t samples, double *signals)
{
    struct bank *bank;
    struct rs_error err = {{0}};
    struct random_key key = {.seed = 5, .purpose = RANDOM_PROBE};
    for (uint32_t i = 0; i < KEYS * ROWS; i++)
        key_msb[i] = (int16_t)((int)random_integer(&key, i, 15) - 7);
    key.draw = 1;
    for (uint32_t i = 0; i < READS * ROWS; i++)
        query_msb[i] = (int16_t)((int)random_integer(&key, i, 15) - 7);
    struct bank_job job = {.trial = 2,
                           .n_keys = KEYS,
                           .n_queries = READS,
                           .n_query_heads = 1,
                           .key_msb = key_msb,
                           .query_msb = query_msb};
    cr_assert_eq(bank_create(&f->setup, &bank, &err), RS_OK, "%s", err.text);
    for (; job.write < samples; job.write++)
        cr_assert_eq(bank_read(bank, &job,
                               &(struct bank_answer){.signal_units = signals + job.write * READS * KEYS},
                               NULL, &err),
                     RS_OK, "%s", err.text);
    cr_assert_eq(bank_certificate(bank).n_failed, 0);
    bank_destroy(bank);
}

/* Into units [samples][READS][KEYS]: the current of the replica itself. */
static void find_units(const char *block, const char *const *options, uint32_t samples, double *units,
                       struct attention_fixture *f)
{
    static double without[2 * READS * KEYS];
    settle(f, block, options, false);
    read_samples(f, samples, without);
    setup_clear(&f->setup);
    settle(f, block, options, true);
    read_samples(f, samples, units);
    for (size_t i = 0; i < samples * READS * KEYS; i++)
        units[i] = cut + without[i] - units[i];
}

static double units[2 * READS * KEYS];

/* Targets, and the drive of the rows that are used. */
static void place(const struct attention_fixture *f, double *target, double *volts)
{
    size_t n_used = 0;
    struct rs_error err;
    const struct reference *reference = &f->setup.reference;
    cr_assert_eq(reference_replica_rows(reference, &f->setup.mapping, cut, &n_used, &err), RS_OK);
    reference_place_replica(reference, &f->setup.mapping, cut, n_used, KEYS, target);
    for (size_t i = 0; i < ROWS; i++)
        volts[i] = i >= ROWS - n_used ? reference_volts(reference, cut, cut) : 0;
}

Test(replica, ages_like_keys_of_the_first_read)
{
    static const char drift[] = "relaxation:\n  kind: power\n  t0: 1 s\n  last_time: 100 s\n"
                                "  g_reference: 100 uS\n  nu: 0.1\n  nu_spread: 0\n";
    const char *const options[] = {"device.time", "1 s", "array.query_interval", "100 ms", NULL};
    struct attention_fixture f;
    find_units(drift, options, 2, units, &f);
    for (size_t i = 0; i < 2 * READS * KEYS; i++) {
        size_t block = timing_block(&f.setup.timing, i / KEYS % READS);
        double expected = cut * pow(timing_age_ratio(block), -0.1);
        cr_assert_float_eq(units[i], expected, 1e-8, "read %zu: %g units, %g expected", i / KEYS, units[i],
                           expected);
    }
    cr_assert_lt(units[READS * KEYS - 1], 0.9 * cut, "nothing aged");
    setup_clear(&f.setup);
}

Test(replica, has_traps_of_its_own_that_go_on_from_sample_to_sample)
{
    static const char telegraph[] =
        "telegraph:\n  kind: traps\n  traps: 1\n  amplitude: 10 %\n  amplitude_spread: 0\n"
        "  g_reference: 50 uS\n  exponent: 0\n  amplitude_max: 50 %\n  rate_low: 1e5\n  rate_high: 1e5\n";
    const char *const options[] = {
        "array.read_time", "0.5 us", "array.query_interval", "1 us", "device.time", "2 us", NULL};
    static double target[CELLS], seen[CELLS];
    double volts[ROWS], amperes[2 * KEYS], change = 0;
    struct attention_fixture f;
    struct traps *traps;
    struct rs_error err = {{0}};
    find_units(telegraph, options, 2, units, &f);
    place(&f, target, volts);
    cr_assert_eq(traps_create(&f.setup, CELLS, setup_n_array_numbers(&f.setup), &traps, &err), RS_OK);
    struct random_key key = {.seed = f.seed, .trial = 2, .array = setup_replica_number(&f.setup, 0, 0, 0)};
    for (key.write = 0; key.write < 2; key.write++) {
        cr_assert_eq(traps_start(traps, &key, 0, target, &err), RS_OK, "%s", err.text);
        for (key.draw = 0; key.draw < READS; key.draw++) {
            const double *of_read = units + (key.write * READS + key.draw) * KEYS;
            traps_see(traps, &key, target, seen);
            for (size_t c = 0; c < 2 * KEYS; c++)
                amperes[c] = 0;
            for (size_t c = 0; c < CELLS; c++)
                amperes[c % (2 * KEYS)] += volts[c / (2 * KEYS)] * seen[c];
            for (size_t j = 0; j < KEYS; j++) {
                double expected = (amperes[2 * j + 1] - amperes[2 * j]) / f.setup.mapping.unit_amperes;
                cr_assert_float_eq(of_read[j], expected, 1e-8, "sample %u, read %u, pair %zu", key.write,
                                   key.draw, j);
                change = fmax(change, fabs(of_read[j] - units[j]));
            }
        }
        cr_assert_eq(traps_finish(traps, &err), RS_OK);
    }
    cr_assert_gt(change, 1, "no trap switched");
    traps_destroy(traps);
    setup_clear(&f.setup);
}

Test(replica, bends_with_its_own_voltage)
{
    static const char sinh_law[] = "current_voltage:\n  kind: sinh\n  v0: 0.15 V\n  v_read: 0.1 V\n";
    const char *const wires[] = {"encoding.v_read", "0.25 V",         "array.r_word_line",
                                 "20 ohm",          "array.r_driver", "100 ohm",
                                 "array.r_sense",   "100 ohm",        NULL};
    static double target[CELLS];
    double volts[ROWS], amperes[2 * KEYS], unused;
    for (int with_wires = 0; with_wires < 2; with_wires++) {
        const char *options[9] = {wires[0], wires[1], NULL};
        struct attention_fixture f;
        struct rs_error err = {{0}};
        if (with_wires)
            memcpy(options, wires, sizeof wires);
        find_units(sinh_law, options, 1, units, &f);
        place(&f, target, volts);
        struct network network = f.setup.network;
        struct nonlinear_plan *plan;
        struct nonlinear_report report;
        network.n_columns = 2 * KEYS;
        cr_assert_eq(nonlinear_plan_create_borrow(&network, NULL, &f.setup.law, target, &plan, &err), RS_OK);
        cr_assert(!with_wires || nonlinear_solve(plan, volts, 1e-11, amperes, NULL, NULL, &report));
        double ideal = cut * cell_law_current(&f.setup.law, 1, volts[ROWS - 1], &unused) / volts[ROWS - 1];
        cr_assert_gt(ideal, cut + 5, "nothing bends");
        for (size_t i = 0; i < READS * KEYS; i++) {
            size_t j = i % KEYS;
            double expected =
                with_wires ? (amperes[2 * j + 1] - amperes[2 * j]) / f.setup.mapping.unit_amperes : ideal;
            cr_assert_float_eq(units[i], expected, 1e-6, "wires %d, read %zu: %g units, %g expected",
                               with_wires, i / KEYS, units[i], expected);
        }
        nonlinear_plan_destroy(plan);
        setup_clear(&f.setup);
    }
}
