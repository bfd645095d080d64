#include "frontend/comparator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/exponential.h"

static const double room_kelvin = 300.15;

/* What the table of options says of keys that neither a user nor a calibration gives. */
static const double default_sensitivity[COMPARATOR_PAIRS] = {1.13, 0.33, 0.07};
static const double default_v1_volts = 0.1;

/* What the steps of comparator_init share. */
struct reader {
    const struct comparator_options *options;
    const struct comparator_circuit *circuit;
    double gain_ohm; /* 0: no load */
    struct rs_error *err;
};

static double choose(const struct reader *reader, double given, enum calibration_parameter parameter,
                     double otherwise)
{
    double value;
    if (!isnan(given))
        return given;
    if (reader->circuit->calibration != NULL &&
        calibration_get(reader->circuit->calibration, parameter, &value))
        return value;
    return otherwise;
}

static enum rs_status volts_to_units(const struct reader *reader, double volts, const char *name,
                                     double *units)
{
    *units = 0;
    if (volts == 0)
        return RS_OK;
    if (reader->gain_ohm == 0)
        return rs_fail(
            reader->err, RS_INPUT,
            "comparator.%s in volts found, but comparator.r_load (by default array.r_sense) is 0 ohm; "
            "amperes or a load expected",
            name);
    *units = volts / reader->gain_ohm / reader->circuit->unit_amperes;
    return RS_OK;
}

static enum rs_status either_to_units(const struct reader *reader, const struct option_either *given,
                                      enum calibration_parameter parameter, const char *name, double *units)
{
    if (isnan(given->value))
        return volts_to_units(reader, choose(reader, given->value, parameter, 0), name, units);
    if (given->unit == QUANTITY_VOLT)
        return volts_to_units(reader, given->value, name, units);
    *units = given->value / reader->circuit->unit_amperes;
    return RS_OK;
}

/* r0 asinh(r / r0): what a low-pass leaves of r. */
static double saturate(double r, double r0)
{
    return isinf(r0) ? r : r0 * asinh(r / r0);
}

/* NAN: all has settled. */
static double time_to_sense(const struct reader *reader)
{
    double given = reader->options->sense_seconds;
    return isnan(given) ? reader->circuit->read_seconds : given;
}

static enum rs_status read_gain(struct reader *reader)
{
    const struct comparator_options *options = reader->options;
    double gain = choose(reader, options->r_load_ohm, CALIBRATION_gain_ohm, (double)NAN);
    if (isnan(gain) && options->sense == COMPARATOR_INTEGRATOR) {
        gain = time_to_sense(reader) / options->integrate_farads;
        if (isnan(gain))
            return rs_fail(reader->err, RS_INPUT,
                           "comparator.sense: integrator found without a gain; comparator.sense_time or "
                           "array.read_time, and "
                           "comparator.c_integrate, or comparator.r_load, expected");
    }
    if (isnan(gain) && reader->circuit->calibration != NULL &&
        (options->sense == COMPARATOR_TRANSIMPEDANCE || options->kind != COMPARATOR_VOLTAGE))
        return rs_fail(
            reader->err, RS_INPUT,
            "comparator.calibration: no gain_ohm found, behind which this sense path has its volts; "
            "a file with the stage 'sense', or comparator.r_load, expected");
    reader->gain_ohm = isnan(gain) ? reader->circuit->r_sense_ohm : gain;
    return RS_OK;
}

static double pair_sigma_volts(const struct comparator_options *options, double width_metres)
{
    return options->a_vt_volt_metres / sqrt(width_metres * options->gate_length_metres);
}

/* Whether a calibration knows what the pairs of a comparator of currents do. */
static bool has_pairs(const struct reader *reader)
{
    double value;
    return reader->circuit->calibration != NULL &&
           calibration_get(reader->circuit->calibration, CALIBRATION_offset_sensitivity_input, &value);
}

/* Pairs of a latch err in volts, branches of a comparator of currents, unless calibrated, in ratios. */
static enum rs_status read_mismatch(const struct reader *reader, struct comparator *out)
{
    const struct comparator_options *options = reader->options;
    const double widths[] = {options->input_width_metres, options->n_latch_width_metres,
                             options->p_latch_width_metres};
    const double given[] = {options->sensitivity_input, options->sensitivity_n_latch,
                            options->sensitivity_p_latch};
    double branch = options->mirror_gain_per_volt * pair_sigma_volts(options, widths[0]);
    bool pairs = options->kind == COMPARATOR_VOLTAGE || has_pairs(reader);
    if (options->kind == COMPARATOR_CURRENT && !pairs)
        out->branch_ratio[1] = branch;
    if (options->kind == COMPARATOR_WINNER && !pairs)
        out->branch_ratio[0] = out->branch_ratio[1] = branch / sqrt(2.0);
    for (int pair = 0; pair < COMPARATOR_PAIRS && pairs; pair++) {
        enum calibration_parameter parameter =
            (enum calibration_parameter)(CALIBRATION_offset_sensitivity_input + pair);
        double sensitivity = choose(reader, given[pair], parameter, default_sensitivity[pair]);
        enum rs_status status =
            volts_to_units(reader, fabs(sensitivity) * pair_sigma_volts(options, widths[pair]), "a_vt",
                           &out->mismatch_units[pair]);
        if (status != RS_OK)
            return status;
        out->mismatch_units[pair] = copysign(out->mismatch_units[pair], sensitivity);
        /* Volts per volt: amperes through the gain and back, so units per unit. */
        out->mismatch_per_common[pair] =
            pair_sigma_volts(options, widths[pair]) *
            choose(reader, (double)NAN,
                   (enum calibration_parameter)(CALIBRATION_offset_input_per_volt + pair), 0);
    }
    return RS_OK;
}

static enum rs_status read_errors(const struct reader *reader, struct comparator *out)
{
    const struct comparator_options *options = reader->options;
    struct option_either offset = options->offset;
    if (isnan(offset.value) && options->a_vt_volt_metres > 0)
        offset.value = 0; /* the calibration's spread is that of the same pairs */
    enum rs_status status =
        either_to_units(reader, &offset, CALIBRATION_offset_sigma_volts, "offset", &out->offset_sigma_units);
    if (status == RS_OK)
        status = either_to_units(reader, &options->noise, CALIBRATION_noise_sigma_volts, "noise",
                                 &out->noise_sigma_units);
    if (status == RS_OK)
        status = either_to_units(reader, &options->offset_mean, CALIBRATION_offset_mean_volts, "offset_mean",
                                 &out->offset_mean_units);
    if (status == RS_OK)
        status = either_to_units(reader, &options->hysteresis, CALIBRATION_hysteresis_volts, "hysteresis",
                                 &out->hysteresis_units);
    if (status == RS_OK)
        status = read_mismatch(reader, out);
    if (status == RS_OK && options->auto_zero > 0) {
        out->offset_sigma_units /= options->auto_zero;
        out->offset_mean_units /= options->auto_zero;
        for (int pair = 0; pair < COMPARATOR_PAIRS; pair++)
            out->mismatch_units[pair] /= options->auto_zero;
        for (int pair = 0; pair < COMPARATOR_PAIRS; pair++)
            out->mismatch_per_common[pair] /= options->auto_zero;
        out->noise_sigma_units *= options->auto_zero_noise;
    }
    return status;
}

/* Which circuit stands behind the inputs, as spice/path.h has it. */
static void read_sources(const struct reader *reader, struct comparator *out)
{
    const struct comparator_options *options = reader->options;
    bool offset = reader->circuit->sign == ENCODING_OFFSET, lines = options->sense == COMPARATOR_RESISTOR,
         current = options->reference == COMPARATOR_DAC || options->reference == COMPARATOR_REPLICA;
    bool one_node = options->share == COMPARATOR_SHARED && (offset || !lines);
    out->sources.sees_lines = lines;
    out->sources.buffers_minus = offset && !one_node;
    out->sources.n_on_node = one_node ? (double)reader->circuit->n_slots : 1;
    out->sources.r_output_ohm = options->r_output_ohm;
    out->join = !one_node ? COMPARATOR_JOIN_PLUS
                : !offset ? COMPARATOR_JOIN_ALONE
                : current ? COMPARATOR_JOIN_MINUS
                          : COMPARATOR_JOIN_PLUS;
    out->reference_loads = lines && current && reader->circuit->r_sense_ohm > 0;
}

/* Whether the inputs can show different resistances. */
static bool kicks(const struct comparator_sources *sources)
{
    return sources->sees_lines || (sources->n_on_node > 1 && sources->r_output_ohm > 0);
}

/* Kickback and what sense path and timing need. */
static enum rs_status read_path(const struct reader *reader, struct comparator *out)
{
    const struct comparator_options *options = reader->options;
    bool currents = options->kind != COMPARATOR_VOLTAGE;
    double kickback =
        choose(reader, options->kickback_amperes, CALIBRATION_kickback_volts_per_ohm, 0); /* V/ohm = A */
    double swing = choose(reader, options->swing_volts, CALIBRATION_swing_volts, 0);
    if (currents && options->swing_volts > 0)
        return rs_fail(reader->err, RS_INPUT,
                       "comparator.swing %g V found, but this comparator.kind compares currents; 0 expected",
                       options->swing_volts);
    enum rs_status status = volts_to_units(reader, currents ? 0 : swing, "swing", &out->swing_units);
    if (!currents)
        read_sources(reader, out);
    if (status == RS_OK && kicks(&out->sources))
        status = volts_to_units(reader, fabs(kickback), "kickback", &out->kickback_units_per_ohm);
    out->kickback_units_per_ohm = copysign(out->kickback_units_per_ohm, kickback);
    if (out->kickback_units_per_ohm != 0)
        out->kickback_per_common = choose(reader, (double)NAN, CALIBRATION_kickback_per_volt, 0);
    out->kickback_r0_ohm =
        choose(reader, options->kickback_r0_ohm, CALIBRATION_kickback_r0_ohm, (double)INFINITY);
    out->volts_per_unit = reader->gain_ohm * reader->circuit->unit_amperes;
    out->bias_units = options->bias_amperes / reader->circuit->unit_amperes;
    out->line_farads = options->line_farads;
    out->settling_seconds = choose(reader, options->settling_seconds, CALIBRATION_settling_seconds, 0);
    /* Where nothing settles, no time is needed. */
    if (out->settling_seconds > 0 || out->line_farads > 0)
        out->sense_seconds = time_to_sense(reader);
    out->takes_currents = currents;
    out->integrates = options->sense == COMPARATOR_INTEGRATOR;
    return status;
}

/* How much warmer the comparators are than their figures say. */
static double kelvin_above(const struct reader *reader)
{
    double of_figures = choose(reader, (double)NAN, CALIBRATION_delay_temperature_kelvin, room_kelvin);
    double kelvin = reader->options->temperature_kelvin;
    if (isnan(kelvin))
        kelvin = reader->circuit->temperature_kelvin;
    return isnan(kelvin) ? 0 : kelvin - of_figures;
}

static enum rs_status read_delay(const struct reader *reader, struct comparator *out)
{
    const struct comparator_options *options = reader->options;
    double kelvin = kelvin_above(reader);
    double slope = choose(reader, options->delay_tau_per_kelvin, CALIBRATION_delay_tau_per_kelvin, 0);
    double tau = choose(reader, options->delay_tau_seconds, CALIBRATION_delay_tau_seconds, 0);
    double v1 = choose(reader, options->delay_v1_volts, CALIBRATION_delay_v1_volts, default_v1_volts);
    out->delay_t0_seconds = choose(reader, options->delay_t0_seconds, CALIBRATION_delay_t0_seconds, 0);
    if (out->delay_t0_seconds > 0) {
        out->integration_seconds = choose(reader, (double)NAN, CALIBRATION_delay_integration_seconds, 0);
        out->delay_t0_seconds +=
            kelvin * choose(reader, options->delay_t0_per_kelvin, CALIBRATION_delay_t0_per_kelvin, 0);
    }
    out->overdrive_units = choose(reader, (double)NAN, CALIBRATION_delay_overdrive_volts, (double)INFINITY) /
                           out->volts_per_unit;
    out->tau_ratio = choose(reader, (double)NAN, CALIBRATION_delay_tau_share, 0);
    out->delay_min_seconds = choose(reader, options->delay_min_seconds, CALIBRATION_delay_min_seconds, 0);
    out->delay_tau_seconds = tau * (1 + slope * kelvin);
    out->evaluation_seconds = options->evaluation_seconds;
    out->unresolved = (enum comparator_unresolved)options->unresolved;
    if (out->delay_tau_seconds < 0)
        return rs_fail(
            reader->err, RS_INPUT,
            "comparator.delay_tau_per_kelvin %g found, which makes tau negative %g K above; a smaller "
            "one expected",
            slope, kelvin);
    return tau > 0 ? volts_to_units(reader, v1, "delay_v1", &out->delay_v1_units) : RS_OK;
}

/* The shift of the effective threshold of slot j: the table, or its law along the slots, and what grows with
 * the threshold. */
static enum rs_status read_compensation(const struct reader *reader, struct comparator *out)
{
    const struct calibration *calibration = reader->circuit->calibration;
    size_t n = reader->circuit->n_slots;
    double first = 0, slope = 0;
    if (reader->options->compensation == COMPARATOR_UNCOMPENSATED)
        return RS_OK;
    if (calibration == NULL)
        return rs_fail(reader->err, RS_INPUT,
                       "comparator.compensation: calibrated found, but no comparator.calibration");
    if (calibration->n_slots > 0 && calibration->n_slots < n)
        return rs_fail(reader->err, RS_INPUT,
                       "comparator.calibration: thresholds of %zu key slots found, %zu expected",
                       calibration->n_slots, n);
    if (calibration->n_slots == 0 &&
        !calibration_get(calibration, CALIBRATION_threshold_shift_amperes, &first))
        return rs_fail(reader->err, RS_INPUT,
                       "comparator.calibration: neither column_threshold_shift nor threshold_shift_amperes "
                       "found, which comparator.compensation needs");
    (void)calibration_get(calibration, CALIBRATION_threshold_shift_per_slot_amperes, &slope);
    (void)calibration_get(calibration, CALIBRATION_threshold_shift_per_ampere, &out->compensation_ratio);
    (void)calibration_get(calibration, CALIBRATION_threshold_shift_per_ampere_and_slot,
                          &out->compensation_slot_ratio);
    out->compensation_units = memory_allocate(n, sizeof(double), reader->err);
    if (out->compensation_units == NULL)
        return RS_INTERNAL;
    for (size_t j = 0; j < n; j++) {
        double shift = calibration->n_slots > 0 ? calibration->column_threshold_shift_amperes[j]
                                                : first + slope * (double)j;
        out->compensation_units[j] = shift / reader->circuit->unit_amperes;
    }
    return RS_OK;
}

enum rs_status comparator_init(const struct comparator_options *options,
                               const struct comparator_circuit *circuit, struct comparator *out,
                               struct rs_error *err)
{
    struct reader reader = {.options = options, .circuit = circuit, .err = err};
    *out = (struct comparator){.sense_seconds = (double)NAN};
    if (options->auto_zero > 0 && options->auto_zero < 1)
        return rs_fail(err, RS_INPUT, "comparator.auto_zero %g found, 0 or at least 1 expected",
                       options->auto_zero);
    enum rs_status status = read_gain(&reader);
    if (status == RS_OK)
        status = read_errors(&reader, out);
    if (status == RS_OK)
        status = read_path(&reader, out);
    if (status == RS_OK)
        status = read_delay(&reader, out);
    return status == RS_OK ? read_compensation(&reader, out) : status;
}

void comparator_clear(struct comparator *comparator)
{
    free(comparator->compensation_units);
    *comparator = (struct comparator){0};
}

/* Of the first or the second comparator of each key. */
static enum random_purpose purpose_of(const struct comparator *comparator, enum random_purpose first,
                                      enum random_purpose second)
{
    return comparator->second ? second : first;
}

static void draw(const struct random_key *key, enum random_purpose purpose, double sigma, size_t n,
                 double *values)
{
    if (sigma == 0) {
        memset(values, 0, n * sizeof *values);
        return;
    }
    struct random_key own = *key;
    own.purpose = purpose;
    random_normals(&own, n, values);
    for (size_t i = 0; i < n; i++)
        values[i] *= sigma;
}

void comparator_mismatch(const struct comparator *comparator, const struct random_key *key, int pair,
                         size_t n, double *normals)
{
    struct random_key own = *key;
    own.write = 0;
    own.draw = (uint32_t)pair;
    draw(&own, purpose_of(comparator, RANDOM_MISMATCH, RANDOM_SECOND_MISMATCH), 1, n, normals);
}

/* Pieces of this many slots: a multiple of 4, as random_normals_from needs it. */
enum { PIECE = 256 };

static void add_mismatch(const struct comparator *comparator, const struct random_key *key, int pair,
                         size_t n, double *offset_units)
{
    double normals[PIECE];
    struct random_key own = *key;
    own.purpose = purpose_of(comparator, RANDOM_MISMATCH, RANDOM_SECOND_MISMATCH);
    own.draw = (uint32_t)pair;
    for (size_t first = 0; first < n; first += PIECE) {
        size_t here = n - first < PIECE ? n - first : PIECE;
        random_normals_from(&own, first, here, normals);
        for (size_t j = 0; j < here; j++)
            offset_units[first + j] += comparator->mismatch_units[pair] * normals[j];
    }
}

void comparator_offsets(const struct comparator *comparator, const struct random_key *key, size_t n,
                        double *offset_units)
{
    struct random_key own = *key;
    own.write = 0;
    own.draw = 0;
    draw(&own, purpose_of(comparator, RANDOM_OFFSET, RANDOM_SECOND_OFFSET), comparator->offset_sigma_units, n,
         offset_units);
    for (int pair = 0; pair < COMPARATOR_PAIRS; pair++)
        if (comparator->mismatch_units[pair] != 0)
            add_mismatch(comparator, &own, pair, n, offset_units);
    for (size_t j = 0; j < n && comparator->offset_mean_units != 0; j++)
        offset_units[j] += comparator->offset_mean_units;
    for (size_t j = 0; j < n && comparator->compensation_units != NULL; j++)
        offset_units[j] -= comparator->compensation_units[j];
}

double comparator_compensate(const struct comparator *comparator, size_t slot, double threshold_units)
{
    return (comparator->compensation_ratio + comparator->compensation_slot_ratio * (double)slot) *
           threshold_units;
}

double comparator_offset(const struct comparator *comparator, const double normals[COMPARATOR_PAIRS],
                         double common_units)
{
    double offset_units = 0;
    for (int pair = 0; pair < COMPARATOR_PAIRS; pair++)
        offset_units +=
            (comparator->mismatch_units[pair] + comparator->mismatch_per_common[pair] * common_units) *
            normals[pair];
    return offset_units;
}

bool comparator_has_delay(const struct comparator *comparator)
{
    return comparator->delay_tau_seconds > 0 || comparator->delay_t0_seconds > 0 ||
           comparator->delay_min_seconds > 0;
}

bool comparator_has_common(const struct comparator *comparator)
{
    bool has = (comparator_has_delay(comparator) && !isinf(comparator->overdrive_units)) ||
               comparator->kickback_per_common != 0;
    for (int pair = 0; pair < COMPARATOR_PAIRS; pair++)
        has = has || comparator->mismatch_per_common[pair] != 0;
    return has;
}

void comparator_branches(const struct comparator *comparator, const struct random_key *key, size_t n,
                         double *branch_ratio)
{
    struct random_key own = *key;
    own.write = 0;
    for (int branch = 0; branch < COMPARATOR_BRANCHES; branch++) {
        own.draw = (uint32_t)branch;
        draw(&own, purpose_of(comparator, RANDOM_BRANCH, RANDOM_SECOND_BRANCH),
             comparator->branch_ratio[branch], n, branch_ratio + (size_t)branch * n);
    }
}

void comparator_noise(const struct comparator *comparator, const struct random_key *key, size_t n,
                      double *noise_units)
{
    draw(key, purpose_of(comparator, RANDOM_DECISION, RANDOM_SECOND_DECISION), comparator->noise_sigma_units,
         n, noise_units);
}

void comparator_rulings(const struct comparator *comparator, const struct random_key *key, size_t n,
                        double *uniforms)
{
    struct random_key own = *key;
    own.purpose = purpose_of(comparator, RANDOM_UNRESOLVED, RANDOM_SECOND_UNRESOLVED);
    random_uniforms(&own, n, uniforms);
}

bool comparator_needs_lines(const struct comparator *comparator)
{
    return comparator->swing_units > 0 || comparator_has_common(comparator) ||
           comparator->branch_ratio[0] > 0 || comparator->branch_ratio[1] > 0;
}

struct inputs {
    double plus_units, minus_units;
};

/* What both amplifiers carry. */
static struct inputs join(const struct comparator *comparator, double signal_units, double minus_units,
                          double reference_units)
{
    switch (comparator->join) {
    case COMPARATOR_JOIN_MINUS:
        return (struct inputs){signal_units + minus_units, minus_units + reference_units};
    case COMPARATOR_JOIN_ALONE:
        return (struct inputs){signal_units, reference_units};
    default:
        return (struct inputs){signal_units + minus_units - reference_units, minus_units};
    }
}

double comparator_difference(const struct comparator *comparator, double signal_units, double minus_units,
                             double reference_units, const double branch[COMPARATOR_BRANCHES])
{
    double swing = comparator->swing_units;
    struct inputs inputs = join(comparator, signal_units, minus_units, reference_units);
    if (swing > 0)
        return swing * (tanh(inputs.plus_units / swing) - tanh(inputs.minus_units / swing));
    return signal_units - reference_units +
           branch[0] * (signal_units + minus_units + comparator->bias_units) -
           branch[1] * (minus_units + reference_units + comparator->bias_units);
}

double comparator_firing(const struct comparator *comparator, double signal_units, double minus_units,
                         double offset_units, double offset_per_common,
                         const double branch[COMPARATOR_BRANCHES])
{
    const double swing = comparator->swing_units, half = 0.5 * offset_per_common;
    const double both = signal_units + minus_units, bias = comparator->bias_units;
    const struct inputs at_0 = join(comparator, signal_units, minus_units, 0);
    const bool lowers_plus = comparator->join == COMPARATOR_JOIN_PLUS;
    if (swing > 0) {
        /* p of the positive, q of the negative output: p - q = offset / swing + half (p + q) */
        const double offset = offset_units / swing;
        if (lowers_plus) {
            double p = (offset + tanh(at_0.minus_units / swing) * (1 + half)) / (1 - half);
            return fabs(p) < 1 ? at_0.plus_units - swing * atanh(p) : copysign((double)INFINITY, -p);
        }
        double q = (tanh(at_0.plus_units / swing) * (1 - half) - offset) / (1 + half);
        return fabs(q) < 1 ? swing * atanh(q) - at_0.minus_units : copysign((double)INFINITY, q);
    }
    return (signal_units + branch[0] * (both + bias) - branch[1] * (minus_units + bias) - offset_units -
            half * (at_0.plus_units + at_0.minus_units)) /
           (1 + branch[1] + (lowers_plus ? -half : half));
}

static double counted_ohm(const struct comparator *comparator, double source_ohm)
{
    return saturate(source_ohm, comparator->kickback_r0_ohm);
}

double comparator_kickback_ohm(const struct comparator *comparator, double plus_ohm, double minus_ohm)
{
    const struct comparator_sources *s = &comparator->sources;
    bool known = !isnan(s->r_output_ohm);
    double output_ohm = known ? s->r_output_ohm : 0;
    if (!s->sees_lines)
        plus_ohm = minus_ohm = output_ohm;
    else if (s->buffers_minus && known)
        minus_ohm = output_ohm;
    return counted_ohm(comparator, s->n_on_node * minus_ohm) - counted_ohm(comparator, plus_ohm);
}

double comparator_common(const struct comparator *comparator, double signal_units, double minus_units,
                         double reference_units)
{
    double swing = comparator->swing_units;
    struct inputs inputs = join(comparator, signal_units, minus_units, reference_units);
    if (comparator->takes_currents) /* the reference joins the negative branch */
        return 0.5 * (signal_units + 2 * minus_units + reference_units);
    if (swing > 0)
        return 0.5 * swing * (tanh(inputs.plus_units / swing) + tanh(inputs.minus_units / swing));
    return 0.5 * (inputs.plus_units + inputs.minus_units);
}

double comparator_settled(const struct comparator *comparator, double line_seconds)
{
    double tau = line_seconds + comparator->settling_seconds, t = comparator->sense_seconds;
    if (isnan(t) || tau == 0)
        return 1;
    return comparator->integrates ? 1 + tau / t * expm1(-t / tau) : -expm1(-t / tau);
}

double comparator_delay_seconds(const struct comparator *comparator, double difference_units,
                                double common_units)
{
    double overdrive_ratio = 1 + common_units / comparator->overdrive_units;
    if (!(overdrive_ratio > 0) && comparator_has_delay(comparator))
        return (double)INFINITY;
    double less = 1 / overdrive_ratio - 1;
    double delay = comparator->delay_t0_seconds + comparator->integration_seconds * less;
    if (comparator->delay_tau_seconds > 0) {
        double growth = comparator->delay_v1_units * overdrive_ratio / fabs(difference_units);
        delay += comparator->delay_tau_seconds * (1 + comparator->tau_ratio * less) *
                 (isfinite(growth) ? exponential_log(growth) : growth);
    }
    return fmax(comparator->delay_min_seconds, delay);
}
