/*
 * MnnFast (ISCA 2019; from its abstract, a note and SpAtten's comparison). Keys stream by in chunks: while
 * the value unit works on one chunk, the score unit works on the next; values whose probability is below the
 * bound are skipped, scores never. The softmax division comes at the end of a query. All of K and V is
 * loaded.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "cost/bits.h"
#include "cost/loaded.h"
#include "cost/system.h"

struct state {
    struct loaded loaded; /* first: see loaded.h */
    uint64_t score_end, value_end;
};

static enum rs_status create(struct model *model, struct rs_error *err)
{
    struct state *state = model->state = memory_allocate(1, sizeof *state, err);
    if (!state)
        return RS_INTERNAL;
    model->n_units = 1;
    loaded_init(&state->loaded, model, model_size(CONSTANTS_MNNFAST_TOKENS));
    return RS_OK;
}

static void begin(struct model *model)
{
    struct state *state = model->state;
    loaded_begin(&state->loaded, model);
    state->score_end = state->value_end = state->loaded.compute_end;
}

/* Members of the set among keys first ... last - 1. */
static size_t count_between(const uint64_t *set, size_t first, size_t last)
{
    size_t n = 0;
    for (size_t i = first / 64; i < bits_words(last); i++)
        n += bits_count(set[i] & bits_below(i, last) & ~bits_below(i, first));
    return n;
}

static void query(struct model *model, const struct model_step *step)
{
    struct state *state = model->state;
    uint64_t width = (uint64_t)model->shape.operand_bits;
    uint64_t slices = model_divide_up(model->shape.d_head, model_size(CONSTANTS_MNNFAST_TAPS));
    size_t chunk = model_size(CONSTANTS_MNNFAST_CHUNK);
    model_count_query(model, step);
    loaded_query(&state->loaded, model, step);
    for (size_t first = 0; first < step->n_visible; first += chunk) {
        size_t last = first + chunk < step->n_visible ? first + chunk : step->n_visible;
        state->score_end += (last - first) * slices;
        state->value_end =
            model_max(state->value_end, state->score_end) + count_between(step->value, first, last) * slices;
    }
    state->score_end = model_max(state->score_end, state->loaded.load_end);
    state->value_end =
        model_max(state->value_end, state->score_end) + model_size(CONSTANTS_MNNFAST_DIVIDE_CYCLES);
    model->tally.n_exps += step->n_visible - step->n_survive; /* skipping needs every probability */
    model->tally.n_compared += model->pruning ? step->n_visible : 0;
    model->tally.n_buffer_bits_read += (step->n_visible + step->n_value) * model_vector_bits(model);
    model_count_macs(model, step->n_visible, width, width);
    model_count_macs(model, step->n_value, width, width);
}

static void end(struct model *model)
{
    struct state *state = model->state;
    model->tally.n_cycles = model_max(state->value_end, state->score_end);
}

const struct cost_system system_mnnfast = {
    .name = "mnnfast",
    .summary = "MnnFast: column-based streaming, zero-skipping",
    .source = "Jang et al., ISCA 2019 (abstract, a note, SpAtten's comparison)",
    .memory = SYSTEM_MEMORY_DRAM,
    .node = CONSTANTS_MNNFAST_NODE,
    .hertz = CONSTANTS_MNNFAST_HERTZ,
    .prunes = true,
    .removes_padding = true,
    .memory_bytes = loaded_memory_bytes,
    .create = create,
    .begin = begin,
    .query = query,
    .end = end,
};
