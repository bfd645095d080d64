#include "calib/decisions_options.h"

#define MEMBER(name) offsetof(struct decisions_options, name)
#define COUNT(key_, member_, initial_, low_, high_, help_)                                                   \
    {                                                                                                        \
        .key = key_, .kind = OPTION_INTEGER, .offset = MEMBER(member_), .initial = initial_, .low = low_,    \
        .high = high_, .help = help_                                                                         \
    }
#define REAL(key_, member_, unit_, initial_, low_, high_, help_)                                             \
    {                                                                                                        \
        .key = key_, .kind = OPTION_REAL, .unit = unit_, .offset = MEMBER(member_), .initial = initial_,     \
        .low = low_, .high = high_, .help = help_                                                            \
    }
static const struct option rows[] = {
    COUNT("decisions.decks", n_decks, "8", 1, 1e6,
          "arrays with random keys, each with latches of their own mismatch"),
    COUNT("decisions.queries", n_queries, "8", 1, 1e4, "random queries of each"),
    COUNT("decisions.seed", seed, "1", 0, 2147483647, "of keys, queries, thresholds and mismatch"),
    COUNT("decisions.bits", bits, "4", 2, 8, "of key and query codes"),
    REAL("decisions.near", near_ratio, QUANTITY_RATIO, "75 %", 0, 1,
         "share of decisions whose threshold is put near their signal; the rest has reference.threshold"),
    REAL("decisions.near_span", near_sigmas, QUANTITY_NONE, "2", 0, 100,
         "... within so many standard deviations of the offset, uniformly"),
    {.key = "decisions.drive",
     .kind = OPTION_REAL,
     .unit = QUANTITY_VOLT,
     .offset = MEMBER(drive_volts),
     .initial_help = "the largest of the array file's /voltage; without one 0.1 V",
     .low = 1e-6,
     .high = 10,
     .help = "voltage of the largest query code"},
    REAL("decisions.agreement", agreement_ratio, QUANTITY_RATIO, "95 %", 0, 1,
         "least share of all decisions that must agree"),
    REAL("decisions.clear_agreement", clear_agreement_ratio, QUANTITY_RATIO, "99 %", 0, 1,
         "... of those whose |margin| is clear"),
    REAL("decisions.clear", clear_sigmas, QUANTITY_NONE, "0.1", 0, 100,
         "standard deviations of the offset above which a margin is clear"),
    REAL("decisions.curve_p", curve_p, QUANTITY_NONE, "0.001", 0, 1,
         "least p-value of the keep-probability curve"),
    REAL("decisions.deck_limit", limit_seconds, QUANTITY_SECOND, "1 h", 0, 1e6,
         "longest time of one deck; 0: none"),
};
const struct option_table decisions_options_table = {rows, sizeof rows / sizeof rows[0],
                                                     sizeof(struct decisions_options)};
