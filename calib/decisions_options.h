/* Which decisions are compared: section `decisions` of a PLAN.yaml, beside those of the path. */
#ifndef CALIB_DECISIONS_OPTIONS_H
#define CALIB_DECISIONS_OPTIONS_H

#include "base/option.h"

struct decisions_options {
    int64_t n_decks, n_queries, seed, bits;
    double near_ratio, near_sigmas, drive_volts;
    double agreement_ratio, clear_agreement_ratio, clear_sigmas, curve_p;
    double limit_seconds;
};

extern const struct option_table decisions_options_table;

#endif
