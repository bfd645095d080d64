/* Policies: small cases by hand, the exact decision on ideal arrays, what a decision took, hybrids. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/attention.h"
#include "attention_fixture.h"
#include "score/hybrid.h"
#include "score/threshold.h"

TestSuite(policies, .timeout = 120);

static int index_of(const char *name)
{
    for (int i = 0; policy_names[i] != NULL; i++)
        if (strcmp(policy_names[i], name) == 0)
            return i;
    return -1;
}

/* --- one decision, without an array --- */

enum { N_MAX = 64 };

struct decided {
    bool keep[N_MAX], uncertain[N_MAX], exact[N_MAX];
    struct policy_work work;
};

static const struct random_key read_key = {.seed = 7, .trial = 1, .write = 2, .draw = 3};

/* Options of a policy: prune.* keys and texts, NULL at the end. */
static struct prune_options options_of(const char *const *texts)
{
    struct attention_fixture fixture;
    attention_fixture_init(&fixture, 1, 1);
    for (; texts != NULL && *texts != NULL; texts += 2)
        attention_fixture_set(&fixture, texts[0], texts[1]);
    return fixture.prune;
}

static struct decided decide(const char *name, const struct policy_query *query,
                             const struct prune_options *options)
{
    struct policy_room room;
    struct policy_query own = *query;
    struct decided out = {0};
    struct policy_answer answer = {.keep = out.keep, .uncertain = out.uncertain};
    const struct policy *policy = policy_at(index_of(name));
    own.options = options;
    own.key = &read_key;
    cr_assert_eq(policy_room_create(policy, N_MAX, query->d, KERNEL_BASELINE, &room, NULL), RS_OK);
    policy_set_keys(&room, query->n_keys, query->key_codes);
    policy->decide(&own, &room, &answer);
    if (query->exact_sums != NULL)
        policy->decide_exact(&own, &room, out.exact);
    policy_room_clear(&room);
    out.work = answer.work;
    return out;
}

static void assert_set(const bool *set, size_t n, const char *expected, const char *what)
{
    for (size_t j = 0; j < n; j++)
        cr_assert_eq(set[j], expected[j] == '1', "%s: key %zu, %s expected", what, j, expected);
}

/* References 2.5 and 5.5: above both, between, below both; then the first below and the second above. */
Test(policies, three_way_leaves_to_the_digital_unit_what_its_comparators_disagree_on)
{
    const double first[] = {6, 4, 2, 2, 9, 1}, second[] = {6, 4, 2, 6, 1, 9};
    const signed char ruled[] = {-1, 0, 1, -1, 0, -1}, second_ruled[] = {0, -1, 1, -1, -1, 0};
    struct policy_query query = {.n_keys = 6,
                                 .d = 1,
                                 .comparator_units = first,
                                 .upper_units = second,
                                 .reference_units = 2.5,
                                 .upper_reference_units = 5.5};
    struct decided out = decide("three-way", &query, NULL);
    assert_set(out.keep, 6, "100000", "keep");
    assert_set(out.uncertain, 6, "010111", "uncertain");
    cr_assert(out.work.n_comparators == 2 && out.work.n_readouts == 0);
    query.ruled = ruled;
    query.upper_ruled = second_ruled;
    out = decide("three-way", &query, NULL);
    assert_set(out.keep, 6, "001000", "keep, ruled");
    assert_set(out.uncertain, 6, "100100", "uncertain, ruled");
}

struct ranking {
    size_t n;
    const char *ratio, *expected;
    double values[8];
};

Test(policies, topk_keeps_the_first_that_fire_and_the_lower_of_equals)
{
    const struct ranking cases[] = {
        {4, "50 %", "1001", {3, 1, 2, 5}},
        {4, "51 %", "1011", {3, 1, 2, 5}}, /* rounded up */
        {4, "100 %", "1111", {3, 1, 2, 5}},
        {5, "60 %", "11010", {2, 2, 1, 2, 2}},
        {1, "1 %", "1", {-7}},
        {1, "100 %", "1", {-7}},
        {3, "1 %", "010", {-1, 4, -1}},
        {3, "30 %", "100", {2 - 1e-12, 2, 2 + 1e-12}}, /* equal but for rounding */
        {3, "30 %", "001", {2 - 1e-6, 2, 2 + 1e-6}},
        {4, "50 %", "0110", {-(double)INFINITY, 1, (double)INFINITY, -(double)INFINITY}},
        {4, "75 %", "1110", {-(double)INFINITY, 1, (double)INFINITY, -(double)INFINITY}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct prune_options options =
            options_of((const char *const[]){"prune.keep_ratio", cases[i].ratio, NULL});
        struct policy_query query = {.n_keys = cases[i].n, .d = 1, .comparator_units = cases[i].values};
        struct decided out = decide("topk", &query, &options);
        assert_set(out.keep, cases[i].n, cases[i].expected, cases[i].ratio);
        cr_assert_eq(out.work.n_comparators, 1);
        bool all = strchr(cases[i].expected, '0') == NULL;
        cr_assert_eq(out.work.n_topk_cycles == 0, all, "case %zu", i);
        cr_assert(out.work.n_topk_elements >= (all ? 0 : cases[i].n));
    }
}

/* A key is kept iff fewer than k others are larger, or equal with a lower index. */
Test(policies, topk_is_a_plain_count_in_analog_and_exactly)
{
    for (uint32_t i = 0; i < 4000; i++) {
        struct random_key key = {.seed = 19, .purpose = RANDOM_PROBE, .draw = i};
        size_t n = 1 + random_integer(&key, 0, N_MAX), spread = 1 + random_integer(&key, 1, 40);
        double values[N_MAX], ratio;
        int64_t sums[N_MAX];
        struct prune_options options = options_of(NULL);
        random_uniforms(&key, 1, &ratio);
        options.keep_ratio = ratio;
        for (size_t j = 0; j < n; j++)
            values[j] = (double)(sums[j] = (int64_t)random_integer(&key, (uint32_t)j + 4, (uint32_t)spread));
        struct policy_query query = {.n_keys = n, .d = 1, .comparator_units = values, .exact_sums = sums};
        struct decided out = decide("topk", &query, &options);
        size_t k = (size_t)ceil(ratio * (double)n);
        for (size_t j = 0; j < n; j++) {
            size_t before = 0;
            for (size_t m = 0; m < n; m++)
                before += sums[m] > sums[j] || (sums[m] == sums[j] && m < j);
            cr_assert_eq(out.keep[j], before < k, "draw %u", i);
            cr_assert_eq(out.exact[j], before < k, "draw %u", i);
        }
    }
}

Test(policies, a_keep_ratio_in_decimals_keeps_what_it_says)
{
    for (size_t n = 1; n <= 1000; n++)
        for (size_t percent = 1; percent <= 100; percent++)
            cr_assert_eq(threshold_count((double)percent / 100, n), (percent * n + 99) / 100, "%zu %% of %zu",
                         percent, n);
}

/*
 * q = (2, -1). Products by column: 6, 2, -2 and -1, 2, 0. Two iterations: 6 to key 0, -2 to key 2; 2 to key 1
 * (of equal ones the first column's), -1 to key 0. Estimates 5, 2, -2.
 */
Test(policies, a3_reads_its_candidates_and_keeps_those_near_the_largest)
{
    const int16_t q[] = {2, -1}, k[] = {3, 1, 1, -2, -1, 0};
    const int64_t sums[] = {5, 4, -2};
    const double read[] = {1, 5, 9}, near[] = {2.1, 5, 9};
    struct prune_options options = options_of(NULL);
    struct policy_query query = {.n_keys = 3,
                                 .d = 2,
                                 .query_codes = q,
                                 .key_codes = k,
                                 .exact_sums = sums,
                                 .exact_unit = 1,
                                 .read_scores = read};
    struct decided out = decide("a3", &query, &options);
    assert_set(out.keep, 3, "010", "5 - ln 20 = 2.004"); /* key 2 reads most and is no candidate */
    assert_set(out.exact, 3, "110", "exact");
    cr_assert(out.work.n_search_rounds == 2 && out.work.n_readouts == 2 && out.work.n_comparators == 0);
    query.read_scores = near;
    assert_set(decide("a3", &query, &options).keep, 3, "110", "near");
    options.search_share = 0.2; /* one iteration */
    out = decide("a3", &query, &options);
    assert_set(out.keep, 3, "100", "one iteration");
    cr_assert(out.work.n_search_rounds == 1 && out.work.n_readouts == 1);
    query.n_keys = 1; /* one visible key: the columns' other rows are passed over */
    options.search_share = 64;
    out = decide("a3", &query, &options);
    assert_set(out.keep, 1, "1", "one key");
    cr_assert_eq(out.work.n_search_rounds, 2);
}

Test(policies, a3_keeps_nothing_without_a_candidate)
{
    const int16_t q[] = {1}, k[] = {-1, -2};
    const int64_t sums[] = {-1, -2};
    const double read[] = {3, 4};
    struct prune_options options = options_of(NULL);
    struct policy_query query = {.n_keys = 2,
                                 .d = 1,
                                 .query_codes = q,
                                 .key_codes = k,
                                 .exact_sums = sums,
                                 .exact_unit = 1,
                                 .read_scores = read};
    struct decided out = decide("a3", &query, &options);
    assert_set(out.keep, 2, "00", "keep");
    assert_set(out.exact, 2, "00", "exact");
    cr_assert_eq(out.work.n_readouts, 0);
}

/* Weights 8, 1, 1, 1 of 11; all equal; one key. */
Test(policies, mnnfast_keeps_probabilities_that_reach_its_bound)
{
    const double read[] = {log(8), 0, 0, 0}, equal[10] = {0};
    const int64_t sums[] = {0, 0, 3, 0};
    struct prune_options options = options_of(NULL);
    struct policy_query query = {
        .n_keys = 4, .d = 1, .exact_sums = sums, .exact_unit = log(2), .read_scores = read};
    struct decided out = decide("mnnfast", &query, &options);
    assert_set(out.keep, 4, "1000", "1/11 is below 10 %");
    assert_set(out.exact, 4, "0010", "exact");
    cr_assert(out.work.n_readouts == 4 && out.work.n_comparators == 0);
    options.skip_below = 0.09;
    assert_set(decide("mnnfast", &query, &options).keep, 4, "1111", "9 %");
    options.skip_below = 0.73;
    assert_set(decide("mnnfast", &query, &options).keep, 4, "0000", "73 %");
    options.skip_below = 0.1;
    query = (struct policy_query){.n_keys = 10, .d = 1, .read_scores = equal};
    assert_set(decide("mnnfast", &query, &options).keep, 10, "1111111111", "ten equals");
    options.skip_below = 1;
    query.n_keys = 1;
    assert_set(decide("mnnfast", &query, &options).keep, 1, "1", "one key");
}

/* --- whole layers --- */

enum { D = 6, N = 17 };

struct words {
    float q[N * D], k[N * D], v[N * D], output[N * D];
};

static void draw_words(uint32_t draw, struct words *words)
{
    float *const parts[] = {words->q, words->k, words->v};
    double z[N * D];
    for (uint32_t part = 0; part < 3; part++) {
        struct random_key key = {.seed = 43, .purpose = RANDOM_PROBE, .draw = 3 * draw + part};
        random_normals(&key, N * D, z);
        for (size_t i = 0; i < N * D; i++)
            parts[part][i] = (float)z[i];
    }
}

static struct attention_counts run(const struct attention_fixture *f, enum query_mode mode, uint32_t draw,
                                   struct words *words)
{
    struct attention *attention;
    struct rs_error err = {{0}};
    draw_words(draw, words);
    struct attention_call call = {.n_query_heads = 1,
                                  .n_queries = N,
                                  .n_keys = N,
                                  .d = D,
                                  .causal = f->shape.causal,
                                  .score_scale = f->shape.score_scale,
                                  .q = words->q,
                                  .k = words->k,
                                  .v = words->v,
                                  .output = words->output};
    cr_assert_eq(attention_create(&f->setup, mode, &attention, &err), RS_OK, "%s", err.text);
    attention_start(attention, 1, NULL);
    attention_set_sample(attention, draw);
    cr_assert_eq(attention_run(attention, &call, &err), RS_OK, "%s", err.text);
    struct attention_counts counts = attention_get_counts(attention)[0];
    attention_destroy(attention);
    return counts;
}

static void layer_init(struct attention_fixture *f, const char *policy)
{
    attention_fixture_init(f, D, N);
    attention_fixture_set(f, "array.rows", "4");
    attention_fixture_set(f, "array.columns", "15");
    attention_fixture_set(f, "prune.policy", policy);
    f->shape.score_scale = 0.7;
    f->query_range[0] = f->key_range[0] = f->value_range[0] = 2.5;
}

/* Codes that are stored and driven whole, ideal cells, wires and circuits: whatever the encoding. */
Test(policies, an_ideal_array_decides_exactly_under_every_policy)
{
    static const char *const names[] = {"threshold", "three-way", "topk", "a3", "mnnfast", "oracle"};
    static struct words analog, exact;
    for (uint32_t p = 0; p < sizeof names / sizeof names[0]; p++) {
        int64_t n_kept = 0, n_visible = 0;
        for (uint32_t i = 0; i < 12; i++) {
            struct attention_fixture f;
            layer_init(&f, names[p]);
            attention_fixture_set(&f, "encoding.analog_bits", "8");
            attention_fixture_set(&f, "encoding.query_bits", "8");
            attention_fixture_set(&f, "encoding.sign", i % 2 ? "offset" : "differential");
            attention_fixture_set(&f, "encoding.cell_bits", i % 3 == 0 ? "0" : i % 3 == 1 ? "3" : "1");
            attention_fixture_set(&f, "encoding.msb", i % 4 < 2 ? "round" : "truncate");
            attention_fixture_set(&f, "recompute.early_termination", i % 5 < 2 ? "true" : "false");
            f.shape.causal = i < 6;
            attention_fixture_settle(&f, 0.1 * i - 0.2);
            struct attention_counts counts = run(&f, QUERY_ANALOG, i, &analog);
            run(&f, QUERY_EXACT, i, &exact);
            cr_assert(counts.n_false_prune == 0 && counts.n_false_keep == 0, "%s, run %u: %d, %d", names[p],
                      i, (int)counts.n_false_prune, (int)counts.n_false_keep);
            cr_assert_eq(counts.n_kept, counts.n_exact_keep);
            cr_assert_eq(counts.n_final, counts.n_kept, "%s, run %u", names[p], i);
            cr_assert_eq(memcmp(analog.output, exact.output, sizeof exact.output), 0, "%s, run %u", names[p],
                         i);
            cr_assert(counts.lost_mass_sum == 0 && counts.output_error_sum == 0);
            n_kept += counts.n_kept;
            n_visible += counts.n_visible;
            setup_clear(&f.setup);
        }
        cr_assert(n_kept > n_visible / 20 && n_kept < n_visible * 9 / 10, "%s keeps %d of %d", names[p],
                  (int)n_kept, (int)n_visible);
    }
}

/* A wide band leaves every key to the digital unit; none makes two comparators decide as one. */
Test(policies, three_way_goes_from_the_analog_to_the_exact_decision_with_its_band)
{
    static struct words words;
    int64_t n_wrong[4] = {0}, n_recomputed[4] = {0}, n_visible = 0;
    const char *const bands[] = {"0", "0.3", "1", "100"};
    for (uint32_t i = 0; i < 6; i++)
        for (int b = 0; b < 4; b++) {
            struct attention_fixture f, one;
            layer_init(&f, "three-way");
            attention_fixture_set(&f, "prune.band", bands[b]);
            attention_fixture_settle(&f, 0.4);
            struct attention_counts counts = run(&f, QUERY_ANALOG, i, &words);
            n_wrong[b] += counts.n_false_prune + counts.n_false_keep;
            n_recomputed[b] += counts.n_recomputed;
            n_visible += b == 0 ? counts.n_visible : 0;
            setup_clear(&f.setup);
            if (b > 0)
                continue;
            layer_init(&one, "threshold");
            attention_fixture_settle(&one, 0.4);
            struct attention_counts single = run(&one, QUERY_ANALOG, i, &words);
            cr_assert_eq(memcmp(&single, &counts, sizeof counts), 0);
            setup_clear(&one.setup);
        }
    cr_assert(n_wrong[0] > n_wrong[1] && n_wrong[1] > n_wrong[2] && n_wrong[3] == 0, "%d %d %d %d",
              (int)n_wrong[0], (int)n_wrong[1], (int)n_wrong[2], (int)n_wrong[3]);
    cr_assert(n_recomputed[0] < n_recomputed[1] && n_recomputed[1] < n_recomputed[2]);
    cr_assert_eq(n_recomputed[3], n_visible);
}

/* --- one query of four keys: scores 1, 0.5, 2, -1, threshold 0.75 (test_query.c) --- */

enum { KEYS = 4 };

struct hand {
    struct attention_fixture fixture;
    struct query_scratch scratch;
    struct attention_counts counts;
};

/* Runs it; the caller clears. */
static void run_hand(struct hand *hand, const double *first, const double *second, const char *const *options)
{
    static const int16_t q[] = {10, 0}, k[] = {10, 90, 5, 90, 20, -90, -10, 3};
    static const int16_t v[] = {100, 0, 0, 100, 50, 50, -20, 30};
    static const int64_t sums[] = {100, 50, 200, -100};
    float output[2];
    memset(hand, 0, sizeof *hand);
    attention_fixture_init(&hand->fixture, 2, KEYS);
    hand->fixture.shape.score_scale = 0.01;
    for (; options != NULL && *options != NULL; options += 2)
        attention_fixture_set(&hand->fixture, options[0], options[1]);
    attention_fixture_settle(&hand->fixture, 0.75);
    struct query query = {.n_keys = KEYS,
                          .self = 3,
                          .query_codes = q,
                          .key_codes = k,
                          .value_codes = v,
                          .exact_sums = sums,
                          .signal_units = first,
                          .comparator_units = first,
                          .upper_units = second,
                          .key = {.seed = 1}};
    cr_assert_eq(query_scratch_create(&hand->fixture.setup, &hand->scratch, NULL), RS_OK);
    query_set_keys(&hand->fixture.setup, QUERY_ANALOG, KEYS, k, &hand->scratch);
    query_run(&hand->fixture.setup, QUERY_ANALOG, &query, &hand->scratch, output, &hand->counts);
}

static void clear_hand(struct hand *hand)
{
    query_scratch_clear(&hand->scratch);
    setup_clear(&hand->fixture.setup);
}

/*
 * Keys 0 and 1 are uncertain, key 2 kept. Of seven bits, two per cycle, key 1 ends after 4 (test_query.c):
 * also without rethreshold, where key 2 would be processed whole anyway.
 */
Test(policies, uncertain_keys_are_fetched_charged_and_decided_by_their_exact_scores)
{
    const double first[] = {9, 9, 9, -9}, second[] = {-9, -9, 9, -9};
    const char *const rules[] = {"true", "false"}, *const ends[] = {"true", "false"};
    for (int i = 0; i < 4; i++) {
        struct hand hand;
        run_hand(&hand, first, second,
                 (const char *const[]){"prune.policy", "three-way", "recompute.rethreshold", rules[i % 2],
                                       "recompute.early_termination", ends[i / 2], NULL});
        assert_set(hand.scratch.uncertain, KEYS, "1100", "uncertain");
        assert_set(hand.scratch.fetched, KEYS, "1110", "fetched");
        assert_set(hand.scratch.kept, KEYS, "1010", "kept");
        assert_set(hand.scratch.final, KEYS, "1010", "final");
        assert_set(hand.scratch.value, KEYS, "1010", "value");
        cr_assert(hand.counts.n_false_prune == 0 && hand.counts.n_false_keep == 0);
        cr_assert_eq(hand.counts.n_recomputed, 3);
        cr_assert_eq(hand.counts.n_recompute_bits, i < 2 ? 7 + 4 + 7 : 21, "case %d", i);
        cr_assert_eq(hand.scratch.work.n_comparators, 2);
        clear_hand(&hand);
    }
}

/* Four bits give scores 2.56, 0, 2.56, -2.56: that is what the digital unit decides by. */
Test(policies, a_digital_unit_of_fewer_bits_decides_by_these)
{
    const double first[] = {9, 9, 9, 9}, second[] = {-9, -9, -9, -9};
    struct hand hand;
    run_hand(&hand, first, second,
             (const char *const[]){"prune.policy", "three-way", "recompute.bits", "4", NULL});
    assert_set(hand.scratch.kept, KEYS, "1010", "kept");
    clear_hand(&hand);
}

struct reading {
    const char *policy, *enabled, *empty;
    double signals[KEYS];
    uint64_t n_readouts;
};

/* One unit is 2.56 scores; the reference stands at 1/2. */
Test(policies, every_conversion_of_an_analog_value_is_counted_once)
{
    const struct reading cases[] = {
        {"threshold", "true", "best", {9, -9, 9, -9}, 0},
        {"threshold", "true", "best", {-9, -9, -9, -9}, 4}, /* the largest of all is looked for */
        {"threshold", "true", "zero", {-9, -9, -9, -9}, 0},
        {"threshold", "true", "self", {-9, -9, -9, -9}, 0},
        {"threshold", "false", "best", {9, -9, 9, -9}, 2}, /* what enters the softmax */
        {"threshold", "false", "best", {-9, -9, -9, -9}, 4},
        {"threshold", "false", "self", {-9, -9, -9, -9}, 1},
        {"threshold", "false", "all", {-9, -9, -9, -9}, 4},
        {"threshold", "false", "zero", {-9, -9, -9, -9}, 0},
        {"none", "false", "best", {-9, -9, -9, -9}, 4},
        {"none", "true", "best", {-9, -9, -9, -9}, 0},
        {"oracle", "true", "best", {-9, -9, -9, -9}, 0},
        {"topk", "true", "best", {-9, -9, -9, -8}, 0},
        {"topk", "false", "best", {-9, -9, -9, -8}, 1},
        {"mnnfast", "true", "best", {1, 1, 1, 1}, 4},
        {"mnnfast", "false", "best", {1, 1, 1, 1}, 4},
        {"a3", "true", "best", {1, 1, 1, 1}, 2}, /* keys 2 and 0: see below */
        {"a3", "false", "best", {1, 1, 1, 1}, 2},
        {"three-way", "true", "best", {-9, -9, -9, -9}, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hand hand;
        run_hand(&hand, cases[i].signals, cases[i].signals,
                 (const char *const[]){"prune.policy", cases[i].policy, "recompute.enabled", cases[i].enabled,
                                       "prune.empty", cases[i].empty, NULL});
        cr_assert_eq(hand.scratch.work.n_readouts, cases[i].n_readouts, "case %zu, %s: %d", i,
                     cases[i].policy, (int)hand.scratch.work.n_readouts);
        for (int j = 0; j < KEYS; j++)
            cr_assert(hand.scratch.final[j] <= hand.scratch.fetched[j] &&
                      hand.scratch.value[j] <= hand.scratch.final[j]);
        clear_hand(&hand);
    }
}

/* --- setups and hybrids --- */

Test(policies, a_setup_refuses_what_a_policy_cannot_have)
{
    const struct {
        const char *policy, *key, *text, *said;
    } cases[] = {
        {"topk", "prune.threshold", "0.5", "prune.threshold: found, but policy topk keeps a part"},
        {"topk", "comparator.reference", "bias-rows",
         "comparator.reference: bias-rows found, but policy topk"},
        {"topk", "comparator.reference", "replica", "comparator.reference: replica found, but policy topk"},
        {"three-way", "recompute.enabled", "false", "recompute.enabled: false found, but policy three-way"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct attention_fixture f;
        struct rs_error err = {{0}};
        layer_init(&f, cases[i].policy);
        attention_fixture_set(&f, cases[i].key, cases[i].text);
        cr_assert_eq(attention_fixture_try(&f, &err), RS_INPUT, "%s", cases[i].said);
        cr_assert(strstr(err.text, cases[i].said) == err.text, "%s", err.text);
        setup_clear(&f.setup);
    }
    char why[256];
    struct prune_options options = options_of(NULL);
    for (size_t i = 0; i < prune_options_table.n_options; i++)
        if (strcmp(prune_options_table.options[i].key, "prune.band") == 0)
            cr_assert(!option_set(&prune_options_table.options[i], &options, "-0.1", why, sizeof why));
}

Test(policies, every_combination_is_a_papers_own_a_reference_or_a_hybrid_with_a_reason)
{
    for (int p = 0; policy_names[p] != NULL; p++)
        for (int i = 0; i < 12; i++) {
            const struct recompute_options recompute = {
                .enabled = i % 2, .early_termination = i / 2 % 2, .rethreshold = i / 4};
            const struct hybrid_row *row = hybrid_find(policy_at(p), &recompute);
            cr_assert_str_eq(row->policy, policy_names[p]);
            cr_assert((row->paper == NULL) == (row->reason != NULL));
        }
    const struct recompute_options lean = {.enabled = true, .rethreshold = RECOMPUTE_RETHRESHOLD_OFF},
                                   both = {.enabled = true, .early_termination = true};
    cr_assert_str_eq(hybrid_find(policy_at(index_of("threshold")), &lean)->paper, "SPRINT");
    cr_assert_str_eq(hybrid_find(policy_at(index_of("oracle")), &both)->paper, "LeOPArd");
    cr_assert_not_null(hybrid_find(policy_at(index_of("threshold")), &both)->reason);
    cr_assert_not_null(hybrid_find(policy_at(index_of("a3")), &lean)->reason);
}
