#include "cost/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cost/bits.h"
#include "cost/model.h"
#include "cost/technology.h"

enum { OWN, UNPRUNED, COMMON, COMMON_BASELINE, N_MODELS, UNITS_MAX = 64 };

struct cost {
    struct model models[N_MODELS];
    bool padded[N_MODELS]; /* computes padded rows and columns */
    struct cost_shape shape;
    struct cost_options options;
    struct cost_sequence sequence;
    uint64_t *ones; /* [n_words] keys 0 ... n_ones - 1 */
    size_t n_ones, n_queries;
    bool in_sequence, adjacent;
};

struct cost_options cost_options_default(void)
{
    return (struct cost_options){
        .buffer_bytes = (double)NAN, .n_units = -1, .n_channels = -1, .n_banks = -1, .bits_per_cycle = -1};
}

/* Checks */

static enum rs_status check_shape(const struct cost_shape *shape, struct rs_error *err)
{
    if (shape->n_layers == 0 || shape->n_heads == 0 || shape->n_kv_heads == 0 || shape->d_head == 0 ||
        shape->max_tokens == 0)
        return rs_fail(err, RS_INPUT,
                       "cost: layers, heads, kv heads, head size and tokens of at least 1 expected");
    if (shape->n_heads % shape->n_kv_heads)
        return rs_fail(err, RS_INPUT, "cost: %zu heads found, a multiple of the %zu kv heads expected",
                       shape->n_heads, shape->n_kv_heads);
    if (shape->operand_bits < 2 || shape->operand_bits > 16)
        return rs_fail(err, RS_INPUT, "cost: operands of %d bits found, 2 to 16 expected",
                       shape->operand_bits);
    if (shape->readout_bits < 0 || shape->readout_bits > 16)
        return rs_fail(err, RS_INPUT, "cost: a converter of %d bits found, 0 to 16 expected",
                       shape->readout_bits);
    return RS_OK;
}

static enum rs_status check_range(const char *what, int64_t value, int64_t high, struct rs_error *err)
{
    if (value == -1 || (value >= 1 && value <= high))
        return RS_OK;
    return rs_fail(err, RS_INPUT, "cost: %lld %s found, 1 to %lld (or -1, the system's own) expected",
                   (long long)value, what, (long long)high);
}

static enum rs_status check_options(const struct cost_options *options, struct rs_error *err)
{
    if (!isnan(options->buffer_bytes) && !(options->buffer_bytes >= 0))
        return rs_fail(err, RS_INPUT, "cost: a buffer of %g bytes found, 0 or more expected",
                       options->buffer_bytes);
    enum rs_status status = check_range("units", options->n_units, UNITS_MAX, err);
    if (!status)
        status = check_range("channels", options->n_channels, 32, err);
    if (!status)
        status = check_range("banks per channel", options->n_banks, 32, err);
    if (!status)
        status = check_range("bits per cycle", options->bits_per_cycle, 4, err);
    return status;
}

static enum rs_status refuse_name(const char *name, struct rs_error *err)
{
    struct text names = {0};
    for (const struct cost_system *const *system = system_all; *system; system++)
        text_append(&names, "%s%s", system == system_all ? "" : ", ", (*system)->name);
    enum rs_status status = rs_fail(err, RS_INPUT, "cost: system '%s' found, one of %s expected", name,
                                    names.bytes ? names.bytes : "");
    text_clear(&names);
    return status;
}

/* Models */

static struct model_memory memory_at(enum system_memory kind, double hertz,
                                     const struct cost_options *options)
{
    struct model_memory memory = {.n_banks = 1};
    if (kind == SYSTEM_MEMORY_RERAM)
        memory = (struct model_memory){
            .n_channels = model_size(CONSTANTS_RERAM_CHANNELS),
            .n_banks = model_size(CONSTANTS_RERAM_BANKS),
            .bytes_per_cycle = model_constant(CONSTANTS_RERAM_BANDWIDTH) / hertz,
            .activate_cycles = (uint64_t)llround(model_constant(CONSTANTS_RERAM_ACTIVATE_SECONDS) * hertz),
            .column_cycles = (uint64_t)llround(model_constant(CONSTANTS_RERAM_COLUMN_SECONDS) * hertz),
            .read_joules = model_constant(CONSTANTS_RERAM_READ_JOULES),
            .write_joules = model_constant(CONSTANTS_RERAM_WRITE_JOULES)};
    bool hbm = kind == SYSTEM_MEMORY_HBM;
    if (kind != SYSTEM_MEMORY_RERAM)
        memory = (struct model_memory){
            .n_channels = model_size(hbm ? CONSTANTS_HBM_CHANNELS : CONSTANTS_DRAM_CHANNELS),
            .n_banks = 1,
            .bytes_per_cycle =
                model_constant(hbm ? CONSTANTS_HBM_BANDWIDTH : CONSTANTS_DRAM_BANDWIDTH) / hertz,
            .latency_cycles = (uint64_t)llround(
                model_constant(hbm ? CONSTANTS_HBM_LATENCY_SECONDS : CONSTANTS_DRAM_LATENCY_SECONDS) * hertz),
            .read_joules = model_constant(hbm ? CONSTANTS_HBM_JOULES : CONSTANTS_DRAM_JOULES),
            .write_joules = model_constant(hbm ? CONSTANTS_HBM_JOULES : CONSTANTS_DRAM_JOULES)};
    if (options->n_channels > 0)
        memory.n_channels = (size_t)options->n_channels;
    if (options->n_banks > 0)
        memory.n_banks = (size_t)options->n_banks;
    return memory;
}

/* own: the user's buffers and units count; else the system's. */
static enum rs_status create_model(struct model *model, const struct cost_system *system,
                                   const struct cost *cost, bool own, bool pruning, bool common,
                                   struct rs_error *err)
{
    const struct cost_options *options = &cost->options;
    double own_node = model_constant(system->node);
    double node = common ? model_constant(CONSTANTS_COMMON_NODE) : own_node;
    double hertz = model_constant(system->hertz) * technology_clock_ratio(own_node, node);
    *model =
        (struct model){.system = system,
                       .shape = cost->shape,
                       .memory = memory_at(system->memory, hertz, options),
                       .node_metres = node,
                       .hertz = hertz,
                       .n_units = own && options->n_units > 0 ? (size_t)options->n_units : 0,
                       .bits_per_cycle = options->bits_per_cycle > 0 ? (size_t)options->bits_per_cycle : 0,
                       .buffer_bytes = own ? options->buffer_bytes : (double)NAN,
                       .pruning = pruning && system->prunes,
                       .on_chip = options->operands_on_chip && system->memory == SYSTEM_MEMORY_DRAM};
    return system->create(model, err);
}

/* Then the system at the common node is the system itself. */
static bool is_at_common_node(const struct cost_system *system)
{
    return fabs(model_constant(system->node) - model_constant(CONSTANTS_COMMON_NODE)) < 1e-12;
}

enum rs_status cost_create(const char *name, const struct cost_shape *shape,
                           const struct cost_options *options, struct cost **out, struct rs_error *err)
{
    *out = NULL;
    const struct cost_system *system = system_find(name);
    if (!system)
        return refuse_name(name, err);
    enum rs_status status = check_shape(shape, err);
    if (!status)
        status = check_options(options, err);
    if (status)
        return status;
    struct cost *cost = memory_allocate(1, sizeof *cost, err);
    if (!cost)
        return RS_INTERNAL;
    cost->shape = *shape;
    cost->options = *options;
    cost->ones = memory_allocate(bits_words(shape->max_tokens), sizeof *cost->ones, err);
    if (!cost->ones)
        status = RS_INTERNAL;
    if (!status)
        status = create_model(&cost->models[OWN], system, cost, true, !options->unpruned, false, err);
    if (!status && !options->alone)
        status = create_model(&cost->models[UNPRUNED], system, cost, true, false, false, err);
    if (!status && !options->alone && !is_at_common_node(system))
        status = create_model(&cost->models[COMMON], system, cost, true, !options->unpruned, true, err);
    if (!status && !options->alone)
        status =
            create_model(&cost->models[COMMON_BASELINE], &system_baseline, cost, false, false, true, err);
    cost->padded[OWN] = cost->padded[COMMON] = !system->removes_padding;
    if (status)
        cost_destroy(cost);
    else
        *out = cost;
    return status;
}

void cost_destroy(struct cost *cost)
{
    if (!cost)
        return;
    for (int i = 0; i < N_MODELS; i++) {
        struct model *model = &cost->models[i];
        if (model->state && model->system->destroy)
            model->system->destroy(model);
        free(model->state);
    }
    free(cost->ones);
    free(cost);
}

/* Sequences and queries */

static void set_ones(struct cost *cost, size_t n)
{
    for (size_t i = 0; cost->n_ones != n && i < bits_words(cost->shape.max_tokens); i++)
        cost->ones[i] = bits_below(i, n);
    cost->n_ones = n;
}

/* One query of which everything visible is kept. */
static void feed_all(struct cost *cost, struct model *model, size_t n_visible)
{
    static const struct cost_query nothing = {.precision = COST_PRECISION_FULL, .array_joules = (double)NAN};
    set_ones(cost, n_visible);
    struct model_step step = {.n_stored = model->sequence.n_tokens,
                              .n_visible = n_visible,
                              .n_words = bits_words(n_visible),
                              .keep = cost->ones,
                              .survive = cost->ones,
                              .value = cost->ones,
                              .n_keep = n_visible,
                              .n_survive = n_visible,
                              .n_value = n_visible,
                              .query = &nothing};
    model->system->query(model, &step);
}

/* A reference computes pruned heads too. */
static bool is_used(const struct model *model, const struct cost_sequence *sequence)
{
    return model->system && !(model->pruning && sequence->pruned);
}

static void finish_sequence(struct cost *cost)
{
    const struct cost_sequence *sequence = &cost->sequence;
    if (!cost->in_sequence)
        return;
    for (int i = 0; i < N_MODELS; i++) {
        struct model *model = &cost->models[i];
        if (!is_used(model, sequence))
            continue;
        bool rows = cost->padded[i] && cost->n_queries == sequence->n_tokens;
        for (size_t t = sequence->n_tokens; rows && t < sequence->n_padded; t++)
            feed_all(cost, model, sequence->causal ? t + 1 : sequence->n_padded);
        model->system->end(model);
    }
    cost->adjacent = cost->adjacent || cost->n_queries > 1;
    cost->in_sequence = false;
}

enum rs_status cost_begin(struct cost *cost, const struct cost_sequence *sequence, struct rs_error *err)
{
    const struct cost_shape *shape = &cost->shape;
    finish_sequence(cost);
    if (sequence->layer >= shape->n_layers || sequence->head >= shape->n_heads)
        return rs_fail(err, RS_INPUT, "cost: layer %zu, head %zu found, below %zu and %zu expected",
                       sequence->layer, sequence->head, shape->n_layers, shape->n_heads);
    if (sequence->n_tokens == 0 || sequence->n_tokens > shape->max_tokens)
        return rs_fail(err, RS_INPUT, "cost: %zu tokens found, 1 to %zu expected", sequence->n_tokens,
                       shape->max_tokens);
    cost->sequence = *sequence;
    if (sequence->n_padded == 0)
        cost->sequence.n_padded = sequence->n_tokens;
    if (cost->sequence.n_padded < sequence->n_tokens || cost->sequence.n_padded > shape->max_tokens)
        return rs_fail(err, RS_INPUT, "cost: a padded length of %zu found, %zu to %zu expected",
                       sequence->n_padded, sequence->n_tokens, shape->max_tokens);
    for (int i = 0; i < N_MODELS; i++) {
        struct model *model = &cost->models[i];
        if (!is_used(model, sequence))
            continue;
        model->sequence = cost->sequence;
        if (cost->padded[i])
            model->sequence.n_tokens = cost->sequence.n_padded;
        model->system->begin(model);
    }
    cost->n_queries = 0;
    cost->in_sequence = true;
    return RS_OK;
}

static bool is_inside(const uint64_t *set, const uint64_t *of, size_t n_words)
{
    uint64_t outside = 0;
    for (size_t i = 0; i < n_words; i++)
        outside |= set[i] & ~of[i];
    return outside == 0;
}

static enum rs_status check_query(struct cost *cost, const struct cost_query *query,
                                  const struct model_step *step, struct rs_error *err)
{
    size_t n_words = bits_words(cost->sequence.n_tokens);
    set_ones(cost, query->n_visible);
    if (!is_inside(query->keep, cost->ones, n_words))
        return rs_fail(err, RS_INPUT, "cost: keys kept beyond the %zu visible ones", query->n_visible);
    if (!is_inside(step->survive, query->keep, n_words))
        return rs_fail(err, RS_INPUT, "cost: survivors found that were not kept");
    if (!is_inside(step->value, step->survive, n_words))
        return rs_fail(err, RS_INPUT, "cost: values found that did not survive");
    unsigned most = 0;
    for (size_t key = 0; query->bits && key < query->n_visible; key++)
        most = most > query->bits[key] ? most : query->bits[key];
    if (most >= (unsigned)cost->shape.operand_bits)
        return rs_fail(err, RS_INPUT, "cost: a key of %u magnitude bits found, at most %d expected", most,
                       cost->shape.operand_bits - 1);
    return RS_OK;
}

enum rs_status cost_query(struct cost *cost, const struct cost_query *query, struct rs_error *err)
{
    if (!cost->in_sequence)
        return rs_fail(err, RS_INPUT, "cost: a query found, a sequence expected first");
    size_t n_visible = query->n_visible, n_tokens = cost->sequence.n_tokens;
    if (n_visible == 0 || n_visible > n_tokens)
        return rs_fail(err, RS_INPUT, "cost: %zu visible keys found, 1 to %zu expected", n_visible, n_tokens);
    const uint64_t *survive = query->survive ? query->survive : query->keep;
    struct model_step step = {.n_stored = cost->sequence.prefill ? n_tokens : n_visible,
                              .n_visible = n_visible,
                              .n_words = bits_words(n_visible),
                              .keep = query->keep,
                              .survive = survive,
                              .value = query->value ? query->value : survive,
                              .query = query};
    enum rs_status status = check_query(cost, query, &step, err);
    if (status)
        return status;
    step.n_keep = bits_total(step.keep, step.n_words);
    step.n_survive = bits_total(step.survive, step.n_words);
    step.n_value = bits_total(step.value, step.n_words);
    for (int i = 0; i < N_MODELS; i++) {
        struct model *model = &cost->models[i];
        if (!model->system)
            continue;
        if (!model->pruning)
            feed_all(cost, model,
                     cost->padded[i] && !cost->sequence.causal ? cost->sequence.n_padded : n_visible);
        else if (!query->pruned && !cost->sequence.pruned)
            model->system->query(model, &step);
    }
    cost->n_queries++;
    return RS_OK;
}

/* Answers */

static struct cost_total total_of(const struct cost *cost, int i)
{
    const struct model *model = cost->models[i].system ? &cost->models[i] : &cost->models[OWN];
    struct cost_total total = {.tally = model->tally,
                               .seconds = (double)model->tally.n_cycles / model->hertz};
    energy_of(model, cost->options.solved_array_energy, &total.energy);
    return total;
}

static double memory_bits(const struct tally *tally)
{
    return (double)(tally->n_key_bits + tally->n_value_bits + tally->n_query_bits);
}

void cost_end(struct cost *cost, struct cost_answer *answer)
{
    finish_sequence(cost);
    *answer = (struct cost_answer){.own = total_of(cost, OWN),
                                   .unpruned = total_of(cost, UNPRUNED),
                                   .common = total_of(cost, COMMON),
                                   .common_baseline = total_of(cost, COMMON_BASELINE)};
    const struct energy *own = &answer->own.energy, *unpruned = &answer->unpruned.energy;
    const struct tally *tally = &answer->own.tally;
    answer->cycles = (double)tally->n_cycles;
    answer->energy_joules = own->total_joules;
    answer->energy_without_writes_joules = own->without_writes_joules;
    answer->memory_bits_read = memory_bits(tally);
    answer->speedup = answer->unpruned.seconds / answer->own.seconds;
    answer->energy_ratio = unpruned->total_joules / own->total_joules;
    answer->energy_without_writes_ratio = unpruned->without_writes_joules / own->without_writes_joules;
    answer->speedup_common = answer->common_baseline.seconds / answer->common.seconds;
    answer->energy_ratio_common =
        answer->common_baseline.energy.total_joules / answer->common.energy.total_joules;
    if (cost->options.alone)
        answer->speedup = answer->energy_ratio = answer->energy_without_writes_ratio =
            answer->speedup_common = answer->energy_ratio_common = (double)NAN;
    answer->array_constant_joules = own->array_constant_joules;
    answer->array_solved_joules = own->array_solved_joules;
    bool known = cost->adjacent && cost->models[OWN].system->requests_kept && tally->n_kept > 0;
    answer->reused_share = known ? (double)tally->n_keys_reused / (double)tally->n_kept : (double)NAN;
}

double cost_array_joules(size_t n_lines, const double *volts, const double *amperes, double read_seconds)
{
    double watts = 0;
    for (size_t i = 0; i < n_lines; i++)
        watts += volts[i] * amperes[i];
    return watts * read_seconds;
}
