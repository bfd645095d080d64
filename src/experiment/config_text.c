/* Printing configurations: resolved, as a template, as the manual's entries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/config_internal.h"

/* What the template of `init` sets apart from the defaults: the demo. */
struct init_value {
    const char *key, *value;
};

static const struct init_value init_values[] = {
    {"workload.samples", "200"},
    {"comparator.offset", "10 nA"},
    {"prune.keep_ratio", "10 %"},
};

static const char init_sweep[] =
    "# Every combination of these is run. A list, or a range {from: 0 ohm, to: 8 ohm, steps: 5}.\n"
    "# array.r_bit_line follows array.r_word_line as long as it is not set itself.\n"
    "sweep:\n"
    "  array.r_word_line:\n"
    "    - 0 ohm\n"
    "    - 1 ohm\n"
    "    - 2 ohm\n"
    "    - 4 ohm\n"
    "    - 8 ohm\n"
    "  device.read_noise:\n"
    "    - 0 %\n"
    "    - 5 %\n"
    "    - 10 %\n"
    "    - 20 %\n"
    "    - 30 %\n";

/* Length of the section part of a key: "array" of "array.rows". */
static size_t section_length(const char *key)
{
    return (size_t)(strchr(key, '.') - key);
}

static bool starts_section(int index)
{
    const char *key = config_option(index)->key, *before = index > 0 ? config_option(index - 1)->key : "";
    size_t length = section_length(key) + 1;
    return strncmp(key, before, length) != 0;
}

static void append_section(int index, struct text *out)
{
    const char *key = config_option(index)->key;
    if (starts_section(index))
        text_append(out, "%.*s:\n", (int)section_length(key), key);
}

static void append_sweeps(const struct configuration *configuration, struct text *out)
{
    if (configuration->n_sweeps > 0)
        text_append(out, "sweep:\n");
    for (int s = 0; s < configuration->n_sweeps; s++) {
        const struct config_sweep *sweep = &configuration->sweeps[s];
        const struct option *option = config_option(sweep->option);
        text_append(out, "  %s:\n", option->key);
        for (size_t i = 0; i < sweep->n_values; i++) {
            struct config point = configuration->base;
            char why[256];
            text_append(out, "    - ");
            if (option_set(option, config_section(&point, sweep->option), sweep->values[i], why, sizeof why))
                option_print_value(option, config_section(&point, sweep->option), out);
            text_append(out, "\n");
        }
    }
}

/* device.preset is without effect where a card file is named, and naming both would be refused. */
static bool is_replaced(const struct configuration *configuration, const char *key)
{
    return strcmp(key, "device.preset") == 0 && configuration->raw_paths[config_find("device.card")] != NULL;
}

char *config_resolved_text(const struct configuration *configuration, struct rs_error *err)
{
    struct text out = {0};
    for (int i = 0; i < config_n_options(); i++) {
        const struct option *option = config_option(i);
        const char *name = option->key + section_length(option->key) + 1;
        append_section(i, &out);
        if (is_replaced(configuration, option->key)) {
            text_append(&out, "  # %s: device.card\n", name);
        } else if (option->kind == OPTION_PATH && configuration->raw_paths[i] != NULL) {
            char raw[OPTION_TEXT_SIZE];
            struct option whole = *option;
            whole.offset = 0;
            snprintf(raw, sizeof raw, "%s", configuration->raw_paths[i]);
            text_append(&out, "  %s: ", name);
            option_print_value(&whole, raw, &out);
            text_append(&out, "\n");
        } else if (option_is_set(option, config_const_section(&configuration->base, i))) {
            text_append(&out, "  %s: ", name);
            option_print_value(option, config_const_section(&configuration->base, i), &out);
            text_append(&out, "\n");
        } else {
            text_append(&out, "  # %s: %s\n", name, option->initial_help);
        }
    }
    append_sweeps(configuration, &out);
    return text_take(&out, err);
}

static void append_described(const struct option *option, const char *lead, struct text *out)
{
    struct text line = {0};
    text_append(&line, "%s (", option->help);
    option_print_type(option, &line);
    struct text range = {0};
    option_print_range(option, &range);
    if (range.length > 0)
        text_append(&line, "; %s", range.bytes);
    text_append(&line, ")");
    if (!line.failed && !range.failed)
        option_print_wrapped(line.bytes, lead, out);
    else
        out->failed = true;
    text_clear(&range);
    text_clear(&line);
}

static const char *init_value(const struct option *option)
{
    for (size_t i = 0; i < sizeof init_values / sizeof init_values[0]; i++)
        if (strcmp(init_values[i].key, option->key) == 0)
            return init_values[i].value;
    return option->initial;
}

/* Keys that a run does not read. */
static bool is_for_train(const struct option *option)
{
    static const char *const sections[] = {"train.", "transformer.", "learned."};
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (strncmp(option->key, sections[i], strlen(sections[i])) == 0)
            return true;
    return false;
}

char *config_init_text(struct rs_error *err)
{
    struct text out = {0};
    text_append(
        &out,
        "# A rescore configuration for the embedded workload. Quantities are a number, a space and a unit;\n"
        "# a bare number is in the SI base unit. 'rescore explain KEY' says more about a key.\n\n");
    for (int i = 0; i < config_n_options(); i++) {
        const struct option *option = config_option(i);
        const char *name = option->key + section_length(option->key) + 1, *value = init_value(option);
        if (is_for_train(option))
            continue;
        if (i > 0 && starts_section(i))
            text_append(&out, "\n");
        append_section(i, &out);
        append_described(option, "  # ", &out);
        if (value != NULL)
            text_append(&out, "  %s: %s\n", name, value);
        else
            text_append(&out, "  # %s: (%s)\n", name, option->initial_help);
    }
    text_append(&out, "\n%s", init_sweep);
    return text_take(&out, err);
}

static void explain_sweep(struct text *out)
{
    text_append(
        out, "sweep\n    maps full dotted keys to a list, {from, to, steps} or {from, to, steps, scale: log}"
             "\n    (steps: number of values, both ends included); several keys span a grid\n");
}

char *config_explain_text(int index, struct rs_error *err)
{
    struct text out = {0};
    for (int i = index < 0 ? 0 : index; i < (index < 0 ? config_n_options() : index + 1); i++) {
        if (index < 0 && i > 0)
            text_append(&out, "\n");
        option_print_help(config_option(i), &out);
    }
    if (index < 0) {
        text_append(&out, "\n");
        explain_sweep(&out);
    }
    return text_take(&out, err);
}

char *config_explain_section(const char *section, struct rs_error *err)
{
    struct text out = {0};
    size_t length = strlen(section);
    if (strcmp(section, "sweep") == 0)
        explain_sweep(&out);
    for (int i = 0; i < config_n_options(); i++) {
        const struct option *option = config_option(i);
        if (section_length(option->key) != length || strncmp(option->key, section, length) != 0)
            continue;
        if (out.length > 0)
            text_append(&out, "\n");
        option_print_help(option, &out);
    }
    if (out.length > 0 || out.failed)
        return text_take(&out, err);
    const char *nearest = config_nearest(section);
    if (nearest != NULL)
        rs_fail(err, RS_USAGE, "rescore explain: '%s': unknown key; did you mean '%s'?", section, nearest);
    else
        rs_fail(err, RS_USAGE, "rescore explain: '%s': unknown key; 'rescore explain' lists them all",
                section);
    return NULL;
}
