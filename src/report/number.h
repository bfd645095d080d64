/* Numbers for people: as many digits as their interval deserves, units with SI prefixes. */
#ifndef REPORT_NUMBER_H
#define REPORT_NUMBER_H

#include <stddef.h>

#include "base/quantity.h"

enum { NUMBER_SIZE = 96 };

/* What a NaN is printed as: an en dash. */
#define NUMBER_NONE "\xe2\x80\x93"

/*
 * Decimals that show two digits of `uncertainty` where it begins with 1 or 2, else one digit; without one,
 * three significant digits of `value`. 0 to 6.
 */
int number_decimals(double value, double uncertainty);

/* "0.0123", with the decimals that an interval [low, high] deserves (NaN: three digits). */
void number_print(double value, double low, double high, char *text, size_t text_size);

/* "[0.0119, 0.0127]", or "" where there is no interval or it has no width. */
void number_print_interval(double value, double low, double high, char *text, size_t text_size);

/* The unit with that symbol; QUANTITY_NONE for an unknown one. */
enum quantity_unit number_unit(const char *symbol);

/* One common SI prefix for an axis whose largest size is `largest`: its factor, and "kohm" into `symbol`. */
double number_prefix(double largest, enum quantity_unit unit, char *symbol, size_t symbol_size);

/* One of several values up to `largest`, in their common unit unless it is much smaller: "0.5 ohm" beside "8
 * ohm". */
void number_print_quantity(double value, double largest, enum quantity_unit unit, char *text,
                           size_t text_size);

#endif
