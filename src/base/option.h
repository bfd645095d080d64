/*
 * Option tables: one row per configuration key. Parsing, ranges, defaults, `explain`, `init`, the resolved
 * configuration and the manual all come from these rows, so they cannot disagree.
 *
 * A module declares a plain struct for its options (values only, no pointers, so that it can be copied) and a
 * table that binds each key to a member by its offset.
 */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/quantity.h"
#include "base/text.h"

enum { OPTION_TEXT_SIZE = 512, OPTION_REALS_MAX = 256 };

enum option_kind {
    OPTION_REAL,    /* double: a quantity of `unit`; NAN = unset */
    OPTION_INTEGER, /* int64_t */
    OPTION_BOOLEAN, /* bool: true or false */
    OPTION_CHOICE,  /* int: index into `choices` */
    OPTION_TEXT,    /* char [OPTION_TEXT_SIZE] */
    OPTION_PATH,    /* char [OPTION_TEXT_SIZE]: made relative to the file that names it */
    OPTION_EITHER,  /* struct option_either: a quantity of `unit` (bare numbers too) or of `other_unit` */
    OPTION_REALS    /* struct option_reals: one number, a list of them, or one word of `choices` */
};

enum option_flag {
    OPTION_NON_IDEALITY = 1, /* `none` is 0 and turns this effect off alone */
    OPTION_LOW_OPEN = 2,     /* the lower bound itself is not allowed */
    OPTION_NOT_SWEPT = 4     /* may not stand under `sweep` */
};

struct option_either {
    double value;
    enum quantity_unit unit;
};

/* word >= 0: that word of `choices`, and n = 0. */
struct option_reals {
    int word, n;
    double values[OPTION_REALS_MAX];
};

struct option {
    const char *key; /* full dotted name */
    enum option_kind kind;
    enum quantity_unit unit, other_unit;
    size_t offset;              /* of the member in the module's struct */
    const char *initial;        /* default, as a user would write it; NULL = unset */
    const char *initial_help;   /* what unset means */
    double low, high;           /* of numbers; low = high = 0: no bounds */
    const char *const *choices; /* ends with NULL */
    unsigned flags;             /* of enum option_flag */
    const char *help;
    const char *published; /* where published values lie, with their sources; NULL = not collected */
};

struct option_table {
    const struct option *options;
    size_t n_options, struct_size;
};

/* Fills `section` with the defaults of its table; unset members get NAN, 0 or "". */
void option_fill_defaults(const struct option_table *table, void *section);

/*
 * Sets the member of `section` that belongs to `option` from one scalar. False leaves it alone and puts a
 * clause
 * ("2 kV found, at most 5 V expected") into `why` [why_size].
 */
bool option_set(const struct option *option, void *section, const char *text, char *why, size_t why_size);

/* Adds one number to an OPTION_REALS member; the first call of a list passes `first`. */
bool option_add(const struct option *option, void *section, bool first, const char *text, char *why,
                size_t why_size);

/* Whether the member holds a value (paths and texts: not empty; numbers: not NAN). */
bool option_is_set(const struct option *option, const void *section);

/* The member's value, so that option_set would restore it exactly. */
void option_print_value(const struct option *option, const void *section, struct text *out);

/* One number per value that a swept key takes, for the axis of a result file; choices give their index. */
double option_number(const struct option *option, const void *section);

/* "quantity in ohm", "integer", "one of a, b, c" ... */
void option_print_type(const struct option *option, struct text *out);

/* "0 to 1 Mohm", or nothing where there are no bounds. */
void option_print_range(const struct option *option, struct text *out);

/* Everything a user may ask of it: key, meaning, type, unit, default, range, published values. */
void option_print_help(const struct option *option, struct text *out);

/* A text in lines that begin with `lead`. */
void option_print_wrapped(const char *words, const char *lead, struct text *out);

#endif
