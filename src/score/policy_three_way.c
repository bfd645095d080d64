/*
 * Two comparators per key, at prune.band below and above the threshold, each with errors of its own: both say
 * keep, both say prune, or they disagree. A key that they disagree on is uncertain and the digital unit
 * decides it by its exact score, whichever of the two said keep: above the low reference and below the high
 * one, as between the two, or, by their offsets, the other way round. This project's; LeOPArd's conservative
 * margin (ISCA 2022) put into analog.
 */
#include "score/policies.h"

static bool fires(const signed char *ruled, const double *units, double reference_units, size_t j)
{
    return ruled != NULL && ruled[j] >= 0 ? ruled[j] > 0 : units[j] > reference_units;
}

static void decide(const struct policy_query *query, struct policy_room *room, struct policy_answer *answer)
{
    (void)room;
    answer->work.n_comparators = 2;
    for (size_t j = 0; j < query->n_keys; j++) {
        bool low = fires(query->ruled, query->comparator_units, query->reference_units, j);
        bool high = fires(query->upper_ruled, query->upper_units, query->upper_reference_units, j);
        answer->keep[j] = low && high;
        answer->uncertain[j] = low != high;
    }
}

static void decide_exact(const struct policy_query *query, struct policy_room *room, bool *keep)
{
    (void)room;
    (void)policy_keep_exact(query, keep);
}

const struct policy policy_three_way = {
    .name = "three-way",
    .summary = "two comparators per key; what lies between is decided by the digital unit",
    .source = "this project",
    .input = POLICY_INPUT_COMPARATORS,
    .has_threshold = true,
    .rethresholds = true,
    .decide = decide,
    .decide_exact = decide_exact,
};
