#include "base/option.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/require.h"

static void *member(const struct option *option, void *section)
{
    return (char *)section + option->offset;
}

static const void *const_member(const struct option *option, const void *section)
{
    return (const char *)section + option->offset;
}

static bool in_bounds(const struct option *option, double value, char *why, size_t why_size)
{
    if (option->low == 0 && option->high == 0)
        return true;
    bool too_low = (option->flags & OPTION_LOW_OPEN) ? value <= option->low : value < option->low;
    if (!too_low && value <= option->high)
        return true;
    bool bare = option->kind == OPTION_INTEGER;
    char found[64], bound[64];
    quantity_print(value, bare ? QUANTITY_NONE : option->unit, found, sizeof found);
    quantity_print(too_low ? option->low : option->high, bare ? QUANTITY_NONE : option->unit, bound,
                   sizeof bound);
    const char *relation = !too_low ? "at most" : option->flags & OPTION_LOW_OPEN ? "more than" : "at least";
    snprintf(why, why_size, "%s found, %s %s expected", found, relation, bound);
    return false;
}

static int choice_index(const struct option *option, const char *text)
{
    for (int i = 0; option->choices != NULL && option->choices[i] != NULL; i++)
        if (strcmp(option->choices[i], text) == 0)
            return i;
    return -1;
}

static void append_choices(const struct option *option, struct text *out)
{
    for (int i = 0; option->choices[i] != NULL; i++)
        text_append(out, "%s%s", i > 0 ? ", " : "", option->choices[i]);
}

static bool refuse_choice(const struct option *option, const char *text, char *why, size_t why_size)
{
    size_t n_choices = 0;
    while (option->choices[n_choices] != NULL)
        n_choices++;
    const char *nearest = text_nearest(text, option->choices, n_choices);
    struct text list = {0};
    append_choices(option, &list);
    if (nearest != NULL)
        snprintf(why, why_size, "'%s' found, one of %s expected; did you mean '%s'?", text,
                 list.failed ? "the choices" : list.bytes, nearest);
    else
        snprintf(why, why_size, "'%s' found, one of %s expected", text,
                 list.failed ? "the choices" : list.bytes);
    text_clear(&list);
    return false;
}

static bool set_real(const struct option *option, double *value, const char *text, char *why, size_t why_size)
{
    double parsed;
    if ((option->flags & OPTION_NON_IDEALITY) && strcmp(text, "none") == 0)
        parsed = 0;
    else if (!quantity_parse(text, option->unit, &parsed, why, why_size))
        return false;
    if (!in_bounds(option, parsed, why, why_size))
        return false;
    *value = parsed;
    return true;
}

static bool set_either(const struct option *option, struct option_either *either, const char *text, char *why,
                       size_t why_size)
{
    char ignored[256];
    double value;
    enum quantity_unit unit = option->unit;
    if ((option->flags & OPTION_NON_IDEALITY) && strcmp(text, "none") == 0)
        value = 0;
    else if (!quantity_parse(text, option->unit, &value, why, why_size)) {
        if (!quantity_parse(text, option->other_unit, &value, ignored, sizeof ignored)) {
            size_t used = strlen(why);
            snprintf(why + used, why_size - used, " (or '%s')", quantity_symbol(option->other_unit));
            return false;
        }
        unit = option->other_unit;
    }
    if (!in_bounds(option, value, why, why_size))
        return false;
    *either = (struct option_either){value, unit};
    return true;
}

static bool set_integer(const struct option *option, int64_t *value, const char *text, char *why,
                        size_t why_size)
{
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || isspace((unsigned char)text[0])) {
        snprintf(why, why_size, "'%s' found, a whole number expected", text);
        return false;
    }
    if (!in_bounds(option, (double)parsed, why, why_size))
        return false;
    *value = parsed;
    return true;
}

static bool set_boolean(bool *value, const char *text, char *why, size_t why_size)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        snprintf(why, why_size, "'%s' found, true or false expected", text);
        return false;
    }
    *value = text[0] == 't';
    return true;
}

static bool set_choice(const struct option *option, int *value, const char *text, char *why, size_t why_size)
{
    int index = choice_index(option, text);
    if (index < 0)
        return refuse_choice(option, text, why, why_size);
    *value = index;
    return true;
}

static bool set_text(char *value, const char *text, char *why, size_t why_size)
{
    if (strlen(text) >= OPTION_TEXT_SIZE) {
        snprintf(why, why_size, "a text of %zu bytes found, at most %d expected", strlen(text),
                 OPTION_TEXT_SIZE - 1);
        return false;
    }
    memcpy(value, text, strlen(text) + 1);
    return true;
}

bool option_add(const struct option *option, void *section, bool first, const char *text, char *why,
                size_t why_size)
{
    struct option_reals *reals = member(option, section);
    double value;
    rs_require(option->kind == OPTION_REALS, "the option takes no list");
    if (!set_real(option, &value, text, why, why_size))
        return false;
    if (first)
        *reals = (struct option_reals){.word = -1};
    if (reals->n == OPTION_REALS_MAX) {
        snprintf(why, why_size, "more than %d numbers found", OPTION_REALS_MAX);
        return false;
    }
    reals->values[reals->n++] = value;
    return true;
}

static bool set_reals(const struct option *option, void *section, const char *text, char *why,
                      size_t why_size)
{
    int word = option->choices != NULL ? choice_index(option, text) : -1;
    if (word >= 0) {
        *(struct option_reals *)member(option, section) = (struct option_reals){.word = word};
        return true;
    }
    if (option->choices != NULL && isalpha((unsigned char)text[0]))
        return refuse_choice(option, text, why, why_size);
    return option_add(option, section, true, text, why, why_size);
}

bool option_set(const struct option *option, void *section, const char *text, char *why, size_t why_size)
{
    void *value = member(option, section);
    switch (option->kind) {
    case OPTION_REAL:
        return set_real(option, value, text, why, why_size);
    case OPTION_INTEGER:
        return set_integer(option, value, text, why, why_size);
    case OPTION_BOOLEAN:
        return set_boolean(value, text, why, why_size);
    case OPTION_CHOICE:
        return set_choice(option, value, text, why, why_size);
    case OPTION_TEXT:
    case OPTION_PATH:
        return set_text(value, text, why, why_size);
    case OPTION_EITHER:
        return set_either(option, value, text, why, why_size);
    case OPTION_REALS:
        return set_reals(option, section, text, why, why_size);
    }
    return false;
}

static void unset(const struct option *option, void *section)
{
    void *value = member(option, section);
    if (option->kind == OPTION_REAL)
        *(double *)value = (double)NAN;
    else if (option->kind == OPTION_EITHER)
        *(struct option_either *)value = (struct option_either){(double)NAN, option->unit};
    else if (option->kind == OPTION_REALS)
        *(struct option_reals *)value = (struct option_reals){.word = -1};
}

void option_fill_defaults(const struct option_table *table, void *section)
{
    char why[256];
    memset(section, 0, table->struct_size);
    for (size_t i = 0; i < table->n_options; i++) {
        const struct option *option = &table->options[i];
        if (option->initial == NULL)
            unset(option, section);
        else
            rs_require(option_set(option, section, option->initial, why, sizeof why),
                       "a default is out of range");
    }
}

bool option_is_set(const struct option *option, const void *section)
{
    const void *value = const_member(option, section);
    switch (option->kind) {
    case OPTION_REAL:
        return !isnan(*(const double *)value);
    case OPTION_EITHER:
        return !isnan(((const struct option_either *)value)->value);
    case OPTION_REALS:
        return ((const struct option_reals *)value)->word >= 0 || ((const struct option_reals *)value)->n > 0;
    case OPTION_TEXT:
    case OPTION_PATH:
        return *(const char *)value != '\0';
    default:
        return true;
    }
}

static void print_real(double value, enum quantity_unit unit, struct text *out)
{
    char text[64];
    quantity_print_exact(value, unit, text, sizeof text);
    text_append(out, "%s", text);
}

static void print_quoted(const char *value, struct text *out)
{
    text_append(out, "\"");
    for (; *value != '\0'; value++)
        text_append(out, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    text_append(out, "\"");
}

static void print_reals(const struct option *option, const struct option_reals *reals, struct text *out)
{
    if (reals->word >= 0) {
        text_append(out, "%s", option->choices[reals->word]);
        return;
    }
    text_append(out, "%s", reals->n > 1 ? "[" : "");
    for (int i = 0; i < reals->n; i++) {
        text_append(out, "%s", i > 0 ? ", " : "");
        print_real(reals->values[i], option->unit, out);
    }
    text_append(out, "%s", reals->n > 1 ? "]" : "");
}

void option_print_value(const struct option *option, const void *section, struct text *out)
{
    const void *value = const_member(option, section);
    switch (option->kind) {
    case OPTION_REAL:
        print_real(*(const double *)value, option->unit, out);
        break;
    case OPTION_INTEGER:
        text_append(out, "%lld", (long long)*(const int64_t *)value);
        break;
    case OPTION_BOOLEAN:
        text_append(out, "%s", *(const bool *)value ? "true" : "false");
        break;
    case OPTION_CHOICE:
        text_append(out, "%s", option->choices[*(const int *)value]);
        break;
    case OPTION_TEXT:
    case OPTION_PATH:
        print_quoted(value, out);
        break;
    case OPTION_EITHER: {
        const struct option_either *either = value;
        print_real(either->value, either->unit, out);
        break;
    }
    case OPTION_REALS:
        print_reals(option, value, out);
        break;
    }
}

double option_number(const struct option *option, const void *section)
{
    const void *value = const_member(option, section);
    switch (option->kind) {
    case OPTION_REAL:
        return *(const double *)value;
    case OPTION_INTEGER:
        return (double)*(const int64_t *)value;
    case OPTION_BOOLEAN:
        return *(const bool *)value;
    case OPTION_CHOICE:
        return *(const int *)value;
    case OPTION_EITHER:
        return ((const struct option_either *)value)->value;
    case OPTION_REALS:
        return ((const struct option_reals *)value)->values[0];
    case OPTION_TEXT:
    case OPTION_PATH:
        break;
    }
    return (double)NAN;
}

static void print_unit_type(enum quantity_unit unit, struct text *out)
{
    if (unit == QUANTITY_RATIO)
        text_append(out, "ratio (number or %%)");
    else if (unit == QUANTITY_NONE)
        text_append(out, "number");
    else
        text_append(out, "quantity in %s", quantity_symbol(unit));
}

void option_print_type(const struct option *option, struct text *out)
{
    switch (option->kind) {
    case OPTION_REAL:
        print_unit_type(option->unit, out);
        break;
    case OPTION_INTEGER:
        text_append(out, "integer");
        break;
    case OPTION_BOOLEAN:
        text_append(out, "true or false");
        break;
    case OPTION_CHOICE:
        text_append(out, "one of ");
        append_choices(option, out);
        break;
    case OPTION_TEXT:
        text_append(out, "text");
        break;
    case OPTION_PATH:
        text_append(out, "path of a file");
        break;
    case OPTION_EITHER:
        print_unit_type(option->unit, out);
        text_append(out, " (bare numbers too) or in %s", quantity_symbol(option->other_unit));
        break;
    case OPTION_REALS:
        print_unit_type(option->unit, out);
        text_append(out, ", or a list of them");
        if (option->choices != NULL) {
            text_append(out, ", or ");
            append_choices(option, out);
        }
        break;
    }
    if (option->flags & OPTION_NON_IDEALITY)
        text_append(out, ", or none");
}

void option_print_range(const struct option *option, struct text *out)
{
    if (option->low == 0 && option->high == 0)
        return;
    char low[64], high[64];
    enum quantity_unit unit = option->kind == OPTION_INTEGER ? QUANTITY_NONE : option->unit;
    if (option->kind == OPTION_INTEGER) {
        snprintf(low, sizeof low, "%.0f", option->low);
        snprintf(high, sizeof high, "%.0f", option->high);
    } else {
        quantity_print(option->low, unit, low, sizeof low);
        quantity_print(option->high, unit, high, sizeof high);
    }
    text_append(out, "%s%s to %s", option->flags & OPTION_LOW_OPEN ? "above " : "", low, high);
}

enum { HELP_WIDTH = 96 };

void option_print_wrapped(const char *words, const char *lead, struct text *out)
{
    size_t column = 0;
    while (*words != '\0') {
        size_t length = strcspn(words, " ");
        if (column > 0 && column + 1 + length > HELP_WIDTH) {
            text_append(out, "\n");
            column = 0;
        }
        if (column == 0) {
            text_append(out, "%s", lead);
            column = strlen(lead);
        } else {
            text_append(out, " ");
            column++;
        }
        text_append_bytes(out, words, length);
        column += length;
        words += length + strspn(words + length, " ");
    }
    text_append(out, "\n");
}

void option_print_help(const struct option *option, struct text *out)
{
    text_append(out, "%s\n", option->key);
    option_print_wrapped(option->help, "    ", out);
    text_append(out, "    type:    ");
    option_print_type(option, out);
    text_append(out, "\n    unit:    %s\n    default: %s\n", quantity_symbol(option->unit),
                option->initial != NULL ? option->initial : option->initial_help);
    struct text range = {0};
    option_print_range(option, &range);
    if (range.length > 0)
        text_append(out, "    range:   %s\n", range.bytes);
    text_clear(&range);
    if (option->published != NULL) {
        text_append(out, "    published values:\n");
        option_print_wrapped(option->published, "        ", out);
    }
}
