#include "score/policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "score/policies.h"
#include "score/policy_cascade.h"

const char *const policy_names[] = {"threshold", "three-way", "topk",   "cascade", "a3",
                                    "mnnfast",   "oracle",    "random", "none",    NULL};

size_t policy_keep_exact(const struct policy_query *query, bool *keep)
{
    size_t n_kept = 0;
    for (size_t j = 0; j < query->n_keys; j++) {
        keep[j] = query->exact_sums[j] >= query->exact_threshold;
        n_kept += keep[j];
    }
    return n_kept;
}

static void decide_by_threshold(const struct policy_query *query, struct policy_room *room, bool *keep)
{
    (void)room;
    (void)policy_keep_exact(query, keep);
}

static void decide_threshold(const struct policy_query *query, struct policy_room *room,
                             struct policy_answer *answer)
{
    (void)room;
    answer->work.n_comparators = 1;
    for (size_t j = 0; j < query->n_keys; j++)
        answer->keep[j] = query->ruled != NULL && query->ruled[j] >= 0
                              ? query->ruled[j] > 0
                              : query->comparator_units[j] > query->reference_units;
}

static void decide_oracle(const struct policy_query *query, struct policy_room *room,
                          struct policy_answer *answer)
{
    decide_by_threshold(query, room, answer->keep);
}

/* Keeps as many as the exact decision, those whose uniform draws are smallest. */
static void decide_random(const struct policy_query *query, struct policy_room *room,
                          struct policy_answer *answer)
{
    bool *keep = answer->keep;
    size_t n_kept = policy_keep_exact(query, keep);
    struct random_key key = *query->key;
    key.purpose = RANDOM_POLICY;
    random_uniforms(&key, query->n_keys, room->reals);
    memset(keep, 0, query->n_keys * sizeof *keep);
    for (size_t k = 0; k < n_kept; k++) {
        size_t smallest = 0;
        for (size_t j = 0; j < query->n_keys; j++)
            if (!keep[j] && (keep[smallest] || room->reals[j] < room->reals[smallest]))
                smallest = j;
        keep[smallest] = true;
    }
}

static void decide_none(const struct policy_query *query, struct policy_room *room,
                        struct policy_answer *answer)
{
    (void)room;
    memset(answer->keep, 1, query->n_keys * sizeof *answer->keep);
}

static const struct policy threshold = {
    .name = "threshold",
    .summary = "one comparator per key against the threshold",
    .source = "SPRINT, MICRO 2022",
    .input = POLICY_INPUT_COMPARATOR,
    .has_threshold = true,
    .rethresholds = true,
    .decide = decide_threshold,
    .decide_exact = decide_by_threshold,
};
static const struct policy oracle = {
    .name = "oracle",
    .summary = "the exact decisions",
    .source = "reference",
    .is_exact = true,
    .has_threshold = true,
    .rethresholds = true,
    .decide = decide_oracle,
    .decide_exact = decide_by_threshold,
};
static const struct policy random_choice = {
    .name = "random",
    .summary = "as many keys as the exact decision, chosen at random",
    .source = "reference",
    .has_threshold = true,
    .decide = decide_random,
    .decide_exact = decide_by_threshold,
};
static const struct policy none = {
    .name = "none",
    .summary = "every key is kept",
    .source = "reference",
    .has_threshold = true,
    .decide = decide_none,
    .decide_exact = decide_by_threshold,
};

static const struct policy *const policies[] = {
    &threshold,      &policy_three_way, &policy_topk,   &policy_cascade, &policy_a3,
    &policy_mnnfast, &oracle,           &random_choice, &none,
};

const struct policy *policy_at(int index)
{
    return policies[index];
}

enum rs_status policy_room_create(const struct policy *policy, size_t n_keys_max, size_t d,
                                  enum kernel kernel, struct policy_room *out, struct rs_error *err)
{
    *out = (struct policy_room){
        .n_keys_max = n_keys_max,
        .d = d,
        .reals = memory_allocate(n_keys_max, sizeof(double), err),
        .sums = memory_allocate(n_keys_max, sizeof(int64_t), err),
        .flags = memory_allocate(n_keys_max, sizeof(bool), err),
        .exact_value = memory_allocate(n_keys_max, sizeof(bool), err),
    };
    enum rs_status status = out->reals && out->sums && out->flags && out->exact_value ? RS_OK : RS_INTERNAL;
    if (status == RS_OK && policy->ranks)
        status = topk_create(n_keys_max, kernel, &out->topk, err);
    if (status == RS_OK && policy->searches)
        status = a3_columns_create(n_keys_max, d, &out->columns, err);
    if (status != RS_OK)
        policy_room_clear(out);
    return status;
}

void policy_room_clear(struct policy_room *room)
{
    free(room->reals);
    free(room->sums);
    free(room->flags);
    topk_destroy(room->topk);
    a3_columns_destroy(room->columns);
    policy_cascade_destroy(room->cascade);
    free(room->exact_value);
    *room = (struct policy_room){0};
}

void policy_set_keys(struct policy_room *room, size_t n_keys, const int16_t *key_codes)
{
    if (room->columns != NULL)
        a3_columns_load(room->columns, n_keys, key_codes);
}

double policy_snap(double units)
{
    const double per_unit = 1 << 30;
    return fabs(units) < 1 << 20 ? rint(units * per_unit) / per_unit : units;
}
