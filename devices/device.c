#include "devices/device.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MEMBER(name) offsetof(struct device_options, name)
static const struct option options[] = {
    {.key = "device.preset",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(preset),
     .initial = "wan2022",
     .choices = card_preset_names,
     .help = "device card by name; ideal turns every device non-ideality off"},
    {.key = "device.card",
     .kind = OPTION_PATH,
     .offset = MEMBER(card),
     .initial_help = "device.preset",
     .help = "device card from a file, instead of device.preset"},
    {.key = "device.time",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SECOND,
     .offset = MEMBER(time_seconds),
     .low = 0,
     .high = 1e12,
     .flags = OPTION_LOW_OPEN,
     .initial_help = "the card's earliest published time",
     .help = "from the write to the first query"},
    {.key = "device.extrapolate",
     .kind = OPTION_BOOLEAN,
     .offset = MEMBER(extrapolate),
     .initial = "false",
     .help = "allow times outside the card's published ones"},
    {.key = "device.g_min",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_min_siemens),
     .low = 0,
     .high = 1,
     .initial_help = "the card's",
     .help = "conductance of code 0 and of unused cells"},
    {.key = "device.g_max",
     .kind = OPTION_REAL,
     .unit = QUANTITY_SIEMENS,
     .offset = MEMBER(g_max_siemens),
     .high = 1,
     .flags = OPTION_LOW_OPEN,
     .initial_help = "the card's",
     .help = "conductance of the largest code"},
    {.key = "device.programming_scale",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(programming_scale),
     .initial = "1",
     .low = 0,
     .high = 100,
     .flags = OPTION_NON_IDEALITY,
     .help = "factor on the card's programming error, drawn per write and cell"},
    {.key = "device.relaxation_scale",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(relaxation_scale),
     .initial = "1",
     .low = 0,
     .high = 100,
     .flags = OPTION_NON_IDEALITY,
     .help = "factor on the card's relaxation (shift and spread), drawn per write and cell"},
    {.key = "device.read_noise",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(read_noise_ratio),
     .low = 0,
     .high = 1,
     .flags = OPTION_NON_IDEALITY,
     .initial_help = "the card's law, if it has one",
     .help = "standard deviation of one read of one cell, in parts of its conductance; white",
     .published =
         "1 % is advised for HfOx beside wan2022 (aihwkit manual, secondary); 0.3 % at 50 uS and 1 s for "
         "CMO/HfOx (aihwkit code, secondary)"},
};
const struct option_table device_option_table = {options, sizeof options / sizeof options[0],
                                                 sizeof(struct device_options)};

static enum rs_status settle_window(const struct device_options *given, struct device *out,
                                    struct rs_error *err)
{
    const struct card_window *window = &out->card.window;
    out->g_min_siemens = isnan(given->g_min_siemens) ? window->g_min_siemens : given->g_min_siemens;
    out->g_max_siemens = isnan(given->g_max_siemens) ? window->g_max_siemens : given->g_max_siemens;
    bool ideal = strcmp(out->card.name, "ideal") == 0;
    double g_min = out->g_min_siemens * 1e6, g_max = out->g_max_siemens * 1e6;
    if (g_min >= g_max)
        return rs_fail(err, RS_INPUT, "device.g_min (%g uS) must be below device.g_max (%g uS)", g_min,
                       g_max);
    if (!ideal && (out->g_min_siemens < window->g_min_siemens || out->g_max_siemens > window->g_max_siemens))
        return rs_fail(err, RS_INPUT,
                       "device window %g to %g uS found, inside %g to %g uS of card %s expected", g_min,
                       g_max, window->g_min_siemens * 1e6, window->g_max_siemens * 1e6, out->card.name);
    return RS_OK;
}

static enum rs_status settle_time(const struct device_options *given, struct device *out,
                                  struct rs_error *err)
{
    double first, last;
    card_times(&out->card, &first, &last);
    out->at.time_seconds = isnan(given->time_seconds) ? first : given->time_seconds;
    double t = out->at.time_seconds;
    if (given->extrapolate || (t >= first && t <= last))
        return RS_OK;
    return rs_fail(err, RS_INPUT,
                   "device.time %g s found, %g s to %g s (published for card %s) expected; "
                   "device.extrapolate: true allows others",
                   t, first, last, out->card.name);
}

enum rs_status device_open(const struct device_options *given, struct device *out, struct rs_error *err)
{
    enum rs_status status = given->card[0] != '\0'
                                ? card_load_file(given->card, &out->card, err)
                                : card_load_preset(card_preset_names[given->preset], &out->card, err);
    if (status == RS_OK)
        status = settle_window(given, out, err);
    if (status == RS_OK)
        status = settle_time(given, out, err);
    if (status != RS_OK)
        return status;
    bool ideal = strcmp(out->card.name, "ideal") == 0;
    out->scale[LAW_PROGRAMMING] = ideal ? 0 : given->programming_scale;
    out->scale[LAW_RELAXATION] = ideal ? 0 : given->relaxation_scale;
    out->scale[LAW_READ_NOISE] = 1;
    out->read_noise_ratio = ideal ? 0 : given->read_noise_ratio;
    return RS_OK;
}

static bool is_on(const struct device *device, enum law_block block)
{
    return device->card.blocks[block].law != NULL && device->scale[block] > 0;
}

bool device_has_write_noise(const struct device *device)
{
    return is_on(device, LAW_PROGRAMMING) || is_on(device, LAW_RELAXATION);
}

bool device_has_read_noise(const struct device *device)
{
    return isnan(device->read_noise_ratio) ? is_on(device, LAW_READ_NOISE) : device->read_noise_ratio > 0;
}

static void clamp(const struct device *device, size_t n, double *conductance_siemens)
{
    bool window = device->card.window.clamp == CARD_CLAMP_WINDOW;
    double low = window ? device->card.window.g_min_siemens : 0;
    double high = window ? device->card.window.g_max_siemens : (double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        double g = conductance_siemens[i] > low ? conductance_siemens[i] : low;
        conductance_siemens[i] = g < high ? g : high;
    }
}

static void apply(const struct device *device, enum law_block block, enum random_purpose purpose,
                  const struct random_key *key, size_t n, double *scratch, double *conductance_siemens)
{
    const struct card_block *law = &device->card.blocks[block];
    double *normals = scratch, *shift = scratch + n, *sigma = scratch + 2 * n, scale = device->scale[block];
    struct random_key own = *key;
    own.purpose = purpose;
    own.draw = 0;
    random_normals(&own, n, normals);
    law->law->moments(&law->params, &device->at, n, conductance_siemens, shift, sigma);
    for (size_t i = 0; i < n; i++)
        conductance_siemens[i] += scale * (shift[i] + sigma[i] * normals[i]);
    clamp(device, n, conductance_siemens);
}

void device_program(const struct device *device, const struct random_key *key, size_t n,
                    const double *target_siemens, double *scratch, double *conductance_siemens)
{
    memcpy(conductance_siemens, target_siemens, n * sizeof *target_siemens);
    if (is_on(device, LAW_PROGRAMMING))
        apply(device, LAW_PROGRAMMING, RANDOM_PROGRAMMING, key, n, scratch, conductance_siemens);
    if (is_on(device, LAW_RELAXATION))
        apply(device, LAW_RELAXATION, RANDOM_RELAXATION, key, n, scratch, conductance_siemens);
}

void device_read_moments(const struct device *device, size_t n, const double *conductance_siemens,
                         double *mean_siemens, double *sigma_siemens)
{
    const struct card_block *law = &device->card.blocks[LAW_READ_NOISE];
    double ratio = device_has_read_noise(device) ? device->read_noise_ratio : 0;
    if (isnan(ratio)) {
        law->law->moments(&law->params, &device->at, n, conductance_siemens, mean_siemens, sigma_siemens);
        for (size_t i = 0; i < n; i++)
            mean_siemens[i] += conductance_siemens[i];
        return;
    }
    memcpy(mean_siemens, conductance_siemens, n * sizeof *mean_siemens);
    for (size_t i = 0; i < n; i++)
        sigma_siemens[i] = ratio * conductance_siemens[i];
}

void device_read(const struct device *device, const struct random_key *key, size_t n,
                 const double *conductance_siemens, double *scratch, double *read_siemens)
{
    if (!device_has_read_noise(device)) {
        memcpy(read_siemens, conductance_siemens, n * sizeof *read_siemens);
        return;
    }
    double *normals = scratch, *mean = scratch + n, *sigma = scratch + 2 * n;
    struct random_key own = *key;
    own.purpose = RANDOM_READ;
    random_normals(&own, n, normals);
    device_read_moments(device, n, conductance_siemens, mean, sigma);
    for (size_t i = 0; i < n; i++) {
        double g = mean[i] + sigma[i] * normals[i];
        read_siemens[i] = g > 0 ? g : 0;
    }
}
