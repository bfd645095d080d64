/*
 * SpAtten (HPCA 2021; figures from the authors' text and code unless marked). Kept keys and values are
 * fetched from HBM once per head into double-buffered memories (once per query where queries are passes of
 * their own), LSBs only where the MSBs did not suffice. A query takes the longest of its pipeline's stages:
 * products with keys (512 / D per cycle), softmax (8 per cycle), local top-k (where values are pruned),
 * products with values. A second round for LSBs takes products and softmax again. Token and head selection
 * run beside the pipeline.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cost/bits.h"
#include "cost/model.h"
#include "cost/residency.h"
#include "cost/system.h"
#include "cost/topk_model.h"

struct state {
    struct residency keys, values, key_lsbs, value_lsbs;
    uint64_t *missed;
    uint64_t fetch_end, compute_end, sequence_start;
};

static void destroy(struct model *model)
{
    struct state *state = model->state;
    residency_clear(&state->keys);
    residency_clear(&state->values);
    residency_clear(&state->key_lsbs);
    residency_clear(&state->value_lsbs);
    free(state->missed);
}

static enum rs_status create(struct model *model, struct rs_error *err)
{
    struct state *state = model->state = memory_allocate(1, sizeof *state, err);
    if (!state)
        return RS_INTERNAL;
    size_t n_keys = model->shape.max_tokens, n_places = model_size(CONSTANTS_SPATTEN_TOKENS);
    if (model->n_units == 0)
        model->n_units = model_size(CONSTANTS_SPATTEN_UNITS);
    if (!isnan(model->buffer_bytes)) {
        double n = floor(model->buffer_bytes * 8 / (2 * (double)model_vector_bits(model)));
        n_places = n < (double)(1 << 30) ? (size_t)n : SIZE_MAX;
    }
    state->missed = memory_allocate(bits_words(n_keys), sizeof *state->missed, err);
    if (!state->missed || residency_init(&state->keys, n_keys, n_places, err) ||
        residency_init(&state->values, n_keys, n_places, err) ||
        residency_init(&state->key_lsbs, n_keys, n_places, err) ||
        residency_init(&state->value_lsbs, n_keys, n_places, err))
        return RS_INTERNAL;
    return RS_OK;
}

static void forget(struct state *state)
{
    residency_forget(&state->keys);
    residency_forget(&state->values);
    residency_forget(&state->key_lsbs);
    residency_forget(&state->value_lsbs);
}

static void begin(struct model *model)
{
    struct state *state = model->state;
    forget(state);
    model_count_writes(model);
    /* The other half of the memories fills while the head before computes. */
    state->fetch_end = model_max(state->fetch_end, state->sequence_start) + model->memory.latency_cycles;
    state->sequence_start = state->compute_end;
}

static void count_vectors(struct model *model, uint64_t n_keys, uint64_t n_values, uint64_t width)
{
    struct tally *tally = &model->tally;
    uint64_t bits = model->shape.d_head * width;
    tally->n_key_bits += n_keys * bits;
    tally->n_value_bits += n_values * bits;
    tally->n_buffer_bits_written += (n_keys + n_values) * bits;
    ((struct state *)model->state)->fetch_end += model_stream_cycles(model, (n_keys + n_values) * bits);
}

/* MSBs and LSBs lie apart in memory and come apart: LSBs only where the query needs them. */
static void fetch(struct model *model, const struct model_step *step)
{
    struct state *state = model->state;
    uint64_t full = (uint64_t)model->shape.operand_bits, low = model_size(CONSTANTS_SPATTEN_LSB_BITS);
    if (low >= full)
        low = 0;
    if (model->sequence.separate)
        forget(state);
    size_t n_keys = residency_want(&state->keys, step->keep, step->n_words, state->missed);
    size_t n_values = residency_want(&state->values, step->value, step->n_words, state->missed);
    model->tally.n_keys_fetched += n_keys;
    model->tally.n_values_fetched += n_values;
    model->tally.n_keys_reused += step->n_keep - n_keys;
    count_vectors(model, n_keys, n_values, full - low);
    if (low > 0 && !(model->pruning && step->query->precision == COST_PRECISION_MSB)) {
        n_keys = residency_want(&state->key_lsbs, step->keep, step->n_words, state->missed);
        n_values = residency_want(&state->value_lsbs, step->value, step->n_words, state->missed);
        count_vectors(model, n_keys, n_values, low);
    }
    state->fetch_end += model_stream_cycles(model, model_vector_bits(model));
}

/* As many as the system's units have of a part of which the whole has `name`. */
static size_t part(const struct model *model, enum constants_name name)
{
    size_t n = model_size(name) * model->n_units / model_size(CONSTANTS_SPATTEN_UNITS);
    return n > 0 ? n : 1;
}

static uint64_t topk_cycles(struct model *model, const struct model_step *step)
{
    if (!model->pruning || step->n_value == step->n_survive)
        return 0;
    const struct cost_query *query = step->query;
    if (query->n_topk_cycles > 0) {
        model->tally.n_compared += 2 * query->n_topk_elements;
        return query->n_topk_cycles;
    }
    /* Two comparator arrays look at every element. */
    model->tally.n_compared += 2 * (uint64_t)llround(topk_model_elements(step->n_survive, step->n_value));
    return (uint64_t)llround(
        topk_model_cycles(step->n_survive, step->n_value, part(model, CONSTANTS_SPATTEN_COMPARATORS)));
}

static void query(struct model *model, const struct model_step *step)
{
    struct state *state = model->state;
    uint64_t d = model->shape.d_head, lanes = part(model, CONSTANTS_SPATTEN_MULTIPLIERS);
    uint64_t width = model_size(CONSTANTS_SPATTEN_MULTIPLIER_BITS);
    uint64_t n_rounds = model->pruning && step->query->precision == COST_PRECISION_REFETCH ? 2 : 1;
    model_count_query(model, step);
    fetch(model, step);
    uint64_t scores = model_divide_up(step->n_keep * d, lanes) * n_rounds;
    uint64_t softmax =
        model_divide_up(step->n_survive, part(model, CONSTANTS_SPATTEN_SOFTMAX_LANES)) * n_rounds;
    uint64_t values = model_divide_up(step->n_value * d, lanes);
    uint64_t interval = model_max(model_max(scores, softmax), model_max(values, topk_cycles(model, step)));
    uint64_t compute_start = model_max(state->compute_end, state->sequence_start);
    state->compute_end = model_max(compute_start + interval, state->fetch_end);
    model->tally.n_exps += step->n_survive * (n_rounds - 1);
    model->tally.n_buffer_bits_read += (step->n_keep * n_rounds + step->n_value) * model_vector_bits(model);
    model_count_macs(model, step->n_keep * n_rounds, width, width);
    model_count_macs(model, step->n_value, width, width);
}

static void end(struct model *model)
{
    struct state *state = model->state;
    model->tally.n_cycles = state->compute_end + model_size(CONSTANTS_SPATTEN_LATENCY);
    state->compute_end = model->tally.n_cycles;
}

static double memory_bytes(const struct model *model)
{
    (void)model;
    return model_constant(CONSTANTS_SPATTEN_BYTES);
}

const struct cost_system system_spatten = {
    .name = "spatten",
    .summary = "SpAtten: HBM, pipelined top-k, progressive quantisation",
    .source = "Wang et al., HPCA 2021 (arXiv:2012.09852v3) and the authors' code",
    .memory = SYSTEM_MEMORY_HBM,
    .node = CONSTANTS_SPATTEN_NODE,
    .hertz = CONSTANTS_SPATTEN_HERTZ,
    .prunes = true,
    .removes_padding = true,
    .requests_kept = true,
    .memory_bytes = memory_bytes,
    .create = create,
    .destroy = destroy,
    .begin = begin,
    .query = query,
    .end = end,
};
