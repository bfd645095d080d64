/*
 * Drift by a power law: g(t) = g (t / t0)^-nu, nu = |mean(x) + spread(x) z|, one z per write and cell,
 * x = target / g_reference (law_branch.h).
 */
#include <math.h>
#include <stdio.h>

#include "devices/law_branch.h"
#include "devices/laws.h"

struct power {
    double t0_seconds, last_seconds, g_reference_siemens;
    struct law_branch mean, spread;
};

#define MEMBER(name) offsetof(struct power, name)
static const struct option options[] = {
    {.key = "t0",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SECOND,
     .offset = MEMBER(t0_seconds),
     .high = 1e9,
     .flags = OPTION_LOW_OPEN,
     .help = "time after the write at which the programmed conductance holds"},
    {.key = "last_time",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SECOND,
     .offset = MEMBER(last_seconds),
     .high = 1e12,
     .flags = OPTION_LOW_OPEN,
     .help = "the latest published time"},
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
    if (p->last_seconds < p->t0_seconds) {
        snprintf(why, why_size, "last_time must not lie before t0");
        return false;
    }
    return law_branch_check("nu", &p->mean, why, why_size) &&
           law_branch_check("nu_spread", &p->spread, why, why_size);
}

static void times(const void *params, double *first_seconds, double *last_seconds)
{
    const struct power *p = params;
    *first_seconds = p->t0_seconds;
    *last_seconds = p->last_seconds;
}

static void apply(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                  const struct law_cells *cells)
{
    const struct power *p = params;
    double normals[LAW_CELLS], ln_t = log(at->time_seconds / p->t0_seconds);
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
    .times = times,
    .apply = apply,
};
