/* The comparator alone: closed forms of offset, noise, sense path, branches and decision time. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/comparator.h"

TestSuite(comparator, .timeout = 60);

enum { SLOTS = 20000 };
static const double unit_amperes = 0.5e-6, r_sense_ohm = 1500;
static const struct random_key here = {.seed = 71, .trial = 1, .array = 2, .write = 3, .draw = 4};
static double one[SLOTS], other[SLOTS], normals[SLOTS];

static void set(struct comparator_options *options, const char *key, const char *text)
{
    const struct option_table *table = &frontend_options_comparator;
    char why[256], whole[64];
    snprintf(whole, sizeof whole, "comparator.%s", key);
    for (size_t i = 0; i < table->n_options; i++)
        if (strcmp(table->options[i].key, whole) == 0) {
            cr_assert(option_set(&table->options[i], options, text, why, sizeof why), "%s", why);
            return;
        }
    cr_assert_fail("no option %s", whole);
}

static struct comparator_options defaults(void)
{
    struct comparator_options options;
    option_fill_defaults(&frontend_options_comparator, &options);
    return options;
}

static struct comparator_circuit circuit_of(const struct calibration *calibration)
{
    return (struct comparator_circuit){.r_sense_ohm = r_sense_ohm,
                                       .unit_amperes = unit_amperes,
                                       .temperature_kelvin = (double)NAN,
                                       .read_seconds = (double)NAN,
                                       .n_slots = 16,
                                       .calibration = calibration};
}

static struct comparator make(const struct comparator_options *options, const struct calibration *calibration)
{
    struct comparator comparator;
    struct rs_error err = {{0}};
    const struct comparator_circuit circuit = circuit_of(calibration);
    cr_assert_eq(comparator_init(options, &circuit, &comparator, &err), RS_OK, "%s", err.text);
    return comparator;
}

static double sigma_of(const double *values)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < SLOTS; i++) {
        sum += values[i];
        squares += values[i] * values[i];
    }
    return sqrt(squares / SLOTS - sum / SLOTS * (sum / SLOTS));
}

/* A_VT 3.5 mV um, devices.md 4.3: 9.70 mV of the input pair (2 um x 65 nm), 13.7 mV of the latch pairs (1
 * um). */
Test(comparator, the_offset_of_pairs_is_pelgroms_sum)
{
    struct comparator_options options = defaults();
    set(&options, "a_vt", "3.5 nVm");
    struct comparator comparator = make(&options, NULL);
    const double pairs[] = {3.5e-9 / sqrt(2e-6 * 65e-9), 3.5e-9 / sqrt(1e-6 * 65e-9),
                            3.5e-9 / sqrt(1e-6 * 65e-9)};
    const double sensitivities[] = {1.13, 0.33, 0.07};
    double variance = 0, volts = r_sense_ohm * unit_amperes;
    cr_assert_float_eq(pairs[0], 9.7073e-3, 1e-6);
    for (int pair = 0; pair < 3; pair++)
        variance += pow(sensitivities[pair] * pairs[pair] / volts, 2);
    comparator_offsets(&comparator, &here, SLOTS, one);
    cr_assert_float_eq(sigma_of(one) / sqrt(variance), 1, 4.5 / sqrt(2.0 * SLOTS));
    memset(other, 0, sizeof other);
    for (int pair = 0; pair < 3; pair++) {
        comparator_mismatch(&comparator, &here, pair, SLOTS, normals);
        for (int j = 0; j < SLOTS; j++)
            other[j] += sensitivities[pair] * pairs[pair] * normals[j] / volts;
    }
    for (int j = 0; j < SLOTS; j++)
        cr_assert_float_eq(one[j], other[j], 1e-9, "slot %d", j);
}

/* Offset, mean and pairs add up, each with its own draws; auto-zero divides them and raises the noise. */
Test(comparator, parts_of_the_offset_add_up)
{
    struct comparator_options options = defaults(), parts[3] = {options, options, options};
    static double sum[SLOTS];
    set(&parts[0], "offset", "2 uA");
    set(&parts[1], "offset_mean", "-1.5 mV");
    set(&parts[2], "a_vt", "3.5 nVm");
    set(&options, "offset", "2 uA");
    set(&options, "offset_mean", "-1.5 mV");
    set(&options, "a_vt", "3.5 nVm");
    set(&options, "noise", "1 mV");
    memset(sum, 0, sizeof sum);
    for (int part = 0; part < 3; part++) {
        struct comparator comparator = make(&parts[part], NULL);
        comparator_offsets(&comparator, &here, SLOTS, one);
        for (int j = 0; j < SLOTS; j++)
            sum[j] += one[j];
        cr_assert(part != 1 || fabs(one[7] + 1.5e-3 / (r_sense_ohm * unit_amperes)) < 1e-12);
    }
    struct comparator comparator = make(&options, NULL);
    comparator_offsets(&comparator, &here, SLOTS, one);
    for (int j = 0; j < SLOTS; j++)
        cr_assert_float_eq(one[j], sum[j], 1e-9);
    set(&options, "auto_zero", "20");
    struct comparator zeroed = make(&options, NULL);
    comparator_offsets(&zeroed, &here, SLOTS, one);
    for (int j = 0; j < SLOTS; j++)
        cr_assert_float_eq(one[j], sum[j] / 20, 1e-9);
    cr_assert_float_eq(zeroed.noise_sigma_units, sqrt(2.0) * comparator.noise_sigma_units, 1e-12);
}

/* bit = d - noise > 0: the share of ones is Phi(d / sigma). */
Test(comparator, the_keep_probability_is_a_probit)
{
    struct comparator_options options = defaults();
    set(&options, "noise", "1 mV");
    struct comparator comparator = make(&options, NULL);
    double sigma = 1e-3 / (r_sense_ohm * unit_amperes);
    comparator_noise(&comparator, &here, SLOTS, one);
    for (double d = -2.5; d <= 2.5; d += 0.5) {
        double expected = 0.5 * erfc(-d / sqrt(2.0));
        int n_ones = 0;
        for (int j = 0; j < SLOTS; j++)
            n_ones += d * sigma - one[j] > 0;
        cr_assert_lt(fabs(n_ones - SLOTS * expected), 4.5 * sqrt(SLOTS * expected * (1 - expected)), "%g", d);
    }
}

/* td = 28.3 ps + 8.65 ps ln(0.1 V / |d|), the latch of devices.md 4.3 (its 1 uV: 128.5 ps). */
Test(comparator, a_decision_takes_the_logarithm_of_its_input)
{
    struct comparator_options options = defaults();
    set(&options, "delay_t0", "28.3 ps");
    set(&options, "delay_tau", "8.65 ps");
    set(&options, "delay_min", "20 ps");
    struct comparator comparator = make(&options, NULL);
    double volts = r_sense_ohm * unit_amperes;
    cr_assert_float_eq(comparator_delay_seconds(&comparator, 1e-6 / volts, 0), 127.9e-12, 1e-13);
    cr_assert_float_eq(comparator_delay_seconds(&comparator, -1e-3 / volts, 0), 68.1e-12, 1e-13);
    cr_assert_float_eq(comparator_delay_seconds(&comparator, 0.1 / volts, 0), 28.3e-12, 1e-17);
    cr_assert_eq(comparator_delay_seconds(&comparator, 100 / volts, 0), 20e-12, "never below delay_min");
    cr_assert(isinf(comparator_delay_seconds(&comparator, 0, 0)));
}

/* P = (2 v1 / W) exp(-(T - t0) / tau) of inputs uniform over W, by the midpoints of W / 200001 parts. */
Test(comparator, the_unresolved_share_of_uniform_inputs_is_an_exponential)
{
    enum { PARTS = 200001 };
    struct comparator_options options = defaults();
    set(&options, "delay_t0", "28.3 ps");
    set(&options, "delay_tau", "8.65 ps");
    for (int ps = 40; ps <= 80; ps += 10) {
        char text[16];
        snprintf(text, sizeof text, "%d ps", ps);
        set(&options, "evaluation_time", text);
        struct comparator comparator = make(&options, NULL);
        double width = 0.25, expected = 2 * 0.1 / width * exp(-(ps - 28.3) / 8.65);
        int n_unresolved = 0;
        for (int i = 0; i < PARTS; i++)
            n_unresolved += comparator_delay_seconds(
                                &comparator, width * ((i + 0.5) / PARTS - 0.5) / (r_sense_ohm * unit_amperes),
                                0) > comparator.evaluation_seconds;
        cr_assert_float_eq((double)n_unresolved / PARTS, expected, 2.0 / PARTS, "%d ps", ps);
    }
}

/* devices.md 4.3: 7.5, 8.7, 9.6, 10.2 ps at -40, 27, 85, 125 C. */
Test(comparator, tau_rises_with_temperature)
{
    const double celsius[] = {-40, 27, 85, 125}, tau_ps[] = {7.5, 8.7, 9.6, 10.2};
    struct comparator_options options = defaults();
    struct rs_error err = {{0}};
    set(&options, "delay_tau", "8.65 ps");
    set(&options, "delay_tau_per_kelvin", "0.0019");
    for (int i = 0; i < 4; i++) {
        struct comparator_circuit circuit = circuit_of(NULL);
        struct comparator comparator;
        circuit.temperature_kelvin = celsius[i] + 273.15;
        cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_OK);
        cr_assert_float_eq(comparator.delay_tau_seconds, 8.65e-12 * (1 + 0.0019 * (celsius[i] - 27)), 1e-25);
        cr_assert_float_eq(comparator.delay_tau_seconds * 1e12, tau_ps[i], 0.15);
    }
}

/* The figures of a latch belong to a temperature; its own key tells another, or the device's card. */
Test(comparator, a_temperature_is_the_keys_the_devices_or_the_calibrations)
{
    struct calibration calibration = {.n_estimates = 0};
    struct rs_error err = {{0}};
    const struct {
        const char *name;
        double value;
    } figures[] = {{"delay_t0_seconds", 33e-12},
                   {"delay_tau_seconds", 9e-12},
                   {"delay_tau_per_kelvin", 2e-3},
                   {"delay_t0_per_kelvin", 3e-14},
                   {"delay_temperature_kelvin", 320}};
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        cr_assert_eq(calibration_add(&calibration, figures[i].name, figures[i].value, 0, 0, 0, &err), RS_OK);
    const struct {
        const char *key;
        double device_kelvin, above_kelvin;
    } cases[] = {{"", (double)NAN, 0}, {"", 350, 30}, {"340 K", 350, 20}, {"280 K", (double)NAN, -40}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct comparator_options options = defaults();
        struct comparator_circuit circuit = circuit_of(&calibration);
        struct comparator comparator;
        circuit.temperature_kelvin = cases[i].device_kelvin;
        if (cases[i].key[0] != '\0')
            set(&options, "temperature", cases[i].key);
        cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_OK, "%s", err.text);
        cr_assert_float_eq(comparator.delay_tau_seconds, 9e-12 * (1 + 2e-3 * cases[i].above_kelvin), 1e-24,
                           "case %zu", i);
        cr_assert_float_eq(comparator.delay_t0_seconds, 33e-12 + 3e-14 * cases[i].above_kelvin, 1e-24,
                           "case %zu", i);
    }
    calibration_clear(&calibration);
}

/* Integration's current and gain: half the overdrive takes as long again and amplifies twice as much. */
Test(comparator, a_decision_waits_for_the_overdrive_of_its_input_pair)
{
    struct calibration calibration = {.n_estimates = 0};
    struct comparator_options options = defaults();
    struct rs_error err = {{0}};
    const double volts = r_sense_ohm * unit_amperes, t0 = 33e-12, tau = 9e-12, overdrive = 0.18, rho = 0.2,
                 integration = 30e-12, v1 = 0.1, d = 1e-3;
    set(&options, "delay_t0", "33 ps");
    set(&options, "delay_tau", "9 ps");
    cr_assert_eq(calibration_add(&calibration, "delay_overdrive_volts", overdrive, 0, 0, 0, &err), RS_OK);
    cr_assert_eq(calibration_add(&calibration, "delay_integration_seconds", integration, 0, 0, 0, &err),
                 RS_OK);
    cr_assert_eq(calibration_add(&calibration, "delay_tau_share", rho, 0, 0, 0, &err), RS_OK);
    struct comparator comparator = make(&options, &calibration);
    cr_assert(comparator_has_common(&comparator));
    cr_assert_float_eq(comparator_delay_seconds(&comparator, d / volts, 0), t0 + tau * log(v1 / d), 1e-20);
    cr_assert_float_eq(comparator_delay_seconds(&comparator, d / volts, -overdrive / 2 / volts),
                       t0 + integration + tau * (1 + rho) * log(v1 / 2 / d), 1e-20);
    cr_assert(isinf(comparator_delay_seconds(&comparator, d / volts, -overdrive / volts)), "never");
    set(&options, "delay_tau", "none");
    set(&options, "delay_t0", "none");
    comparator = make(&options, &calibration);
    cr_assert_eq(comparator_delay_seconds(&comparator, d / volts, -overdrive / 2 / volts), 0);
    cr_assert_not(comparator_has_common(&comparator));
    calibration_clear(&calibration);
}

Test(comparator, lines_compress_each_for_itself)
{
    const double branch[2] = {0, 0};
    struct comparator_options options = defaults();
    set(&options, "swing", "0.3 V");
    struct comparator comparator = make(&options, NULL);
    double swing = 0.3 / (r_sense_ohm * unit_amperes);
    for (double plus = -900; plus <= 900; plus += 300)
        for (double minus = -900; minus <= 900; minus += 300) {
            double expected = swing * (tanh((plus - 40) / swing) - tanh(minus / swing));
            double d = comparator_difference(&comparator, plus - minus, minus, 40, branch);
            cr_assert_float_eq(d, expected, 1e-9);
        }
    cr_assert(comparator_needs_lines(&comparator));
    comparator.swing_units = 1e9;
    cr_assert_float_eq(comparator_difference(&comparator, 30, 200, 40, branch), -10, 1e-6);
    set(&options, "swing", "none");
    comparator = make(&options, NULL);
    cr_assert_not(comparator_needs_lines(&comparator));
    cr_assert_eq(comparator_difference(&comparator, 30, 200, 40, branch), -10.0);
}

/* sigma = (gm / I) A_VT / sqrt(W L), of the pair; of a single branch that / sqrt 2. */
Test(comparator, branches_of_currents_err_in_proportion)
{
    static double ratios[2][SLOTS];
    double sigma = 15 * 3.5e-9 / sqrt(2e-6 * 65e-9);
    for (int kind = 0; kind < 2; kind++) {
        struct comparator_options options = defaults();
        set(&options, "kind", kind == 0 ? "current" : "winner-take-all");
        set(&options, "a_vt", "3.5 nVm");
        set(&options, "mirror_gain_per_volt", "15");
        set(&options, "bias_current", "10 uA");
        struct comparator comparator = make(&options, NULL);
        comparator_branches(&comparator, &here, SLOTS, ratios[0]);
        for (int branch = 0; branch < 2; branch++) {
            double expected = kind == 1 ? sigma / sqrt(2.0) : branch == 0 ? 0 : sigma;
            cr_assert_float_eq(sigma_of(ratios[branch]), expected, 4.5 * expected / sqrt(2.0 * SLOTS));
        }
        comparator_offsets(&comparator, &here, SLOTS, one);
        cr_assert_eq(sigma_of(one), 0.0, "no latch");
        double plus = 120, minus = 70, reference = 45, bias = 10e-6 / unit_amperes;
        const double own[] = {ratios[0][5], ratios[1][5]};
        double d = comparator_difference(&comparator, plus - minus, minus, reference, own);
        cr_assert_float_eq(d, (1 + own[0]) * (plus + bias) - (1 + own[1]) * (minus + reference + bias), 1e-9);
    }
}

/* A resistor lacks exp(-t / tau); an integrator has the mean of 1 - exp(-t / tau), here by Simpson's rule. */
Test(comparator, a_line_has_what_has_settled)
{
    struct comparator_options options = defaults();
    cr_assert_eq(comparator_settled(&(struct comparator){.sense_seconds = (double)NAN}, 1e-9), 1.0);
    set(&options, "sense_time", "5 ns");
    set(&options, "settling", "1 ns");
    struct comparator comparator = make(&options, NULL);
    for (double line = 0; line < 8e-9; line += 1e-9) {
        double tau = line + 1e-9, sum = 0;
        cr_assert_float_eq(comparator_settled(&comparator, line), 1 - exp(-5e-9 / tau), 1e-14);
        for (int i = 0; i <= 1000; i++)
            sum += (i == 0 || i == 1000 ? 1 : i % 2 == 1 ? 4 : 2) * (1 - exp(-5e-9 * i / 1000 / tau));
        comparator.integrates = true;
        cr_assert_float_eq(comparator_settled(&comparator, line), sum / 3000, 1e-10);
        comparator.integrates = false;
    }
}

/* array.read_time takes the place of a time that is not given, where something settles. */
Test(comparator, the_time_to_sense_is_its_key_or_the_arrays)
{
    const struct {
        const char *key, *value;
    } needs[] = {{"settling", "1 ns"}, {"c_line", "1 pF"}, {NULL, NULL}};
    for (size_t i = 0; i < 3; i++) {
        struct comparator_options options = defaults();
        struct comparator_circuit circuit = circuit_of(NULL);
        struct comparator comparator;
        struct rs_error err = {{0}};
        circuit.read_seconds = 5e-9;
        if (needs[i].key != NULL)
            set(&options, needs[i].key, needs[i].value);
        cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_OK, "%s", err.text);
        cr_assert(needs[i].key != NULL ? comparator.sense_seconds == 5e-9 : isnan(comparator.sense_seconds));
        set(&options, "sense_time", "3 ns");
        cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_OK, "%s", err.text);
        cr_assert(needs[i].key != NULL ? comparator.sense_seconds == 3e-9 : isnan(comparator.sense_seconds));
    }
    struct comparator_options options = defaults();
    struct comparator_circuit circuit = circuit_of(NULL);
    struct comparator comparator;
    struct rs_error err = {{0}};
    set(&options, "sense", "integrator");
    set(&options, "c_integrate", "1 pF");
    circuit.read_seconds = 5e-9;
    cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_OK, "%s", err.text);
    cr_assert_float_eq(comparator.volts_per_unit / unit_amperes, 5e-9 / 1e-12, 1e-6);
}

Test(comparator, the_gain_is_the_load_the_integrator_or_the_calibration)
{
    struct comparator_options options = defaults();
    struct calibration calibration = {.n_estimates = 0};
    struct rs_error err = {{0}};
    struct comparator comparator;
    const struct comparator_circuit circuit = circuit_of(NULL);
    cr_assert_float_eq(make(&options, NULL).volts_per_unit, 1500 * unit_amperes, 1e-15);
    set(&options, "sense", "integrator");
    cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_INPUT);
    cr_assert_not_null(strstr(err.text, "comparator.sense: integrator found without a gain"), "%s", err.text);
    set(&options, "sense_time", "5 ns");
    set(&options, "c_integrate", "1 pF");
    cr_assert_float_eq(make(&options, NULL).volts_per_unit, 5000 * unit_amperes, 1e-15);
    cr_assert_eq(calibration_add(&calibration, "gain_ohm", 4900, 0, 0, 0, &err), RS_OK);
    cr_assert_float_eq(make(&options, &calibration).volts_per_unit, 4900 * unit_amperes, 1e-15);
    set(&options, "r_load", "7 kohm");
    cr_assert_float_eq(make(&options, &calibration).volts_per_unit, 7000 * unit_amperes, 1e-15);
    calibration_clear(&calibration);
}

/* Trip points per ohm of 500 ohm more at the negative input (spice/decks/README.md, strongarm_offset.cir). */
Test(comparator, kickback_follows_the_decks_within_two_percent)
{
    const double source_ohm[] = {500, 1000, 2000, 4000};
    const double volts_per_ohm[] = {-35.65e-6, -32.72e-6, -26.61e-6, -18.58e-6};
    struct comparator comparator;
    struct rs_error err;
    struct comparator_options options = defaults();
    const struct comparator_circuit circuit = circuit_of(NULL);
    set(&options, "kickback", "-36.8 uA");
    cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_OK);
    cr_assert_eq(comparator_kickback_ohm(&comparator, 0, 4321), 4321, "proportional unless r0 is known");
    comparator_clear(&comparator);
    set(&options, "kickback_r0", "2.44 kohm");
    cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_OK);
    for (int i = 0; i < 4; i++) {
        double more = comparator_kickback_ohm(&comparator, source_ohm[i], source_ohm[i] + 500);
        double found = comparator.kickback_units_per_ohm * comparator.volts_per_unit * more / 500;
        cr_assert_float_eq(found / volts_per_ohm[i], 1, 0.02, "%g ohm: %g", source_ohm[i], found);
    }
    comparator_clear(&comparator);
}

Test(comparator, options_that_contradict_are_refused)
{
    static const char *const cases[][5] = {
        {"kind", "current", "swing", "1 V", "comparator.swing 1 V found, but this comparator.kind"},
        {"auto_zero", "0.5", "kind", "voltage", "comparator.auto_zero 0.5 found, 0 or at least 1"},
        {"compensation", "calibrated", "kind", "voltage", "comparator.compensation: calibrated found"},
        {"r_load", "0", "a_vt", "3.5 nVm", "comparator.a_vt in volts found, but comparator.r_load"},
        {"r_load", "0", "delay_tau", "8 ps", "comparator.delay_v1 in volts found"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct comparator_options options = defaults();
        struct comparator comparator;
        struct rs_error err = {{0}};
        const struct comparator_circuit circuit = circuit_of(NULL);
        set(&options, cases[i][0], cases[i][1]);
        set(&options, cases[i][2], cases[i][3]);
        cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_INPUT, "case %zu", i);
        cr_assert(strncmp(err.text, cases[i][4], strlen(cases[i][4])) == 0, "%s", err.text);
    }
}

/* --- calibration --- */

/* Parameter of a file, the key it stands for, and one value as the file and a user give it. */
static const struct pair {
    const char *parameter, *key, *text, *changed;
    double value;
} pairs[] = {
    {"gain_ohm", "r_load", "1234 ohm", "999 ohm", 1234},
    {"swing_volts", "swing", "0.4 V", "0", 0.4},
    {"settling_seconds", "settling", "2e-10 s", "0", 2e-10},
    {"offset_mean_volts", "offset_mean", "-0.002 V", "0", -0.002},
    {"offset_sigma_volts", "offset", "0.011 V", "0", 0.011},
    {"noise_sigma_volts", "noise", "0.0006 V", "1 uA", 0.0006},
    {"hysteresis_volts", "hysteresis", "0.0003 V", "0", 0.0003},
    {"kickback_volts_per_ohm", "kickback", "1.8e-05 A", "0", 1.8e-05},
    {"kickback_r0_ohm", "kickback_r0", "2400 ohm", "1 kohm", 2400},
    {"delay_t0_seconds", "delay_t0", "2.83e-11 s", "0", 2.83e-11},
    {"delay_tau_seconds", "delay_tau", "8.65e-12 s", "9e-12", 8.65e-12},
    {"delay_v1_volts", "delay_v1", "0.12 V", "0.1 V", 0.12},
    {"delay_min_seconds", "delay_min", "1e-11 s", "0", 1e-11},
    {"delay_tau_per_kelvin", "delay_tau_per_kelvin", "0.002", "0.001", 0.002},
    {"delay_t0_per_kelvin", "delay_t0_per_kelvin", "3e-14 s", "0", 3e-14},
};
enum { N_PAIRS = sizeof pairs / sizeof pairs[0] };

static bool equal(const struct comparator *a, const struct comparator *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static struct comparator_options timed(void)
{
    struct comparator_options options = defaults();
    set(&options, "share", "shared");
    set(&options, "sense_time", "5 ns");
    set(&options, "evaluation_time", "90 ps");
    set(&options, "temperature", "340 K");
    return options;
}

/* A file stands for the keys, bit for bit; a key beside it changes what that key changes, and nothing else.
 */
Test(comparator, a_calibration_stands_for_the_same_keys)
{
    struct calibration calibration = {.n_estimates = 0};
    struct comparator_options empty = timed(), given = timed();
    struct rs_error err = {{0}};
    for (size_t i = 0; i < N_PAIRS; i++) {
        cr_assert_eq(calibration_add(&calibration, pairs[i].parameter, pairs[i].value, 0, 0, 0, &err), RS_OK);
        set(&given, pairs[i].key, pairs[i].text);
    }
    struct comparator by_file = make(&empty, &calibration), by_keys = make(&given, NULL);
    cr_assert(equal(&by_file, &by_keys));
    for (size_t i = 0; i < N_PAIRS; i++) {
        struct comparator_options beside = empty, instead = given;
        set(&beside, pairs[i].key, pairs[i].changed);
        set(&instead, pairs[i].key, pairs[i].changed);
        struct comparator with_key = make(&beside, &calibration), without_file = make(&instead, NULL);
        cr_assert(equal(&with_key, &without_file), "%s", pairs[i].key);
        cr_assert(!equal(&with_key, &by_file), "%s", pairs[i].key);
    }
    calibration_clear(&calibration);
}

/* With A_VT the spread is that of the pairs, with the file's sensitivities, and not the file's spread too. */
Test(comparator, pelgroms_pairs_take_the_place_of_a_calibrated_spread)
{
    struct calibration calibration = {.n_estimates = 0};
    struct comparator_options options = defaults();
    struct rs_error err = {{0}};
    cr_assert_eq(calibration_add(&calibration, "offset_sigma_volts", 0.02, 0, 0, 0, &err), RS_OK);
    cr_assert_eq(calibration_add(&calibration, "offset_sensitivity_input", 1.5, 0, 0, 0, &err), RS_OK);
    cr_assert_eq(calibration_add(&calibration, "offset_sensitivity_nlatch", -0.5, 0, 0, 0, &err), RS_OK);
    cr_assert_gt(make(&options, &calibration).offset_sigma_units, 0);
    set(&options, "a_vt", "3.5 nVm");
    struct comparator comparator = make(&options, &calibration);
    double pair = 3.5e-9 / sqrt(65e-9) / (r_sense_ohm * unit_amperes);
    cr_assert_eq(comparator.offset_sigma_units, 0.0);
    cr_assert_float_eq(comparator.mismatch_units[0], 1.5 * pair / sqrt(2e-6), 1e-9);
    cr_assert_float_eq(comparator.mismatch_units[1], -0.5 * pair / sqrt(1e-6), 1e-9);
    cr_assert_float_eq(comparator.mismatch_units[2], 0.07 * pair / sqrt(1e-6), 1e-9);
    set(&options, "offset", "20 mV");
    cr_assert_gt(make(&options, &calibration).offset_sigma_units, 0, "unless it is given");
    calibration_clear(&calibration);
}

Test(comparator, compensation_moves_each_slot_by_its_shift)
{
    struct calibration calibration = {.n_estimates = 0};
    struct comparator_options options = defaults();
    struct comparator comparator;
    struct rs_error err = {{0}};
    const struct comparator_circuit circuit = circuit_of(&calibration);
    set(&options, "compensation", "calibrated");
    cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_INPUT);
    cr_assert_not_null(strstr(err.text, "neither column_threshold_shift nor"), "%s", err.text);
    cr_assert_eq(calibration_add(&calibration, "threshold_shift_amperes", 3e-6, 0, 0, 0, &err), RS_OK);
    cr_assert_eq(calibration_add(&calibration, "threshold_shift_per_slot_amperes", 1e-6, 0, 0, 0, &err),
                 RS_OK);
    comparator = make(&options, &calibration);
    comparator_offsets(&comparator, &here, 16, one);
    for (int j = 0; j < 16; j++)
        cr_assert_float_eq(one[j], -(3e-6 + 1e-6 * j) / unit_amperes, 1e-9);
    comparator_clear(&comparator);
    calibration.column_threshold_shift_amperes = malloc(16 * sizeof(double));
    calibration.n_slots = 16;
    for (int j = 0; j < 16; j++)
        calibration.column_threshold_shift_amperes[j] = 1e-7 * j * j;
    comparator = make(&options, &calibration);
    comparator_offsets(&comparator, &here, 16, one);
    for (int j = 0; j < 16; j++)
        cr_assert_float_eq(one[j], -1e-7 * j * j / unit_amperes, 1e-9);
    comparator_clear(&comparator);
    cr_assert_eq(comparator_compensate(&comparator, 3, 20), 0.0);
    cr_assert_eq(calibration_add(&calibration, "threshold_shift_per_ampere", 0.1, 0, 0, 0, &err), RS_OK);
    cr_assert_eq(calibration_add(&calibration, "threshold_shift_per_ampere_and_slot", 0.01, 0, 0, 0, &err),
                 RS_OK);
    comparator = make(&options, &calibration);
    cr_assert_float_eq(comparator_compensate(&comparator, 3, 20), 0.13 * 20, 1e-12);
    comparator_clear(&comparator);
    set(&options, "compensation", "none");
    cr_assert_eq(make(&options, &calibration).compensation_ratio, 0.0);
    set(&options, "compensation", "calibrated");
    calibration.n_slots = 15;
    cr_assert_eq(comparator_init(&options, &circuit, &comparator, &err), RS_INPUT);
    cr_assert_not_null(strstr(err.text, "thresholds of 15 key slots found, 16 expected"), "%s", err.text);
    calibration_clear(&calibration);
}
