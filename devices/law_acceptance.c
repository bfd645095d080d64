/*
 * What write-verify leaves: the verify read lies anywhere in the acceptance window, and the cell differs from
 * it by the noise of that read: g = target + tolerance u + verify_noise z, u uniform in (-1, 1).
 */
#include <math.h>

#include "devices/laws.h"

struct acceptance {
    struct option_either tolerance;
    double verify_noise_siemens;
};

#define MEMBER(name) offsetof(struct acceptance, name)
static const struct option options[] = {
    {.key = "tolerance",
     .kind = OPTION_EITHER,
     .unit = QUANTITY_RATIO,
     .other_unit = QUANTITY_SIEMENS,
     .offset = MEMBER(tolerance),
     .low = 0,
     .high = 1,
     .help = "half width of the acceptance window, in parts of the target or in siemens"},
    {.key = "verify_noise",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(verify_noise_siemens),
     .low = 0,
     .high = 1,
     .initial = "0 S",
     .help = "standard deviation of a verify read"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct acceptance)};

static void apply(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                  const struct law_cells *cells)
{
    const struct acceptance *p = params;
    double uniforms[LAW_CELLS], normals[LAW_CELLS];
    struct random_key verify = draws->key;
    (void)at;
    verify.draw = 1;
    random_uniforms_from(&draws->key, draws->first_cell, cells->n, uniforms);
    random_normals_from(&verify, draws->first_cell, cells->n, normals);
    for (size_t i = 0; i < cells->n; i++) {
        double half = p->tolerance.unit == QUANTITY_SIEMENS ? p->tolerance.value
                                                            : p->tolerance.value * cells->target_siemens[i];
        cells->conductance_siemens[i] +=
            draws->scale * (half * (2 * uniforms[i] - 1) + p->verify_noise_siemens * normals[i]);
    }
}

const struct law law_acceptance = {
    .block = LAW_PROGRAMMING,
    .kind = "acceptance",
    .summary = "uniform in the acceptance window of write-verify, and the noise of the verify read",
    .source = "definition; to be replaced by the pulses themselves with `program --method write-verify`",
    .params = &table,
    .apply = apply,
};
