/* Which decisions are compared: section `decisions` of a PLAN.yaml, beside those of the path. */
#ifndef CALIB_DECISIONS_OPTIONS_H
#define CALIB_DECISIONS_OPTIONS_H

#include "base/option.h"
#include "spice/path_options.h"

struct decisions_options {
    int64_t n_decks, n_queries, seed, bits;
    double near_ratio, near_sigmas, drive_volts;
    double agreement_ratio, clear_agreement_ratio, clear_sigmas, curve_p;
    double limit_seconds;
};

extern const struct option_table decisions_options_table;

/* Reads a plan: these, and the path's sections; those of `calibrate` are passed over. */
enum rs_status decisions_options_read(const char *path, struct decisions_options *decisions,
                                      struct path_plan *plan, struct rs_error *err) RS_MUST_CHECK;

#endif
