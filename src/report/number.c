#include "report/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_DECIMALS_MAX = 6 };

int number_decimals(double value, double uncertainty)
{
    double size = uncertainty > 0 && isfinite(uncertainty) ? uncertainty / 10 : fabs(value) / 100;
    if (!(size > 0) || !isfinite(size))
        return 3;
    int decimals = -(int)floor(log10(size) + 1e-9);
    return decimals < 0 ? 0 : decimals > NUMBER_DECIMALS_MAX ? NUMBER_DECIMALS_MAX : decimals;
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
    else if (fabs(value) < 1e-5 || fabs(value) >= 1e6)
        snprintf(text, text_size, "%.3g", value);
    else
        snprintf(text, text_size, "%.*f", decimals_of(value, low, high), value);
}

static void print_end(double end, double value, double low, double high, char *text, size_t text_size)
{
    if (end != 0 && (fabs(value) < 1e-5 || fabs(value) >= 1e6))
        snprintf(text, text_size, "%.3g", end);
    else
        snprintf(text, text_size, "%.*f", end == 0 ? 0 : decimals_of(value, low, high), end);
}

void number_print_interval(double value, double low, double high, char *text, size_t text_size)
{
    if (!isfinite(low) || !isfinite(high)) {
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
    static const enum quantity_unit units[] = {QUANTITY_OHM,    QUANTITY_SIEMENS, QUANTITY_VOLT, QUANTITY_AMPERE,
                                               QUANTITY_SECOND, QUANTITY_KELVIN,  QUANTITY_JOULE};
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
    } prefixes[] = {{"G", 1e9},  {"M", 1e6},  {"k", 1e3},  {"", 1},      {"m", 1e-3},
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
