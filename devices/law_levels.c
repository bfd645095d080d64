/* Targets that a cell can be given: the nearest of some levels. */
#include <math.h>

#include "devices/laws.h"

struct levels_uniform {
    int64_t count;
};

static const struct option uniform_options[] = {
    {.key = "count",
     .kind = OPTION_INTEGER,
     .offset = offsetof(struct levels_uniform, count),
     .low = 2,
     .high = 65536,
     .help = "levels, evenly spaced over the window in use, its ends included"},
};
static const struct option_table uniform_table = {
    uniform_options, sizeof uniform_options / sizeof uniform_options[0], sizeof(struct levels_uniform)};

static void apply_uniform(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                          const struct law_cells *cells)
{
    const struct levels_uniform *p = params;
    double step = (at->g_max_siemens - at->g_min_siemens) / (double)(p->count - 1);
    (void)draws;
    for (size_t i = 0; i < cells->n; i++) {
        double level = nearbyint((cells->conductance_siemens[i] - at->g_min_siemens) / step);
        level = fmin(fmax(level, 0), (double)(p->count - 1));
        cells->conductance_siemens[i] = at->g_min_siemens + level * step;
    }
}

const struct law law_levels_uniform = {
    .block = LAW_LEVELS,
    .kind = "uniform",
    .summary = "the nearest of evenly spaced levels",
    .source = "definition",
    .params = &uniform_table,
    .apply = apply_uniform,
};

struct levels_listed {
    struct option_reals conductances_siemens;
};

static const struct option listed_options[] = {
    {.key = "conductances",
     .kind = OPTION_REALS,
     .unit = QUANTITY_SIEMENS,
     .offset = offsetof(struct levels_listed, conductances_siemens),
     .low = 0,
     .high = 1,
     .help = "the levels, rising"},
};
static const struct option_table listed_table = {
    listed_options, sizeof listed_options / sizeof listed_options[0], sizeof(struct levels_listed)};

static bool check_listed(const void *params, char *why, size_t why_size)
{
    const struct levels_listed *p = params;
    return law_check_rising("conductances", &p->conductances_siemens, why, why_size);
}

static double nearest(const double *levels, int n, double g)
{
    int lower = 0;
    while (lower < n - 1 && levels[lower + 1] <= g)
        lower++;
    if (lower == n - 1 || g - levels[lower] <= levels[lower + 1] - g)
        return levels[lower];
    return levels[lower + 1];
}

static void apply_listed(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                         const struct law_cells *cells)
{
    const struct levels_listed *p = params;
    (void)at;
    (void)draws;
    for (size_t i = 0; i < cells->n; i++)
        cells->conductance_siemens[i] =
            nearest(p->conductances_siemens.values, p->conductances_siemens.n, cells->conductance_siemens[i]);
}

const struct law law_levels_listed = {
    .block = LAW_LEVELS,
    .kind = "listed",
    .summary = "the nearest of the levels given",
    .source = "definition",
    .params = &listed_table,
    .check = check_listed,
    .apply = apply_listed,
};
