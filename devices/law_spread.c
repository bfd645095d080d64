/*
 * Spread of written conductances, from device to device (one draw per cell and trial) or from cycle to cycle
 * (one per write). Low- and high-resistance states apart: of states from g_split on, ratio is the standard
 * deviation in parts of the state; below it, ratio_hrs. normal: g (1 + ratio z); lognormal: g exp(ratio z),
 * which is lognormal in the resistance too and keeps the median.
 */
#include <math.h>

#include "devices/laws.h"

enum { NORMAL, LOGNORMAL };
static const char *const distributions[] = {"normal", "lognormal", NULL};

struct spread {
    double ratio, ratio_hrs, g_split_siemens;
    int distribution, distribution_hrs;
};

#define MEMBER(name) offsetof(struct spread, name)
static const struct option options[] = {
    {.key = "ratio",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(ratio),
     .low = 0,
     .high = 10,
     .help = "spread of states from g_split on, in parts of the state"},
    {.key = "distribution",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(distribution),
     .initial = "normal",
     .choices = distributions,
     .help = "of states from g_split on"},
    {.key = "g_split",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_split_siemens),
     .low = 0,
     .high = 1,
     .initial = "0 S",
     .help = "where the low-resistance states begin"},
    {.key = "ratio_hrs",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(ratio_hrs),
     .low = 0,
     .high = 10,
     .initial = "0",
     .help = "spread of states below g_split"},
    {.key = "distribution_hrs",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(distribution_hrs),
     .initial = "lognormal",
     .choices = distributions,
     .help = "of states below g_split"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0], sizeof(struct spread)};

static void apply(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                  const struct law_cells *cells)
{
    const struct spread *p = params;
    double normals[LAW_CELLS];
    (void)at;
    random_normals_from(&draws->key, draws->first_cell, cells->n, normals);
    for (size_t i = 0; i < cells->n; i++) {
        bool high = cells->target_siemens[i] < p->g_split_siemens;
        double x = draws->scale * (high ? p->ratio_hrs : p->ratio) * normals[i];
        int distribution = high ? p->distribution_hrs : p->distribution;
        cells->conductance_siemens[i] *= distribution == NORMAL ? 1 + x : exp(x);
    }
}

#define SPREAD(which, in)                                                                                    \
    {                                                                                                        \
        .block = (in), .kind = "relative", .summary = which " in proportion to the state",                   \
        .source = "normal in G for low-, lognormal in R for high-resistance states: IMEC statistics of "     \
                  "HfO2 arrays (abstract, 2013)",                                                            \
        .params = &table, .apply = apply,                                                                    \
    }

const struct law law_spread_device = SPREAD("device-to-device spread", LAW_DEVICE);
const struct law law_spread_cycle = SPREAD("cycle-to-cycle spread", LAW_CYCLE);
