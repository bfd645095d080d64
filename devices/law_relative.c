/* White read noise in proportion to the state: sigma = ratio g, drawn anew at every read. */
#include "devices/laws.h"

struct relative {
    double ratio;
};

static const struct option options[] = {
    {.key = "ratio",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = offsetof(struct relative, ratio),
     .low = 0,
     .high = 1,
     .help = "standard deviation of one read, in parts of the state"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct relative)};

static void moments(const void *params, const struct law_conditions *at, const struct law_cells *cells,
                    double *shift_siemens, double *sigma_siemens)
{
    const struct relative *p = params;
    (void)at;
    for (size_t i = 0; i < cells->n; i++) {
        shift_siemens[i] = 0;
        sigma_siemens[i] = p->ratio * cells->conductance_siemens[i];
    }
}

const struct law law_relative = {
    .block = LAW_READ_NOISE,
    .kind = "relative",
    .summary = "white noise in proportion to the state",
    .source = "the usual form in crossbar studies",
    .params = &table,
    .moments = moments,
};
