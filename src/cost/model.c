#include "cost/model.h"

#include <math.h>

uint64_t model_stream_cycles(const struct model *model, uint64_t n_bits)
{
    double per_cycle = 8 * model->memory.bytes_per_cycle * (double)model->memory.n_channels;
    return (uint64_t)ceil((double)n_bits / per_cycle);
}

void model_count_macs(struct model *model, uint64_t n_vectors, uint64_t a_bits, uint64_t b_bits)
{
    uint64_t n_macs = n_vectors * model->shape.d_head;
    model->tally.n_bit_products += n_macs * a_bits * b_bits;
    model->tally.n_adds += n_macs;
}

void model_count_writes(struct model *model)
{
    const struct cost_sequence *sequence = &model->sequence;
    size_t kv_head = sequence->head / (model->shape.n_heads / model->shape.n_kv_heads);
    if (model->written.any && model->written.sample == sequence->sample &&
        model->written.layer == sequence->layer && model->written.kv_head == kv_head)
        return;
    model->written.any = true;
    model->written.sample = sequence->sample;
    model->written.layer = sequence->layer;
    model->written.kv_head = kv_head;
    model->tally.n_written_bits += 2 * sequence->n_tokens * model_vector_bits(model);
}

void model_count_query(struct model *model, const struct model_step *step)
{
    struct tally *tally = &model->tally;
    tally->n_queries++;
    tally->n_visible += step->n_visible;
    tally->n_kept += step->n_keep;
    tally->n_survived += step->n_survive;
    tally->n_values += step->n_value;
    tally->n_query_bits += model_vector_bits(model);
    tally->n_written_bits += model_vector_bits(model);
    tally->n_exps += step->n_survive;
    tally->n_divides += step->n_survive > 0;
}
