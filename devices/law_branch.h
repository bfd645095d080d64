/*
 * A figure as a function of the relative state x that laws share: a ln x + b, cut off at both ends; from a
 * split of x on, where one is given, a polynomial of x. Or one number.
 */
#ifndef DEVICES_LAW_BRANCH_H
#define DEVICES_LAW_BRANCH_H

#include "base/option.h"

struct law_branch {
    struct option_reals logarithm;  /* a, b, lowest, highest; or the one number */
    double split;                   /* NAN: none */
    struct option_reals polynomial; /* from the constant upwards */
};

/* The three rows `key`, `key`_split, `key`_polynomial of an option table for a branch at `place` bytes. */
#define LAW_BRANCH_OPTIONS(name, place, what)                                                                \
    {.key = name,                                                                                            \
     .kind = OPTION_REALS,                                                                                   \
     .unit = QUANTITY_NONE,                                                                                  \
     .offset = (place) + offsetof(struct law_branch, logarithm),                                             \
     .low = -100,                                                                                            \
     .high = 100,                                                                                            \
     .help = what ": a, b, lowest, highest of a ln x + b; or one number"},                                   \
        {.key = name "_split",                                                                               \
         .kind = OPTION_REAL,                                                                                \
         .unit = QUANTITY_NONE,                                                                              \
         .offset = (place) + offsetof(struct law_branch, split),                                             \
         .low = 0,                                                                                           \
         .high = 1e6,                                                                                        \
         .initial_help = "none",                                                                             \
         .help = "x from which the polynomial holds"},                                                       \
    {                                                                                                        \
        .key = name "_polynomial", .kind = OPTION_REALS, .unit = QUANTITY_NONE,                              \
        .offset = (place) + offsetof(struct law_branch, polynomial), .low = -100, .high = 100,               \
        .initial_help = "none", .help = "its coefficients from the constant upwards"                         \
    }

/* False, and a clause in `why`, when the parts do not belong together. */
bool law_branch_check(const char *name, const struct law_branch *branch, char *why, size_t why_size);

double law_branch_evaluate(const struct law_branch *branch, double x);

/* The same where ln_x = law_branch_logarithm(x) is known already. */
double law_branch_evaluate_at(const struct law_branch *branch, double x, double ln_x);
double law_branch_logarithm(double x);

#endif
