#include "experiment/cost_variables.h"

#include <string.h>

const struct cost_variables_row cost_variables_table[COST_VARIABLES_CATEGORIES] = {
#define COST_VARIABLES_ROW(name, unit, text) {#name, unit, text},
    COST_VARIABLES_LIST(COST_VARIABLES_ROW)
#undef COST_VARIABLES_ROW
};

void cost_variables_fill(struct costing *costing, size_t i, const struct attention_counts *counts,
                         double *values)
{
    struct cost_answer answer;
    double exact_bits;
    costing_answer(costing, i, &answer, &exact_bits);
    double n_correct = (double)(counts->n_visible - counts->n_false_prune - counts->n_false_keep);
    const double all[COST_VARIABLES_CATEGORIES] = {
        [COST_VARIABLE_cycles] = answer.cycles,
        [COST_VARIABLE_energy] = answer.energy_joules,
        [COST_VARIABLE_energy_without_writes] = answer.energy_without_writes_joules,
        [COST_VARIABLE_memory_bits_read] = answer.memory_bits_read,
        [COST_VARIABLE_speedup] = answer.speedup,
        [COST_VARIABLE_energy_ratio] = answer.energy_ratio,
        [COST_VARIABLE_energy_without_writes_ratio] = answer.energy_without_writes_ratio,
        [COST_VARIABLE_speedup_common] = answer.speedup_common,
        [COST_VARIABLE_energy_ratio_common] = answer.energy_ratio_common,
        [COST_VARIABLE_energy_per_correct_decision] = counts_ratio(answer.energy_joules, n_correct),
        [COST_VARIABLE_extra_traffic] = answer.memory_bits_read / exact_bits - 1,
        [COST_VARIABLE_reused_share] = answer.reused_share,
        [COST_VARIABLE_array_energy_constant] = answer.array_constant_joules,
        [COST_VARIABLE_array_energy_solved] = answer.array_solved_joules,
    };
    memcpy(values, all, sizeof all);
    memcpy(values + COST_VARIABLES_CATEGORIES, answer.own.energy.joules, ENERGY_N * sizeof *values);
}
