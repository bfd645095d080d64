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
    double lost_mass;       /* NAN: unset */
    double margin;          /* score units */
    double band;            /* of three-way, score units, >= 0 */
    double search_share;    /* of a3: iterations per visible key */
    double post_share;      /* of a3: of the largest softmax weight, 0 to 1 */
    double skip_below;      /* of mnnfast: a probability */
    int empty, calibration; /* of the enums above */
    /* of cascade: shares pruned, NAN = unset; lists: shares kept, one per layer, n = 0 where unset */
    double token_unpruned_layers, token_ratio_start, token_ratio_end;
    double head_unpruned_layers, head_ratio_start, head_ratio_end;
    struct option_reals token_keep, head_keep;
    double value_ratio;
    int64_t progressive_lsb_bits; /* 0: off */
    double progressive_bound;
};

extern const struct option_table prune_options_table;

/* keep_ratio, or what stands for it where it is unset. */
double prune_options_keep_ratio(const struct prune_options *options);

#endif
