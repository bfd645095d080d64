#include "cli/device_show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/quantity.h"
#include "devices/device.h"

enum { SHOWN_CELLS = 20000, STATES = 5, TIMES_MAX = 5 };

static bool is_file(const char *name)
{
    size_t length = strlen(name);
    return (length > 5 && strcmp(name + length - 5, ".yaml") == 0) || strchr(name, '/') != NULL;
}

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

/* --- spread --- */

struct view {      /* what a card's cells come out as: states from g_min to g_max, at some times */
    bool any_time; /* the figures know no time; times_seconds[0] is then just one */
    size_t n_times;
    double times_seconds[TIMES_MAX], states_siemens[STATES];
    double mean_siemens[STATES][TIMES_MAX], sigma_siemens[STATES][TIMES_MAX];
};

/* The times at which a block has figures of their own, or NULL. */
static const struct option_reals *listed_times(const struct card *card)
{
    for (int block = 0; block < LAW_BLOCKS; block++) {
        const struct card_block *own = &card->blocks[block];
        for (size_t i = 0; own->law != NULL && own->law->params != NULL && i < own->law->params->n_options;
             i++) {
            const struct option *option = &own->law->params->options[i];
            if (strcmp(option->key, "times") == 0 && option_is_set(option, &own->params))
                return (const struct option_reals *)(const void *)(own->params.bytes + option->offset);
        }
    }
    return NULL;
}

/* Those with figures, as far as they lie in the card's range; else its ends and round times between. */
static void pick_times(const struct card *card, struct view *view)
{
    const double round_seconds[] = {3600, 86400, 31557600};
    const struct option_reals *listed = listed_times(card);
    double first, last;
    card_times(card, &first, &last);
    view->any_time = !(first > 0) && !isfinite(last);
    view->times_seconds[0] = first > 0 ? first : 1;
    view->n_times = 1;
    for (int i = 0; listed != NULL && i < listed->n && view->n_times < TIMES_MAX - 1; i++)
        if (listed->values[i] > first && listed->values[i] < last)
            view->times_seconds[view->n_times++] = listed->values[i];
    for (size_t i = 0; listed == NULL && i < sizeof round_seconds / sizeof round_seconds[0]; i++)
        if (isfinite(last) && round_seconds[i] > first && round_seconds[i] < last)
            view->times_seconds[view->n_times++] = round_seconds[i];
    if (isfinite(last) && last > first)
        view->times_seconds[view->n_times++] = last;
}

/* Of SHOWN_CELLS cells programmed to one conductance. scratch [2 * SHOWN_CELLS]. */
static void measure(const struct device *device, double target, double *scratch, double *mean, double *sigma)
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
    *mean = target + sum / SHOWN_CELLS;
    *sigma = sqrt(squares / SHOWN_CELLS);
}

/* States first_state, first_state + step ... of the card at each of its times. */
static enum rs_status fill_view(const char *name, const struct card *card, int first_state, int step,
                                struct view *view, struct rs_error *err)
{
    double *scratch = memory_allocate(2 * SHOWN_CELLS, sizeof *scratch, err);
    struct device *device = memory_allocate(1, sizeof *device, err);
    struct device_options options;
    enum rs_status status = scratch != NULL && device != NULL ? RS_OK : RS_INTERNAL;
    double low = card->window.g_min_siemens, high = card->window.g_max_siemens;
    pick_times(card, view);
    option_fill_defaults(&device_option_table, &options);
    if (is_file(name))
        snprintf(options.card, sizeof options.card, "%s", name);
    for (options.preset = 0; !is_file(name) && strcmp(card_preset_names[options.preset], name) != 0;)
        options.preset++;
    for (size_t t = 0; t < view->n_times && status == RS_OK; t++) {
        options.time_seconds = view->times_seconds[t];
        status = device_open(&options, device, err);
        for (int state = first_state; state < STATES && status == RS_OK; state += step) {
            view->states_siemens[state] = low + state / (STATES - 1.0) * (high - low);
            measure(device, view->states_siemens[state], scratch, &view->mean_siemens[state][t],
                    &view->sigma_siemens[state][t]);
        }
    }
    free(scratch);
    free(device);
    return status;
}

static void print_window(const struct card *card, char text[80])
{
    char low[32], high[32];
    quantity_print(card->window.g_min_siemens, QUANTITY_SIEMENS, low, sizeof low);
    quantity_print(card->window.g_max_siemens, QUANTITY_SIEMENS, high, sizeof high);
    snprintf(text, 80, "%s to %s", low, high);
}

static void print_times(const struct view *view, char text[80])
{
    char first[32], last[32];
    quantity_print_full(view->times_seconds[0], QUANTITY_SECOND, first, sizeof first);
    quantity_print_full(view->times_seconds[view->n_times - 1], QUANTITY_SECOND, last, sizeof last);
    if (view->any_time)
        snprintf(text, 80, "any");
    else if (view->n_times == 1)
        snprintf(text, 80, "%s", first);
    else
        snprintf(text, 80, "%s to %s", first, last);
}

/* --- JSON --- */

static void print_json_text(const char *name, const char *value)
{
    printf(", \"%s\": \"", name);
    for (; *value != '\0'; value++)
        if (*value == '"' || *value == '\\')
            printf("\\%c", *value);
        else if ((unsigned char)*value < ' ')
            printf(" ");
        else
            printf("%c", *value);
    printf("\"");
}

static void print_json_numbers(const char *name, const double *values, size_t n)
{
    if (name != NULL)
        printf(", \"%s\": ", name);
    printf("[");
    for (size_t i = 0; i < n; i++)
        printf("%s%.17g", i > 0 ? ", " : "", values[i]);
    printf("]");
}

static void print_json_card(const struct card *card)
{
    printf("\"name\": \"%s\", \"g_min_siemens\": %.17g, \"g_max_siemens\": %.17g", card->name,
           card->window.g_min_siemens, card->window.g_max_siemens);
    print_json_text("weakest_source", weakest(card));
    print_json_text("summary", card->summary);
    print_json_text("citation", card->citation);
}

static void print_json_view(const struct card *card, const struct view *view)
{
    printf("{\"schema\": \"rescore-device/1\", ");
    print_json_card(card);
    printf(", \"knows_time\": %s", view->any_time ? "false" : "true");
    print_json_numbers("times_seconds", view->times_seconds, view->n_times);
    print_json_numbers("states_siemens", view->states_siemens, STATES);
    for (int what = 0; what < 2; what++) {
        printf(", \"%s\": [", what == 0 ? "mean_siemens" : "sigma_siemens");
        for (int state = 0; state < STATES; state++) {
            printf("%s", state > 0 ? ", " : "");
            print_json_numbers(NULL, what == 0 ? view->mean_siemens[state] : view->sigma_siemens[state],
                               view->n_times);
        }
        printf("]");
    }
    printf(", \"blocks\": {\"window\": {\"kind\": \"window\"");
    print_json_text("source", card->window_source);
    print_json_text("confidence", card->window_confidence);
    for (int block = 0; block < LAW_BLOCKS; block++) {
        const struct card_block *own = &card->blocks[block];
        if (own->law == NULL)
            continue;
        printf("}, \"%s\": {\"kind\": \"%s\"", law_block_name((enum law_block)block), own->law->kind);
        print_json_text("source", own->source);
        print_json_text("confidence", own->confidence);
    }
    printf("}}}\n");
}

/* --- list --- */

static void print_entry(const struct card *card, const struct view *view, bool json, bool first)
{
    const double *sigma = view->sigma_siemens[STATES / 2];
    char window[80], times[80], text[2][32], spread[80];
    if (json) {
        printf("%s{", first ? "" : ", ");
        print_json_card(card);
        print_json_numbers("times_seconds", view->times_seconds, view->n_times);
        print_json_numbers("sigma_mid_siemens", sigma, view->n_times);
        printf("}");
        return;
    }
    print_window(card, window);
    print_times(view, times);
    for (int i = 0; i < 2; i++) {
        char number[32];
        snprintf(number, sizeof number, "%.2g", sigma[i == 0 ? 0 : view->n_times - 1]);
        quantity_print(strtod(number, NULL), QUANTITY_SIEMENS, text[i], sizeof text[i]);
    }
    snprintf(spread, sizeof spread, view->n_times > 1 ? "%s to %s" : "%s", text[0], text[1]);
    printf("%-24s %-20s %-10s %-20s %-20s\n    %s\n", card->name, window, weakest(card), times, spread,
           card->summary);
}

enum rs_status device_list(const struct command_line *line, struct rs_error *err)
{
    struct card *card = memory_allocate(1, sizeof *card, err);
    enum rs_status status = card == NULL ? RS_INTERNAL : RS_OK;
    if (status == RS_OK && line->json)
        printf("{\"schema\": \"rescore-devices/1\", \"cards\": [");
    else if (status == RS_OK)
        printf("%-24s %-20s %-10s %-20s %-20s\n", "card", "window", "weakest", "time after write",
               "sigma mid-window");
    for (size_t i = 0; card_preset_names[i] != NULL && status == RS_OK; i++) {
        struct view view;
        status = card_load_preset(card_preset_names[i], card, err);
        if (status == RS_OK)
            status = fill_view(card_preset_names[i], card, STATES / 2, STATES, &view, err);
        if (status == RS_OK)
            print_entry(card, &view, line->json, i == 0);
    }
    if (status == RS_OK && line->json)
        printf("]}\n");
    else if (status == RS_OK)
        printf(
            "\nweakest: the least certain of a card's sources. primary: the paper or its data; secondary: "
            "somebody's fit\nor code; assumed: neither. sigma: of cells written to the middle of the window, "
            "without read noise, at the\nfirst and last time. `rescore device show NAME` has every law, its "
            "source, and more states and times.\n");
    free(card);
    return status;
}

/* --- show --- */

static void print_view(const struct view *view)
{
    bool small = view->states_siemens[STATES - 1] < 1e-6;
    double scale = small ? 1e9 : 1e6;
    printf("\nmean and standard deviation, %s, of %d cells (seed 1), without read noise\n%12s",
           small ? "nS" : "uS", SHOWN_CELLS, "target");
    for (size_t t = 0; t < view->n_times; t++) {
        char text[32];
        quantity_print_full(view->times_seconds[t], QUANTITY_SECOND, text, sizeof text);
        printf("  %20s", view->any_time ? "at any time" : text);
    }
    for (int state = 0; state < STATES; state++) {
        printf("\n%9.4g %s", view->states_siemens[state] * scale, small ? "nS" : "uS");
        for (size_t t = 0; t < view->n_times; t++)
            printf("  %10.4g +- %-6.3g", view->mean_siemens[state][t] * scale,
                   view->sigma_siemens[state][t] * scale);
    }
    printf("\n");
}

/* One figure of a law, lists broken so that a group of times stands on a line of its own. */
static void print_figure(const struct option *option, const struct card_block *block, struct text *out)
{
    const char *place = block->params.bytes + option->offset;
    const struct option_reals *list = (const struct option_reals *)(const void *)place;
    char text[64];
    int per_line = 5;
    if (option->kind == OPTION_REAL) {
        quantity_print_full(*(const double *)(const void *)place, option->unit, text, sizeof text);
        text_append(out, "%s", text);
    } else if (option->kind == OPTION_EITHER) {
        const struct option_either *either = (const struct option_either *)(const void *)place;
        quantity_print_full(either->value, either->unit, text, sizeof text);
        text_append(out, "%s", text);
    } else if (option->kind == OPTION_REALS && list->n > 0) {
        const struct option_reals *times = NULL;
        for (size_t i = 0; i < block->law->params->n_options; i++)
            if (strcmp(block->law->params->options[i].key, "times") == 0)
                times = (const struct option_reals *)(const void *)(block->params.bytes +
                                                                    block->law->params->options[i].offset);
        if (times != NULL && times->n > 1 && times != list && list->n % times->n == 0)
            per_line = list->n / times->n;
        for (int i = 0; i < list->n; i++) {
            quantity_print_full(list->values[i], option->unit, text, sizeof text);
            text_append(out, "%s%s",
                        i == 0              ? ""
                        : i % per_line == 0 ? ",\n                     "
                                            : ", ",
                        text);
        }
    } else {
        option_print_value(option, &block->params, out);
    }
}

static void print_block(const struct card_block *block, enum law_block which)
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
        print_figure(option, block, &values);
        text_append(&values, "\n");
    }
    if (!values.failed && values.bytes != NULL)
        fputs(values.bytes, stdout);
    text_clear(&values);
}

static void print_card(const struct card *card, const struct view *view)
{
    char window[80], times[80];
    print_window(card, window);
    print_times(view, times);
    printf("%s: %s\n%s\n\nwindow: %s\n    source: %s [%s]\ntimes after the write: %s\n", card->name,
           card->summary, strcmp(card->citation, "none") == 0 ? "no publication" : card->citation, window,
           card->window_source, card->window_confidence, times);
    for (int block = 0; block < LAW_BLOCKS; block++)
        print_block(&card->blocks[block], (enum law_block)block);
    print_view(view);
}

enum rs_status device_show(const char *name, bool as_yaml, const struct command_line *line,
                           struct rs_error *err)
{
    struct card *card = memory_allocate(1, sizeof *card, err);
    struct view view;
    if (card == NULL)
        return RS_INTERNAL;
    enum rs_status status =
        is_file(name) ? card_load_file(name, card, err) : card_load_preset(name, card, err);
    if (status == RS_OK && as_yaml && is_file(name))
        status = rs_fail(err, RS_USAGE, "device show --yaml: a card that the program carries expected");
    else if (status == RS_OK && as_yaml)
        fputs(card_preset_text(name), stdout);
    else if (status == RS_OK)
        status = fill_view(name, card, 0, 1, &view, err);
    if (status == RS_OK && !as_yaml && line->json)
        print_json_view(card, &view);
    else if (status == RS_OK && !as_yaml)
        print_card(card, &view);
    free(card);
    return status;
}
