#include "cost/energy.h"

#include <math.h>

#include "cost/model.h"
#include "cost/system.h"
#include "cost/technology.h"

const char *const energy_names[ENERGY_N] = {"array_read", "screen_other", "key_write", "fetch",
                                            "buffer",     "compute",      "softmax"};

static double converter_joules(int bits)
{
    return model_constant(CONSTANTS_ADC_JOULES) * exp2(bits - 8);
}

static double screen_joules(const struct model *model, double scale)
{
    const struct tally *tally = &model->tally;
    double compare_joules =
        model_constant(CONSTANTS_SCORE_BITS) * model_constant(CONSTANTS_ADD_JOULES) * scale;
    int readout_bits = model->shape.readout_bits > 0 ? model->shape.readout_bits : 8;
    return (double)tally->n_decisions * converter_joules(5) / model_constant(CONSTANTS_COMPARATOR_SHARE) +
           (double)tally->n_dac * model_constant(CONSTANTS_DAC_JOULES) +
           (double)tally->n_adc * converter_joules(readout_bits) +
           (double)tally->n_command_bits * model_constant(CONSTANTS_COMMAND_JOULES) +
           (double)tally->n_compared * compare_joules +
           (double)tally->n_screen_products * model_constant(CONSTANTS_MULTIPLY_JOULES) * scale;
}

void energy_of(const struct model *model, bool solved, struct energy *energy)
{
    const struct tally *tally = &model->tally;
    double scale = technology_energy_ratio(model_constant(CONSTANTS_ARITHMETIC_NODE), model->node_metres);
    double sram_joules = model_constant(CONSTANTS_SRAM_JOULES) * scale *
                         sqrt(model->system->memory_bytes(model) / model_constant(CONSTANTS_SRAM_BYTES));
    uint64_t n_fetched = tally->n_key_bits + tally->n_value_bits + tally->n_query_bits;
    *energy = (struct energy){0};
    energy->array_constant_joules = (double)tally->n_array_macs * model_constant(CONSTANTS_RERAM_MAC_JOULES);
    energy->array_solved_joules = tally->n_array_unknown ? (double)NAN : tally->array_joules;
    energy->joules[ENERGY_ARRAY_READ] = solved ? energy->array_solved_joules : energy->array_constant_joules;
    energy->joules[ENERGY_SCREEN_OTHER] = screen_joules(model, scale);
    energy->joules[ENERGY_KEY_WRITE] = (double)tally->n_written_bits * model->memory.write_joules;
    energy->joules[ENERGY_FETCH] = (double)n_fetched * model->memory.read_joules;
    energy->joules[ENERGY_BUFFER] =
        (double)(tally->n_buffer_bits_written + tally->n_buffer_bits_read) * sram_joules;
    energy->joules[ENERGY_COMPUTE] =
        ((double)tally->n_bit_products * model_constant(CONSTANTS_MULTIPLY_JOULES) +
         (double)tally->n_adds * model_constant(CONSTANTS_ACCUMULATOR_BITS) *
             model_constant(CONSTANTS_ADD_JOULES)) *
        scale;
    energy->joules[ENERGY_SOFTMAX] = ((double)tally->n_exps * model_constant(CONSTANTS_EXP_JOULES) +
                                      (double)tally->n_divides * model_constant(CONSTANTS_DIVIDE_JOULES)) *
                                     scale;
    for (int i = 0; i < ENERGY_N; i++)
        energy->total_joules += energy->joules[i];
    for (int i = 0; i < ENERGY_N; i++)
        if (i != ENERGY_KEY_WRITE)
            energy->without_writes_joules += energy->joules[i];
}
