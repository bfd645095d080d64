/*
 * The cost variables of a result (definitions 5): numbers per point, trial and costed system. One table gives
 * names, units and texts.
 */
#ifndef EXPERIMENT_COST_VARIABLES_H
#define EXPERIMENT_COST_VARIABLES_H

#include "attention/attention.h"
#include "cost/energy.h"

/* VARIABLE(name, unit, long name) */
#define COST_VARIABLES_LIST(VARIABLE)                                                                        \
    VARIABLE(cycles, "1", "cycles of the system's own clock")                                                \
    VARIABLE(energy, "J", "energy, writes of K, V and Q included")                                           \
    VARIABLE(energy_without_writes, "J", "energy without key_write")                                         \
    VARIABLE(memory_bits_read, "bit", "bits of K, V and Q read from the main memory")                        \
    VARIABLE(speedup, "1", "time of the same system, unpruned and unpadded / its time")                      \
    VARIABLE(energy_ratio, "1", "energy of the same system, unpruned and unpadded / its energy")             \
    VARIABLE(energy_without_writes_ratio, "1", "energy_ratio without key_write on both sides")               \
    VARIABLE(speedup_common, "1", "time of baseline, unpadded / time, both at 65 nm")                        \
    VARIABLE(energy_ratio_common, "1", "energy of baseline, unpadded / energy, both at 65 nm")               \
    VARIABLE(energy_per_correct_decision, "J", "energy / (visible pairs - false prunes - false keeps)")      \
    VARIABLE(extra_traffic, "1",                                                                             \
             "memory_bits_read / what exact decisions of the same queries would have read - 1")              \
    VARIABLE(reused_share, "1", "kept keys that were on chip already / kept keys")                           \
    VARIABLE(array_energy_constant, "J", "array reads at a constant per multiply-accumulate")                \
    VARIABLE(array_energy_solved, "J", "array reads from the currents of the solved circuit")

enum cost_variable {
#define COST_VARIABLES_ENUM(name, unit, text) COST_VARIABLE_##name,
    COST_VARIABLES_LIST(COST_VARIABLES_ENUM)
#undef COST_VARIABLES_ENUM
        COST_VARIABLES_CATEGORIES, /* the first of ENERGY_N joules of energy_by_category */
    COST_VARIABLES_N = COST_VARIABLES_CATEGORIES + ENERGY_N
};

struct cost_variables_row {
    const char *name, *unit, *long_name;
};
extern const struct cost_variables_row cost_variables_table[COST_VARIABLES_CATEGORIES];

/* FLAG(name, bit): why a number of a system is missing; bits of `cost_status`. */
#define COST_VARIABLES_STATUS_LIST(FLAG)                                                                     \
    FLAG(no_adjacent_queries, 1)                                                                             \
    FLAG(keys_fetched_whole, 2)                                                                              \
    FLAG(array_energy_not_asked, 4)                                                                          \
    FLAG(read_time_unknown, 8)                                                                               \
    FLAG(solver_missed_tolerance, 16)                                                                        \
    FLAG(missing, 32)

enum cost_variables_status {
#define COST_VARIABLES_STATUS_ENUM(name, bit) COST_VARIABLES_STATUS_##name = bit,
    COST_VARIABLES_STATUS_LIST(COST_VARIABLES_STATUS_ENUM)
#undef COST_VARIABLES_STATUS_ENUM
};

/* values [COST_VARIABLES_N] of system i; counts: of all layers and heads. */
void cost_variables_fill(struct costing *costing, size_t i, const struct attention_counts *counts,
                         double *values);

#endif
