#include "devices/device.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/require.h"
#include "devices/law_telegraph.h"
#include "devices/law_temperature.h"
#include "devices/write_verify.h"

/* A read of a card that states none: a usual integration time. */
static const double read_seconds_unstated = 1e-6;

#define MEMBER(name) offsetof(struct device_options, name)
#define RATIO(name, member, most, unset, what)                                                               \
    {                                                                                                        \
        .key = (name), .kind = OPTION_REAL, .unit = QUANTITY_RATIO, .offset = MEMBER(member), .low = 0,      \
        .high = (most), .flags = OPTION_NON_IDEALITY, .initial_help = (unset), .help = (what)                \
    }
static const char *const bends[] = {"card", "none", NULL};
const char *const device_method_names[] = {"one-shot", "write-verify", NULL};

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
    {.key = "device.method",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(method),
     .initial = "one-shot",
     .choices = device_method_names,
     .help = "how cells are written: with the card's programming error, or pulse by pulse, by its blocks "
             "pulse and write_verify"},
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
    {.key = "device.temperature",
     .kind = OPTION_REAL,
     .unit = QUANTITY_KELVIN,
     .offset = MEMBER(temperature_kelvin),
     .high = 2000,
     .flags = OPTION_LOW_OPEN,
     .initial_help = "that of the card's figures",
     .help = "from the write on; needs a card with a temperature block"},
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
    {.key = "device.flicker_scale",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(flicker_scale),
     .initial = "1",
     .low = 0,
     .high = 100,
     .flags = OPTION_NON_IDEALITY,
     .help = "factor on the card's 1/f noise, drawn per write and cell"},
    {.key = "device.telegraph_scale",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(telegraph_scale),
     .initial = "1",
     .low = 0,
     .high = 100,
     .flags = OPTION_NON_IDEALITY,
     .help =
         "factor on what the card's traps take of a conductance (random telegraph noise); traps are drawn "
         "per trial and cell, their occupation evolves from read to read"},
    {.key = "device.current_voltage",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(current_voltage),
     .initial = "card",
     .choices = bends,
     .help = "card: currents bend with the voltage by the card's law, if it has one; none: cells are ohmic"},
    {.key = "device.cycles",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(cycles),
     .initial = "0",
     .low = 0,
     .high = 1e18,
     .help = "set and reset cycles that every cell has had before its first write, against the card's "
             "endurance"},
    {.key = "device.endurance_scale",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(endurance_scale),
     .initial = "1",
     .low = 0,
     .high = 1e6,
     .flags = OPTION_NON_IDEALITY,
     .help = "factor on the wear of cells, where the card has an endurance block"},
    RATIO("device.device_spread", device_spread_ratio, 10, "0, or the card's",
          "device-to-device spread of written conductances, in parts of each; drawn per trial and cell"),
    RATIO("device.cycle_spread", cycle_spread_ratio, 10, "0, or the card's",
          "cycle-to-cycle spread of written conductances, in parts of each; drawn per write and cell"),
    RATIO("device.stuck_on", stuck_on_ratio, 1, "0, or the card's",
          "share of cells stuck at g_max; drawn per trial and cell"),
    RATIO("device.stuck_off", stuck_off_ratio, 1, "0, or the card's",
          "share of cells stuck at g_min; drawn per trial and cell"),
    RATIO("device.stuck_partial", stuck_partial_ratio, 1, "0, or the card's",
          "share of cells stuck anywhere in the window; drawn per trial and cell"),
    {.key = "device.levels",
     .kind = OPTION_INTEGER,
     .offset = MEMBER(n_levels),
     .initial = "-1",
     .low = -1,
     .high = 65536,
     .flags = OPTION_NON_IDEALITY,
     .help = "evenly spaced levels that can be written; -1: the card's; 0: any conductance"},
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

static enum rs_status settle_temperature(const struct device_options *given, struct device *out,
                                         struct rs_error *err)
{
    const struct card_block *block = &out->card.blocks[LAW_TEMPERATURE];
    double t = given->temperature_kelvin, reference, first, last;
    out->at.temperature_kelvin = t;
    if (block->law == NULL && isnan(t))
        return RS_OK;
    if (block->law == NULL)
        return rs_fail(err, RS_INPUT, "device.temperature %g K found: card %s has no temperature block", t,
                       out->card.name);
    law_temperature_range(&block->params, &reference, &first, &last);
    if (isnan(t))
        out->at.temperature_kelvin = reference;
    else if (!given->extrapolate && (t < first || t > last))
        return rs_fail(err, RS_INPUT,
                       "device.temperature %g K found, %g K to %g K (published for card %s) expected; "
                       "device.extrapolate: true allows others",
                       t, first, last, out->card.name);
    return RS_OK;
}

static enum rs_status settle_time(const struct device_options *given, struct device *out,
                                  struct rs_error *err)
{
    const struct card_block *temperature = &out->card.blocks[LAW_TEMPERATURE];
    double first, last;
    card_times(&out->card, &first, &last);
    double t = isnan(given->time_seconds) ? first : given->time_seconds;
    out->at.time_seconds = out->time_seconds = t;
    out->last_seconds = given->extrapolate ? (double)INFINITY : last;
    if (temperature->law != NULL)
        out->at.time_seconds *= law_temperature_ageing(&temperature->params, out->at.temperature_kelvin);
    if (given->extrapolate || (t >= first && t <= last))
        return RS_OK;
    return rs_fail(err, RS_INPUT,
                   "device.time %g s found, %g s to %g s (published for card %s) expected; "
                   "device.extrapolate: true allows others",
                   t, first, last, out->card.name);
}

/* Sets one figure of a block, which gets that kind of law where it has none of it. */
static void override(struct device *device, enum law_block which, const char *kind, const char *key,
                     double value)
{
    struct card_block *block = &device->card.blocks[which];
    const struct law *law = law_find(which, kind);
    if (block->law != law) {
        block->law = law;
        option_fill_defaults(law->params, &block->params);
        snprintf(block->source, sizeof block->source, "the configuration");
    }
    for (size_t i = 0; i < law->params->n_options; i++) {
        const struct option *option = &law->params->options[i];
        char text[64], why[128];
        if (strcmp(option->key, key) != 0)
            continue;
        snprintf(text, sizeof text, "%.17g", value);
        bool good = option_set(option, &block->params, text, why, sizeof why);
        rs_require(good, "an option's range must lie within its law's");
    }
}

static void settle_overrides(const struct device_options *given, struct device *out)
{
    const struct {
        enum law_block block;
        const char *kind, *key;
        double value; /* NAN: none */
    } overrides[] = {
        {LAW_LEVELS, "uniform", "count", given->n_levels > 0 ? (double)given->n_levels : (double)NAN},
        {LAW_DEVICE, "relative", "ratio", given->device_spread_ratio},
        {LAW_CYCLE, "relative", "ratio", given->cycle_spread_ratio},
        {LAW_STUCK, "fixed", "on", given->stuck_on_ratio},
        {LAW_STUCK, "fixed", "off", given->stuck_off_ratio},
        {LAW_STUCK, "fixed", "partial", given->stuck_partial_ratio},
        {LAW_READ_NOISE, "relative", "ratio", given->read_noise_ratio},
    };
    for (size_t i = 0; i < sizeof overrides / sizeof overrides[0]; i++)
        if (!isnan(overrides[i].value))
            override(out, overrides[i].block, overrides[i].kind, overrides[i].key, overrides[i].value);
    for (int block = 0; block < LAW_BLOCKS; block++)
        out->scale[block] = 1;
    out->scale[LAW_PROGRAMMING] = given->programming_scale;
    out->scale[LAW_RELAXATION] = given->relaxation_scale;
    out->scale[LAW_FLICKER] = given->flicker_scale;
    out->scale[LAW_TELEGRAPH] = given->telegraph_scale;
    out->scale[LAW_CURRENT_VOLTAGE] = given->current_voltage == DEVICE_CURRENT_VOLTAGE_CARD;
    out->scale[LAW_ENDURANCE] = given->endurance_scale;
    const struct {
        enum law_block block;
        double ratio;
    } switches[] = {{LAW_DEVICE, given->device_spread_ratio},
                    {LAW_CYCLE, given->cycle_spread_ratio},
                    {LAW_READ_NOISE, given->read_noise_ratio}};
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (switches[i].ratio == 0)
            out->scale[switches[i].block] = 0;
    if (given->n_levels == 0)
        out->scale[LAW_LEVELS] = 0;
}

static enum rs_status settle_method(const struct device_options *given, struct device *out,
                                    struct rs_error *err)
{
    const struct card_block *pulse = &out->card.blocks[LAW_PULSE], *how = &out->card.blocks[LAW_WRITE_VERIFY];
    out->method = strcmp(out->card.name, "ideal") == 0 ? DEVICE_ONE_SHOT : given->method;
    if (out->method == DEVICE_ONE_SHOT)
        return RS_OK;
    if (pulse->law == NULL || how->law == NULL)
        return rs_fail(err, RS_INPUT,
                       "device.method write-verify found: card %s has no block '%s'; cards with both: "
                       "gong2022-om, gong2022-hfo2, generic-stanford",
                       out->card.name, law_block_name(pulse->law == NULL ? LAW_PULSE : LAW_WRITE_VERIFY));
    const struct write_verify *params = (const void *)&how->params;
    if (!pulse->law->pulse->knows_volts &&
        (params->unselected != WRITE_VERIFY_NONE || params->r_series_ohm > 0))
        return rs_fail(
            err, RS_INPUT, "card %s: write_verify.%s: pulses of kind '%s' do not depend on their voltage",
            out->card.name, params->r_series_ohm > 0 ? "r_series" : "unselected", pulse->law->kind);
    return RS_OK;
}

enum rs_status device_open(const struct device_options *given, struct device *out, struct rs_error *err)
{
    out->at = (struct law_conditions){0};
    enum rs_status status = given->card[0] != '\0'
                                ? card_load_file(given->card, &out->card, err)
                                : card_load_preset(card_preset_names[given->preset], &out->card, err);
    if (status == RS_OK && given->n_levels == 1)
        status = rs_fail(err, RS_INPUT, "device.levels: 1 found, -1, 0 or at least 2 expected");
    if (status == RS_OK)
        status = settle_window(given, out, err);
    if (status == RS_OK)
        status = settle_temperature(given, out, err);
    if (status == RS_OK)
        status = settle_time(given, out, err);
    if (status == RS_OK)
        status = settle_method(given, out, err);
    if (status != RS_OK)
        return status;
    settle_overrides(given, out);
    out->at.g_min_siemens = out->g_min_siemens;
    out->at.g_max_siemens = out->g_max_siemens;
    out->at.cycles = given->cycles;
    for (int block = 0; strcmp(out->card.name, "ideal") == 0 && block < LAW_BLOCKS; block++)
        out->scale[block] = 0;
    return RS_OK;
}

static bool is_on(const struct device *device, int block)
{
    return device->card.blocks[block].law != NULL && device->scale[block] > 0;
}

bool device_has_write_noise(const struct device *device)
{
    for (int block = 0; block < LAW_TELEGRAPH; block++)
        if (is_on(device, block) && block != LAW_LEVELS && block != LAW_TEMPERATURE)
            return true;
    return device->method == DEVICE_WRITE_VERIFY;
}

bool device_has_read_noise(const struct device *device)
{
    return is_on(device, LAW_READ_NOISE);
}

bool device_has_telegraph(const struct device *device)
{
    return is_on(device, LAW_TELEGRAPH) &&
           !law_telegraph_is_silent(&device->card.blocks[LAW_TELEGRAPH].params);
}

bool device_ages(const struct device *device)
{
    for (int i = 0; i < LAW_BLOCKS; i++) {
        const struct card_block *block = &device->card.blocks[i];
        double first = 0, last = 0;
        if (is_on(device, i) && block->law->times != NULL)
            block->law->times(&block->params, &first, &last);
        /* Other laws than relaxation stay as they were published, where that was for one time or for any. */
        if (first > 0 && (i == LAW_RELAXATION || last > first))
            return true;
    }
    return false;
}

const struct card_block *device_bend(const struct device *device)
{
    return is_on(device, LAW_CURRENT_VOLTAGE) ? &device->card.blocks[LAW_CURRENT_VOLTAGE] : NULL;
}

/* The block that states how long a read takes, or NULL. */
static const struct card_block *read_block(const struct device *device)
{
    const enum law_block stated[] = {LAW_FLICKER, LAW_WRITE_VERIFY};
    for (size_t i = 0; i < sizeof stated / sizeof stated[0]; i++) {
        const struct card_block *block = &device->card.blocks[stated[i]];
        if (block->law != NULL && block->law->read_seconds != NULL)
            return block;
    }
    return NULL;
}

bool device_states_read(const struct device *device)
{
    return read_block(device) != NULL;
}

double device_read_seconds(const struct device *device)
{
    const struct card_block *block = read_block(device);
    return block != NULL ? block->law->read_seconds(&block->params) : read_seconds_unstated;
}

enum rs_status device_set_reads(struct device *device, double read_seconds, double residency_seconds,
                                struct rs_error *err)
{
    double end = device->time_seconds + residency_seconds;
    device->at.read_seconds = read_seconds;
    if (end <= device->last_seconds * (1 + DEVICE_AGE_STEP))
        return RS_OK;
    return rs_fail(
        err, RS_INPUT,
        "array.query_interval: the last query of a sample comes %g s after its write, at most %g s "
        "(published for card %s) expected; device.extrapolate: true allows more",
        end, device->last_seconds, device->card.name);
}

/* Errors of writing and ageing are cut where the card says, noise at 0. What a stuck cell or a temperature
 * gives stays. */
static void clamp(const struct device *device, int block, const struct law_cells *cells)
{
    bool window = device->card.window.clamp == CARD_CLAMP_WINDOW && block <= LAW_RELAXATION;
    double low = window ? device->card.window.g_min_siemens : 0;
    double high = window ? device->card.window.g_max_siemens : (double)INFINITY;
    double *g = cells->conductance_siemens;
    if (block == LAW_LEVELS || block == LAW_STUCK || block == LAW_ENDURANCE || block == LAW_TEMPERATURE)
        return;
    for (size_t i = 0; i < cells->n; i++) {
        double up = g[i] > low ? g[i] : low;
        g[i] = up < high ? up : high;
    }
}

double device_cycles(const struct device *device, const struct random_key *key)
{
    return device->at.cycles + key->write;
}

static void apply(const struct device *device, const struct law_conditions *when, int block,
                  const struct random_key *key, size_t first_cell, const struct law_cells *cells)
{
    const struct card_block *own = &device->card.blocks[block];
    const struct law_draws draws = {*key, first_cell, device->scale[block]};
    struct law_conditions at = *when;
    if (!is_on(device, block))
        return;
    at.cycles = device_cycles(device, key) + 1;
    law_apply(own->law, &own->params, &at, &draws, cells);
    clamp(device, block, cells);
}

/* Blocks first_block ... end_block - 1, at age_ratio times device.time. frozen: NULL, or cells that do not
 * relax, where the caller has settled which cells are stuck. */
static void act(const struct device *device, double age_ratio, const struct random_key *key, int first_block,
                int end_block, size_t n, size_t n_columns, const double *target_siemens,
                const unsigned char *frozen, double *conductance_siemens)
{
    struct law_conditions aged = device->at;
    aged.time_seconds *= age_ratio;
    for (size_t first = 0; first < n; first += LAW_CELLS) {
        double written[LAW_CELLS], *g = conductance_siemens + first;
        const struct law_cells cells = {n - first < LAW_CELLS ? n - first : LAW_CELLS, target_siemens + first,
                                        written, g, n_columns};
        for (int block = first_block; block < end_block; block++) {
            if (frozen != NULL && (block == LAW_STUCK || block == LAW_ENDURANCE))
                continue;
            if (block == LAW_RELAXATION || block == first_block)
                memcpy(written, g, cells.n * sizeof *written);
            apply(device, block == LAW_FLICKER ? &device->at : &aged, block, key, first, &cells);
            for (size_t i = 0; block == LAW_RELAXATION && frozen != NULL && i < cells.n; i++)
                g[i] = frozen[first + i] ? written[i] : g[i];
        }
    }
}

void device_act(const struct device *device, const struct random_key *key, int first_block, int end_block,
                size_t n_rows, size_t n_columns, const double *target_siemens, double *conductance_siemens)
{
    act(device, 1, key, first_block, end_block, n_rows * n_columns, n_columns, target_siemens, NULL,
        conductance_siemens);
}

void device_write(const struct device *device, const struct random_key *key, size_t n_rows, size_t n_columns,
                  const double *target_siemens, double *conductance_siemens)
{
    struct random_key write = *key;
    write.draw = 0;
    memcpy(conductance_siemens, target_siemens, n_rows * n_columns * sizeof *target_siemens);
    act(device, 1, &write, LAW_LEVELS, LAW_RELAXATION, n_rows * n_columns, n_columns, target_siemens, NULL,
        conductance_siemens);
}

void device_age(const struct device *device, const struct random_key *key, double age_ratio, size_t n_rows,
                size_t n_columns, const double *target_siemens, const unsigned char *frozen,
                double *conductance_siemens)
{
    struct random_key write = *key;
    write.draw = 0;
    act(device, age_ratio, &write, LAW_RELAXATION, LAW_TELEGRAPH, n_rows * n_columns, n_columns,
        target_siemens, frozen, conductance_siemens);
}

void device_program(const struct device *device, const struct random_key *key, size_t n_rows,
                    size_t n_columns, const double *target_siemens, double *conductance_siemens)
{
    struct random_key write = *key;
    write.draw = 0;
    memcpy(conductance_siemens, target_siemens, n_rows * n_columns * sizeof *target_siemens);
    act(device, 1, &write, LAW_LEVELS, LAW_TELEGRAPH, n_rows * n_columns, n_columns, target_siemens, NULL,
        conductance_siemens);
}

void device_read_moments(const struct device *device, size_t n, const double *target_siemens,
                         const double *conductance_siemens, double *mean_siemens, double *sigma_siemens)
{
    const struct card_block *block = &device->card.blocks[LAW_READ_NOISE];
    double scale = device->scale[LAW_READ_NOISE];
    memcpy(mean_siemens, conductance_siemens, n * sizeof *mean_siemens);
    memset(sigma_siemens, 0, n * sizeof *sigma_siemens);
    for (size_t first = 0; first < n && device_has_read_noise(device); first += LAW_CELLS) {
        double shift[LAW_CELLS];
        const struct law_cells cells = {n - first < LAW_CELLS ? n - first : LAW_CELLS, target_siemens + first,
                                        conductance_siemens + first, mean_siemens + first, 0};
        block->law->moments(&block->params, &device->at, &cells, shift, sigma_siemens + first);
        for (size_t i = 0; i < cells.n; i++) {
            mean_siemens[first + i] += scale * shift[i];
            sigma_siemens[first + i] *= scale;
        }
    }
}

void device_read(const struct device *device, const struct random_key *key, size_t n,
                 const double *target_siemens, const double *conductance_siemens, double *read_siemens)
{
    memcpy(read_siemens, conductance_siemens, n * sizeof *read_siemens);
    for (size_t first = 0; first < n; first += LAW_CELLS) {
        const struct law_cells cells = {n - first < LAW_CELLS ? n - first : LAW_CELLS, target_siemens + first,
                                        conductance_siemens + first, read_siemens + first, 0};
        apply(device, &device->at, LAW_READ_NOISE, key, first, &cells);
    }
}
