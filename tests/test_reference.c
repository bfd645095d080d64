/* References and lines of key arrays: exact without errors, and computed by hand with them. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "comparators_fixture.h"
#include "crossbar/loading.h"
#include "crossbar/sense_node.h"
#include "crossbar/transfer.h"

TestSuite(reference, .timeout = 120);

enum { ROWS_MAX = 40, COLUMNS_MAX = 40 };

static const char *const ideal_wires[] = {"array.r_word_line", "none", "array.r_bit_line", "none",
                                          "array.r_driver",    "none", "array.r_sense",    "none"};

/* Without wires and device errors every reference is the ideal one, in every encoding. */
Test(reference, circuits_without_errors_subtract_the_threshold_exactly)
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
        comparators_fixture_run_with(options, &ideal);
        options[n - 1] = references[variant % 3];
        comparators_fixture_run_with(options, &with);
        for (size_t r = 0; r < READS; r++)
            for (size_t j = 0; j < N; j++) {
                cr_assert_float_eq(with.values[r][j], ideal.values[r][j], 1e-9, "variant %d", variant);
                cr_assert_eq(with.bits[r][j], ideal.bits[r][j]);
            }
    }
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
    struct bank_job job = comparators_fixture_job(key_msb, query_msb);
    hand->f = f;
    hand->job = &job;
    comparators_fixture_read(f, &job, signals, minus, NULL, NULL);
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
Test(reference, bias_rows_equal_a_direct_computation)
{
    const char *const options[] = {"comparator.reference", "bias-rows", "device.preset", "wan2022", NULL};
    for (int shown = 0; shown < 2; shown++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        comparators_fixture_init(&f);
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

Test(reference, lines_that_have_not_settled_equal_a_direct_computation)
{
    const char *const options[] = {"comparator.c_line", "2 pF", "comparator.sense_time", "2 ns", NULL};
    const double start[HEADS] = {0, 0};
    struct attention_fixture f;
    comparators_fixture_init(&f);
    comparators_fixture_settle(&f, options);
    struct hand hand = {.n_key_rows = 10, .n_stacks = 2, .c_line = 2e-12, .sense_time = 2e-9};
    assert_by_hand(&f, &hand, start);
    setup_clear(&f.setup);
}

/* Without wires the replica's currents are V G of its own cells: its own array numbers, written at write 0.
 */
Test(reference, a_replica_errs_as_its_own_cells_do)
{
    static int16_t key_msb[N * D], query_msb[READS * D];
    static double ideal[READS * N], with[READS * N], target[20 * 8], programmed[20 * 8];
    for (int shared = 0; shared < 2; shared++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        comparators_fixture_init(&f);
        for (size_t i = 0; i < 8; i += 2)
            attention_fixture_set(&f, ideal_wires[i], ideal_wires[i + 1]);
        attention_fixture_set(&f, "device.preset", "wan2022");
        struct bank_job job = comparators_fixture_job(key_msb, query_msb);
        attention_fixture_settle(&f, 0);
        comparators_fixture_read(&f, &job, ideal, NULL, NULL, NULL);
        setup_clear(&f.setup);
        attention_fixture_set(&f, "comparator.reference", "replica");
        attention_fixture_set(&f, "comparator.share", shared ? "shared" : "per-comparator");
        cr_assert_eq(attention_fixture_try(&f, &err), RS_OK, "%s", err.text);
        for (int h = 0; h < HEADS; h++)
            f.setup.thresholds[h] = (h ? -20.4 : 80.6) * setup_analog_unit(&f.setup, 0, h);
        cr_assert_eq(setup_settle_reference(&f.setup, &err), RS_OK, "%s", err.text);
        comparators_fixture_read(&f, &job, with, NULL, NULL, NULL);
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

/* What a unit of reference is worth to each key: drawn from its own positive line, with those of all others.
 */
static void find_ratios(const struct attention_fixture *f, const struct bank_job *job, double *ratio)
{
    const struct mapping *mapping = &f->setup.mapping;
    static double target[ROWS_MAX * COLUMNS_MAX];
    double drawn[COLUMNS_MAX] = {0}, loss[COLUMNS_MAX];
    struct loading *loading;
    struct rs_error err = {{0}};
    cr_assert_eq(loading_create(&f->setup.network, NULL, &loading, &err), RS_OK, "%s", err.text);
    for (size_t slot = 0; slot < 4; slot++)
        drawn[2 * slot] = 1;
    memset(ratio, 0, N * sizeof *ratio);
    for (size_t tile = 0; tile < 3; tile++)
        for (size_t stack = 0; stack < 2; stack++) {
            mapping_targets(mapping, tile, stack, N, job->key_msb, target);
            loading_factor(loading, target);
            cr_assert(loading_compute(loading, drawn, loss));
            for (size_t slot = 0; slot < 4 && 4 * tile + slot < N; slot++)
                ratio[4 * tile + slot] += (loss[2 * slot] - loss[2 * slot + 1]) / 2;
        }
    loading_destroy(loading);
}

static void read_with(const char *reference, const char *sense, double *signals, double *ratio)
{
    static int16_t key_msb[N * D], query_msb[READS * D];
    const char *const options[] = {"comparator.reference", reference, "comparator.sense", sense, NULL};
    struct bank_job job = comparators_fixture_job(key_msb, query_msb);
    struct attention_fixture f;
    comparators_fixture_init(&f);
    comparators_fixture_settle(&f, options);
    comparators_fixture_read(&f, &job, signals, NULL, NULL, ratio);
    setup_clear(&f.setup);
}

/* The array carries a share of every reference current that is drawn before r_sense; a virtual ground passes
 * it whole. */
Test(reference, a_reference_that_loads_its_line_is_worth_less)
{
    static double ideal[READS * N], whole[READS * N], loaded[READS * N], ratio[N], expected[N];
    static int16_t key_msb[N * D], query_msb[READS * D];
    static struct outcome far, near;
    const char *const nothing[] = {NULL}, *const dac[] = {"comparator.reference", "current", NULL};
    struct bank_job job = comparators_fixture_job(key_msb, query_msb);
    struct attention_fixture f;
    comparators_fixture_init(&f);
    comparators_fixture_settle(&f, nothing);
    find_ratios(&f, &job, expected);
    read_with("current", "resistor", loaded, ratio);
    for (size_t j = 0; j < N; j++)
        cr_assert(fabs(ratio[j] - expected[j]) < 1e-9 && ratio[j] < 0.98 && ratio[j] > 0.8, "key %zu: %g, %g",
                  j, ratio[j], expected[j]);
    read_with("ideal", "resistor", ideal, NULL);
    read_with("replica", "transimpedance", whole, NULL);
    read_with("replica", "resistor", loaded, ratio);
    for (size_t at = 0; at < READS * N; at++) {
        double threshold = query_reference(&f.setup, 0, (int)(at / N % HEADS)),
               replica = ideal[at] + threshold - whole[at];
        cr_assert_gt(replica, 0.5);
        cr_assert_float_eq(loaded[at], ideal[at] + threshold - expected[at % N] * replica, 1e-9, "%zu", at);
    }
    comparators_fixture_run_with(nothing, &far);
    comparators_fixture_run_with(dac, &near);
    int n_less = 0;
    for (size_t r = 0; r < READS; r++)
        for (size_t j = 0; j < N; j++) {
            double share = (near.values[r][j] - far.values[r][j]) / far.threshold[r % HEADS];
            n_less += share > 0.02 && share < 0.2;
        }
    cr_assert_eq(n_less, READS * N);
    setup_clear(&f.setup);
}

Test(reference, a_threshold_that_takes_too_many_rows_is_refused)
{
    static const char *const references[] = {"bias-rows", "replica"};
    for (int i = 0; i < 2; i++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        comparators_fixture_init(&f);
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
Test(reference, infinite_thresholds_take_no_reference)
{
    static const char *const references[] = {"current", "bias-rows", "replica"};
    static struct outcome out;
    for (int i = 0; i < 3; i++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        comparators_fixture_init(&f);
        attention_fixture_set(&f, "comparator.reference", references[i]);
        attention_fixture_set(&f, "comparator.reference_bits", "4");
        attention_fixture_set(&f, "comparator.offset", "1 uA");
        cr_assert_eq(attention_fixture_try(&f, &err), RS_OK, "%s", err.text);
        f.setup.thresholds[0] = -(double)INFINITY;
        f.setup.thresholds[1] = (double)INFINITY;
        cr_assert_eq(setup_settle_reference(&f.setup, &err), RS_OK, "%s", err.text);
        cr_assert_eq(f.setup.mapping.n_key_rows, 10);
        comparators_fixture_run(&f, 2, &out);
        for (size_t r = 0; r < READS; r++)
            for (size_t j = 0; j < N; j++)
                cr_assert_eq(out.bits[r][j], r % HEADS == 0);
        setup_clear(&f.setup);
    }
}

/* A 4-bit DAC of +-28 units: steps of 4; beyond its range it stays at the end. */
Test(reference, a_reference_dac_has_its_steps)
{
    const double wanted[] = {0.5, 9.5, 10.5, -30.5, 27.5, 100.5}, given[] = {0, 8, 12, -28, 28, 28};
    struct attention_fixture f;
    comparators_fixture_init(&f);
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
Test(reference, a_reference_error_belongs_to_its_reference)
{
    static struct outcome plain, with;
    const char *const nothing[] = {NULL};
    comparators_fixture_run_with(nothing, &plain);
    for (int shared = 0; shared < 2; shared++) {
        const char *const options[] = {"comparator.reference",
                                       "current",
                                       "comparator.reference_error",
                                       "1 uA",
                                       "comparator.share",
                                       shared ? "shared" : "per-comparator",
                                       "comparator.sense",
                                       "transimpedance", /* no line is loaded */
                                       NULL};
        comparators_fixture_run_with(options, &with);
        double first = plain.values[0][0] - with.values[0][0];
        for (size_t r = 0; r < READS; r++)
            for (size_t j = 0; j < N; j++) {
                double error = plain.values[r][j] - with.values[r][j];
                cr_assert_float_eq(error, plain.values[0][j] - with.values[0][j], 1e-9, "of all reads");
                cr_assert_eq(fabs(error - first) < 1e-9, j == 0 || (shared && j < 4), "key %zu", j);
            }
    }
}
