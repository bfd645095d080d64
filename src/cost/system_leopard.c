/*
 * LeOPArd (ISCA 2022; most figures remembered only, see constants.h). A tile: bit-serial units score one key
 * each, dispatched in order to the first that is free, ceil(bits / bits per cycle) cycles per key and 64
 * elements; survivors go through a queue of finite depth to one V unit, one key per cycle; a unit whose
 * survivor finds the queue full waits. Survivors process all bits, so they finish in order. Reference: one
 * full-width product per cycle. K and V are loaded once per head while the head before computes; keys beyond
 * the K memory and surviving values beyond the V memory are fetched again for every query.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cost/bits.h"
#include "cost/model.h"
#include "cost/system.h"

enum { UNITS_MAX = 64 };

struct state {
    uint64_t free_at[UNITS_MAX]; /* when each unit takes its next key */
    uint64_t *left_at;           /* [queue] when the last survivors left it, a ring */
    size_t n_queue, i_queue;
    uint64_t load_end, value_end, sequence_start, score_end;
};

static void destroy(struct model *model)
{
    free(((struct state *)model->state)->left_at);
}

static enum rs_status create_units(struct model *model, enum constants_name n_units, struct rs_error *err)
{
    if (model->n_units == 0)
        model->n_units = model_size(n_units);
    if (model->bits_per_cycle == 0)
        model->bits_per_cycle = model_size(CONSTANTS_LEOPARD_BITS_PER_CYCLE);
    struct state *state = model->state = memory_allocate(1, sizeof *state, err);
    if (!state)
        return RS_INTERNAL;
    state->n_queue = model_size(CONSTANTS_LEOPARD_QUEUE);
    state->left_at = memory_allocate(state->n_queue, sizeof *state->left_at, err);
    return state->left_at ? RS_OK : RS_INTERNAL;
}

static enum rs_status create_ae(struct model *model, struct rs_error *err)
{
    return create_units(model, CONSTANTS_LEOPARD_AE_UNITS, err);
}

static enum rs_status create_hp(struct model *model, struct rs_error *err)
{
    return create_units(model, CONSTANTS_LEOPARD_HP_UNITS, err);
}

/* How many vectors the K (or V) memory holds; a user's buffer_bytes is both halves together. */
static size_t places(const struct model *model, enum constants_name own)
{
    double bytes = isnan(model->buffer_bytes) ? model_constant(own) : model->buffer_bytes / 2;
    double n = floor(bytes * 8 / (double)model_vector_bits(model));
    return n < (double)(1 << 30) ? (size_t)n : SIZE_MAX;
}

static void load(struct model *model, uint64_t n_keys, uint64_t n_values)
{
    struct state *state = model->state;
    struct tally *tally = &model->tally;
    uint64_t bits = model_vector_bits(model);
    tally->n_keys_fetched += n_keys;
    tally->n_values_fetched += n_values;
    tally->n_key_bits += n_keys * bits;
    tally->n_value_bits += n_values * bits;
    tally->n_buffer_bits_written += (n_keys + n_values) * bits;
    state->load_end += model_stream_cycles(model, (n_keys + n_values) * bits);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void begin(struct model *model)
{
    struct state *state = model->state;
    size_t n = model->sequence.n_tokens;
    model_count_writes(model);
    if (!model->on_chip && !model->sequence.separate) {
        state->load_end = model_max(state->load_end, state->sequence_start) + model->memory.latency_cycles;
        load(model, least(n, places(model, CONSTANTS_LEOPARD_KEY_BYTES)),
             least(n, places(model, CONSTANTS_LEOPARD_VALUE_BYTES)));
    }
    uint64_t start = model_max(model->tally.n_cycles, state->load_end);
    for (size_t unit = 0; unit < model->n_units; unit++)
        state->free_at[unit] = start;
    for (size_t i = 0; i < state->n_queue; i++)
        state->left_at[i] = start;
    state->sequence_start = state->value_end = state->score_end = start;
}

/* The query itself, and what does not stay on chip. */
static void load_rest(struct model *model, const struct model_step *step)
{
    struct state *state = model->state;
    size_t n_keys = 0, n_values = step->n_value;
    state->load_end = model_max(state->load_end, state->sequence_start) +
                      model_stream_cycles(model, model_vector_bits(model));
    if (model->on_chip)
        return;
    if (model->sequence.separate)
        n_keys = step->n_visible;
    else {
        size_t k_places = places(model, CONSTANTS_LEOPARD_KEY_BYTES);
        size_t v_places = places(model, CONSTANTS_LEOPARD_VALUE_BYTES);
        n_keys = step->n_visible > k_places ? step->n_visible - k_places : 0;
        for (size_t i = 0; i < step->n_words; i++)
            n_values -= bits_count(step->value[i] & bits_below(i, v_places));
    }
    if (n_keys + n_values > 0)
        load(model, n_keys, n_values);
}

/* The unpruned tile: a product per cycle (per 64 elements), the V unit one behind. */
static void query_full(struct model *model, const struct model_step *step, uint64_t slices)
{
    struct state *state = model->state;
    uint64_t width = (uint64_t)model->shape.operand_bits;
    state->score_end = model_max(state->score_end + step->n_visible * slices, state->load_end);
    state->value_end = model_max(state->value_end + step->n_value * slices, state->score_end + slices);
    model->tally.n_buffer_bits_read += step->n_visible * model_vector_bits(model);
    model_count_macs(model, step->n_visible, width, width);
}

static uint64_t feed_value(struct state *state, uint64_t finished, uint64_t slices)
{
    uint64_t entered = model_max(finished, state->left_at[state->i_queue]);
    state->value_end = model_max(state->value_end, entered) + slices;
    state->left_at[state->i_queue] = state->value_end - slices;
    state->i_queue = state->i_queue + 1 == state->n_queue ? 0 : state->i_queue + 1;
    return entered;
}

static void query_serial(struct model *model, const struct model_step *step, uint64_t slices)
{
    struct state *state = model->state;
    const uint8_t *bits = step->query->bits;
    uint64_t n_full = (uint64_t)model->shape.operand_bits - 1, n_bits = 0;
    uint64_t cycles_of[16];
    cycles_of[0] = model_divide_up(n_full, model->bits_per_cycle) * slices;
    for (uint64_t n = 1; n < 16; n++)
        cycles_of[n] = model_divide_up(n, model->bits_per_cycle) * slices;
    for (size_t key = 0; key < step->n_visible; key++) {
        bool survives = bits_get(step->survive, key);
        unsigned used = bits && !survives ? bits[key] : 0;
        size_t first = 0;
        for (size_t unit = 1; unit < model->n_units; unit++)
            if (state->free_at[unit] < state->free_at[first])
                first = unit;
        uint64_t finished = state->free_at[first] + cycles_of[used];
        n_bits += used ? used : n_full;
        state->free_at[first] = survives ? feed_value(state, finished, slices) : finished;
    }
    for (size_t unit = 0; unit < model->n_units; unit++)
        state->score_end = model_max(state->score_end, state->free_at[unit]);
    state->score_end = model_max(state->score_end, state->load_end);
    model->tally.n_buffer_bits_read += (n_bits + step->n_visible) * model->shape.d_head; /* with the signs */
    model->tally.n_bit_products += n_bits * model->shape.d_head * (uint64_t)model->shape.operand_bits;
    model->tally.n_adds += model_divide_up(n_bits, model->bits_per_cycle) * model->shape.d_head;
}

static void query(struct model *model, const struct model_step *step)
{
    uint64_t slices = model_divide_up(model->shape.d_head, model_size(CONSTANTS_LEOPARD_TAPS));
    uint64_t width = (uint64_t)model->shape.operand_bits;
    model_count_query(model, step);
    load_rest(model, step);
    if (model->pruning)
        query_serial(model, step, slices);
    else
        query_full(model, step, slices);
    model->tally.n_buffer_bits_read += step->n_value * model_vector_bits(model);
    model_count_macs(model, step->n_value, width, width);
}

static void end(struct model *model)
{
    struct state *state = model->state;
    model->tally.n_cycles = model_max(model_max(state->value_end, state->score_end), state->load_end) +
                            model_size(CONSTANTS_LEOPARD_LATENCY);
}

static double memory_bytes(const struct model *model)
{
    (void)model;
    return (model_constant(CONSTANTS_LEOPARD_KEY_BYTES) + model_constant(CONSTANTS_LEOPARD_VALUE_BYTES)) / 2;
}

#define COMMON_PARTS                                                                                         \
    .memory = SYSTEM_MEMORY_DRAM, .node = CONSTANTS_LEOPARD_NODE, .hertz = CONSTANTS_LEOPARD_HERTZ,          \
    .memory_bytes = memory_bytes, .prunes = true, .removes_padding = true, .takes_bits = true,               \
    .destroy = destroy, .begin = begin, .query = query, .end = end,                                          \
    .source = "Li et al., ISCA 2022 (abstract; tile figures remembered only)"

const struct cost_system system_leopard_ae = {.name = "leopard-ae",
                                              .summary = "LeOPArd tile with 6 bit-serial units",
                                              .create = create_ae,
                                              COMMON_PARTS};
const struct cost_system system_leopard_hp = {.name = "leopard-hp",
                                              .summary = "LeOPArd tile with 8 bit-serial units",
                                              .create = create_hp,
                                              COMMON_PARTS};
