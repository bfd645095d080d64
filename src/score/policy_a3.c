/*
 * A3's two stages (HPCA 2020): candidates by a greedy digital search over the sorted columns of the codes,
 * prune.search_share iterations per visible key, then those whose score is within ln(prune.post_share) of
 * the largest. Here the second stage reads the candidates' analog scores. No candidate: nothing is kept.
 */
#include <math.h>

#include "score/policies.h"

static struct a3_search search(const struct policy_query *query, struct policy_room *room)
{
    double n_iterations = ceil(query->options->search_share * (double)query->n_keys - 1e-9);
    return a3_find_candidates(room->columns, query->query_codes, query->n_keys, (size_t)n_iterations, true,
                              room->sums, room->flags);
}

static void decide(const struct policy_query *query, struct policy_room *room, struct policy_answer *answer)
{
    struct a3_search found = search(query, room);
    a3_keep(query->read_scores, room->flags, query->n_keys, query->options->post_share, answer->keep);
    answer->work.n_search_rounds = found.n_rounds;
    answer->work.n_readouts = found.n_candidates;
}

static void decide_exact(const struct policy_query *query, struct policy_room *room, bool *keep)
{
    (void)search(query, room);
    for (size_t j = 0; j < query->n_keys; j++)
        room->reals[j] = query->exact_unit * (double)query->exact_sums[j];
    a3_keep(room->reals, room->flags, query->n_keys, query->options->post_share, keep);
}

const struct policy policy_a3 = {
    .name = "a3",
    .summary = "candidates by a greedy digital search, then a threshold below the largest read-out score",
    .source = "A3, HPCA 2020 (search: secondary; numbers: remembered only)",
    .input = POLICY_INPUT_READOUT,
    .searches = true,
    .decide = decide,
    .decide_exact = decide_exact,
};
