#include "attention/setup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/query.h"
#include "base/memory.h"
#include "devices/law_current_voltage.h"
#include "score/hybrid.h"
#include "score/policy_cascade.h"
#include "tensor/code.h"

enum { SETUP_ARRAYS_PER_HEAD = 1024 };

static enum rs_status check_bits(const struct attention_options *options, struct rs_error *err)
{
    const struct encoding_options *encoding = options->encoding;
    long long bits = (long long)encoding->bits;
    if (encoding->analog_bits > bits)
        return rs_fail(err, RS_INPUT,
                       "encoding.analog_bits %lld found, at most encoding.bits (%lld) expected",
                       (long long)encoding->analog_bits, bits);
    if (encoding->query_bits > bits)
        return rs_fail(err, RS_INPUT, "encoding.query_bits %lld found, at most encoding.bits (%lld) expected",
                       (long long)encoding->query_bits, bits);
    if (options->recompute->bits > bits || options->recompute->bits == 1)
        return rs_fail(err, RS_INPUT,
                       "recompute.bits %lld found, 2 to encoding.bits (%lld), or 0 for all, expected",
                       (long long)options->recompute->bits, bits);
    if (options->readout->bits == 1)
        return rs_fail(err, RS_INPUT, "readout.bits 1 found, 0 (ideal) or at least 2 expected");
    return RS_OK;
}

static enum rs_status check_policy(const struct attention_setup *setup, struct rs_error *err)
{
    enum policy_input input = setup->policy->input;
    enum comparator_reference kind = setup->reference.kind;
    if (input == POLICY_INPUT_RAMP && setup->prune.threshold.n > 0)
        return rs_fail(err, RS_INPUT,
                       "prune.threshold: found, but policy %s keeps a part of each query's keys; "
                       "prune.keep_ratio expected",
                       setup->policy->name);
    if (!isnan(setup->prune.lost_mass) &&
        (input == POLICY_INPUT_RAMP || (setup->policy->cascades && !setup->rethreshold)))
        return rs_fail(err, RS_INPUT,
                       "prune.lost_mass: found, but policy %s keeps a part of the keys; prune.keep_ratio "
                       "expected",
                       setup->policy->name);
    if (input == POLICY_INPUT_RAMP && (kind == COMPARATOR_BIAS_ROWS || kind == COMPARATOR_REPLICA))
        return rs_fail(err, RS_INPUT,
                       "comparator.reference: %s found, but policy %s ramps a reference common to all keys; "
                       "ideal or current expected",
                       frontend_options_references[kind], setup->policy->name);
    if (input == POLICY_INPUT_COMPARATORS && !setup->recompute.enabled)
        return rs_fail(err, RS_INPUT,
                       "recompute.enabled: false found, but policy %s leaves keys to the digital unit; true "
                       "expected",
                       setup->policy->name);
    return RS_OK;
}

static enum rs_status check_shape(const struct attention_setup *setup, struct rs_error *err)
{
    const struct attention_shape *shape = &setup->shape;
    const struct option_reals *threshold = &setup->prune.threshold;
    if (threshold->n > 1 && threshold->n != shape->n_layers)
        return rs_fail(err, RS_INPUT, "prune.threshold: %d numbers found, 1 or %d (one per layer) expected",
                       threshold->n, shape->n_layers);
    if (setup->prune.empty == PRUNE_EMPTY_SELF && shape->n_queries_max != shape->n_keys_max)
        return rs_fail(err, RS_INPUT,
                       "prune.empty: self found, but this workload's queries are not its keys; best, "
                       "zero or all expected");
    if (setup->array.fill == ARRAY_FILL_APPEND && !shape->causal)
        return rs_fail(
            err, RS_INPUT,
            "array.fill: append found, but this workload is not causal: its queries do not come with "
            "its keys; prefill expected");
    size_t n_tiles = mapping_tiles(&setup->mapping, shape->n_keys_max);
    size_t n_replicas = setup->reference.kind == COMPARATOR_REPLICA ? n_tiles : 0;
    size_t n_arrays = n_tiles * setup->mapping.n_stacks + n_replicas;
    if (n_arrays > SETUP_ARRAYS_PER_HEAD ||
        (size_t)shape->n_layers * (size_t)shape->n_kv_heads > RANDOM_ARRAYS_MAX / SETUP_ARRAYS_PER_HEAD)
        return rs_fail(err, RS_INPUT,
                       "%zu arrays for each of %d x %d heads found, at most %d for each of %d heads "
                       "expected; array.rows and array.columns set their size",
                       n_arrays, shape->n_layers, shape->n_kv_heads, SETUP_ARRAYS_PER_HEAD,
                       RANDOM_ARRAYS_MAX / SETUP_ARRAYS_PER_HEAD);
    if ((size_t)(setup->array.rows * setup->array.columns) > RANDOM_CELLS_MAX)
        return rs_fail(err, RS_INPUT, "array.rows x array.columns: more than %d cells found",
                       RANDOM_CELLS_MAX);
    return RS_OK;
}

static enum rs_status check_cascade(const struct attention_setup *setup, struct rs_error *err)
{
    long long lsb_bits = (long long)setup->prune.progressive_lsb_bits, bits = (long long)setup->encoding.bits;
    if (!setup->policy->cascades)
        return RS_OK;
    if (setup->prune.threshold.n > 0 && !setup->rethreshold)
        return rs_fail(err, RS_INPUT,
                       "prune.threshold: found, but policy cascade keeps a part of each sample's tokens; "
                       "prune.keep_ratio expected");
    if (lsb_bits > bits - CODE_BITS_MIN)
        return rs_fail(err, RS_INPUT,
                       "prune.progressive_lsb_bits %lld found, at most %lld (encoding.bits - %d) expected",
                       lsb_bits, bits - CODE_BITS_MIN, CODE_BITS_MIN);
    if (lsb_bits > 0 && (!setup->recompute.enabled || setup->recompute_bits != bits))
        return rs_fail(err, RS_INPUT,
                       "prune.progressive_lsb_bits %lld found, but scores are not recomputed with all bits; "
                       "recompute.enabled: true and recompute.bits: 0 expected",
                       lsb_bits);
    size_t n_layers = (size_t)setup->shape.n_layers;
    double *ratios = memory_allocate(2 * n_layers, sizeof *ratios, err);
    if (ratios == NULL)
        return RS_INTERNAL;
    enum rs_status status =
        policy_cascade_schedule(&setup->prune, setup->shape.n_layers, ratios, ratios + n_layers, err);
    free(ratios);
    return status;
}

static void settle(const struct attention_options *options, struct attention_setup *out)
{
    const struct array_options *array = options->array;
    out->array = *array;
    out->encoding = *options->encoding;
    out->prune = *options->prune;
    out->recompute = *options->recompute;
    out->seed = options->seed;
    out->readout_bits = (int)options->readout->bits;
    out->policy = policy_at(options->prune->policy);
    out->rethreshold = hybrid_rethresholds(out->policy, options->recompute);
    out->recompute_bits =
        (int)(options->recompute->bits > 0 ? options->recompute->bits : options->encoding->bits);
    out->network = (struct network){
        .n_rows = (size_t)array->rows,
        .n_columns = (size_t)array->columns,
        .r_word_line_ohm = array->r_word_line_ohm,
        .r_bit_line_ohm = isnan(array->r_bit_line_ohm) ? array->r_word_line_ohm : array->r_bit_line_ohm,
        .r_driver_ohm = array->r_driver_ohm,
        .r_sense_ohm = array->r_sense_ohm,
    };
}

static enum rs_status settle_cost(const struct attention_options *options, struct attention_setup *out,
                                  struct rs_error *err)
{
    if (options->cost == NULL)
        return RS_OK;
    enum rs_status status = cost_section_check(options->cost, out->shape.n_keys_max, err);
    if (status != RS_OK)
        return status;
    out->cost = *options->cost;
    out->n_cost_systems = (size_t)cost_section_systems(&out->cost, out->cost_systems);
    out->keeps_all = strcmp(out->policy->name, "none") == 0;
    for (size_t i = 0; i < out->n_cost_systems; i++)
        out->counts_bits |= out->cost_systems[i]->takes_bits && !out->keeps_all;
    return RS_OK;
}

/* Conductances of a card are values at 0 V (definitions 6), as those of a cell law. */
static enum rs_status settle_bend(struct attention_setup *out, struct rs_error *err)
{
    const struct card_block *bend = device_bend(&out->device);
    const double *volts, *factor;
    if (bend == NULL)
        return RS_OK;
    if (law_current_voltage_v0(bend->law, &bend->params, &out->law.v0_volts)) {
        out->law.kind = CELL_LAW_SINH;
        return RS_OK;
    }
    size_t n = law_current_voltage_points(bend->law, &bend->params, &volts, &factor);
    struct rs_error why;
    enum rs_status status = cell_law_init_table(&out->law, n, volts, factor, &why);
    return status == RS_OK
               ? status
               : rs_fail(err, status, "current_voltage of card %s: %s", out->device.card.name, why.text);
}

static enum rs_status init_comparator(const struct attention_options *options, struct attention_setup *out,
                                      struct rs_error *err)
{
    struct calibration calibration;
    enum rs_status status = setup_open_calibration(options, out, &calibration, err);
    if (status != RS_OK)
        return status;
    const struct comparator_circuit circuit = {
        .r_sense_ohm = options->array->r_sense_ohm,
        .unit_amperes = out->mapping.unit_amperes,
        .sign = (enum encoding_sign)options->encoding->sign,
        .temperature_kelvin = out->device.at.temperature_kelvin,
        .read_seconds = options->array->read_seconds,
        .n_slots = out->mapping.n_keys_per_array,
        .calibration = options->comparator->calibration[0] != '\0' ? &calibration : NULL};
    status = comparator_init(options->comparator, &circuit, &out->comparator, err);
    calibration_clear(&calibration);
    if (status == RS_OK)
        status =
            reference_init(options->comparator, options->encoding, &out->mapping,
                           out->comparator.volts_per_unit / out->mapping.unit_amperes, &out->reference, err);
    return status;
}

enum rs_status setup_init(const struct attention_options *options, const struct attention_shape *shape,
                          struct attention_ranges ranges, struct attention_setup *out, struct rs_error *err)
{
    *out = (struct attention_setup){.shape = *shape, .ranges = ranges};
    settle(options, out);
    enum rs_status status = check_bits(options, err);
    if (status == RS_OK)
        status = settle_cost(options, out, err);
    if (status == RS_OK)
        status = device_open(options->device, &out->device, err);
    if (status == RS_OK)
        status = mapping_init(options->array, options->encoding, out->device.g_min_siemens,
                              out->device.g_max_siemens, shape->d, &out->mapping, err);
    if (status == RS_OK)
        status = init_comparator(options, out, err);
    if (status == RS_OK)
        status = timing_init(options->array, setup_reads_max(out), &out->device, &out->timing, err);
    if (status == RS_OK)
        status = check_shape(out, err);
    if (status == RS_OK)
        status = check_policy(out, err);
    if (status == RS_OK)
        status = check_cascade(out, err);
    if (status == RS_OK)
        status = settle_bend(out, err);
    if (status != RS_OK)
        return status;
    out->solves_energy = out->n_cost_systems > 0 && out->cost.options.solved_array_energy &&
                         (!isnan(options->array->read_seconds) || device_states_read(&out->device));
    readout_init(options->readout, &out->mapping, &out->readout);
    size_t n_heads = (size_t)shape->n_layers * (size_t)shape->n_heads;
    out->thresholds = memory_allocate(n_heads, sizeof *out->thresholds, err);
    out->levels = memory_allocate(n_heads, sizeof *out->levels, err);
    if (out->thresholds == NULL || out->levels == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < n_heads; i++)
        out->thresholds[i] = (double)NAN;
    return RS_OK;
}

void setup_clear(struct attention_setup *setup)
{
    free(setup->thresholds);
    setup->thresholds = NULL;
    free(setup->levels);
    setup->levels = NULL;
    comparator_clear(&setup->comparator);
    cell_law_clear(&setup->law);
}

size_t setup_reads_max(const struct attention_setup *setup)
{
    return setup->shape.n_queries_max * (size_t)(setup->shape.n_heads / setup->shape.n_kv_heads);
}

enum rs_status setup_settle_reference(struct attention_setup *setup, struct rs_error *err)
{
    const struct attention_shape *shape = &setup->shape;
    const struct reference *reference = &setup->reference;
    double largest = 0;
    size_t n_rows = 0;
    if (reference->kind != COMPARATOR_BIAS_ROWS && reference->kind != COMPARATOR_REPLICA)
        return RS_OK;
    for (int layer = 0; layer < shape->n_layers; layer++)
        for (int head = 0; head < shape->n_heads; head++) {
            int kv_head = head / (shape->n_heads / shape->n_kv_heads);
            double *level = &setup->levels[setup_kv_head(setup, layer, kv_head)];
            *level = fmax(*level, fabs(reference_cut(reference, query_reference(setup, layer, head))));
            largest = fmax(largest, *level);
        }
    if (reference->kind == COMPARATOR_REPLICA)
        return reference_replica_rows(reference, &setup->mapping, largest, &n_rows, err);
    enum rs_status status = reference_bias_rows(reference, &setup->mapping, largest, &n_rows, err);
    if (status != RS_OK)
        return status;
    mapping_reserve(&setup->mapping, n_rows);
    return check_shape(setup, err);
}

size_t setup_head(const struct attention_setup *setup, int layer, int head)
{
    return (size_t)layer * (size_t)setup->shape.n_heads + (size_t)head;
}

size_t setup_kv_head(const struct attention_setup *setup, int layer, int kv_head)
{
    return (size_t)layer * (size_t)setup->shape.n_kv_heads + (size_t)kv_head;
}

double setup_exact_unit(const struct attention_setup *setup, int layer, int head)
{
    int kv_head = head / (setup->shape.n_heads / setup->shape.n_kv_heads), bits = (int)setup->encoding.bits;
    double s_q = code_step(setup->ranges.query[setup_head(setup, layer, head)], bits);
    double s_k = code_step(setup->ranges.key[setup_kv_head(setup, layer, kv_head)], bits);
    return setup->shape.score_scale * s_q * s_k;
}

double setup_analog_unit(const struct attention_setup *setup, int layer, int head)
{
    const struct encoding_options *encoding = &setup->encoding;
    int shift = (int)(2 * encoding->bits - encoding->query_bits - encoding->analog_bits);
    return ldexp(setup_exact_unit(setup, layer, head), shift);
}

uint32_t setup_array_number(const struct attention_setup *setup, int layer, int kv_head, size_t tile,
                            size_t stack)
{
    size_t number = tile * setup->mapping.n_stacks + stack;
    return (uint32_t)(setup_kv_head(setup, layer, kv_head) * SETUP_ARRAYS_PER_HEAD + number);
}

uint32_t setup_replica_number(const struct attention_setup *setup, int layer, int kv_head, size_t tile)
{
    size_t number = SETUP_ARRAYS_PER_HEAD - 1 - tile;
    return (uint32_t)(setup_kv_head(setup, layer, kv_head) * SETUP_ARRAYS_PER_HEAD + number);
}

size_t setup_n_array_numbers(const struct attention_setup *setup)
{
    return (size_t)setup->shape.n_layers * (size_t)setup->shape.n_kv_heads * SETUP_ARRAYS_PER_HEAD;
}
