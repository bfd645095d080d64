#include "cost/channels.h"

#include <math.h>

#include "cost/bits.h"

uint64_t channels_burst(const struct model *model)
{
    return (uint64_t)ceil((double)model_vector_bits(model) / (8 * model->memory.bytes_per_cycle));
}

struct channels_time channels_read(const struct model *model, const uint64_t *set, size_t n_words,
                                   uint64_t n_each)
{
    const struct model_memory *memory = &model->memory;
    size_t n_places = memory->n_channels * memory->n_banks;
    uint32_t n_keys[CHANNELS_BANKS_MAX] = {0}; /* place = key mod (C B) = channel + C x bank */
    for (size_t i = 0; i < n_words; i++)
        for (uint64_t word = set[i]; word; word &= word - 1)
            n_keys[(64 * i + bits_first(word)) % n_places]++;
    uint64_t burst = channels_burst(model), bus = 0, bank = 0;
    for (size_t i_channel = 0; i_channel < memory->n_channels; i_channel++) {
        uint64_t n_on_bus = 0;
        for (size_t i_bank = 0; i_bank < memory->n_banks; i_bank++) {
            uint64_t n = n_each * n_keys[i_channel + memory->n_channels * i_bank];
            n_on_bus += n;
            bank = model_max(bank, n * (memory->activate_cycles + burst));
        }
        bus = model_max(bus, n_on_bus * burst);
    }
    return (struct channels_time){.busy = model_max(bus, bank),
                                  .last = model_max(bus + memory->activate_cycles, bank)};
}
