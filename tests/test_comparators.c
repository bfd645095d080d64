/* Comparators in attention layers: each key alone, memory and time of a decision, kickback, calibration. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparators_fixture.h"
#include "folder.h"

TestSuite(comparators, .timeout = 120);

/* Non-idealities of comparator.*, each with a value and what it needs to act. */
static const struct effect {
    const char *key, *value, *needs[4];
    bool adds; /* a number added to each value, whatever else is on */
} effects[] = {
    {"comparator.offset", "2 uA", {NULL}, true},
    {"comparator.offset_mean", "-1 mV", {NULL}, true},
    {"comparator.a_vt", "1 nVm", {NULL}, true},
    {"comparator.noise", "1 uA", {NULL}, true},
    {"comparator.hysteresis", "2 uA", {NULL}, false},
    {"comparator.kickback", "18 uA", {NULL}, true},
    {"comparator.swing", "50 mV", {NULL}, false},
    {"comparator.settling", "1 ns", {"comparator.sense_time", "3 ns"}, false},
    {"comparator.c_line", "1 pF", {"comparator.sense_time", "3 ns"}, false},
    {"comparator.delay_tau", "9 ps", {"comparator.evaluation_time", "40 ps"}, false},
    {"comparator.delay_t0", "50 ps", {"comparator.evaluation_time", "40 ps"}, false},
    {"comparator.delay_min", "50 ps", {"comparator.evaluation_time", "40 ps"}, false},
    {"comparator.reference_error", "1 uA", {"comparator.reference", "current"}, true},
};
enum { N_EFFECTS = sizeof effects / sizeof effects[0] };

static size_t put(const char **options, size_t at, const struct effect *effect, const char *value)
{
    for (size_t i = 0; i < 4 && effect->needs[i] != NULL; i++)
        options[at++] = effect->needs[i];
    options[at++] = effect->key;
    options[at++] = value;
    options[at] = NULL;
    return at;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return memcmp(a->values, b->values, sizeof a->values) == 0 &&
           memcmp(a->bits, b->bits, sizeof a->bits) == 0 &&
           memcmp(a->counts, b->counts, sizeof a->counts) == 0;
}

Test(comparators, every_non_ideality_acts_and_none_is_the_ideal_bit_for_bit)
{
    static struct outcome ideal, on, off;
    const struct option_table *table = &frontend_options_comparator;
    for (size_t i = 0; i < table->n_options; i++) {
        const struct option *option = &table->options[i];
        size_t e = 0;
        if (!(option->flags & OPTION_NON_IDEALITY) || strstr(option->key, "per_kelvin"))
            continue; /* acts on another one alone: test_comparator.c */
        while (e < N_EFFECTS && strcmp(effects[e].key, option->key) != 0)
            e++;
        cr_assert_lt(e, N_EFFECTS, "%s has no case here", option->key);
        const char *options[8];
        put(options, 0, &effects[e], effects[e].value);
        comparators_fixture_run_with(options, &on);
        memcpy(options, effects[e].needs, sizeof effects[e].needs);
        options[4] = NULL;
        comparators_fixture_run_with(options, &ideal);
        cr_assert(!same(&on, &ideal), "%s", option->key);
        put(options, 0, &effects[e], "none");
        comparators_fixture_run_with(options, &off);
        cr_assert(same(&off, &ideal), "%s", option->key);
    }
}

/* An effect adds the same to every value, whether another is on or not: no draw moves another. */
Test(comparators, no_effect_moves_the_draws_of_another)
{
    static struct outcome ideal, one, other, both;
    const char *options[16] = {"comparator.share", "shared", NULL};
    comparators_fixture_run_with(options, &ideal);
    for (size_t a = 0; a < N_EFFECTS; a++)
        for (size_t b = 0; b < a; b++) {
            if (!effects[a].adds || !effects[b].adds)
                continue;
            put(options, 2, &effects[a], effects[a].value);
            comparators_fixture_run_with(options, &one);
            put(options, 2, &effects[b], effects[b].value);
            comparators_fixture_run_with(options, &other);
            put(options, put(options, 2, &effects[a], effects[a].value), &effects[b], effects[b].value);
            comparators_fixture_run_with(options, &both);
            for (size_t r = 0; r < READS; r++)
                for (size_t j = 0; j < N; j++)
                    cr_assert_float_eq(both.values[r][j] - other.values[r][j],
                                       one.values[r][j] - ideal.values[r][j], 1e-9, "%s, %s", effects[a].key,
                                       effects[b].key);
        }
}

/* A comparator serves the reads of both heads in turn and remembers its last bit; the first has none. */
Test(comparators, hysteresis_moves_the_threshold_towards_the_last_bit)
{
    static struct outcome plain, with;
    const char *const nothing[] = {NULL}, *const options[] = {"comparator.hysteresis", "4 uA", NULL};
    struct attention_fixture f;
    comparators_fixture_init(&f);
    comparators_fixture_settle(&f, options);
    double half = 2e-6 / f.setup.mapping.unit_amperes;
    int n_changed = 0;
    comparators_fixture_run_with(nothing, &plain);
    comparators_fixture_run(&f, 2, &with);
    setup_clear(&f.setup);
    for (size_t j = 0; j < N; j++) {
        int last = -1;
        for (size_t r = 0; r < READS; r++) {
            double value = plain.values[r][j] + (last < 0 ? 0 : last ? half : -half);
            bool bit = value > plain.threshold[r % HEADS];
            cr_assert_float_eq(with.values[r][j], value, 1e-9, "read %zu, key %zu", r, j);
            cr_assert_eq(with.bits[r][j], bit);
            n_changed += bit != plain.bits[r][j];
            last = bit;
        }
    }
    cr_assert_gt(n_changed, 5);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* With an end or without: the time of every visible decision counts, and nothing else does. */
Test(comparators, every_visible_decision_is_timed)
{
    static struct outcome with;
    static double seconds[READS * N];
    for (int end = 0; end < 2; end++) {
        const char *const options[] = {"comparator.delay_tau",
                                       "9 ps",
                                       "comparator.noise",
                                       "1 uA",
                                       end ? "comparator.evaluation_time" : NULL,
                                       "30 ps",
                                       NULL};
        struct attention_fixture f;
        comparators_fixture_init(&f);
        comparators_fixture_settle(&f, options);
        comparators_fixture_run(&f, 2, &with);
        for (size_t i = 0; i < READS * N; i++)
            seconds[i] = comparator_delay_seconds(
                &f.setup.comparator, with.values[i / N][i % N] - with.threshold[i / N % HEADS], 0);
        qsort(seconds, READS * N, sizeof *seconds, compare);
        cr_assert_eq(with.delays.n, READS * N);
        double sorted = seconds[(size_t)ceil(0.99 * READS * N) - 1];
        cr_assert_float_eq(delays_quantile(&with.delays, 0.99), sorted, sorted / 256);
        setup_clear(&f.setup);
    }
    const char *const nothing[] = {NULL};
    comparators_fixture_run_with(nothing, &with);
    cr_assert_eq(with.delays.n, 0);
}

Test(comparators, unresolved_decisions_follow_their_rule_and_are_counted)
{
    static const char *const rules[] = {"keep", "prune", "random"};
    static struct outcome plain, with;
    const char *const nothing[] = {NULL};
    int n_expected = 0, n_random_ones = 0;
    comparators_fixture_run_with(nothing, &plain);
    for (int rule = 0; rule < 3; rule++) {
        const char *const options[] = {"comparator.delay_tau",
                                       "9 ps",
                                       "comparator.evaluation_time",
                                       "30 ps",
                                       "comparator.unresolved",
                                       rules[rule],
                                       NULL};
        struct attention_fixture f;
        comparators_fixture_init(&f);
        comparators_fixture_settle(&f, options);
        double border = 0.1 * exp(-30.0 / 9) / (800 * f.setup.mapping.unit_amperes);
        comparators_fixture_run(&f, 2, &with);
        n_expected = 0;
        for (size_t r = 0; r < READS; r++)
            for (size_t j = 0; j < N; j++) {
                bool unresolved = fabs(plain.values[r][j] - plain.threshold[r % HEADS]) < border;
                n_expected += unresolved;
                n_random_ones += rule == 2 && unresolved && with.bits[r][j];
                cr_assert_eq(with.values[r][j], plain.values[r][j]);
                cr_assert(rule == 2 && unresolved
                              ? true
                              : with.bits[r][j] == (unresolved ? rule == 0 : plain.bits[r][j]));
            }
        cr_assert_eq(with.counts[0].n_unresolved + with.counts[1].n_unresolved, n_expected);
        setup_clear(&f.setup);
    }
    cr_assert(n_expected > 20 && n_expected < 150, "%d", n_expected);
    cr_assert_lt(fabs(n_random_ones - n_expected / 2.0), 4.5 * sqrt(n_expected) / 2, "%d of %d",
                 n_random_ones, n_expected);
}

/* --- kickback and calibration --- */

Test(comparators, kickback_goes_by_the_resistance_of_the_lines)
{
    static struct outcome plain, with;
    static int16_t key_msb[N * D], query_msb[READS * D];
    static double signals[READS * N], source_ohm[N];
    const char *const nothing[] = {NULL}, *const options[] = {"comparator.kickback", "18 uA", NULL};
    struct attention_fixture f;
    comparators_fixture_run_with(nothing, &plain);
    comparators_fixture_run_with(options, &with);
    comparators_fixture_init(&f);
    comparators_fixture_settle(&f, options);
    double largest = 0, shifts[N];
    for (size_t j = 0; j < N; j++) {
        shifts[j] = plain.values[0][j] - with.values[0][j];
        largest = fmax(largest, fabs(shifts[j]));
        for (size_t r = 1; r < READS; r++)
            cr_assert_float_eq(plain.values[r][j] - with.values[r][j], shifts[j], 1e-9);
    }
    cr_assert_gt(largest, 1e-3);
    /* A key of large codes on its positive line has less resistance there: the threshold rises. */
    struct bank_job job = comparators_fixture_job(key_msb, query_msb);
    for (size_t i = 0; i < D; i++) {
        key_msb[i] = 7;
        key_msb[D + i] = -7;
        key_msb[2 * D + i] = 0;
    }
    comparators_fixture_read(&f, &job, signals, NULL, source_ohm, NULL);
    cr_assert(source_ohm[0] > 5 && source_ohm[0] < 400 && fabs(source_ohm[0] + source_ohm[1]) < 1 &&
                  fabs(source_ohm[2]) < 1e-3,
              "%g, %g, %g ohm", source_ohm[0], source_ohm[1], source_ohm[2]);
    setup_clear(&f.setup);
    /* Far above r0 the logarithm of the resistances' ratio counts. */
    double proportional = source_ohm[0];
    attention_fixture_set(&f, "comparator.kickback_r0", "1 ohm");
    comparators_fixture_settle(&f, options);
    comparators_fixture_read(&f, &job, signals, NULL, source_ohm, NULL);
    cr_assert(source_ohm[0] > 0 && source_ohm[0] < 0.1 * proportional && fabs(source_ohm[2]) < 1e-3,
              "%g of %g", source_ohm[0], proportional);
    setup_clear(&f.setup);
    attention_fixture_set(&f, "comparator.kickback_r0", "1 Tohm");
    attention_fixture_set(&f, "comparator.sense", "transimpedance");
    comparators_fixture_settle(&f, nothing);
    comparators_fixture_run(&f, 2, &with);
    cr_assert_eq(memcmp(with.values, plain.values, sizeof plain.values), 0, "a virtual ground");
    setup_clear(&f.setup);
}

static void write_calibration(const struct attention_fixture *f, double r_sense_ohm)
{
    struct calibration calibration = {.n_estimates = 0};
    struct rs_error err = {{0}};
    static struct card card;
    const struct calibration_topology topology = {
        .n_rows = 10,
        .n_columns = 9,
        .r_word_line_ohm = 3,
        .r_bit_line_ohm = 5,
        .r_driver_ohm = 120,
        .r_sense_ohm = r_sense_ohm,
        .sense = "resistor",
        .reference = "ideal",
        .share = "per-comparator",
        .sign = "differential",
    };
    cr_assert_eq(card_load_preset("ideal", &card, &err), RS_OK);
    cr_assert_eq(calibration_topology_identity(&topology, &calibration.topology, &err), RS_OK);
    cr_assert_eq(calibration_device_identity(&card, f->setup.device.g_min_siemens,
                                             f->setup.device.g_max_siemens, &calibration.device, &err),
                 RS_OK);
    cr_assert_eq(calibration_add(&calibration, "gain_ohm", 790, 1, 788, 792, &err), RS_OK);
    cr_assert_eq(calibration_add(&calibration, "offset_sigma_volts", 0.0011, 1e-5, 0, 0, &err), RS_OK);
    cr_assert_eq(calibration_add(&calibration, "noise_sigma_volts", 0.0004, 1e-5, 0, 0, &err), RS_OK);
    cr_assert_eq(calibration_add(&calibration, "kickback_volts_per_ohm", 2e-5, 1e-6, 0, 0, &err), RS_OK);
    cr_assert_eq(calibration_add(&calibration, "delay_tau_seconds", 9e-12, 1e-13, 0, 0, &err), RS_OK);
    cr_assert_eq(calibration_write(&calibration, "c.h5", &err), RS_OK, "%s", err.text);
    calibration_clear(&calibration);
}

Test(comparators, a_run_with_a_calibration_is_the_run_with_its_numbers, .init = enter_folder,
     .fini = leave_folder)
{
    static struct outcome by_file, by_keys, beside;
    struct attention_fixture f;
    const char *const file[] = {"comparator.calibration", "c.h5", "comparator.evaluation_time", "30 ps",
                                NULL};
    const char *const keys[] = {"comparator.r_load",
                                "790 ohm",
                                "comparator.offset",
                                "1.1 mV",
                                "comparator.noise",
                                "0.4 mV",
                                "comparator.kickback",
                                "20 uA",
                                "comparator.delay_tau",
                                "9 ps",
                                "comparator.evaluation_time",
                                "30 ps",
                                NULL};
    const char *const both[] = {"comparator.calibration",
                                "c.h5",
                                "comparator.evaluation_time",
                                "30 ps",
                                "comparator.noise",
                                "none",
                                NULL};
    attention_fixture_init(&f, D, N);
    attention_fixture_settle(&f, 0);
    write_calibration(&f, 800);
    setup_clear(&f.setup);
    comparators_fixture_run_with(file, &by_file);
    comparators_fixture_run_with(keys, &by_keys);
    cr_assert(same(&by_file, &by_keys));
    cr_assert_gt(by_file.counts[0].n_unresolved, 0);
    comparators_fixture_run_with(both, &beside);
    cr_assert(!same(&by_file, &beside));
    static struct outcome instead;
    const char *keys_without[sizeof keys / sizeof keys[0]];
    memcpy(keys_without, keys, sizeof keys);
    keys_without[5] = "none";
    comparators_fixture_run_with(keys_without, &instead);
    cr_assert(same(&beside, &instead));
    cr_assert_eq(count_files(), 1);
}

Test(comparators, a_calibration_of_another_array_or_device_is_refused, .init = enter_folder,
     .fini = leave_folder)
{
    for (int way = 0; way < 2; way++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        comparators_fixture_init(&f);
        attention_fixture_settle(&f, 0);
        write_calibration(&f, way == 0 ? 801 : 800);
        setup_clear(&f.setup);
        attention_fixture_set(&f, "comparator.calibration", "c.h5");
        if (way == 1)
            attention_fixture_set(&f, "device.preset", "wan2022");
        cr_assert_eq(attention_fixture_try(&f, &err), RS_INPUT);
        const char *start = way == 0 ? "c.h5:/@topology_sha256: error: " : "c.h5:/@device_sha256: error: ";
        cr_assert(strncmp(err.text, start, strlen(start)) == 0, "%s", err.text);
        cr_assert_not_null(strstr(err.text, way == 0 ? "; r_sense_ohm 801 found, 800 expected"
                                                     : "; programming.kind nothing found"),
                           "%s", err.text);
        setup_clear(&f.setup);
    }
}
