#include "report/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_DECIMALS_MAX = 6 };

/* Smaller than this in a common unit, a value gets a prefix of its own. */
static const double number_least_share = 1e-2;

int number_decimals(double value, double uncertainty)
{
    bool has_uncertainty = uncertainty > 0 && isfinite(uncertainty);
    double size = has_uncertainty ? uncertainty : fabs(value);
    if (!(size > 0) || !isfinite(size))
        return 3;
    double decade = floor(log10(size) + 1e-9);
    int n_further = !has_uncertainty ? 2 : size / pow(10, decade) < 3 ? 1 : 0;
    int decimals = n_further - (int)decade;
    return decimals < 0 ? 0 : decimals > NUMBER_DECIMALS_MAX ? NUMBER_DECIMALS_MAX : decimals;
}

/* Too small or too large for plain decimals, with all that belongs to it. */
static bool is_extreme(double value, double low, double high)
{
    double size = fabs(value);
    if (isfinite(low) && isfinite(high))
        size = fmax(size, fmax(fabs(low), fabs(high)));
    return size < 1e-5 || size >= 1e6;
}

static int decimals_of(double value, double low, double high)
{
    return number_decimals(value, (high - low) / 2);
}

void number_print(double value, double low, double high, char *text, size_t text_size)
{
    if (!isfinite(value))
        snprintf(text, text_size, NUMBER_NONE);
    else if (value == 0)
        snprintf(text, text_size, "0");
    else if (is_extreme(value, low, high))
        snprintf(text, text_size, "%.3g", value);
    else
        snprintf(text, text_size, "%.*f", decimals_of(value, low, high), value);
}

static void print_end(double end, double value, double low, double high, char *text, size_t text_size)
{
    if (end != 0 && is_extreme(value, low, high))
        snprintf(text, text_size, "%.3g", end);
    else
        snprintf(text, text_size, "%.*f", end == 0 ? 0 : decimals_of(value, low, high), end);
}

void number_print_interval(double value, double low, double high, char *text, size_t text_size)
{
    if (!isfinite(low) || !isfinite(high) || low == high) {
        snprintf(text, text_size, "%s", "");
        return;
    }
    char from[NUMBER_SIZE], to[NUMBER_SIZE];
    print_end(low, value, low, high, from, sizeof from);
    print_end(high, value, low, high, to, sizeof to);
    snprintf(text, text_size, "[%s, %s]", from, to);
}

enum quantity_unit number_unit(const char *symbol)
{
    static const enum quantity_unit units[] = {QUANTITY_OHM,    QUANTITY_SIEMENS, QUANTITY_VOLT,
                                               QUANTITY_AMPERE, QUANTITY_SECOND,  QUANTITY_KELVIN,
                                               QUANTITY_JOULE};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(symbol, quantity_symbol(units[i])) == 0)
            return units[i];
    return QUANTITY_NONE;
}

double number_prefix(double largest, enum quantity_unit unit, char *symbol, size_t symbol_size)
{
    static const struct {
        const char *symbol;
        double factor;
    } prefixes[] = {{"G", 1e9},  {"M", 1e6},  {"k", 1e3},   {"", 1},     {"m", 1e-3},
                    {"u", 1e-6}, {"n", 1e-9}, {"p", 1e-12}, {"f", 1e-15}};
    size_t n = sizeof prefixes / sizeof prefixes[0], i = 0;
    if (unit == QUANTITY_NONE || unit == QUANTITY_RATIO || unit == QUANTITY_KELVIN || !(largest > 0)) {
        const char *plain = unit == QUANTITY_NONE || unit == QUANTITY_RATIO ? "" : quantity_symbol(unit);
        snprintf(symbol, symbol_size, "%s", plain);
        return 1;
    }
    while (i + 1 < n && largest < prefixes[i].factor * (1 - 1e-9))
        i++;
    snprintf(symbol, symbol_size, "%s%s", prefixes[i].symbol, quantity_symbol(unit));
    return prefixes[i].factor;
}

void number_print_quantity(double value, double largest, enum quantity_unit unit, char *text,
                           size_t text_size)
{
    char symbol[NUMBER_SIZE];
    double factor = number_prefix(largest, unit, symbol, sizeof symbol);
    if (!isfinite(value))
        snprintf(text, text_size, NUMBER_NONE);
    else if (symbol[0] == '\0' || (value != 0 && fabs(value) < number_least_share * factor))
        quantity_print(value, unit, text, text_size);
    else
        snprintf(text, text_size, "%.4g %s", value / factor, symbol);
}
