/* rescore device list; rescore device show NAME|CARD.yaml [--yaml]; rescore device fit: device_fit.h */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/quantity.h"
#include "cli/command.h"
#include "cli/device_fit.h"
#include "devices/device.h"

enum { SHOWN_CELLS = 20000, SHOWN_STATES = 5, SHOWN_TIMES_MAX = 4 };

static bool is_file(const char *name)
{
    size_t length = strlen(name);
    return (length > 5 && strcmp(name + length - 5, ".yaml") == 0) || strchr(name, '/') != NULL;
}

static void print_siemens(double value, char text[32])
{
    quantity_print(value, QUANTITY_SIEMENS, text, 32);
}

/* --- list --- */

/* The least trustworthy of a card's blocks. */
static const char *weakest(const struct card *card)
{
    static const char *const order[] = {"assumed", "secondary", "primary"};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (strcmp(card->window_confidence, order[i]) == 0)
            return order[i];
        for (int block = 0; block < LAW_BLOCKS; block++)
            if (strcmp(card->blocks[block].confidence, order[i]) == 0)
                return order[i];
    }
    return "";
}

static enum rs_status list(const struct command_line *line, struct rs_error *err)
{
    enum rs_status status = RS_OK;
    if (line->json)
        printf("{\"schema\": \"rescore-devices/1\", \"cards\": [");
    else
        printf("%-24s %-20s %-10s %s\n", "card", "window", "weakest", "");
    for (size_t i = 0; card_preset_names[i] != NULL && status == RS_OK; i++) {
        struct card *card = memory_allocate(1, sizeof *card, err);
        char low[32], high[32], window[80];
        status = card == NULL ? RS_INTERNAL : card_load_preset(card_preset_names[i], card, err);
        if (status == RS_OK && line->json) {
            printf("%s{\"name\": \"%s\", \"g_min_siemens\": %.17g, \"g_max_siemens\": %.17g, "
                   "\"weakest_source\": \"%s\"}",
                   i > 0 ? ", " : "", card->name, card->window.g_min_siemens, card->window.g_max_siemens,
                   weakest(card));
        } else if (status == RS_OK) {
            print_siemens(card->window.g_min_siemens, low);
            print_siemens(card->window.g_max_siemens, high);
            snprintf(window, sizeof window, "%s to %s", low, high);
            printf("%-24s %-20s %-10s %s\n", card->name, window, weakest(card), card->summary);
        }
        free(card);
    }
    if (status == RS_OK && line->json)
        printf("]}\n");
    else if (status == RS_OK)
        printf("\nprimary: the paper or its data; secondary: somebody's fit or code; assumed: neither.\n"
               "`rescore device show NAME` has the sources and the spread at several times.\n");
    return status;
}

/* --- show --- */

struct moments {
    double mean, sigma;
};

/* Of SHOWN_CELLS cells programmed to one conductance. scratch [2 * SHOWN_CELLS]. */
static struct moments measure(const struct device *device, double target, double *scratch)
{
    const struct random_key key = {.seed = 1};
    double *programmed = scratch + SHOWN_CELLS, sum = 0, squares = 0;
    for (size_t i = 0; i < SHOWN_CELLS; i++)
        scratch[i] = target;
    device_program(device, &key, SHOWN_CELLS / 100, 100, scratch, programmed);
    for (size_t i = 0; i < SHOWN_CELLS; i++)
        sum += programmed[i] - target;
    for (size_t i = 0; i < SHOWN_CELLS; i++) {
        double off = programmed[i] - target - sum / SHOWN_CELLS;
        squares += off * off;
    }
    return (struct moments){target + sum / SHOWN_CELLS, sqrt(squares / SHOWN_CELLS)};
}

/* First, last and, between them, times evenly spaced in their logarithm. */
static size_t pick_times(const struct card *card, double times[SHOWN_TIMES_MAX])
{
    double first, last;
    card_times(card, &first, &last);
    if (!(last > first) || !isfinite(last) || !(first > 0)) {
        times[0] = first > 0 ? first : 1;
        return 1;
    }
    for (int i = 0; i < SHOWN_TIMES_MAX; i++)
        times[i] = first * pow(last / first, i / (SHOWN_TIMES_MAX - 1.0));
    times[SHOWN_TIMES_MAX - 1] = last;
    return SHOWN_TIMES_MAX;
}

static const char *const time_names[] = {"s", "minutes", "hours", "days", "years"};
static const double time_seconds[] = {1, 60, 3600, 86400, 365.25 * 86400};

static void print_time(double seconds, char text[32])
{
    int i = 0;
    while (i < 4 && seconds >= time_seconds[i + 1])
        i++;
    snprintf(text, 32, "%.3g %s", seconds / time_seconds[i], time_names[i]);
}

static enum rs_status show_spread(const struct device_options *given, const struct card *card,
                                  struct rs_error *err)
{
    double times[SHOWN_TIMES_MAX], *scratch = memory_allocate(2 * SHOWN_CELLS, sizeof *scratch, err);
    struct device *device = memory_allocate(1, sizeof *device, err);
    enum rs_status status = scratch != NULL && device != NULL ? RS_OK : RS_INTERNAL;
    size_t n_times = pick_times(card, times);
    if (status == RS_OK)
        printf("\nmean and standard deviation, uS, of %d cells (seed 1), without read noise\n%12s",
               SHOWN_CELLS, "target");
    for (size_t t = 0; t < n_times && status == RS_OK; t++) {
        char text[32];
        print_time(times[t], text);
        printf("  %20s", text);
    }
    for (int state = 0; state < SHOWN_STATES && status == RS_OK; state++) {
        double low = card->window.g_min_siemens, high = card->window.g_max_siemens,
               target = low + state / (SHOWN_STATES - 1.0) * (high - low);
        printf("\n%9.4g uS", target * 1e6);
        for (size_t t = 0; t < n_times && status == RS_OK; t++) {
            struct device_options options = *given;
            options.time_seconds = times[t];
            status = device_open(&options, device, err);
            struct moments at = status == RS_OK ? measure(device, target, scratch) : (struct moments){0, 0};
            printf("  %10.4g +- %-6.3g", at.mean * 1e6, at.sigma * 1e6);
        }
    }
    if (status == RS_OK)
        printf("\n");
    free(scratch);
    free(device);
    return status;
}

static void show_block(const struct card_block *block, enum law_block which)
{
    struct text values = {0};
    if (block->law == NULL)
        return;
    printf("\n%s: %s\n    %s\n    source: %s [%s]\n", law_block_name(which), block->law->kind,
           block->law->summary, block->source, block->confidence);
    for (size_t i = 0; i < block->law->params->n_options; i++) {
        const struct option *option = &block->law->params->options[i];
        if (!option_is_set(option, &block->params))
            continue;
        text_append(&values, "    %-16s ", option->key);
        option_print_value(option, &block->params, &values);
        text_append(&values, "\n");
    }
    if (!values.failed && values.bytes != NULL)
        fputs(values.bytes, stdout);
    text_clear(&values);
}

static enum rs_status show(const struct command_line *line, struct rs_error *err)
{
    const char *name = line->positionals[1];
    struct device_options options;
    struct card *card = memory_allocate(1, sizeof *card, err);
    char low[32], high[32];
    option_fill_defaults(&device_option_table, &options);
    if (card == NULL)
        return RS_INTERNAL;
    enum rs_status status =
        is_file(name) ? card_load_file(name, card, err) : card_load_preset(name, card, err);
    if (status == RS_OK && line->values[0] != NULL) {
        free(card);
        if (is_file(name))
            return rs_fail(err, RS_USAGE, "device show --yaml: a card that the program carries expected");
        fputs(card_preset_text(name), stdout);
        return RS_OK;
    }
    if (status == RS_OK) {
        print_siemens(card->window.g_min_siemens, low);
        print_siemens(card->window.g_max_siemens, high);
        printf("%s: %s\n%s\n\nwindow: %s to %s\n    source: %s [%s]\n", card->name, card->summary,
               card->citation, low, high, card->window_source, card->window_confidence);
        for (int block = 0; block < LAW_BLOCKS; block++)
            show_block(&card->blocks[block], (enum law_block)block);
        if (is_file(name))
            snprintf(options.card, sizeof options.card, "%s", name);
        for (options.preset = 0; !is_file(name) && strcmp(card_preset_names[options.preset], name) != 0;)
            options.preset++;
        status = show_spread(&options, card, err);
    }
    free(card);
    return status;
}

static enum rs_status run(const struct command_line *line, struct rs_error *err)
{
    const char *what = line->positionals[0];
    if (strcmp(what, "list") == 0 && line->n_positionals == 1)
        return list(line, err);
    if (strcmp(what, "show") == 0 && line->n_positionals == 2)
        return show(line, err);
    if (strcmp(what, "show") == 0)
        return rs_fail(err, RS_USAGE, "device show: a card's name or file expected");
    if (strcmp(what, "fit") == 0 && line->n_positionals == 2)
        return device_fit(line->positionals[1], line->values[1], line->values[2], line, err);
    if (strcmp(what, "fit") == 0)
        return rs_fail(err, RS_USAGE, "device fit: a file of measured data expected");
    return rs_fail(err, RS_USAGE, "device: '%s' found, list, show NAME or fit DATA.csv expected", what);
}

const struct command command_device = {
    .name = "device",
    .summary = "the device cards: ranges, spread over time, sources; a card from measured data",
    .arguments = "list | show NAME|CARD.yaml | fit DATA.csv -o CARD.yaml",
    .n_positionals_min = 1,
    .n_positionals_max = 2,
    .options = {{"yaml", NULL, "show: the card's own file"},
                {"read-voltage", "V", "fit: voltage that targets are stated at (default: the smallest)"},
                {"law", "NAME",
                 "fit: polynomial, table or empirical for the programming error (default: by tests of fit)"}},
    .example = "rescore device show wan2022",
    .run = run,
};
