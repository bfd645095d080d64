/* The cost variables of a result (docs/interface.md 4), per point and system. */
#ifndef REPORT_COSTS_H
#define REPORT_COSTS_H

#include "report/result.h"

/* VARIABLE(name, dataset, short label, definition): in the order of the table. */
#define COSTS_LIST(VARIABLE)                                                                                 \
    VARIABLE(CYCLES, "cycles", "cycles", "Cycles of the system's own clock, over all samples.")              \
    VARIABLE(ENERGY, "energy", "energy", "Energy, writes of K, V and Q included.")                           \
    VARIABLE(TRAFFIC, "memory_bits_read", "bits read", "Bits of K, V and Q read from the main memory.")      \
    VARIABLE(SPEEDUP, "speedup", "speed-up",                                                                 \
             "Time of the same system with everything kept and no padding / its time.")                      \
    VARIABLE(ENERGY_RATIO, "energy_ratio", "energy ratio",                                                   \
             "Energy of the same system with everything kept and no padding / its energy.")                  \
    VARIABLE(SPEEDUP_COMMON, "speedup_common", "common speed-up",                                            \
             "Time of baseline, unpadded / time, both at 65 nm; units are the published ones.")              \
    VARIABLE(ENERGY_RATIO_COMMON, "energy_ratio_common", "common energy ratio",                              \
             "Energy of baseline, unpadded / energy, both at 65 nm.")                                        \
    VARIABLE(PER_DECISION, "energy_per_correct_decision", "energy per correct decision",                     \
             "Energy / pairs that are decided as exact scores decide.")                                      \
    VARIABLE(                                                                                                \
        EXTRA_TRAFFIC, "extra_traffic", "extra traffic",                                                     \
        "Bits read / what exact decisions of the same queries would have read - 1: keys kept by mistake "    \
        "add, keys pruned by mistake take away.")                                                            \
    VARIABLE(REUSED, "reused_share", "reused", "Kept keys that were on chip already / kept keys.")

enum costs_name {
#define COSTS_ENUM(name, dataset, label, definition) COSTS_##name,
    COSTS_LIST(COSTS_ENUM)
#undef COSTS_ENUM
        COSTS_VARIABLES
};

enum { COSTS_CATEGORIES_MAX = 7 };

/* Means and ends of their 95 % intervals (NaN for one trial). */
struct costs_numbers {
    double *mean, *low, *high;
};

struct costs {
    const struct result *result;
    size_t n_systems, n_categories, n_constants;
    char **systems, **categories;
    struct costs_numbers variables[COSTS_VARIABLES]; /* [n_points][n_systems] */
    struct costs_numbers by_category;                /* [n_points][n_systems][n_categories] */
    int64_t *status;                                 /* [n_points][n_systems] */
    char *flag_meanings;
    char **constants, **units, **kinds, **sources; /* [n_constants] */
    double *values;
};

/* *out is NULL where the result has no costs; `result` must outlive it. */
enum rs_status costs_read(const struct result *result, struct costs **out,
                          struct rs_error *err) RS_MUST_CHECK;
void costs_destroy(struct costs *costs);

const char *costs_label(enum costs_name name);
const char *costs_definition(enum costs_name name);

/* One SI prefix for a variable at all points: its factor, and "uJ", "kbit" or "" into unit [unit_size]. */
double costs_scale(const struct costs *costs, enum costs_name name, char *unit, size_t unit_size);

/* Index of a system at a point in the arrays of variables. */
size_t costs_at(const struct costs *costs, size_t point, size_t system);

/* Whether pruning changes anything for a system, at any point; never for `baseline`, whose ratios padding
 * makes. */
bool costs_prunes(const struct costs *costs, size_t system);

#endif
