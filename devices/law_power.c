/*
 * Drift by a power law: g(t) = g (t / t0)^-nu, nu = |mean(x) + spread(x) z|, one z per write and cell,
 * x = target / g_reference (law_branch.h).
 */
#include <math.h>

#include "devices/law_branch.h"
#include "devices/law_times.h"
#include "devices/laws.h"

struct power {
    struct law_times times;
    double g_reference_siemens;
    struct law_branch mean, spread;
};

#define MEMBER(name) offsetof(struct power, name)
static const struct option options[] = {
    LAW_TIMES_OPTIONS(MEMBER(times)),
    {.key = "g_reference",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_reference_siemens),
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "target at which x is 1"},
    LAW_BRANCH_OPTIONS("nu", MEMBER(mean), "mean of the exponent"),
    LAW_BRANCH_OPTIONS("nu_spread", MEMBER(spread), "standard deviation of the exponent"),
};
static const struct option_table table = {options, sizeof options / sizeof options[0], sizeof(struct power)};

static bool check(const void *params, char *why, size_t why_size)
{
    const struct power *p = params;
    return law_times_check(&p->times, why, why_size) && law_branch_check("nu", &p->mean, why, why_size) &&
           law_branch_check("nu_spread", &p->spread, why, why_size);
}

static void apply(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                  const struct law_cells *cells)
{
    const struct power *p = params;
    double normals[LAW_CELLS], ln_t = log(at->time_seconds / p->times.t0_seconds);
    random_normals_from(&draws->key, draws->first_cell, cells->n, normals);
    for (size_t i = 0; i < cells->n; i++) {
        double x = cells->target_siemens[i] / p->g_reference_siemens;
        double ln_x = law_branch_logarithm(x);
        double nu = fabs(law_branch_evaluate_at(&p->mean, x, ln_x) +
                         law_branch_evaluate_at(&p->spread, x, ln_x) * normals[i]);
        cells->conductance_siemens[i] *= exp(-draws->scale * nu * ln_t);
    }
}

const struct law law_power = {
    .block = LAW_RELAXATION,
    .kind = "power",
    .summary = "drift as a power of time with an exponent of each cell's own",
    .source = "form of aihwkit's PCM models (code)",
    .params = &table,
    .check = check,
    .times = law_times_range,
    .apply = apply,
};
