#include "base/quantity.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUANTITY_WORD_SIZE = 64 };

struct prefix {
    const char *symbol;
    double factor;
};

/* Micro has three spellings: the letter u, U+00B5 and U+03BC. */
static const struct prefix prefixes[] = {
    {"f", 1e-15}, {"p", 1e-12}, {"n", 1e-9}, {"u", 1e-6}, {"\xc2\xb5", 1e-6}, {"\xce\xbc", 1e-6},
    {"m", 1e-3},  {"", 1.0},    {"k", 1e3},  {"M", 1e6},  {"G", 1e9},         {"T", 1e12},
};

struct time_unit {
    const char *symbol;
    double seconds;
};

/* Months are refused: nobody knows how long one is. A year has 365.25 days. */
static const struct time_unit time_units[] = {
    {"min", 60},      {"minute", 60},    {"minutes", 60},    {"h", 3600},
    {"hour", 3600},   {"hours", 3600},   {"day", 86400},     {"days", 86400},
    {"week", 604800}, {"weeks", 604800}, {"year", 31557600}, {"years", 31557600},
};

static const char *const symbols[] = {
#define QUANTITY_SYMBOL(name, symbol) symbol,
    QUANTITY_UNIT_LIST(QUANTITY_SYMBOL)
#undef QUANTITY_SYMBOL
};

static const char *const spice_suffixes[] = {"meg", "mil", "f", "p", "n", "u", "m", "k", "g", "t"};

const char *quantity_symbol(enum quantity_unit unit)
{
    return symbols[unit];
}

static bool has_symbol(enum quantity_unit unit)
{
    return unit != QUANTITY_NONE && unit != QUANTITY_RATIO;
}

/* The factor of a unit word for `unit`, or 0 when it is none of its spellings. */
static double unit_factor(const char *word, enum quantity_unit unit)
{
    if (unit == QUANTITY_RATIO)
        return strcmp(word, "%") == 0 ? 0.01 : 0;
    if (!has_symbol(unit))
        return 0;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t length = strlen(prefixes[i].symbol);
        if (strncmp(word, prefixes[i].symbol, length) == 0 && strcmp(word + length, symbols[unit]) == 0)
            return prefixes[i].factor;
    }
    if (unit == QUANTITY_SECOND)
        for (size_t i = 0; i < sizeof time_units / sizeof time_units[0]; i++)
            if (strcmp(word, time_units[i].symbol) == 0)
                return time_units[i].seconds;
    return 0;
}

static bool is_known_unit(const char *word)
{
    for (int unit = 0; unit < (int)(sizeof symbols / sizeof symbols[0]); unit++)
        if (unit_factor(word, (enum quantity_unit)unit) != 0)
            return true;
    return false;
}

static bool is_spice_suffix(const char *word)
{
    char lower[QUANTITY_WORD_SIZE];
    size_t length = strlen(word);
    for (size_t i = 0; i <= length; i++)
        lower[i] = (char)tolower((unsigned char)word[i]);
    for (size_t i = 0; i < sizeof spice_suffixes / sizeof spice_suffixes[0]; i++)
        if (strcmp(lower, spice_suffixes[i]) == 0)
            return true;
    return false;
}

static const char *expected(enum quantity_unit unit)
{
    if (unit == QUANTITY_RATIO)
        return "a ratio, as a number or in %";
    if (unit == QUANTITY_NONE)
        return "a plain number";
    return symbols[unit];
}

/* A number in decimal notation; what follows it is left at `rest`. NaN, infinity and hexadecimal are refused.
 */
static bool parse_number(const char *text, double *number, const char **rest)
{
    const char *digits = text + (*text == '+' || *text == '-');
    if (!isdigit((unsigned char)*digits) && !(*digits == '.' && isdigit((unsigned char)digits[1])))
        return false;
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
        return false;
    char *end;
    *number = strtod(text, &end);
    *rest = end;
    return isfinite(*number);
}

static bool refuse_unit(const char *word, bool spaced, enum quantity_unit unit, char *why, size_t why_size)
{
    if (!spaced && is_spice_suffix(word) && has_symbol(unit))
        snprintf(why, why_size,
                 "SPICE suffix '%s' found (SPICE's m and M both mean milli); write a space, an SI "
                 "prefix and the unit, as in '10 k%s'",
                 word, symbols[unit]);
    else if (!spaced && is_spice_suffix(word))
        snprintf(why, why_size, "SPICE suffix '%s' found, %s expected", word, expected(unit));
    else if (!spaced && unit_factor(word, unit) != 0)
        snprintf(why, why_size, "write a space between the number and '%s'", word);
    else if (is_known_unit(word) && has_symbol(unit))
        snprintf(why, why_size, "unit '%s' found, '%s' expected", word, symbols[unit]);
    else if (is_known_unit(word))
        snprintf(why, why_size, "unit '%s' found, %s expected", word, expected(unit));
    else if (has_symbol(unit))
        snprintf(why, why_size, "unknown unit '%s', '%s' expected (%sprefixes f p n u m k M G)", word,
                 symbols[unit], unit == QUANTITY_SECOND ? "or min, hour, day, week, year; " : "");
    else
        snprintf(why, why_size, "'%s' found after the number, %s expected", word, expected(unit));
    return false;
}

bool quantity_parse(const char *text, enum quantity_unit unit, double *value, char *why, size_t why_size)
{
    double number;
    const char *rest;
    while (isspace((unsigned char)*text))
        text++;
    if (!parse_number(text, &number, &rest)) {
        snprintf(why, why_size, "'%s' found, %s%s expected", text, has_symbol(unit) ? "a number in " : "",
                 expected(unit));
        return false;
    }
    const char *word = rest;
    while (isspace((unsigned char)*word))
        word++;
    char unit_word[QUANTITY_WORD_SIZE];
    size_t length = strlen(word);
    while (length > 0 && isspace((unsigned char)word[length - 1]))
        length--;
    snprintf(unit_word, sizeof unit_word, "%.*s",
             (int)(length < sizeof unit_word ? length : sizeof unit_word - 1), word);
    if (unit_word[0] == '\0') {
        *value = number;
        return true;
    }
    double factor = unit_factor(unit_word, unit);
    if (factor == 0 || word == rest)
        return refuse_unit(unit_word, word > rest, unit, why, why_size);
    /* Division by an exact power of ten rounds once; multiplication by its inverse would round twice. */
    *value = factor < 1 ? number / round(1 / factor) : number * factor;
    return true;
}

static void print_digits(double value, enum quantity_unit unit, int digits, char *text, size_t text_size)
{
    if (!has_symbol(unit)) {
        snprintf(text, text_size, "%.*g", digits, value);
        return;
    }
    double size = fabs(value);
    const struct prefix *best = NULL;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if ((unsigned char)prefixes[i].symbol[0] < 128 && size >= prefixes[i].factor * (1 - 1e-12))
            best = &prefixes[i];
    if (size == 0 || best == NULL || unit == QUANTITY_KELVIN)
        snprintf(text, text_size, "%.*g %s", digits, value, symbols[unit]);
    else
        snprintf(text, text_size, "%.*g %s%s", digits, value / best->factor, best->symbol, symbols[unit]);
}

/* Times from a minute on, in the largest unit of which they are a short number. */
static bool print_long_time(double seconds, char *text, size_t text_size)
{
    static const struct time_unit longer[] = {
        {"year", 31557600}, {"day", 86400}, {"hour", 3600}, {"minute", 60}};
    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
        double hundredths = 100 * seconds / longer[i].seconds;
        if (hundredths < 100 * (1 - 1e-12) || fabs(hundredths - round(hundredths)) > 1e-10 * hundredths)
            continue;
        double n = round(hundredths) / 100;
        snprintf(text, text_size, "%.10g %s%s", n, longer[i].symbol, n == 1 ? "" : "s");
        return true;
    }
    return false;
}

void quantity_print(double value, enum quantity_unit unit, char *text, size_t text_size)
{
    if (unit != QUANTITY_SECOND || !print_long_time(value, text, text_size))
        print_digits(value, unit, 4, text, text_size);
}

void quantity_print_full(double value, enum quantity_unit unit, char *text, size_t text_size)
{
    const double exact_enough = 1e-12;
    for (int digits = 4; digits <= 15; digits++) {
        double back = (double)NAN;
        char why[16];
        if (unit == QUANTITY_RATIO)
            snprintf(text, text_size, "%.*g %%", digits, 100 * value);
        else if (unit != QUANTITY_SECOND || !print_long_time(value, text, text_size))
            print_digits(value, unit, digits, text, text_size);
        if (quantity_parse(text, unit, &back, why, sizeof why) &&
            fabs(back - value) <= exact_enough * fabs(value))
            return;
    }
}

void quantity_print_exact(double value, enum quantity_unit unit, char *text, size_t text_size)
{
    char number[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(number, sizeof number, "%.*g", digits, value);
        if (strtod(number, NULL) == value)
            break;
    }
    snprintf(text, text_size, "%s%s%s", number, has_symbol(unit) ? " " : "",
             has_symbol(unit) ? symbols[unit] : "");
}
