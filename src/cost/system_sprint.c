/*
 * SPRINT (MICRO 2022; facts from the abstract and third-party notes). Per query: CopyQ (tCL), thresholding in
 * the array (tAxTh), ReadP (tCL and the vector's burst); the controller requests R = wanted and not on chip,
 * reuses L = wanted and on chip; keys go to corelet j mod N, which scores one key per cycle, takes misses as
 * they arrive and hits first; the next query starts when all corelets are done; softmax and V unit follow in
 * a pipeline. The screen of query t + 1 starts with the scores of query t. Without pruning there is no
 * screen: that is `baseline`.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cost/bits.h"
#include "cost/channels.h"
#include "cost/model.h"
#include "cost/residency.h"
#include "cost/system.h"

struct state {
    struct residency *residency; /* [n_units] */
    uint64_t *masks;             /* [n_units][n_words] keys of each corelet */
    uint64_t *wanted, *missed, *all_missed;
    size_t n_words;
    uint64_t screen_end, fetch_end, score_start, score_end, value_end;
};

static void destroy(struct model *model)
{
    struct state *state = model->state;
    for (size_t unit = 0; state->residency && unit < model->n_units; unit++)
        residency_clear(&state->residency[unit]);
    free(state->residency);
    free(state->masks);
    free(state->wanted);
}

static size_t places(const struct model *model)
{
    double n = floor(model->buffer_bytes * 8 / (2 * (double)model_vector_bits(model)));
    return n < (double)(1 << 30) ? (size_t)n : SIZE_MAX;
}

static enum rs_status create_units(struct model *model, size_t n_units, struct rs_error *err)
{
    if (model->n_units == 0)
        model->n_units = n_units;
    if (isnan(model->buffer_bytes))
        model->buffer_bytes = model_constant(CONSTANTS_SPRINT_BYTES);
    struct state *state = model->state = memory_allocate(1, sizeof *state, err);
    if (!state)
        return RS_INTERNAL;
    size_t n_keys = model->shape.max_tokens;
    state->n_words = bits_words(n_keys);
    state->residency = memory_allocate(model->n_units, sizeof *state->residency, err);
    state->masks = memory_allocate(model->n_units * state->n_words, sizeof *state->masks, err);
    state->wanted = memory_allocate(3 * state->n_words, sizeof *state->wanted, err);
    if (!state->residency || !state->masks || !state->wanted)
        return RS_INTERNAL;
    state->missed = state->wanted + state->n_words;
    state->all_missed = state->missed + state->n_words;
    for (size_t key = 0; key < n_keys; key++)
        bits_set(state->masks + key % model->n_units * state->n_words, key);
    for (size_t unit = 0; unit < model->n_units; unit++)
        if (residency_init(&state->residency[unit], n_keys, places(model), err))
            return RS_INTERNAL;
    return RS_OK;
}

static enum rs_status create_s(struct model *model, struct rs_error *err)
{
    return create_units(model, 1, err);
}

static enum rs_status create_m(struct model *model, struct rs_error *err)
{
    return create_units(model, 2, err);
}

static enum rs_status create_l(struct model *model, struct rs_error *err)
{
    return create_units(model, 4, err);
}

static void begin(struct model *model)
{
    struct state *state = model->state;
    for (size_t unit = 0; unit < model->n_units; unit++)
        residency_forget(&state->residency[unit]);
    model_count_writes(model);
}

static void count_screen(struct model *model, const struct model_step *step)
{
    struct tally *tally = &model->tally;
    uint64_t d = model->shape.d_head;
    tally->n_array_macs += step->n_stored * d;
    uint64_t n_comparators = step->query->n_comparators;
    if (n_comparators == 0 && step->query->n_readouts == 0) /* a screen that nobody described */
        n_comparators = 1;
    tally->n_decisions += step->n_stored * n_comparators;
    tally->n_dac += d;
    tally->n_adc += step->query->n_readouts;
    tally->n_command_bits += d * model_size(CONSTANTS_SPRINT_SCREEN_BITS) + step->n_stored;
    if (isnan(step->query->array_joules))
        tally->n_array_unknown++;
    else
        tally->array_joules += step->query->array_joules;
}

/* CopyQ, thresholding, ReadP. */
static uint64_t screen_cycles(const struct model *model, const struct model_step *step)
{
    uint64_t threshold =
        (uint64_t)ceil(model_constant(CONSTANTS_RERAM_THRESHOLD_SECONDS) * model->hertz - 1e-6);
    uint64_t vector = (uint64_t)ceil((double)step->n_stored / (8 * model->memory.bytes_per_cycle));
    return 2 * model->memory.column_cycles + threshold + vector;
}

/* Cycles until the corelet with keys `wanted` is done, counted from score_start. */
static uint64_t unit_end(const struct model *model, uint64_t n_wanted, uint64_t n_missed, uint64_t start,
                         uint64_t first_arrival, uint64_t last_arrival)
{
    uint64_t per_key = model_divide_up(model->shape.d_head, model_size(CONSTANTS_SPRINT_TAPS));
    uint64_t end = start + n_wanted * per_key;
    if (n_missed == 0)
        return end;
    return model_max(end, model_max(first_arrival + n_missed * per_key, last_arrival + per_key));
}

static void count_traffic(struct model *model, const struct model_step *step, uint64_t n_missed)
{
    struct tally *tally = &model->tally;
    uint64_t bits = model_vector_bits(model), width = (uint64_t)model->shape.operand_bits;
    tally->n_keys_fetched += n_missed;
    tally->n_values_fetched += n_missed;
    tally->n_keys_reused += step->n_keep - n_missed;
    tally->n_key_bits += n_missed * bits;
    tally->n_value_bits += n_missed * bits;
    tally->n_buffer_bits_written += 2 * n_missed * bits;
    tally->n_buffer_bits_read += (step->n_keep + step->n_value) * bits;
    model_count_macs(model, step->n_keep, width, width);
    model_count_macs(model, step->n_value, width, width);
}

static void query(struct model *model, const struct model_step *step)
{
    struct state *state = model->state;
    const struct model_memory *memory = &model->memory;
    model_count_query(model, step);
    uint64_t ready = state->score_start; /* the controller looks one query ahead */
    if (model->pruning) {
        count_screen(model, step);
        ready = state->screen_end =
            model_max(state->screen_end, state->score_start) + screen_cycles(model, step);
    }
    uint64_t n_missed_all = 0, n_missed_of[64], n_wanted_of[64], n_most = 0;
    for (size_t i = 0; i < step->n_words; i++)
        state->all_missed[i] = 0;
    for (size_t unit = 0; unit < model->n_units; unit++) {
        const uint64_t *mask = state->masks + unit * state->n_words;
        uint64_t n_values = 0;
        for (size_t i = 0; i < step->n_words; i++) {
            state->wanted[i] = step->keep[i] & mask[i];
            n_values += bits_count(step->value[i] & mask[i]);
        }
        if (model->sequence.separate)
            residency_forget(&state->residency[unit]);
        n_wanted_of[unit] = bits_total(state->wanted, step->n_words);
        n_missed_of[unit] =
            residency_want(&state->residency[unit], state->wanted, step->n_words, state->missed);
        for (size_t i = 0; n_missed_of[unit] > 0 && i < step->n_words; i++)
            state->all_missed[i] |= state->missed[i];
        n_missed_all += n_missed_of[unit];
        n_most = model_max(n_most, n_values);
    }
    count_traffic(model, step, n_missed_all);

    /* The query itself comes first, on one bus. */
    uint64_t query_end = model_max(state->fetch_end, state->score_start) + channels_burst(model);
    uint64_t fetch_start = model_max(query_end, ready), first = 0, last = 0;
    state->fetch_end = query_end;
    if (n_missed_all > 0) {
        struct channels_time time = channels_read(model, state->all_missed, step->n_words, 2);
        first = fetch_start + memory->activate_cycles + channels_burst(model) + memory->column_cycles;
        state->fetch_end = fetch_start + time.busy;
        last = model_max(first, fetch_start + time.last + memory->column_cycles);
    }
    uint64_t start = model_max(state->score_end, model_max(ready, query_end)), end = start;
    for (size_t unit = 0; unit < model->n_units; unit++)
        end = model_max(end, unit_end(model, n_wanted_of[unit], n_missed_of[unit], start, first, last));
    state->score_start = start;
    state->score_end = end;
    uint64_t per_value = model_divide_up(model->shape.d_head, model_size(CONSTANTS_SPRINT_TAPS));
    state->value_end = model_max(state->value_end, end) + n_most * per_value;
}

static void end(struct model *model)
{
    struct state *state = model->state;
    model->tally.n_cycles =
        model_max(state->value_end, state->score_end) + model_size(CONSTANTS_SPRINT_SOFTMAX_LATENCY);
    state->screen_end = state->fetch_end = state->score_start = state->score_end = state->value_end =
        model->tally.n_cycles;
}

/* The K and the V half of a corelet's own buffer, whatever capacity an experiment gives it. */
static double memory_bytes(const struct model *model)
{
    (void)model;
    return model_constant(CONSTANTS_SPRINT_BYTES) / 2;
}

#define COMMON_PARTS                                                                                         \
    .memory = SYSTEM_MEMORY_RERAM, .requests_kept = true, .node = CONSTANTS_SPRINT_NODE,                     \
    .hertz = CONSTANTS_SPRINT_HERTZ, .memory_bytes = memory_bytes, .destroy = destroy, .begin = begin,       \
    .query = query, .end = end,                                                                              \
    .source = "Yazdanbakhsh et al., MICRO 2022 (abstract; circuit figures from notes on the paper)"

const struct cost_system system_baseline = {
    .name = "baseline",
    .summary = "S-SPRINT's buffers and units without pruning or padding removal",
    .create = create_s,
    COMMON_PARTS};
const struct cost_system system_sprint_s = {.name = "sprint-s",
                                            .summary = "SPRINT with 1 corelet and 16 KB",
                                            .prunes = true,
                                            .removes_padding = true,
                                            .create = create_s,
                                            COMMON_PARTS};
const struct cost_system system_sprint_m = {.name = "sprint-m",
                                            .summary = "SPRINT with 2 corelets and 32 KB",
                                            .prunes = true,
                                            .removes_padding = true,
                                            .create = create_m,
                                            COMMON_PARTS};
const struct cost_system system_sprint_l = {.name = "sprint-l",
                                            .summary = "SPRINT with 4 corelets and 64 KB",
                                            .prunes = true,
                                            .removes_padding = true,
                                            .create = create_l,
                                            COMMON_PARTS};
