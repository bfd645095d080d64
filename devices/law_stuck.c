/*
 * Cells that do not take their target, drawn once per trial and array: stuck on, stuck off, or stuck at any
 * conductance of the window. Clustered as in Stapper's yield model (IBM J. Res. Dev. 27, 549, 1983): tiles of
 * tile x tile cells have a density of faults of their own, gamma distributed with shape `clusters` (a whole
 * number, so that it is a mean of exponentials); the smaller, the more clustered; 0: independent cells. The
 * share of stuck cells is the one given in either case.
 */
#include <math.h>
#include <stdio.h>

#include "devices/laws.h"

struct stuck {
    double on_ratio, off_ratio, partial_ratio, g_on_siemens, g_off_siemens;
    int64_t clusters, tile;
};

#define MEMBER(name) offsetof(struct stuck, name)
#define SHARE(name, member, what)                                                                            \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_RATIO, .offset = MEMBER(member), .low = 0,        \
        .high = 1, .initial = "0", .help = what                                                              \
    }
static const struct option options[] = {
    SHARE("on", on_ratio, "share of cells stuck at g_on"),
    SHARE("off", off_ratio, "share of cells stuck at g_off"),
    SHARE("partial", partial_ratio, "share of cells stuck anywhere in the window"),
    {.key = "g_on",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_on_siemens),
     .low = 0,
     .high = 1,
     .initial_help = "the upper end of the window",
     .help = "conductance of a cell stuck on"},
    {.key = "g_off",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_off_siemens),
     .low = 0,
     .high = 1,
     .initial_help = "the lower end of the window",
     .help = "conductance of a cell stuck off"},
    {.key = "clusters",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(clusters),
     .low = 0,
     .high = 16,
     .initial = "0",
     .help = "shape of the density of faults over tiles; 0: cells are independent"},
    {.key = "tile",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(tile),
     .low = 1,
     .high = 4096,
     .initial = "8",
     .help = "cells along each side of a tile"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0], sizeof(struct stuck)};

static bool check(const void *params, char *why, size_t why_size)
{
    const struct stuck *p = params;
    double sum = p->on_ratio + p->off_ratio + p->partial_ratio;
    if (sum < 1)
        return true;
    snprintf(why, why_size, "%g %% of the cells are stuck, less than 100 %% expected", 100 * sum);
    return false;
}

/* Density of faults of a tile; its mean is 1. */
static double draw_density(const struct stuck *p, const struct random_key *key, uint32_t tile)
{
    double sum = 0;
    for (int64_t i = 0; i < p->clusters; i++) {
        struct random_key own = *key;
        uint32_t words[4];
        own.draw = (uint32_t)(2 + i);
        random_block(&own, tile, words);
        sum -= log(((double)words[0] + 0.5) * 0x1p-32);
    }
    return sum / (double)p->clusters;
}

/* Probability of a fault in a tile of that density, so that its mean over densities is `ratio`. */
static double probability(const struct stuck *p, double ratio, double density)
{
    double shape = (double)p->clusters;
    return -expm1(-density * shape * (pow(1 - ratio, -1 / shape) - 1));
}

static void apply(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                  const struct law_cells *cells)
{
    const struct stuck *p = params;
    double uniforms[LAW_CELLS], places[LAW_CELLS];
    double on = draws->scale * p->on_ratio, off = draws->scale * p->off_ratio,
           partial = draws->scale * p->partial_ratio, ratio = fmin(on + off + partial, 1);
    double g_on = isnan(p->g_on_siemens) ? at->g_max_siemens : p->g_on_siemens;
    double g_off = isnan(p->g_off_siemens) ? at->g_min_siemens : p->g_off_siemens;
    size_t tile = (size_t)p->tile, width = cells->n_columns > 0 ? cells->n_columns : tile * tile;
    size_t tiles_across = (width + tile - 1) / tile;
    struct random_key place = draws->key;
    uint32_t seen = UINT32_MAX;
    double chance = ratio;
    if (ratio == 0)
        return;
    place.draw = 1;
    random_uniforms_from(&draws->key, draws->first_cell, cells->n, uniforms);
    random_uniforms_from(&place, draws->first_cell, cells->n, places);
    for (size_t i = 0; i < cells->n; i++) {
        size_t cell = draws->first_cell + i;
        uint32_t own = (uint32_t)(cell / width / tile * tiles_across + cell % width / tile);
        if (p->clusters > 0 && own != seen) {
            chance = probability(p, ratio, draw_density(p, &draws->key, own));
            seen = own;
        }
        if (uniforms[i] >= chance)
            continue;
        double kind = uniforms[i] / chance * ratio; /* uniform in (0, ratio): which fault */
        cells->conductance_siemens[i] =
            kind < on         ? g_on
            : kind < on + off ? g_off
                              : at->g_min_siemens + places[i] * (at->g_max_siemens - at->g_min_siemens);
    }
}

const struct law law_stuck = {
    .block = LAW_STUCK,
    .kind = "fixed",
    .summary = "cells stuck on, off or in between, independent or in clusters",
    .source = "Stapper, IBM J. Res. Dev. 27, 549 (1983)",
    .params = &table,
    .check = check,
    .apply = apply,
};
