#include "cost/loaded.h"

#include <math.h>

void loaded_init(struct loaded *loaded, struct model *model, size_t own)
{
    loaded->n_places = loaded->n_own = own;
    if (isnan(model->buffer_bytes))
        return;
    double n = floor(model->buffer_bytes * 8 / (2 * (double)model_vector_bits(model)));
    loaded->n_places = n < (double)(1 << 30) ? (size_t)n : SIZE_MAX;
}

double loaded_memory_bytes(const struct model *model)
{
    const struct loaded *loaded = model->state;
    return (double)loaded->n_own * (double)model_vector_bits(model) / 8;
}

static void load(struct loaded *loaded, struct model *model, uint64_t n_tokens)
{
    struct tally *tally = &model->tally;
    uint64_t bits = n_tokens * model_vector_bits(model);
    tally->n_keys_fetched += n_tokens;
    tally->n_values_fetched += n_tokens;
    tally->n_key_bits += bits;
    tally->n_value_bits += bits;
    tally->n_buffer_bits_written += 2 * bits;
    loaded->load_end += model_stream_cycles(model, 2 * bits);
}

void loaded_begin(struct loaded *loaded, struct model *model)
{
    size_t n = model->sequence.n_tokens;
    model_count_writes(model);
    if (!model->on_chip && !model->sequence.separate) {
        loaded->load_end = model_max(loaded->load_end, loaded->sequence_start) + model->memory.latency_cycles;
        load(loaded, model, n < loaded->n_places ? n : loaded->n_places);
    }
    loaded->sequence_start = model_max(model->tally.n_cycles, loaded->load_end);
    loaded->compute_end = loaded->sequence_start;
}

void loaded_query(struct loaded *loaded, struct model *model, const struct model_step *step)
{
    size_t n_places = model->sequence.separate ? 0 : loaded->n_places;
    loaded->load_end = model_max(loaded->load_end, loaded->sequence_start) +
                       model_stream_cycles(model, model_vector_bits(model)); /* the query itself */
    if (!model->on_chip && step->n_visible > n_places)
        load(loaded, model, step->n_visible - n_places);
}
