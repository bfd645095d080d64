/*
 * Read noise of a 1/f spectrum seen through one read of length t_read at time t:
 * sigma = k log10(g / 1 uS) sqrt(ln((t + t_read) / (2 t_read))), 0 below 1 uS.
 */
#include <math.h>

#include "devices/laws.h"

struct flicker_log {
    double k_siemens, t_read_seconds;
};

#define MEMBER(name) offsetof(struct flicker_log, name)
static const struct option options[] = {
    {.key = "k",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(k_siemens),
     .low = 0,
     .high = 1,
     .help = "factor of the logarithm"},
    {.key = "t_read",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SECOND,
     .offset = MEMBER(t_read_seconds),
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "length of the read in the source's formula"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct flicker_log)};

static void moments(const void *params, const struct law_conditions *at, const struct law_cells *cells,
                    double *shift_siemens, double *sigma_siemens)
{
    const struct flicker_log *p = params;
    double t_read = at->read_seconds > 0 ? at->read_seconds : p->t_read_seconds;
    double decades = log((at->time_seconds + t_read) / (2 * t_read));
    double factor = p->k_siemens * sqrt(fmax(0, decades));
    for (size_t i = 0; i < cells->n; i++) {
        double g = cells->conductance_siemens[i];
        double level = g > 1e-6 ? log10(g / 1e-6) : 0;
        shift_siemens[i] = 0;
        sigma_siemens[i] = factor * level;
    }
}

static double read_seconds(const void *params)
{
    return ((const struct flicker_log *)params)->t_read_seconds;
}

const struct law law_flicker_log = {
    .block = LAW_FLICKER,
    .kind = "log10",
    .summary = "1/f noise, growing with log10 of the state",
    .source = "form of aihwkit's CMO/HfOx model (code)",
    .params = &table,
    .read_seconds = read_seconds,
    .moments = moments,
};
