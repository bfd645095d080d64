/*
 * Relaxation by a log-logistic factor: g(t) = g exp(m + s ln(u / (1 - u))), u uniform, one per write and
 * cell; m = median_per_ln ln(t / t0), s = shape + shape_per_ln ln(t / t0). Heavier tails than a normal.
 */
#include <math.h>

#include "devices/law_times.h"
#include "devices/laws.h"

struct log_logistic {
    struct law_times times;
    double median_per_ln, shape, shape_per_ln;
};

#define MEMBER(name) offsetof(struct log_logistic, name)
static const struct option options[] = {
    LAW_TIMES_OPTIONS(MEMBER(times)),
    {.key = "median_per_ln",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(median_per_ln),
     .low = -10,
     .high = 10,
     .initial = "0",
     .help = "change of ln g of the median per unit of ln t"},
    {.key = "shape",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(shape),
     .low = 0,
     .high = 10,
     .help = "scale of ln g at t0; its standard deviation is 1.81 times that"},
    {.key = "shape_per_ln",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(shape_per_ln),
     .low = 0,
     .high = 10,
     .initial = "0",
     .help = "its growth per unit of ln t"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct log_logistic)};

static bool check(const void *params, char *why, size_t why_size)
{
    const struct log_logistic *p = params;
    return law_times_check(&p->times, why, why_size);
}

static void apply(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                  const struct law_cells *cells)
{
    const struct log_logistic *p = params;
    double uniforms[LAW_CELLS], ln_t = log(at->time_seconds / p->times.t0_seconds);
    double median = p->median_per_ln * ln_t, shape = fmax(0, p->shape + p->shape_per_ln * ln_t);
    random_uniforms_from(&draws->key, draws->first_cell, cells->n, uniforms);
    for (size_t i = 0; i < cells->n; i++) {
        double u = uniforms[i];
        cells->conductance_siemens[i] *= exp(draws->scale * (median + shape * log(u / (1 - u))));
    }
}

const struct law law_log_logistic = {
    .block = LAW_RELAXATION,
    .kind = "log-logistic",
    .summary = "relaxation by a log-logistic factor",
    .source = "Maldonado et al., Mater. Sci. Semicond. Process. 196, 109668 (2025), abstract: best of six "
              "laws for HfO2",
    .params = &table,
    .check = check,
    .times = law_times_range,
    .apply = apply,
};
