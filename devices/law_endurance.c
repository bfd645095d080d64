/*
 * Endurance: a cell lives a number of set and reset cycles, drawn once per trial. Weibull, P(life <= c) = 1 -
 * exp(-(c / cycles)^shape), as for breakdown; or lognormal with median `cycles`. Then it answers no pulse: it
 * stays where it stands, or goes to one end of the window (g_on, g_off). Written in one shot its place is
 * not known: anywhere in the window.
 */
#include "devices/law_endurance.h"

#include <math.h>

#include "devices/laws.h"

enum end { END_STANDS, END_ON, END_OFF };

struct endurance {
    double cycles, shape, spread, cycles_per_pulse, g_on_siemens, g_off_siemens;
    int end; /* of enum end */
};

#define MEMBER(name) offsetof(struct endurance, name)
#define NUMBER(name, member, most, what)                                                                     \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_NONE, .offset = MEMBER(member), .high = (most),   \
        .flags = OPTION_LOW_OPEN, .help = what                                                               \
    }
#define PLACE(name, member, unset, what)                                                                     \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_SIEMENS, .offset = MEMBER(member), .low = 0,      \
        .high = 1, .initial_help = unset, .help = what                                                       \
    }
static const char *const ends[] = {"stands", "on", "off", NULL};
#define SHARED                                                                                               \
    {.key = "cycles_per_pulse",                                                                              \
     .kind = OPTION_REAL,                                                                                    \
     .unit = QUANTITY_NONE,                                                                                  \
     .offset = MEMBER(cycles_per_pulse),                                                                     \
     .low = 0,                                                                                               \
     .high = 1e6,                                                                                            \
     .initial = "0.5",                                                                                       \
     .help = "what one programming pulse costs; a set and a reset are one cycle"},                           \
        {.key = "end",                                                                                       \
         .kind = OPTION_CHOICE,                                                                              \
         .offset = MEMBER(end),                                                                              \
         .initial = "stands",                                                                                \
         .choices = ends,                                                                                    \
         .help = "what becomes of a worn-out cell: it stays where it stands, on, or off"},                   \
        PLACE("g_on", g_on_siemens, "the upper end of the window", "conductance of a cell that ends on"),    \
        PLACE("g_off", g_off_siemens, "the lower end of the window", "conductance of a cell that ends off")

static const struct option weibull_options[] = {
    NUMBER("cycles", cycles, 1e18, "cycles that 1/e of the cells survive"),
    NUMBER("shape", shape, 100, "shape of the distribution; above 1, wear"),
    SHARED,
};
static const struct option lognormal_options[] = {
    NUMBER("cycles", cycles, 1e18, "cycles that half of the cells survive"),
    {.key = "spread",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(spread),
     .low = 0,
     .high = 20,
     .help = "standard deviation of ln cycles"},
    SHARED,
};
static const struct option_table weibull_table = {
    weibull_options, sizeof weibull_options / sizeof weibull_options[0], sizeof(struct endurance)};
static const struct option_table lognormal_table = {
    lognormal_options, sizeof lognormal_options / sizeof lognormal_options[0], sizeof(struct endurance)};

void law_endurance_lives(const struct law *law, const void *params, const struct random_key *key,
                         size_t first, size_t n, double *cycles)
{
    const struct endurance *p = params;
    struct random_key own = *key;
    own.purpose = RANDOM_ENDURANCE;
    own.write = 0;
    own.draw = 0;
    if (law == &law_endurance_lognormal) {
        random_normals_from(&own, first, n, cycles);
        for (size_t i = 0; i < n; i++)
            cycles[i] = p->cycles * exp(p->spread * cycles[i]);
        return;
    }
    random_uniforms_from(&own, first, n, cycles);
    for (size_t i = 0; i < n; i++)
        cycles[i] = p->cycles * pow(-log(cycles[i]), 1 / p->shape);
}

double law_endurance_per_pulse(const void *params)
{
    return ((const struct endurance *)params)->cycles_per_pulse;
}

double law_endurance_end(const void *params, const struct law_conditions *at, double standing_siemens)
{
    const struct endurance *p = params;
    if (p->end == END_ON)
        return isnan(p->g_on_siemens) ? at->g_max_siemens : p->g_on_siemens;
    if (p->end == END_OFF)
        return isnan(p->g_off_siemens) ? at->g_min_siemens : p->g_off_siemens;
    return standing_siemens;
}

static void wear(const struct law *law, const void *params, const struct law_conditions *at,
                 const struct law_draws *draws, const struct law_cells *cells)
{
    double lives[LAW_CELLS], places[LAW_CELLS];
    struct random_key place = draws->key;
    place.draw = 1;
    law_endurance_lives(law, params, &draws->key, draws->first_cell, cells->n, lives);
    random_uniforms_from(&place, draws->first_cell, cells->n, places);
    for (size_t i = 0; i < cells->n; i++) {
        double anywhere = at->g_min_siemens + places[i] * (at->g_max_siemens - at->g_min_siemens);
        if (draws->scale * at->cycles >= lives[i])
            cells->conductance_siemens[i] = law_endurance_end(params, at, anywhere);
    }
}

static void wear_weibull(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                         const struct law_cells *cells)
{
    wear(&law_endurance_weibull, params, at, draws, cells);
}

static void wear_lognormal(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                           const struct law_cells *cells)
{
    wear(&law_endurance_lognormal, params, at, draws, cells);
}

const struct law law_endurance_weibull = {
    .block = LAW_ENDURANCE,
    .kind = "weibull",
    .summary = "a Weibull distributed number of cycles, then stuck",
    .source = "the usual law of wear-out",
    .params = &weibull_table,
    .apply = wear_weibull,
};
const struct law law_endurance_lognormal = {
    .block = LAW_ENDURANCE,
    .kind = "lognormal",
    .summary = "a lognormal number of cycles, then stuck",
    .source = "the usual law of wear-out",
    .params = &lognormal_table,
    .apply = wear_lognormal,
};
