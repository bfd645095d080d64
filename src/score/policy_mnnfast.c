/*
 * MnnFast's zero-skipping (ISCA 2019): keys whose softmax probability over all visible keys reaches
 * prune.skip_below. Here the probabilities come from read-out analog scores; the weights of those that stay
 * are a softmax over them alone, since nobody knows the exact scores of the others.
 */
#include <string.h>

#include "digital/mnnfast.h"
#include "numeric/softmax.h"
#include "score/policies.h"

/* room->reals: scores, then probabilities. */
static void skip(const struct policy_query *query, struct policy_room *room, bool *keep)
{
    softmax_compute(query->n_keys, room->reals);
    (void)mnnfast_keep(room->reals, query->n_keys, query->options->skip_below, keep);
}

static void decide(const struct policy_query *query, struct policy_room *room, struct policy_answer *answer)
{
    memcpy(room->reals, query->read_scores, query->n_keys * sizeof *room->reals);
    skip(query, room, answer->keep);
    answer->work.n_readouts = query->n_keys;
}

static void decide_exact(const struct policy_query *query, struct policy_room *room, bool *keep)
{
    for (size_t j = 0; j < query->n_keys; j++)
        room->reals[j] = query->exact_unit * (double)query->exact_sums[j];
    skip(query, room, keep);
}

const struct policy policy_mnnfast = {
    .name = "mnnfast",
    .summary = "keys whose probability by read-out scores reaches a bound",
    .source = "MnnFast, ISCA 2019 (zero-skipping; its bound: remembered only)",
    .input = POLICY_INPUT_READOUT,
    .decide = decide,
    .decide_exact = decide_exact,
};
