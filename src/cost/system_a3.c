/*
 * A3 (HPCA 2020; from its abstract, a critique and SpAtten's comparison). Every column of K is sorted once
 * per head (n log2 n cycles, d sorters beside each other: assumed). A query searches M rounds, one per cycle
 * with two multiplications; candidates are scored one per cycle and thresholded; survivors go into softmax
 * and weighted sum. The stages are pipelined over queries: a query takes the longest of them and 9 cycles.
 * All of K and V is loaded.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cost/loaded.h"
#include "cost/system.h"

static enum rs_status create(struct model *model, struct rs_error *err)
{
    struct loaded *loaded = model->state = memory_allocate(1, sizeof *loaded, err);
    if (!loaded)
        return RS_INTERNAL;
    model->n_units = 1;
    loaded_init(loaded, model, model_size(CONSTANTS_A3_TOKENS));
    return RS_OK;
}

static uint64_t ceil_log2(uint64_t n)
{
    uint64_t log = 0;
    while ((UINT64_C(1) << log) < n)
        log++;
    return log;
}

static void begin(struct model *model)
{
    struct loaded *loaded = model->state;
    loaded_begin(loaded, model);
    if (!model->pruning)
        return;
    uint64_t n = model->sequence.n_tokens, sorted = n * ceil_log2(n);
    loaded->compute_end += sorted;
    model->tally.n_compared += sorted * model->shape.d_head;
    model->tally.n_buffer_bits_written += n * model_vector_bits(model);
}

/* The greedy search over sorted columns: two products and two queue updates per round. */
static uint64_t search(struct model *model, const struct model_step *step)
{
    uint64_t n_rounds = step->query->n_search_rounds, width = (uint64_t)model->shape.operand_bits;
    if (n_rounds == 0)
        n_rounds = (uint64_t)ceil(model_constant(CONSTANTS_A3_SEARCH_SHARE) * (double)step->n_visible);
    model->tally.n_screen_products += 2 * n_rounds * width * width;
    model->tally.n_compared += 2 * n_rounds * ceil_log2(model->shape.d_head);
    model->tally.n_buffer_bits_read += 2 * n_rounds * width;
    return n_rounds;
}

static void query(struct model *model, const struct model_step *step)
{
    struct loaded *loaded = model->state;
    uint64_t width = (uint64_t)model->shape.operand_bits;
    uint64_t slices = model_divide_up(model->shape.d_head, model_size(CONSTANTS_A3_TAPS));
    model_count_query(model, step);
    loaded_query(loaded, model, step);
    uint64_t longest = model->pruning ? search(model, step) : 0;
    longest = model_max(longest, model_max(step->n_keep, step->n_value) * slices);
    loaded->compute_end =
        model_max(loaded->compute_end + longest + model_size(CONSTANTS_A3_QUERY_CYCLES), loaded->load_end);
    model->tally.n_compared +=
        model->pruning ? 2 * step->n_keep : 0; /* the largest, and the distance to it */
    model->tally.n_buffer_bits_read += (step->n_keep + step->n_value) * model_vector_bits(model);
    model_count_macs(model, step->n_keep, width, width);
    model_count_macs(model, step->n_value, width, width);
}

static void end(struct model *model)
{
    struct loaded *loaded = model->state;
    model->tally.n_cycles = loaded->compute_end + model_size(CONSTANTS_A3_LATENCY);
}

const struct cost_system system_a3 = {
    .name = "a3",
    .summary = "Approx-A3: greedy candidates on sorted columns, post-scoring",
    .source = "Ham et al., HPCA 2020 (abstract, a critique, SpAtten's comparison)",
    .memory = SYSTEM_MEMORY_DRAM,
    .node = CONSTANTS_A3_NODE,
    .hertz = CONSTANTS_A3_HERTZ,
    .prunes = true,
    .removes_padding = true,
    .memory_bytes = loaded_memory_bytes,
    .create = create,
    .begin = begin,
    .query = query,
    .end = end,
};
