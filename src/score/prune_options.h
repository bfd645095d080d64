/* The options of pruning. */
#ifndef SCORE_PRUNE_OPTIONS_H
#define SCORE_PRUNE_OPTIONS_H

#include "base/option.h"

enum prune_empty { PRUNE_EMPTY_BEST, PRUNE_EMPTY_SELF, PRUNE_EMPTY_ZERO, PRUNE_EMPTY_ALL };
enum prune_calibration { PRUNE_CALIBRATION_SHARED, PRUNE_CALIBRATION_HOLDOUT };

struct prune_options {
    int policy; /* index into policy_names */
    struct option_reals
        threshold;          /* one, one per layer, or the word `learned`; unset: keep_ratio or learned */
    double keep_ratio;      /* NAN: unset */
    double margin;          /* score units */
    double band;            /* of three-way, score units, >= 0 */
    int empty, calibration; /* of the enums above */
};

extern const struct option_table prune_options_table;

#endif
