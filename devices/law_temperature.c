/*
 * Conductance at another temperature than the card's: metallic in the low-resistance state, g / (1 + tcr (T -
 * T0)), thermally activated in the high-resistance state, g exp(-E / k (1/T - 1/T0)); between g_hrs and g_lrs
 * the logarithms of both are mixed, linear in ln g. Ageing at T for a time t is ageing at T0 for t
 * exp(retention / k (1/T0 - 1/T)) (Arrhenius), which device.c applies to the time.
 */
#include <math.h>
#include <stdio.h>

#include "devices/law_temperature.h"
#include "devices/laws.h"

/* Boltzmann's constant in eV/K (exact since 2019). */
static const double boltzmann_ev = 8.617333262e-5;

struct temperature {
    double reference_kelvin, first_kelvin, last_kelvin, tcr_per_kelvin, activation_ev, retention_ev;
    double g_lrs_siemens, g_hrs_siemens;
};

#define MEMBER(name) offsetof(struct temperature, name)
#define KELVIN(name, member, what)                                                                           \
    {                                                                                                        \
        .key = name, .kind = OPTION_REAL, .unit = QUANTITY_KELVIN, .offset = MEMBER(member), .high = 2000,   \
        .flags = OPTION_LOW_OPEN, .help = what                                                               \
    }
static const struct option options[] = {
    KELVIN("reference", reference_kelvin, "temperature of the card's figures"),
    KELVIN("first", first_kelvin, "lowest temperature of the source"),
    KELVIN("last", last_kelvin, "highest temperature of the source"),
    {.key = "tcr_per_kelvin",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(tcr_per_kelvin),
     .low = -0.01,
     .high = 0.01,
     .help = "temperature coefficient of the low resistance"},
    {.key = "activation_ev",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(activation_ev),
     .low = 0,
     .high = 2,
     .help = "activation energy of the high-resistance state's current, eV"},
    {.key = "retention_ev",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(retention_ev),
     .low = 0,
     .high = 5,
     .initial = "0",
     .help = "activation energy of ageing, eV"},
    {.key = "g_lrs",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_lrs_siemens),
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "states from here on are metallic"},
    {.key = "g_hrs",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_hrs_siemens),
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .help = "states up to here are thermally activated"},
};
static const struct option_table table = {options, sizeof options / sizeof options[0],
                                          sizeof(struct temperature)};

static bool check(const void *params, char *why, size_t why_size)
{
    const struct temperature *p = params;
    const char *wrong = NULL;
    if (p->g_hrs_siemens >= p->g_lrs_siemens)
        wrong = "g_hrs must be below g_lrs";
    else if (p->first_kelvin > p->reference_kelvin || p->last_kelvin < p->reference_kelvin)
        wrong = "the reference must lie between first and last";
    if (wrong != NULL)
        snprintf(why, why_size, "%s", wrong);
    return wrong == NULL;
}

void law_temperature_range(const void *params, double *reference_kelvin, double *first_kelvin,
                           double *last_kelvin)
{
    const struct temperature *p = params;
    *reference_kelvin = p->reference_kelvin;
    *first_kelvin = p->first_kelvin;
    *last_kelvin = p->last_kelvin;
}

double law_temperature_ageing(const void *params, double temperature_kelvin)
{
    const struct temperature *p = params;
    return exp(p->retention_ev / boltzmann_ev * (1 / p->reference_kelvin - 1 / temperature_kelvin));
}

static void apply(const void *params, const struct law_conditions *at, const struct law_draws *draws,
                  const struct law_cells *cells)
{
    const struct temperature *p = params;
    double t = at->temperature_kelvin, above = t - p->reference_kelvin;
    double metallic = -log1p(p->tcr_per_kelvin * above);
    double activated = -p->activation_ev / boltzmann_ev * (1 / t - 1 / p->reference_kelvin);
    double ln_hrs = log(p->g_hrs_siemens), ln_span = log(p->g_lrs_siemens / p->g_hrs_siemens);
    for (size_t i = 0; i < cells->n && above != 0; i++) {
        double g = cells->conductance_siemens[i];
        double weight = g > 0 ? fmin(fmax((log(g) - ln_hrs) / ln_span, 0), 1) : 0;
        cells->conductance_siemens[i] =
            g * exp(draws->scale * (weight * metallic + (1 - weight) * activated));
    }
}

const struct law law_temperature = {
    .block = LAW_TEMPERATURE,
    .kind = "blend",
    .summary = "metallic low-, thermally activated high-resistance states; Arrhenius ageing",
    .source = "the usual forms for HfO2 (textbook); figures belong to the card",
    .params = &table,
    .check = check,
    .apply = apply,
};
