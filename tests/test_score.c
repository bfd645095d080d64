/* Pruning policies and thresholds that keep a given part. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/policy.h"
#include "score/policy_cascade.h"
#include "score/threshold.h"
#include "tensor/code.h"

TestSuite(score, .timeout = 30);

static const struct policy *policy_named(const char *name)
{
    for (int i = 0; policy_names[i] != NULL; i++)
        if (strcmp(policy_names[i], name) == 0)
            return policy_at(i);
    return NULL;
}

enum { N_KEYS = 6 };
static const int64_t sums[N_KEYS] = {10, -3, 4, 4, 0, 7};
static const double signals[N_KEYS] = {4.5, 3.5, 3.4999, 1e9, -1e9, 3.5001};
static const double scores[N_KEYS] = {4.5, 3.5, 3.4, 9, -9, 3.6};
static const struct random_key read_key = {.seed = 11, .trial = 1, .write = 2, .draw = 3};
static const int16_t codes[N_KEYS] = {10, -3, 4, 4, 0, 7}, one[1] = {1};
static const struct prune_options options = {
    .keep_ratio = 0.5, .search_share = 1, .post_share = 0.05, .skip_below = 0.1};
static const struct policy_query view = {.n_keys = N_KEYS,
                                         .d = 1,
                                         .options = &options,
                                         .query_codes = one,
                                         .key_codes = codes,
                                         .exact_unit = 1,
                                         .analog_unit = 1,
                                         .upper_units = signals,
                                         .upper_reference_units = 5,
                                         .read_scores = scores,
                                         .exact_sums = sums,
                                         .exact_threshold = 4,
                                         .comparator_units = signals,
                                         .reference_units = 3.5,
                                         .key = &read_key};

/* One decision with a room of its own; keep [n_keys]. */
static struct policy_work decide(const struct policy *policy, const struct policy_query *query, bool *keep)
{
    struct policy_room room;
    bool uncertain[N_KEYS + 1] = {false};
    bool value[N_KEYS];
    const struct policy_cascade_shape shape = {
        .n_layers = 1, .n_heads = 1, .n_keys_max = N_KEYS, .n_queries_max = 1};
    struct policy_answer answer = {.keep = keep, .uncertain = uncertain, .value = value};
    cr_assert_eq(policy_room_create(policy, N_KEYS, 1, KERNEL_BASELINE, &room, NULL), RS_OK);
    if (policy->cascades) {
        cr_assert_eq(policy_cascade_create(&options, &shape, KERNEL_BASELINE, &room.cascade, NULL), RS_OK);
        policy_cascade_begin(room.cascade, 0, 1, N_KEYS);
    }
    policy_set_keys(&room, N_KEYS, codes);
    policy->decide(query, &room, &answer);
    for (size_t j = 0; j < N_KEYS; j++)
        cr_assert(!keep[j] || !uncertain[j]);
    policy_room_clear(&room);
    return answer.work;
}

Test(score, every_policy_is_whole_and_bears_its_name)
{
    for (int i = 0; policy_names[i] != NULL; i++) {
        const struct policy *policy = policy_at(i);
        bool keep[N_KEYS + 1];
        memset(keep, 1, sizeof keep);
        cr_assert_str_eq(policy->name, policy_names[i]);
        cr_assert(policy->summary[0] != '\0' && policy->source[0] != '\0');
        (void)decide(policy, &view, keep);
        cr_assert(keep[N_KEYS], "%s writes beyond its keys", policy->name);
    }
}

static void assert_decided(const char *name, const bool *expected)
{
    bool keep[N_KEYS];
    (void)decide(policy_named(name), &view, keep);
    for (int j = 0; j < N_KEYS; j++)
        cr_assert_eq(keep[j], expected[j], "%s: key %d", name, j);
}

Test(score, decisions_are_those_of_the_definitions)
{
    const bool exact[N_KEYS] = {true, false, true, true, false, true};
    bool keep[N_KEYS];
    assert_decided("threshold", (const bool[]){true, false, false, true, false, true});
    assert_decided("oracle", exact);
    assert_decided("none", (const bool[]){true, true, true, true, true, true});
    cr_assert_eq(policy_keep_exact(&view, keep), 4);
    cr_assert_eq(memcmp(keep, exact, sizeof keep), 0);
}

Test(score, only_the_threshold_policies_drop_keys_after_recompute)
{
    for (int i = 0; policy_names[i] != NULL; i++) {
        bool drops = strcmp(policy_names[i], "threshold") == 0 || strcmp(policy_names[i], "three-way") == 0 ||
                     strcmp(policy_names[i], "oracle") == 0;
        cr_assert_eq(policy_at(i)->rethresholds, drops, "%s", policy_names[i]);
    }
    cr_assert(policy_named("oracle")->is_exact && !policy_named("threshold")->is_exact);
}

Test(score, random_keeps_as_many_as_the_exact_decision_and_every_key_alike)
{
    enum { DRAWS = 12000, WRITE_EVERY = 100 };
    int kept[N_KEYS] = {0};
    struct random_key key = read_key;
    struct policy_query query = view;
    query.key = &key;
    for (uint32_t i = 0; i < DRAWS; i++) {
        bool keep[N_KEYS];
        int n = 0;
        key.draw = i;
        key.write = i / WRITE_EVERY;
        (void)decide(policy_named("random"), &query, keep);
        for (int j = 0; j < N_KEYS; j++) {
            kept[j] += keep[j];
            n += keep[j];
        }
        cr_assert_eq(n, 4);
    }
    double p = 4.0 / N_KEYS, error = sqrt(DRAWS * p * (1 - p));
    for (int j = 0; j < N_KEYS; j++)
        cr_assert_lt(fabs(kept[j] - p * DRAWS), 4.5 * error, "key %d: %d of %d", j, kept[j], DRAWS);
}

Test(score, random_keeps_nothing_or_everything_where_the_exact_decision_does)
{
    struct policy_query query = view;
    bool keep[N_KEYS];
    query.exact_threshold = 11;
    (void)decide(policy_named("random"), &query, keep);
    for (int j = 0; j < N_KEYS; j++)
        cr_assert_not(keep[j]);
    query.exact_threshold = -3;
    (void)decide(policy_named("random"), &query, keep);
    for (int j = 0; j < N_KEYS; j++)
        cr_assert(keep[j]);
}

struct keeping {
    double keep_ratio;
    size_t n;
    int64_t sums[8];
    double threshold; /* with unit 0.5 */
};

Test(score, a_threshold_lies_midway_between_neighbouring_scores)
{
    const struct keeping cases[] = {
        {0.25, 4, {4, 8, -2, 1}, 3},     /* keeps 8; between 8 and 4 */
        {0.26, 4, {4, 8, -2, 1}, 1.25},  /* ceil(1.04) = 2 */
        {0.5, 4, {4, 8, -2, 1}, 1.25},   /* between 4 and 1 */
        {0.75, 4, {4, 8, -2, 1}, -0.25}, /* between 1 and -2 */
        {0.5, 4, {8, 4, 4, 1}, 1.25},    /* equals are never parted: three are kept */
        {0.25, 4, {4, 4, 4, 4}, -(double)INFINITY},
        {1, 4, {4, 8, -2, 1}, -(double)INFINITY},
        {0.76, 4, {4, 8, -2, 1}, -(double)INFINITY},
        {0.75, 4, {4, 8, 1, 1}, -(double)INFINITY},
        {0.01, 4, {4, 8, -2, 1}, 3}, /* never none */
        {0, 4, {4, 8, -2, 1}, 3},
        {0.5, 1, {4}, -(double)INFINITY},
        {0.125, 8, {1, 2, 3, 4, 5, 6, 7, 8}, 3.75},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t copy[8];
        memcpy(copy, cases[i].sums, sizeof copy);
        double threshold = threshold_keeping(cases[i].keep_ratio, 0.5, cases[i].n, copy);
        cr_assert_eq(threshold, cases[i].threshold, "case %zu gave %g", i, threshold);
    }
}

/* Brute force: of all borders between different values, the highest one that keeps enough. */
Test(score, a_threshold_keeps_what_a_search_over_all_borders_keeps)
{
    enum { N_MAX = 40 };
    for (uint32_t i = 0; i < 20000; i++) {
        struct random_key key = {.seed = 12, .purpose = RANDOM_PROBE, .draw = i};
        size_t n = 1 + random_integer(&key, 0, N_MAX), spread = 1 + random_integer(&key, 1, 60);
        double ratio, unit = 1e-3 * (1 + random_integer(&key, 2, 1000));
        int64_t values[N_MAX], copy[N_MAX];
        random_uniforms(&key, 1, &ratio);
        for (size_t j = 0; j < n; j++)
            copy[j] = values[j] = (int64_t)random_integer(&key, (uint32_t)(j + 3), (uint32_t)spread) - 20;
        size_t wanted = (size_t)ceil(ratio * (double)n), best = n;
        for (size_t b = 0; b < n; b++) {
            size_t n_kept = 0;
            for (size_t j = 0; j < n; j++)
                n_kept += values[j] >= values[b];
            if (n_kept >= wanted && n_kept < best)
                best = n_kept;
        }
        int64_t threshold = code_threshold(threshold_keeping(ratio, unit, n, copy), unit);
        size_t n_kept = 0;
        for (size_t j = 0; j < n; j++)
            n_kept += values[j] >= threshold;
        cr_assert_eq(n_kept, best, "draw %u: %zu of %zu kept, %zu expected", i, n_kept, n, best);
    }
}
