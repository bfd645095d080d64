#include "report/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/markup.h"
#include "report/number.h"

/* Exact references and diagnostics are one number per run or none that a reader compares: they stand
 * elsewhere. */
static const enum result_name columns[] = {RESULT_TASK_METRIC,     RESULT_TASK_LOSS,  RESULT_FALSE_PRUNE_RATE,
                                           RESULT_FALSE_KEEP_RATE, RESULT_KEEP_RATIO, RESULT_OUTPUT_ERROR,
                                           RESULT_LOST_MASS,       RESULT_RECALL_AT_K};

enum { TABLE_COLUMNS = sizeof columns / sizeof columns[0], TABLE_STATUS_BITS = 63 };

/* The i-th word of a list of words, or NULL; `length` gets its length. */
static const char *word_of(const char *words, int i, size_t *length)
{
    const char *word = words;
    while (word != NULL) {
        word += strspn(word, " ");
        *length = strcspn(word, " ");
        if (*length == 0)
            return NULL;
        if (i-- == 0)
            return word;
        word += *length;
    }
    return NULL;
}

void table_print_status(const struct result *result, size_t point, char *text, size_t text_size)
{
    size_t used = 0;
    snprintf(text, text_size, "good");
    for (int bit = 0; result->status != NULL && bit < TABLE_STATUS_BITS && used < text_size; bit++) {
        size_t n = 0, length = 0;
        for (size_t trial = 0; trial < result->n_trials; trial++)
            n += (result->status[point * result->n_trials + trial] >> bit) & 1;
        if (n == 0)
            continue;
        const char *word = word_of(result->flag_meanings, bit, &length);
        char name[NUMBER_SIZE];
        if (word != NULL)
            snprintf(name, sizeof name, "%.*s", (int)length, word);
        else
            snprintf(name, sizeof name, "flag %d", bit);
        for (char *letter = name; *letter != '\0'; letter++)
            *letter = *letter == '_' ? ' ' : *letter;
        used += (size_t)snprintf(text + used, text_size - used, "%s%s", used > 0 ? "; " : "", name);
        if (n < result->n_trials && used < text_size)
            used +=
                (size_t)snprintf(text + used, text_size - used, " (%zu of %zu trials)", n, result->n_trials);
    }
}

static void append_interval(struct text *out, double mean, double low, double high)
{
    char interval[NUMBER_SIZE];
    number_print_interval(mean, low, high, interval, sizeof interval);
    if (interval[0] != '\0')
        text_append(out, "<small>%s</small>", interval);
}

/* A key that may be broken after its dots. */
static void append_key(struct text *out, const char *key)
{
    while (*key != '\0') {
        size_t length = strcspn(key, ".");
        length += key[length] != '\0';
        markup_format(out, "%.*s", (int)length, key);
        text_append(out, "<wbr>");
        key += length;
    }
}

static void append_head(struct text *out, const struct result *result)
{
    text_append(out, "<thead><tr>");
    for (size_t i = 0; i < result->n_knobs; i++) {
        text_append(out, "<th class=\"text\" scope=\"col\">");
        append_key(out, result->knobs[i].key);
        text_append(out, "</th>");
    }
    for (size_t i = 0; i < TABLE_COLUMNS; i++) {
        if (!result->variables[columns[i]].present)
            continue;
        text_append(out, "<th scope=\"col\">%s", result_label(columns[i]));
        if (columns[i] == RESULT_TASK_METRIC)
            markup_format(out, " (%s)", result->metric);
        text_append(out, "</th>");
    }
    text_append(out, "<th class=\"text\" scope=\"col\">status</th></tr></thead>\n");
}

static void append_row(struct text *out, const struct result *result, size_t point)
{
    size_t index[RESULT_KNOBS_MAX];
    char value[NUMBER_SIZE], status[512];
    result_index(result, point, index);
    text_append(out, "<tr>");
    for (size_t i = 0; i < result->n_knobs; i++) {
        result_print_value(&result->knobs[i], index[i], value, sizeof value);
        text_append(out, "<th class=\"text\" scope=\"row\">");
        markup_append(out, value);
        text_append(out, "</th>");
    }
    for (size_t i = 0; i < TABLE_COLUMNS; i++) {
        const struct result_variable *variable = &result->variables[columns[i]];
        if (!variable->present)
            continue;
        double mean = variable->mean[point], low = variable->low[point], high = variable->high[point];
        number_print(mean, low, high, value, sizeof value);
        text_append(out, "<td>%s", value);
        append_interval(out, mean, low, high);
        if (columns[i] == RESULT_TASK_LOSS && result->sample_low != NULL && result->sample_high != NULL &&
            isfinite(result->sample_low[point]) && isfinite(result->sample_high[point])) {
            char interval[NUMBER_SIZE];
            number_print_interval(mean, result->sample_low[point], result->sample_high[point], interval,
                                  sizeof interval);
            text_append(out, "<small>items %s</small>", interval);
        }
        text_append(out, "</td>");
    }
    table_print_status(result, point, status, sizeof status);
    text_append(out, "<td class=\"text\">");
    markup_append(out, status);
    text_append(out, "</td></tr>\n");
}

void table_append(struct text *out, const struct result *result)
{
    text_append(
        out,
        "<p class=\"note\" id=\"numbers-note\">Mean over trials, below it the 95&#160;%% interval of the "
        "mean%s. " NUMBER_NONE " stands for a value that does not exist (one trial has no interval, 0/0 is "
        "no rate); a mean without an interval is the same in every trial.</p>\n"
        "<div class=\"wide breakout\"><table aria-describedby=\"numbers-note\">\n",
        result->sample_low != NULL
            ? "; of the task loss also the interval over test items (&#8220;items&#8221;)"
            : "");
    append_head(out, result);
    text_append(out, "<tbody>\n");
    for (size_t point = 0; point < result->n_points; point++)
        append_row(out, result, point);
    text_append(out, "</tbody></table></div>\n");
}
