#include "score/policy.h"

#include <string.h>

const char *const policy_names[] = {"threshold", "oracle", "random", "none", NULL};

size_t policy_decide_exact(const struct policy_query *query, bool *keep)
{
    size_t n_kept = 0;
    for (size_t j = 0; j < query->n_keys; j++) {
        keep[j] = query->exact_sums[j] >= query->exact_threshold;
        n_kept += keep[j];
    }
    return n_kept;
}

static void decide_threshold(const struct policy_query *query, double *scratch, bool *keep)
{
    (void)scratch;
    for (size_t j = 0; j < query->n_keys; j++)
        keep[j] = query->ruled != NULL && query->ruled[j] >= 0
                      ? query->ruled[j] > 0
                      : query->comparator_units[j] > query->reference_units;
}

static void decide_oracle(const struct policy_query *query, double *scratch, bool *keep)
{
    (void)scratch;
    policy_decide_exact(query, keep);
}

/* Keeps as many as the exact decision, those whose uniform draws are smallest. */
static void decide_random(const struct policy_query *query, double *scratch, bool *keep)
{
    size_t n_kept = policy_decide_exact(query, keep);
    struct random_key key = *query->key;
    key.purpose = RANDOM_POLICY;
    random_uniforms(&key, query->n_keys, scratch);
    memset(keep, 0, query->n_keys * sizeof *keep);
    for (size_t k = 0; k < n_kept; k++) {
        size_t smallest = 0;
        for (size_t j = 0; j < query->n_keys; j++)
            if (!keep[j] && (keep[smallest] || scratch[j] < scratch[smallest]))
                smallest = j;
        keep[smallest] = true;
    }
}

static void decide_none(const struct policy_query *query, double *scratch, bool *keep)
{
    (void)scratch;
    memset(keep, 1, query->n_keys * sizeof *keep);
}

static const struct policy policies[] = {
    {"threshold", "one comparator per key against the threshold", "SPRINT, MICRO 2022", false, true,
     decide_threshold},
    {"oracle", "the exact decisions", "reference", true, true, decide_oracle},
    {"random", "as many keys as the exact decision, chosen at random", "reference", false, false,
     decide_random},
    {"none", "every key is kept", "reference", false, false, decide_none},
};

const struct policy *policy_at(int index)
{
    return &policies[index];
}
