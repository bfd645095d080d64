/*
 * Which combinations of a policy with recompute.enabled, .early_termination and .rethreshold are a paper's
 * own (definitions 4), from what is known of the papers: of SPRINT, LeOPArd, A3 and MnnFast abstracts and
 * notes by others only.
 */
#ifndef SCORE_HYBRID_H
#define SCORE_HYBRID_H

#include "digital/digital_options.h"
#include "score/policy.h"

enum hybrid_when { HYBRID_OFF, HYBRID_ON, HYBRID_EITHER };

/* The first row of hybrid_rows that fits counts. */
struct hybrid_row {
    const char *policy;
    enum hybrid_when recompute, early_termination, rethreshold;
    const char *paper;  /* whose own it is, or "reference"; NULL: nobody's */
    const char *reason; /* of what it is made, where it is nobody's; else NULL */
};

extern const struct hybrid_row hybrid_rows[];
extern const size_t hybrid_n_rows;

/* What recompute.rethreshold comes to with this policy. */
bool hybrid_rethresholds(const struct policy *policy, const struct recompute_options *recompute);

/* The row of a run. */
const struct hybrid_row *hybrid_find(const struct policy *policy, const struct recompute_options *recompute);

#endif
