/*
 * Physical quantities as users write them: number, space, SI prefix and unit ("10 kohm", "5 ns", "5 %").
 * A bare number is in the SI base unit. Times also in min, minute(s), h, hour(s), day(s), week(s), year(s) of
 * 365.25 days. SPICE suffixes ("10k", "1meg") are refused with a hint.
 */
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>

/* UNIT(name, SI symbol) */
#define QUANTITY_UNIT_LIST(UNIT)                                                                             \
    UNIT(NONE, "1")                                                                                          \
    UNIT(RATIO, "1")                                                                                         \
    UNIT(OHM, "ohm")                                                                                         \
    UNIT(SIEMENS, "S")                                                                                       \
    UNIT(VOLT, "V")                                                                                          \
    UNIT(AMPERE, "A")                                                                                        \
    UNIT(SECOND, "s")                                                                                        \
    UNIT(KELVIN, "K")                                                                                        \
    UNIT(JOULE, "J")                                                                                         \
    UNIT(FARAD, "F")                                                                                         \
    UNIT(METRE, "m")                                                                                         \
    UNIT(VOLT_METRE, "Vm")

enum quantity_unit {
#define QUANTITY_UNIT_ENUM(name, symbol) QUANTITY_##name,
    QUANTITY_UNIT_LIST(QUANTITY_UNIT_ENUM)
#undef QUANTITY_UNIT_ENUM
};

/* The symbol that result files carry: "ohm", "S", "1" ... */
const char *quantity_symbol(enum quantity_unit unit);

/*
 * Reads `text` as a quantity of `unit`, in SI base units. Ratios may be given in percent; plain numbers
 * (QUANTITY_NONE) take no unit. False leaves `value` alone and puts a clause like "unit 'V' found,
 * 'ohm' expected" into `why` [why_size].
 */
bool quantity_parse(const char *text, enum quantity_unit unit, double *value, char *why, size_t why_size);

/* Writes `value` with the SI prefix that keeps 1 to 3 digits before the point: "2.5 uS"; times in minutes to
 * years where they are short numbers of these: "1 hour". For people. */
void quantity_print(double value, enum quantity_unit unit, char *text, size_t text_size);

/* Likewise with as many digits as the value has (15 at most), and ratios in %: "811.07 pS", "3 %". For people. */
void quantity_print_full(double value, enum quantity_unit unit, char *text, size_t text_size);

/* Writes `value` so that quantity_parse returns it bit for bit: "2.5e-06 S". For files. */
void quantity_print_exact(double value, enum quantity_unit unit, char *text, size_t text_size);

#endif
