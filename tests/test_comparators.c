/* Comparators, references and sense path in attention layers: each key alone, and arrays computed by hand. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/attention.h"
#include "attention_fixture.h"
#include "crossbar/sense_node.h"
#include "crossbar/transfer.h"
#include "folder.h"

TestSuite(comparators, .timeout = 120);

enum { D = 12, N = 10, HEADS = 2, READS = N * HEADS, ROWS_MAX = 40, COLUMNS_MAX = 40 };

/* Two heads on shared keys; wires, drivers and sense resistors, an ideal device; two stacks, three tiles. */
static void init(struct attention_fixture *f)
{
    static const char *const keys[][2] = {{"array.rows", "10"},           {"array.columns", "9"},
                                          {"array.r_word_line", "3 ohm"}, {"array.r_bit_line", "5 ohm"},
                                          {"array.r_driver", "120 ohm"},  {"array.r_sense", "800 ohm"}};
    attention_fixture_init(f, D, N);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        attention_fixture_set(f, keys[i][0], keys[i][1]);
    f->shape.n_heads = HEADS;
    for (int h = 0; h < FIXTURE_HEADS_MAX; h++)
        f->query_range[h] = f->key_range[h] = f->value_range[h] = 2.5;
}

struct words {
    float q[HEADS * N * D], k[N * D], v[N * D], output[HEADS * N * D];
};

static void draw_words(uint32_t draw, struct words *words)
{
    float *const parts[] = {words->q, words->k, words->v};
    const size_t sizes[] = {HEADS * N * D, N * D, N * D};
    static double z[HEADS * N * D];
    for (uint32_t part = 0; part < 3; part++) {
        struct random_key key = {.seed = 61, .purpose = RANDOM_PROBE, .draw = 3 * draw + part};
        random_normals(&key, sizes[part], z);
        for (size_t i = 0; i < sizes[part]; i++)
            parts[part][i] = (float)z[i];
    }
}

/* One write; margins of pair (read, key) in units of sum(q_msb k_msb), as compared with the threshold. */
struct outcome {
    double values[READS][N], threshold[HEADS];
    bool bits[READS][N];
    struct attention_counts counts[HEADS];
};

static void run(const struct attention_fixture *f, uint32_t trial, struct outcome *out)
{
    struct attention *attention;
    struct rs_error err = {{0}};
    struct words words;
    struct keep keep = {.margins = true};
    draw_words(1, &words);
    struct attention_call call = {.n_query_heads = HEADS,
                                  .n_queries = N,
                                  .n_keys = N,
                                  .d = D,
                                  .score_scale = 1,
                                  .q = words.q,
                                  .k = words.k,
                                  .v = words.v,
                                  .output = words.output};
    cr_assert_eq(attention_create(&f->setup, QUERY_ANALOG, &attention, &err), RS_OK, "%s", err.text);
    attention_start(attention, trial, &keep);
    attention_set_sample(attention, 5);
    cr_assert_eq(attention_run(attention, &call, &err), RS_OK, "%s", err.text);
    cr_assert_eq(attention_certificate(attention).n_failed, 0);
    memcpy(out->counts, attention_get_counts(attention), sizeof out->counts);
    attention_destroy(attention);
    cr_assert_eq(keep.n_pairs, READS * N);
    for (size_t p = 0; p < keep.n_pairs; p++) {
        const struct keep_pair *pair = &keep.pairs[p];
        int read = HEADS * pair->query + pair->head;
        out->values[read][pair->key] = pair->analog_score / setup_analog_unit(&f->setup, 0, pair->head);
        out->bits[read][pair->key] = pair->decision;
        out->threshold[pair->head] = query_reference(&f->setup, 0, pair->head);
    }
    keep_clear(&keep);
}

/* Options given as key, value, ..., NULL; thresholds of 3 and 1.5. */
static void settle(struct attention_fixture *f, const char *const *options)
{
    struct rs_error err = {{0}};
    for (size_t i = 0; options[i] != NULL; i += 2)
        attention_fixture_set(f, options[i], options[i + 1]);
    cr_assert_eq(attention_fixture_try(f, &err), RS_OK, "%s", err.text);
    for (int h = 0; h < HEADS; h++)
        f->setup.thresholds[h] = 3 - 1.5 * h;
    cr_assert_eq(setup_settle_reference(&f->setup, &err), RS_OK, "%s", err.text);
}

static void run_with(const char *const *options, struct outcome *out)
{
    struct attention_fixture f;
    init(&f);
    settle(&f, options);
    run(&f, 2, out);
    setup_clear(&f.setup);
}

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
    {"comparator.kickback_shared", "-0.1 mV", {"comparator.share", "shared"}, true},
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
    const char *const nothing[] = {NULL};
    run_with(nothing, &ideal);
    for (size_t i = 0; i < table->n_options; i++) {
        const struct option *option = &table->options[i];
        size_t e = 0;
        if (!(option->flags & OPTION_NON_IDEALITY) || strstr(option->key, "delay_tau_per_kelvin"))
            continue; /* the ideal device has no temperature: test_comparator.c */
        while (e < N_EFFECTS && strcmp(effects[e].key, option->key) != 0)
            e++;
        cr_assert_lt(e, N_EFFECTS, "%s has no case here", option->key);
        const char *options[8];
        put(options, 0, &effects[e], effects[e].value);
        run_with(options, &on);
        cr_assert(!same(&on, &ideal), "%s", option->key);
        put(options, 0, &effects[e], "none");
        run_with(options, &off);
        cr_assert(same(&off, &ideal), "%s", option->key);
    }
}

/* An effect adds the same to every value, whether another is on or not: no draw moves another. */
Test(comparators, no_effect_moves_the_draws_of_another)
{
    static struct outcome ideal, one, other, both;
    const char *options[16] = {"comparator.share", "shared", NULL};
    run_with(options, &ideal);
    for (size_t a = 0; a < N_EFFECTS; a++)
        for (size_t b = 0; b < a; b++) {
            if (!effects[a].adds || !effects[b].adds)
                continue;
            put(options, 2, &effects[a], effects[a].value);
            run_with(options, &one);
            put(options, 2, &effects[b], effects[b].value);
            run_with(options, &other);
            put(options, put(options, 2, &effects[a], effects[a].value), &effects[b], effects[b].value);
            run_with(options, &both);
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
    init(&f);
    settle(&f, options);
    double half = 2e-6 / f.setup.mapping.unit_amperes;
    int n_changed = 0;
    run_with(nothing, &plain);
    run(&f, 2, &with);
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

Test(comparators, unresolved_decisions_follow_their_rule_and_are_counted)
{
    static const char *const rules[] = {"keep", "prune", "random"};
    static struct outcome plain, with;
    const char *const nothing[] = {NULL};
    int n_expected = 0, n_random_ones = 0;
    run_with(nothing, &plain);
    for (int rule = 0; rule < 3; rule++) {
        const char *const options[] = {"comparator.delay_tau",
                                       "9 ps",
                                       "comparator.evaluation_time",
                                       "30 ps",
                                       "comparator.unresolved",
                                       rules[rule],
                                       NULL};
        struct attention_fixture f;
        init(&f);
        settle(&f, options);
        double border = 0.1 * exp(-30.0 / 9) / (800 * f.setup.mapping.unit_amperes);
        run(&f, 2, &with);
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

/* --- references --- */

static const char *const ideal_wires[] = {"array.r_word_line", "none", "array.r_bit_line", "none",
                                          "array.r_driver",    "none", "array.r_sense",    "none"};

/* Without wires and device errors every reference is the ideal one, in every encoding. */
Test(comparators, circuits_without_errors_subtract_the_threshold_exactly)
{
    static struct outcome ideal, with;
    static const char *const references[] = {"current", "bias-rows", "replica"};
    static const char *const signs[] = {"differential", "offset"};
    static const char *const slices[] = {"0", "1"};
    for (int variant = 0; variant < 24; variant++) {
        const char *options[20] = {NULL};
        size_t n = 0;
        for (; n < 8; n++)
            options[n] = ideal_wires[n];
        const char *const own[] = {"encoding.sign",        signs[variant / 3 % 2],
                                   "encoding.cell_bits",   slices[variant / 6 % 2],
                                   "comparator.share",     variant / 12 ? "shared" : "per-comparator",
                                   "comparator.reference", "ideal"};
        for (size_t i = 0; i < 8; i++)
            options[n++] = own[i];
        options[n] = NULL;
        run_with(options, &ideal);
        options[n - 1] = references[variant % 3];
        run_with(options, &with);
        for (size_t r = 0; r < READS; r++)
            for (size_t j = 0; j < N; j++) {
                cr_assert_float_eq(with.values[r][j], ideal.values[r][j], 1e-9, "variant %d", variant);
                cr_assert_eq(with.bits[r][j], ideal.bits[r][j]);
            }
    }
}

static struct bank_job make_job(const struct attention_fixture *f, int16_t *key_msb, int16_t *query_msb)
{
    struct random_key key = {.seed = 62, .purpose = RANDOM_PROBE};
    for (uint32_t i = 0; i < N * D; i++)
        key_msb[i] = (int16_t)((int)random_integer(&key, i, 15) - 7);
    key.draw = 1;
    for (uint32_t i = 0; i < READS * D; i++)
        query_msb[i] = (int16_t)((int)random_integer(&key, i, 15) - 7);
    (void)f;
    return (struct bank_job){.trial = 2,
                             .write = 5,
                             .n_keys = N,
                             .n_queries = N,
                             .n_query_heads = HEADS,
                             .key_msb = key_msb,
                             .query_msb = query_msb};
}

static void read_bank(const struct attention_fixture *f, const struct bank_job *job, double *signals,
                      double *minus, double *source_ohm)
{
    struct bank *bank;
    struct rs_error err = {{0}};
    const struct bank_answer answer = {signals, minus, source_ohm};
    cr_assert_eq(bank_create(&f->setup, &bank, &err), RS_OK, "%s", err.text);
    cr_assert_eq(bank_read(bank, job, &answer, NULL, &err), RS_OK, "%s", err.text);
    cr_assert_eq(bank_certificate(bank).n_failed, 0);
    bank_destroy(bank);
}

/*
 * One array by hand (differential, 4 keys in 9 bit lines): its lower n_bias rows at bias volts hold delta on
 * the negative lines. Adds to signals and minus, with each line multiplied by what has settled of it.
 */
struct hand {
    const struct attention_fixture *f;
    const struct bank_job *job;
    size_t n_bias, n_key_rows, n_stacks;
    double delta, bias_volts[HEADS];
    double c_line, sense_time; /* 0: settled */
};

static void add_by_hand(const struct hand *hand, size_t tile, size_t stack, double *signals, double *minus)
{
    static double target[ROWS_MAX * COLUMNS_MAX], programmed[ROWS_MAX * COLUMNS_MAX],
        transfer[ROWS_MAX * COLUMNS_MAX], delay[COLUMNS_MAX];
    const struct attention_setup *s = &hand->f->setup;
    size_t rows = s->network.n_rows, columns = 9, first_key = 4 * tile, first_row = stack * hand->n_key_rows;
    double g_min = s->device.g_min_siemens, g_lsb = (s->device.g_max_siemens - g_min) / 7,
           v_lsb = hand->f->encoding.v_read_volts / 7;
    struct random_key key = {
        .seed = hand->f->seed, .trial = 2, .write = 5, .array = (uint32_t)(tile * hand->n_stacks + stack)};
    struct transfer_plan *plan;
    struct sense_node *node;
    for (size_t cell = 0; cell < rows * columns; cell++) {
        size_t row = cell / columns, line = cell % columns, j = first_key + line / 2;
        bool bias = row >= rows - hand->n_bias, used = !bias && first_row + row < D && j < N && line < 8;
        int code = used ? hand->job->key_msb[j * D + first_row + row] : 0, own = line % 2 ? -code : code;
        target[cell] = g_min + (own > 0 ? own * g_lsb : 0) + (bias && line < 8 && line % 2 ? hand->delta : 0);
    }
    device_program(&s->device, &key, rows, columns, target, programmed);
    cr_assert_eq(transfer_plan_create(&s->network, NULL, kernel_chosen(), TRANSFER_F64, &plan, NULL), RS_OK);
    transfer_compute(plan, programmed, transfer);
    transfer_plan_destroy(plan);
    cr_assert_eq(sense_node_create(&s->network, &node, NULL), RS_OK);
    sense_node_compute(node, programmed, hand->c_line, NULL, delay);
    sense_node_destroy(node);
    for (size_t read = 0; read < READS; read++)
        for (size_t slot = 0; slot < 4 && first_key + slot < N; slot++)
            for (size_t side = 0; side < 2; side++) {
                size_t line = 2 * slot + side, i = read / HEADS, h = read % HEADS;
                double amperes = 0;
                for (size_t row = 0; row < rows; row++) {
                    bool bias = row >= rows - hand->n_bias;
                    double volts = bias ? hand->bias_volts[h]
                                   : first_row + row < D && row < hand->n_key_rows
                                       ? v_lsb * hand->job->query_msb[(h * N + i) * D + first_row + row]
                                       : 0;
                    amperes += volts * transfer[row * columns + line];
                }
                if (hand->sense_time > 0)
                    amperes *= 1 - exp(-hand->sense_time / delay[line]);
                signals[read * N + first_key + slot] += (side ? -1 : 1) * amperes / (v_lsb * g_lsb);
                minus[read * N + first_key + slot] += side ? amperes / (v_lsb * g_lsb) : 0;
            }
}

static void assert_by_hand(struct attention_fixture *f, struct hand *hand, const double *start)
{
    static int16_t key_msb[N * D], query_msb[READS * D];
    static double signals[READS * N], minus[READS * N], expected[READS * N], expected_minus[READS * N];
    struct bank_job job = make_job(f, key_msb, query_msb);
    hand->f = f;
    hand->job = &job;
    read_bank(f, &job, signals, minus, NULL);
    memset(expected_minus, 0, sizeof expected_minus);
    for (size_t at = 0; at < READS * N; at++)
        expected[at] = start[at / N % HEADS];
    for (size_t tile = 0; tile < 3; tile++)
        for (size_t stack = 0; stack < hand->n_stacks; stack++)
            add_by_hand(hand, tile, stack, expected, expected_minus);
    for (size_t at = 0; at < READS * N; at++) {
        cr_assert_float_eq(signals[at], expected[at], 1e-7, "read %zu, key %zu", at / N, at % N);
        cr_assert_float_eq(minus[at], expected_minus[at], 1e-7, "read %zu, key %zu", at / N, at % N);
    }
}

/*
 * Thresholds (units of sum q k) 60.5 and 30.5 of two heads: a row at full window is worth 7 x 7 units, so
 * that two stacks of one bias row each take 30.25 units per array, 30.25 / 49 of the window.
 */
Test(comparators, bias_rows_equal_a_direct_computation)
{
    const char *const options[] = {"comparator.reference", "bias-rows", "device.preset", "wan2022", NULL};
    for (int shown = 0; shown < 2; shown++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        init(&f);
        for (size_t i = 0; options[i] != NULL; i += 2)
            attention_fixture_set(&f, options[i], options[i + 1]);
        cr_assert_eq(attention_fixture_try(&f, &err), RS_OK, "%s", err.text);
        double start[HEADS];
        for (int h = 0; h < HEADS; h++) {
            f.setup.thresholds[h] = (h ? shown ? -30.6 : 30.6 : 60.6) * setup_analog_unit(&f.setup, 0, h);
            start[h] = h ? shown ? -30.5 : 30.5 : 60.5;
            cr_assert_eq(query_reference(&f.setup, 0, h), start[h]);
        }
        cr_assert_eq(setup_settle_reference(&f.setup, &err), RS_OK, "%s", err.text);
        cr_assert_eq(f.setup.mapping.n_key_rows, 9);
        struct hand hand = {.n_bias = 1, .n_key_rows = 9, .n_stacks = 2};
        double window = f.setup.device.g_max_siemens - f.setup.device.g_min_siemens;
        hand.delta = window * 30.25 / 49;
        hand.bias_volts[0] = f.encoding.v_read_volts;
        hand.bias_volts[1] = f.encoding.v_read_volts * start[1] / 60.5;
        assert_by_hand(&f, &hand, start);
        setup_clear(&f.setup);
    }
}

Test(comparators, lines_that_have_not_settled_equal_a_direct_computation)
{
    const char *const options[] = {"comparator.c_line", "2 pF", "comparator.sense_time", "2 ns", NULL};
    const double start[HEADS] = {0, 0};
    struct attention_fixture f;
    init(&f);
    settle(&f, options);
    struct hand hand = {.n_key_rows = 10, .n_stacks = 2, .c_line = 2e-12, .sense_time = 2e-9};
    assert_by_hand(&f, &hand, start);
    setup_clear(&f.setup);
}

/* Without wires the replica's currents are V G of its own cells: its own array numbers, written at write 0.
 */
Test(comparators, a_replica_errs_as_its_own_cells_do)
{
    static int16_t key_msb[N * D], query_msb[READS * D];
    static double ideal[READS * N], with[READS * N], target[20 * 8], programmed[20 * 8];
    for (int shared = 0; shared < 2; shared++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        init(&f);
        for (size_t i = 0; i < 8; i += 2)
            attention_fixture_set(&f, ideal_wires[i], ideal_wires[i + 1]);
        attention_fixture_set(&f, "device.preset", "wan2022");
        struct bank_job job = make_job(&f, key_msb, query_msb);
        attention_fixture_settle(&f, 0);
        read_bank(&f, &job, ideal, NULL, NULL);
        setup_clear(&f.setup);
        attention_fixture_set(&f, "comparator.reference", "replica");
        attention_fixture_set(&f, "comparator.share", shared ? "shared" : "per-comparator");
        cr_assert_eq(attention_fixture_try(&f, &err), RS_OK, "%s", err.text);
        for (int h = 0; h < HEADS; h++)
            f.setup.thresholds[h] = (h ? -20.4 : 80.6) * setup_analog_unit(&f.setup, 0, h);
        cr_assert_eq(setup_settle_reference(&f.setup, &err), RS_OK, "%s", err.text);
        read_bank(&f, &job, with, NULL, NULL);
        size_t n_pairs = shared ? 1 : 4;
        double g_min = f.setup.device.g_min_siemens, window = f.setup.device.g_max_siemens - g_min;
        for (size_t tile = 0; tile < 3; tile++) {
            struct random_key key = {.seed = f.seed, .trial = 2, .array = (uint32_t)(1023 - tile)};
            for (size_t cell = 0; cell < 10 * 2 * n_pairs; cell++) /* 2 rows of 49 units for 80.5 */
                target[cell] = g_min + (cell / (2 * n_pairs) >= 8 && cell % 2 ? window * 40.25 / 49 : 0);
            device_program(&f.setup.device, &key, 10, 2 * n_pairs, target, programmed);
            for (size_t read = 0; read < READS; read++)
                for (size_t slot = 0; slot < 4 && 4 * tile + slot < N; slot++) {
                    double threshold = read % HEADS ? -20.5 : 80.5, sum = 0;
                    for (size_t row = 8; row < 10; row++) {
                        const double *pair = programmed + (row * n_pairs + (shared ? 0 : slot)) * 2;
                        sum += (pair[1] - pair[0]) * 49 / window * threshold / 80.5;
                    }
                    size_t at = read * N + 4 * tile + slot;
                    cr_assert_float_eq(with[at], ideal[at] + threshold - sum, 1e-8, "%zu", at);
                }
        }
        setup_clear(&f.setup);
    }
}

Test(comparators, a_threshold_that_takes_too_many_rows_is_refused)
{
    static const char *const references[] = {"bias-rows", "replica"};
    for (int i = 0; i < 2; i++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        init(&f);
        attention_fixture_set(&f, "comparator.reference", references[i]);
        attention_fixture_set(&f, "comparator.reference_volts", "1 mV");
        cr_assert_eq(attention_fixture_try(&f, &err), RS_OK, "%s", err.text);
        f.setup.thresholds[0] = f.setup.thresholds[1] = 100.4 * setup_analog_unit(&f.setup, 0, 0);
        cr_assert_eq(setup_settle_reference(&f.setup, &err), RS_INPUT);
        cr_assert(strncmp(err.text, "comparator.reference: ", 22) == 0 &&
                      strstr(err.text, "a threshold of 100.5 units takes") != NULL,
                  "%s", err.text);
        setup_clear(&f.setup);
    }
}

/* Keep all, or nothing: thresholds beyond every sum need no circuit, whatever the reference. */
Test(comparators, infinite_thresholds_take_no_reference)
{
    static const char *const references[] = {"current", "bias-rows", "replica"};
    static struct outcome out;
    for (int i = 0; i < 3; i++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        init(&f);
        attention_fixture_set(&f, "comparator.reference", references[i]);
        attention_fixture_set(&f, "comparator.reference_bits", "4");
        attention_fixture_set(&f, "comparator.offset", "1 uA");
        cr_assert_eq(attention_fixture_try(&f, &err), RS_OK, "%s", err.text);
        f.setup.thresholds[0] = -(double)INFINITY;
        f.setup.thresholds[1] = (double)INFINITY;
        cr_assert_eq(setup_settle_reference(&f.setup, &err), RS_OK, "%s", err.text);
        cr_assert_eq(f.setup.mapping.n_key_rows, 10);
        run(&f, 2, &out);
        for (size_t r = 0; r < READS; r++)
            for (size_t j = 0; j < N; j++)
                cr_assert_eq(out.bits[r][j], r % HEADS == 0);
        setup_clear(&f.setup);
    }
}

/* A 4-bit DAC of +-28 units: steps of 4; beyond its range it stays at the end. */
Test(comparators, a_reference_dac_has_its_steps)
{
    const double wanted[] = {0.5, 9.5, 10.5, -30.5, 27.5, 100.5}, given[] = {0, 8, 12, -28, 28, 28};
    struct attention_fixture f;
    init(&f);
    attention_fixture_set(&f, "comparator.reference", "current");
    attention_fixture_set(&f, "comparator.reference_bits", "4");
    attention_fixture_settle(&f, 0);
    double unit = f.setup.mapping.unit_amperes;
    setup_clear(&f.setup);
    f.comparator.reference_range_amperes = 28 * unit;
    attention_fixture_settle(&f, 0);
    for (int i = 0; i < 6; i++)
        cr_assert_float_eq(reference_current(&f.setup.reference, wanted[i]), given[i], 1e-9);
    setup_clear(&f.setup);
}

/* One draw per reference: the same of all comparators of an array, or one each; another per trial. */
Test(comparators, a_reference_error_belongs_to_its_reference)
{
    static struct outcome plain, with;
    const char *const nothing[] = {NULL};
    run_with(nothing, &plain);
    for (int shared = 0; shared < 2; shared++) {
        const char *const options[] = {"comparator.reference",
                                       "current",
                                       "comparator.reference_error",
                                       "1 uA",
                                       "comparator.share",
                                       shared ? "shared" : "per-comparator",
                                       NULL};
        run_with(options, &with);
        double first = plain.values[0][0] - with.values[0][0];
        for (size_t r = 0; r < READS; r++)
            for (size_t j = 0; j < N; j++) {
                double error = plain.values[r][j] - with.values[r][j];
                cr_assert_float_eq(error, plain.values[0][j] - with.values[0][j], 1e-9, "of all reads");
                cr_assert_eq(fabs(error - first) < 1e-9, j == 0 || (shared && j < 4), "key %zu", j);
            }
    }
}

/* --- kickback and calibration --- */

Test(comparators, kickback_goes_by_the_resistance_of_the_lines)
{
    static struct outcome plain, with;
    static int16_t key_msb[N * D], query_msb[READS * D];
    static double signals[READS * N], source_ohm[N];
    const char *const nothing[] = {NULL}, *const options[] = {"comparator.kickback", "18 uA", NULL};
    struct attention_fixture f;
    run_with(nothing, &plain);
    run_with(options, &with);
    init(&f);
    settle(&f, options);
    double largest = 0, shifts[N];
    for (size_t j = 0; j < N; j++) {
        shifts[j] = plain.values[0][j] - with.values[0][j];
        largest = fmax(largest, fabs(shifts[j]));
        for (size_t r = 1; r < READS; r++)
            cr_assert_float_eq(plain.values[r][j] - with.values[r][j], shifts[j], 1e-9);
    }
    cr_assert_gt(largest, 1e-3);
    /* A key of large codes on its positive line has less resistance there: the threshold rises. */
    struct bank_job job = make_job(&f, key_msb, query_msb);
    for (size_t i = 0; i < D; i++) {
        key_msb[i] = 7;
        key_msb[D + i] = -7;
        key_msb[2 * D + i] = 0;
    }
    read_bank(&f, &job, signals, NULL, source_ohm);
    cr_assert(source_ohm[0] > 5 && source_ohm[0] < 400 && fabs(source_ohm[0] + source_ohm[1]) < 1 &&
                  fabs(source_ohm[2]) < 1e-3,
              "%g, %g, %g ohm", source_ohm[0], source_ohm[1], source_ohm[2]);
    setup_clear(&f.setup);
    attention_fixture_set(&f, "comparator.sense", "transimpedance");
    settle(&f, nothing);
    run(&f, 2, &with);
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
    run_with(file, &by_file);
    run_with(keys, &by_keys);
    cr_assert(same(&by_file, &by_keys));
    cr_assert_gt(by_file.counts[0].n_unresolved, 0);
    run_with(both, &beside);
    cr_assert(!same(&by_file, &beside));
    static struct outcome instead;
    const char *keys_without[sizeof keys / sizeof keys[0]];
    memcpy(keys_without, keys, sizeof keys);
    keys_without[5] = "none";
    run_with(keys_without, &instead);
    cr_assert(same(&beside, &instead));
    cr_assert_eq(count_files(), 1);
}

Test(comparators, a_calibration_of_another_array_or_device_is_refused, .init = enter_folder,
     .fini = leave_folder)
{
    for (int way = 0; way < 2; way++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        init(&f);
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
