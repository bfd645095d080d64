/* What every law and card owes, whatever its figures: looped over the registry, so that a new one is held to
 * it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "devices/device.h"
#include "devices/law_temperature.h"
#include "devices/laws.h"

TestSuite(laws, .timeout = 120);

enum { ROWS = 100, COLUMNS = 200, CELLS = ROWS * COLUMNS };

static const struct random_key key = {.seed = 31, .trial = 2, .array = 5, .write = 3};
static double target[CELLS], programmed[CELLS], other[CELLS];

static void open_card(size_t preset, const struct device_options *given, struct device *device)
{
    struct device_options options = *given;
    struct rs_error err = {{0}};
    options.preset = (int)preset;
    cr_assert_eq(device_open(&options, device, &err), RS_OK, "%s", err.text);
}

static struct device_options defaults(void)
{
    struct device_options options;
    option_fill_defaults(&device_option_table, &options);
    return options;
}

/* Targets over the device's whole window, both ends included. */
static void spread_targets(const struct device *device)
{
    for (int i = 0; i < CELLS; i++)
        target[i] = device->g_min_siemens + (device->g_max_siemens - device->g_min_siemens) * (i % 101) / 100;
}

/* Has every block that acts on conductances, with cells of every kind of state. */
static void open_everything(struct device *device)
{
    struct device_options options = defaults();
    const struct law *flicker = law_find(LAW_FLICKER, "power");
    size_t preset = 0;
    while (strcmp(card_preset_names[preset], "generic-hfo2") != 0)
        preset++;
    options.time_seconds = 3600;
    options.temperature_kelvin = 350;
    open_card(preset, &options, device);
    const char *const values[][2] = {{"g_reference", "100 uS"}, {"q", "0.01"},    {"exponent", "0.5"},
                                     {"floor", "1e-3"},         {"highest", "1"}, {"t_read", "1 us"}};
    device->card.blocks[LAW_FLICKER].law = flicker;
    device->scale[LAW_FLICKER] = 1;
    option_fill_defaults(flicker->params, &device->card.blocks[LAW_FLICKER].params);
    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++)
        for (size_t i = 0; i < flicker->params->n_options; i++) {
            char why[200];
            if (strcmp(flicker->params->options[i].key, values[v][0]) == 0)
                cr_assert(option_set(&flicker->params->options[i], &device->card.blocks[LAW_FLICKER].params,
                                     values[v][1], why, sizeof why),
                          "%s", why);
        }
}

/* Traps and pulses act elsewhere: in reads, in write-verify. */
static bool acts(const struct device *device, int block)
{
    const struct law *law = device->card.blocks[block].law;
    return law != NULL && (law->moments != NULL || law->apply != NULL);
}

static void act(const struct device *device, int block, const double *from, double *to)
{
    memmove(to, from, sizeof target);
    if (acts(device, block))
        device_act(device, &key, block, block + 1, ROWS, COLUMNS, target, to);
}

static bool draws(const struct device *device, int block)
{
    return acts(device, block) && block != LAW_LEVELS && block != LAW_TEMPERATURE;
}

/* --- off --- */

Test(laws, a_block_that_is_off_returns_its_cells_bit_for_bit)
{
    for (size_t c = 0; card_preset_names[c] != NULL; c++)
        for (int block = 0; block <= LAW_READ_NOISE; block++) {
            struct device device;
            const struct device_options options = defaults();
            open_card(c, &options, &device);
            device.scale[block] = 0;
            spread_targets(&device);
            act(&device, block, target, programmed);
            cr_assert_eq(memcmp(programmed, target, sizeof target), 0, "%s, %s", card_preset_names[c],
                         law_block_name((enum law_block)block));
        }
}

Test(laws, with_every_option_at_0_targets_come_back_bit_for_bit)
{
    for (size_t c = 0; card_preset_names[c] != NULL; c++) {
        struct device_options options = defaults();
        struct device device;
        char why[200];
        for (size_t i = 0; i < device_option_table.n_options; i++) {
            const struct option *option = &device_option_table.options[i];
            if (option->flags & OPTION_NON_IDEALITY || strncmp(option->key, "device.stuck", 12) == 0)
                cr_assert(option_set(option, &options, "0", why, sizeof why), "%s: %s", option->key, why);
        }
        open_card(c, &options, &device);
        spread_targets(&device);
        device_program(&device, &key, ROWS, COLUMNS, target, programmed);
        cr_assert_eq(memcmp(programmed, target, sizeof target), 0, "%s", device.card.name);
        device_read(&device, &key, CELLS, target, programmed, other);
        cr_assert_eq(memcmp(other, target, sizeof target), 0, "%s is read with noise", device.card.name);
    }
}

/* --- limits --- */

Test(laws, cells_stay_within_the_window_or_above_0_whatever_is_drawn)
{
    for (size_t c = 0; card_preset_names[c] != NULL; c++)
        for (int extreme = 1; extreme <= 100; extreme *= 10) {
            struct device_options options = defaults();
            struct device device;
            options.programming_scale = options.relaxation_scale = options.flicker_scale = extreme;
            options.device_spread_ratio = options.cycle_spread_ratio = 0.1 * extreme;
            options.extrapolate = true;
            options.time_seconds = 3e9;
            open_card(c, &options, &device);
            spread_targets(&device);
            bool cut = device.card.window.clamp == CARD_CLAMP_WINDOW;
            double low = cut ? device.card.window.g_min_siemens : 0,
                   high = cut ? device.card.window.g_max_siemens : 1e30;
            memcpy(programmed, target, sizeof target);
            for (int block = 0; block < LAW_TELEGRAPH; block++) {
                act(&device, block, programmed, programmed);
                if (block == LAW_FLICKER) /* 1/f noise belongs to the read: cut at 0 alone */
                    low = 0, high = 1e30;
                for (int i = 0; i < CELLS; i++)
                    cr_assert(programmed[i] >= low && programmed[i] <= high, "%s, %s, factor %d: %g S",
                              device.card.name, law_block_name((enum law_block)block), extreme,
                              programmed[i]);
            }
            device_read(&device, &key, CELLS, target, programmed, other);
            for (int i = 0; i < CELLS; i++)
                cr_assert(other[i] >= 0 && isfinite(other[i]), "%s read: %g S", device.card.name, other[i]);
        }
}

/* --- draws --- */

/* Each block's cells before and after it; then, with any one source switched off, the same before gives the
 * same after. */
Test(laws, switching_a_source_off_moves_no_draw_of_another)
{
    static double before[LAW_READ_NOISE + 1][CELLS], after[LAW_READ_NOISE + 1][CELLS];
    struct device device;
    open_everything(&device);
    spread_targets(&device);
    memcpy(programmed, target, sizeof target);
    for (int block = 0; block <= LAW_READ_NOISE; block++) {
        memcpy(before[block], programmed, sizeof target);
        act(&device, block, before[block], programmed);
        memcpy(after[block], programmed, sizeof target);
        if (draws(&device, block))
            cr_assert_neq(memcmp(before[block], programmed, sizeof target), 0, "%s does nothing",
                          law_block_name((enum law_block)block));
    }
    for (int off = 0; off <= LAW_READ_NOISE; off++) {
        struct device without = device;
        without.scale[off] = 0;
        for (int block = 0; block <= LAW_READ_NOISE; block++) {
            if (block == off)
                continue;
            act(&without, block, before[block], programmed);
            cr_assert_eq(memcmp(programmed, after[block], sizeof target), 0, "%s without %s",
                         law_block_name((enum law_block)block), law_block_name((enum law_block)off));
        }
    }
}

/* Ranks instead of values: some errors have heavy tails. */
static double correlation(const double *one, const double *two)
{
    double above[2] = {0}, both = 0;
    for (int i = 0; i < CELLS; i++) {
        above[0] += one[i] > 0;
        above[1] += two[i] > 0;
        both += one[i] > 0 && two[i] > 0;
    }
    double p = above[0] / CELLS, q = above[1] / CELLS;
    return (both / CELLS - p * q) / sqrt(p * (1 - p) * q * (1 - q));
}

Test(laws, draws_of_different_sources_are_independent)
{
    static double errors[LAW_READ_NOISE + 1][CELLS];
    struct device device;
    open_everything(&device);
    device.at.temperature_kelvin = 300;
    for (int i = 0; i < CELLS; i++)
        target[i] = 40e-6;
    for (int block = 0; block <= LAW_READ_NOISE; block++) {
        if (!draws(&device, block))
            continue;
        act(&device, block, target, errors[block]);
        for (int i = 0; i < CELLS; i++)
            errors[block][i] -= block == LAW_RELAXATION ? 40e-6 * exp(-0.002 * log(device.at.time_seconds))
                                : block == LAW_STUCK    ? 40e-6 + 1e-12
                                                        : 40e-6;
        for (int before = 0; before < block; before++)
            if (draws(&device, before))
                cr_assert_lt(fabs(correlation(errors[before], errors[block])), 4.5 / sqrt(CELLS), "%s and %s",
                             law_block_name((enum law_block)before), law_block_name((enum law_block)block));
    }
}

/* The list of blocks says how long their draws live: per trial or per write. */
Test(laws, draws_live_as_long_as_the_list_of_blocks_says)
{
    struct device device;
    struct random_key rewritten = key, retried = key;
    open_everything(&device);
    spread_targets(&device);
    rewritten.write++;
    retried.trial++;
    for (int block = 0; block < LAW_TELEGRAPH; block++) {
        if (!draws(&device, block))
            continue;
        bool lasts = law_block_lifetime((enum law_block)block) == LAW_PER_TRIAL;
        act(&device, block, target, programmed);
        memcpy(other, target, sizeof target);
        device_act(&device, &rewritten, block, block + 1, ROWS, COLUMNS, target, other);
        cr_assert_eq(memcmp(programmed, other, sizeof target) == 0, lasts, "%s, another write",
                     law_block_name((enum law_block)block));
        memcpy(other, target, sizeof target);
        device_act(&device, &retried, block, block + 1, ROWS, COLUMNS, target, other);
        cr_assert_neq(memcmp(programmed, other, sizeof target), 0, "%s, another trial",
                      law_block_name((enum law_block)block));
    }
}

/* --- ageing --- */

static void age(const struct card_block *block, double seconds, const double *written, double *g)
{
    const struct law_conditions at = {
        .time_seconds = seconds, .temperature_kelvin = 300, .g_min_siemens = 1e-6, .g_max_siemens = 50e-6};
    const struct law_draws same = {key, 0, 1};
    const struct law_cells cells = {LAW_CELLS, target, written, g, 0};
    law_apply(block->law, &block->params, &at, &same, &cells);
}

/* The laws of relaxation are paths in ln t: with one draw per cell and no spread at t0, half of ln(t / t0)
 * twice is all of it once. */
Test(laws, ageing_by_half_of_ln_t_twice_is_ageing_by_ln_t_once)
{
    static const char *const cards[] = {
        "relaxation:\n  kind: log-time\n  t0: 1 s\n  last_time: 1 year\n  mean_per_ln: -0.1 uS\n  sigma: 0 "
        "S\n"
        "  sigma_per_ln: 0.05 uS\n",
        "relaxation:\n  kind: power\n  t0: 1 s\n  last_time: 1 year\n  g_reference: 50 uS\n  nu: 0.03\n"
        "  nu_spread: 0.02\n",
        "relaxation:\n  kind: log-logistic\n  t0: 1 s\n  last_time: 1 year\n  median_per_ln: -0.01\n"
        "  shape: 0\n  shape_per_ln: 0.004\n",
    };
    for (size_t c = 0; c < sizeof cards / sizeof cards[0]; c++) {
        struct card card;
        struct rs_error err = {{0}};
        char text[1024];
        double once[LAW_CELLS], twice[LAW_CELLS];
        snprintf(
            text, sizeof text,
            "format: rescore-device-card\nversion: 1\nname: mine\nwindow:\n  g_min: 1 uS\n  g_max: 50 uS\n"
            "  source: me\n  confidence: assumed\n%s  source: me\n  confidence: assumed\n",
            cards[c]);
        cr_assert_eq(card_parse("card", text, strlen(text), &card, &err), RS_OK, "%s", err.text);
        const struct card_block *block = &card.blocks[LAW_RELAXATION];
        for (int i = 0; i < LAW_CELLS; i++)
            target[i] = once[i] = twice[i] = (10 + i % 30) * 1e-6;
        age(block, 1e6, target, once);
        age(block, 1e3, target, twice);
        age(block, 1e3, target, twice);
        for (int i = 0; i < LAW_CELLS; i++)
            cr_assert_float_eq(twice[i], once[i], 1e-13 * once[i] + 1e-19, "%s, cell %d: %.17g, %.17g",
                               block->law->kind, i, twice[i], once[i]);
    }
}

/* Arrhenius: two hot spells age as much as one of their length, and as a longer one at the reference. */
Test(laws, hot_spells_add_up)
{
    struct device hot, cold;
    struct device_options options = defaults();
    size_t preset = 0;
    while (strcmp(card_preset_names[preset], "generic-hfo2") != 0)
        preset++;
    options.time_seconds = 3600;
    options.temperature_kelvin = 380;
    open_card(preset, &options, &hot);
    const void *params = &hot.card.blocks[LAW_TEMPERATURE].params;
    double factor = exp(1.3 / 8.617333262e-5 * (1 / 300.0 - 1 / 380.0));
    cr_assert_float_eq(law_temperature_ageing(params, 380) / factor, 1, 1e-12);
    cr_assert_eq(law_temperature_ageing(params, 300), 1.0);
    cr_assert_float_eq(hot.at.time_seconds, 2 * 1800 * factor, 1e-9 * hot.at.time_seconds);
    options.temperature_kelvin = 300;
    options.extrapolate = true;
    options.time_seconds = 3600 * factor;
    open_card(preset, &options, &cold);
    for (int i = 0; i < CELLS; i++)
        target[i] = 40e-6;
    act(&hot, LAW_RELAXATION, target, programmed);
    act(&cold, LAW_RELAXATION, target, other);
    for (int i = 0; i < CELLS; i++)
        cr_assert_float_eq(programmed[i], other[i], 1e-18);
}
