/*
 * Relaxation after programming, linear in the logarithm of time:
 * shift = a ln(t / t0), sigma = s0 + s1 ln(t / t0), the same for every state.
 */
#include <math.h>

#include "devices/law_times.h"
#include "devices/laws.h"

struct log_time {
    struct law_times times;
    double mean_per_ln_siemens, sigma_siemens, sigma_per_ln_siemens;
};

#define MEMBER(name) offsetof(struct log_time, name)
static const struct option options[] = {
    LAW_TIMES_OPTIONS(MEMBER(times)),
    {.key = "mean_per_ln",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(mean_per_ln_siemens),
     .low = -1,
     .high = 1,
     .help = "shift of the mean per unit of ln t"},
    {.key = "sigma",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(sigma_siemens),
     .low = 0,
     .high = 1,
     .help = "spread at t0"},
    {.key = "sigma_per_ln",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(sigma_per_ln_siemens),
     .low = 0,
     .high = 1,
     .help = "growth of the spread per unit of ln t"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct log_time)};

static bool check(const void *params, char *why, size_t why_size)
{
    const struct log_time *p = params;
    return law_times_check(&p->times, why, why_size);
}

static void moments(const void *params, const struct law_conditions *at, const struct law_cells *cells,
                    double *shift_siemens, double *sigma_siemens)
{
    const struct log_time *p = params;
    double ln = log(at->time_seconds / p->times.t0_seconds);
    for (size_t i = 0; i < cells->n; i++) {
        shift_siemens[i] = p->mean_per_ln_siemens * ln;
        sigma_siemens[i] = fmax(0, p->sigma_siemens + p->sigma_per_ln_siemens * ln);
    }
}

const struct law law_log_time = {
    .block = LAW_RELAXATION,
    .kind = "log-time",
    .summary = "shift and spread linear in ln t, the same for every state",
    .source = "form of aihwkit's CMO/HfOx model (code)",
    .params = &table,
    .check = check,
    .times = law_times_range,
    .moments = moments,
};
