/* One query by hand: every variable of definitions 5, empty queries, recompute; and what a setup refuses. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention/query.h"
#include "attention_fixture.h"

TestSuite(query, .timeout = 30);

/*
 * Scores 1, 0.5, 2, -1 (score_scale 0.01). With threshold 0.75 the exact decision keeps keys 0 and 2. One
 * unit of sum(q_msb k_msb) is 2.56, so the reference stands at 1/2 unit.
 */
enum { KEYS = 4, D = 2 };
static const double score[KEYS] = {1, 0.5, 2, -1};
static const int16_t query_codes[D] = {10, 0}, key_codes[KEYS * D] = {10, 90, 5, 90, 20, -90, -10, 3};
static const int16_t value_codes[KEYS * D] = {100, 0, 0, 100, 50, 50, -20, 30};
static const int64_t exact_sums[KEYS] = {100, 50, 200, -100};

struct hand {
    struct attention_fixture fixture;
    struct query_scratch scratch;
    struct attention_counts counts;
    struct query query;
    double signals[KEYS];
    float output[D];
};

static void hand_init(struct hand *hand, double threshold)
{
    attention_fixture_settle(&hand->fixture, threshold);
    cr_assert_eq(query_scratch_create(&hand->fixture.setup, &hand->scratch, NULL), RS_OK);
    query_set_keys(&hand->fixture.setup, QUERY_ANALOG, KEYS, key_codes, &hand->scratch);
    memset(&hand->counts, 0, sizeof hand->counts);
    hand->query = (struct query){.n_keys = KEYS,
                                 .self = 1,
                                 .query_codes = query_codes,
                                 .value_codes = value_codes,
                                 .exact_sums = exact_sums,
                                 .signal_units = hand->signals,
                                 .comparator_units = hand->signals,
                                 .key = {.seed = 1}};
}

static void hand_clear(struct hand *hand)
{
    query_scratch_clear(&hand->scratch);
    setup_clear(&hand->fixture.setup);
}

/* One query with these signals (what the comparators see, too) under options given as key, value, ..., NULL.
 */
static void run(struct hand *hand, enum query_mode mode, double threshold, const double *signals,
                const char *const *options)
{
    attention_fixture_init(&hand->fixture, D, KEYS);
    hand->fixture.shape.score_scale = 0.01;
    for (; options != NULL && *options != NULL; options += 2)
        attention_fixture_set(&hand->fixture, options[0], options[1]);
    hand_init(hand, threshold);
    memcpy(hand->signals, signals, sizeof hand->signals);
    query_run(&hand->fixture.setup, mode, &hand->query, &hand->scratch, hand->output, &hand->counts);
    hand_clear(hand);
}

/* Softmax of the scores of the keys whose bit is set, times V. */
static void weigh(unsigned keys, double *output)
{
    double sum = 0;
    output[0] = output[1] = 0;
    for (int j = 0; j < KEYS; j++) {
        double weight = keys >> j & 1 ? exp(score[j]) : 0;
        sum += weight;
        for (int i = 0; i < D; i++)
            output[i] += weight * value_codes[j * D + i];
    }
    for (int i = 0; i < D && sum > 0; i++)
        output[i] /= sum;
}

static void assert_output(const struct hand *hand, unsigned keys)
{
    double expected[D];
    weigh(keys, expected);
    for (int i = 0; i < D; i++)
        cr_assert_float_eq((double)hand->output[i], expected[i], 1e-5, "element %d: %g, %g expected", i,
                           (double)hand->output[i], expected[i]);
}

/* The relative distance of two outputs, each from the keys of its bits. */
static double error_of(unsigned keys, unsigned exact_keys)
{
    double output[D], exact[D];
    weigh(keys, output);
    weigh(exact_keys, exact);
    return hypot(output[0] - exact[0], output[1] - exact[1]) / hypot(exact[0], exact[1]);
}

static void assert_counts(const struct attention_counts *c, int exact, int kept, int final, int prune,
                          int keep, int empty)
{
    cr_assert_eq(c->n_queries, 1);
    cr_assert_eq(c->n_visible, KEYS);
    cr_assert_eq(c->n_exact_keep, exact, "%d exact keeps", (int)c->n_exact_keep);
    cr_assert_eq(c->n_kept, kept, "%d kept", (int)c->n_kept);
    cr_assert_eq(c->n_final, final, "%d final", (int)c->n_final);
    cr_assert_eq(c->n_false_prune, prune, "%d false prunes", (int)c->n_false_prune);
    cr_assert_eq(c->n_false_keep, keep, "%d false keeps", (int)c->n_false_keep);
    cr_assert_eq(c->n_empty, empty, "%d empty", (int)c->n_empty);
}

/* Exactly kept: keys 0 and 2; here key 0 is lost and key 1 kept by error, which the rethreshold then drops.
 */
static const double crossed[KEYS] = {0.4, 0.6, 3, -2};

Test(query, a_false_prune_and_a_false_keep_are_counted)
{
    struct hand hand;
    run(&hand, QUERY_ANALOG, 0.75, crossed, NULL);
    assert_counts(&hand.counts, 2, 2, 1, 1, 1, 0);
    assert_output(&hand, 4);
    double mass = exp(1) / (exp(1) + exp(0.5) + exp(2) + exp(-1));
    cr_assert_float_eq(hand.counts.lost_mass_sum, mass, 1e-12);
    cr_assert_float_eq(hand.counts.output_error_sum, error_of(4, 5), 1e-12);
    cr_assert_float_eq(hand.counts.recall_sum, 0.5, 1e-12);
    cr_assert(hand.counts.n_output_queries == 1 && hand.counts.n_recall_queries == 1);
    cr_assert_eq(hand.counts.n_recomputed, 2);
}

Test(query, without_rethreshold_false_keeps_enter_the_softmax)
{
    struct hand hand;
    run(&hand, QUERY_ANALOG, 0.75, crossed, (const char *const[]){"recompute.rethreshold", "false", NULL});
    assert_counts(&hand.counts, 2, 2, 2, 1, 1, 0);
    assert_output(&hand, 6);
    cr_assert_float_eq(hand.counts.output_error_sum, error_of(6, 5), 1e-12);
    cr_assert_eq(hand.counts.n_recompute_bits, 14); /* nothing stops early: 2 keys of 7 bits */
}

/*
 * q = (10, 0), threshold sum 75, two bits per cycle of seven. Key 1 (5 = 0000101): bounds 310, 70, so it
 * stops after 4 bits. Key 2 (20) is processed whole.
 */
Test(query, early_termination_saves_bits_and_changes_no_output)
{
    struct hand early, whole;
    run(&early, QUERY_ANALOG, 0.75, crossed, NULL);
    run(&whole, QUERY_ANALOG, 0.75, crossed,
        (const char *const[]){"recompute.early_termination", "false", NULL});
    cr_assert_eq(early.counts.n_recompute_bits, 4 + 7);
    cr_assert_eq(whole.counts.n_recompute_bits, 7 + 7);
    cr_assert_eq(memcmp(early.output, whole.output, sizeof early.output), 0);
    cr_assert_eq(early.counts.n_final, whole.counts.n_final);
}

struct recall_case {
    double signals[KEYS], threshold, recall;
};

Test(query, recall_counts_ties_by_their_chance)
{
    const struct recall_case cases[] = {
        {{3, 1, 4, 0}, 0.75, 1},
        {{0, 3, 1, 4}, 0.75, 0},
        {{1, 1, 3, 1}, 0.75, 2.0 / 3},
        {{1, 1, 1, 1}, 0.75, 0.5},
        {{1, 2, 1, 2}, 0.75, 0},
        {{2, 2, 1, 0}, 0.75, 0.5},
        {{1, 1 + 1e-12, 3, 0}, 0.75, 0.75},
        {{1, 1 + 1e-6, 3, 0}, 0.75, 0.5},
        {{0, 0, 0, 5}, -5, 1},
        {{2, 2, 2, 0}, 1.5, 1.0 / 3},
        {{1, 1 + 1e-12, 1, 0}, 0.75, 2.0 / 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hand hand;
        run(&hand, QUERY_ANALOG, cases[i].threshold, cases[i].signals, NULL);
        cr_assert_float_eq(hand.counts.recall_sum, cases[i].recall, 1e-12, "case %zu: %g", i,
                           hand.counts.recall_sum);
    }
}

/* The comparators see offsets, recall and readout do not. */
Test(query, recall_is_of_the_signals_and_decisions_are_of_the_comparators)
{
    struct hand hand;
    const double comparators[KEYS] = {-9, 9, 9, -9};
    attention_fixture_init(&hand.fixture, D, KEYS);
    hand.fixture.shape.score_scale = 0.01;
    hand_init(&hand, 0.75);
    memcpy(hand.signals, (const double[]){3, 1, 4, 0}, sizeof hand.signals);
    hand.query.comparator_units = comparators;
    query_run(&hand.fixture.setup, QUERY_ANALOG, &hand.query, &hand.scratch, hand.output, &hand.counts);
    assert_counts(&hand.counts, 2, 2, 1, 1, 1, 0);
    cr_assert_float_eq(hand.counts.recall_sum, 1, 1e-12);
    cr_assert(!hand.scratch.kept[0] && hand.scratch.kept[1] && hand.scratch.kept[2] && !hand.scratch.kept[3]);
    hand_clear(&hand);
}

static const double nothing[KEYS] = {-4, -1, -3, -2};

/* No comparator fires: the largest signal is key 1, self is key 1 as well, so self is moved to 3. */
Test(query, empty_queries_follow_their_rule)
{
    const char *const rules[] = {"best", "self", "zero", "all"};
    const unsigned keys[] = {2, 8, 0, 15};
    for (int i = 0; i < 4; i++) {
        struct hand hand;
        attention_fixture_init(&hand.fixture, D, KEYS);
        attention_fixture_set(&hand.fixture, "prune.empty", rules[i]);
        hand.fixture.shape.score_scale = 0.01;
        hand_init(&hand, 0.75);
        hand.query.self = 3;
        memcpy(hand.signals, nothing, sizeof hand.signals);
        query_run(&hand.fixture.setup, QUERY_ANALOG, &hand.query, &hand.scratch, hand.output, &hand.counts);
        assert_counts(&hand.counts, 2, 0, 0, 2, 0, 1);
        assert_output(&hand, keys[i]);
        cr_assert_float_eq(hand.counts.output_error_sum, error_of(keys[i], 5), 1e-12, "%s", rules[i]);
        hand_clear(&hand);
    }
}

/* Threshold 3: the exact decision keeps nothing; its output follows the same rule, by exact scores. */
Test(query, an_exact_decision_that_keeps_nothing_follows_the_same_rule)
{
    const char *const rules[] = {"best", "self", "zero", "all"};
    const unsigned analog[] = {2, 2, 0, 15}, exact[] = {4, 2, 0, 15};
    for (int i = 0; i < 4; i++) {
        struct hand hand;
        run(&hand, QUERY_ANALOG, 3, nothing, (const char *const[]){"prune.empty", rules[i], NULL});
        assert_counts(&hand.counts, 0, 0, 0, 0, 0, 1);
        assert_output(&hand, analog[i]);
        cr_assert_eq(hand.counts.n_recall_queries, 0);
        cr_assert_eq(hand.counts.n_output_queries, exact[i] != 0, "%s", rules[i]);
        double error = exact[i] != 0 ? error_of(analog[i], exact[i]) : 0;
        cr_assert_float_eq(hand.counts.output_error_sum, error, 1e-12, "%s", rules[i]);
        cr_assert_eq(hand.counts.lost_mass_sum, 0.0);
    }
}

/* Kept by error only, then dropped by the rethreshold: the softmax has nothing left. */
Test(query, a_query_whose_keys_are_all_dropped_is_empty)
{
    struct hand hand;
    const double wrong[KEYS] = {-4, 9, -3, 8};
    run(&hand, QUERY_ANALOG, 0.75, wrong, NULL);
    assert_counts(&hand.counts, 2, 2, 0, 2, 2, 1);
    assert_output(&hand, 2);
}

Test(query, exact_and_unpruned_modes_need_no_signals)
{
    struct hand hand;
    attention_fixture_init(&hand.fixture, D, KEYS);
    hand.fixture.shape.score_scale = 0.01;
    hand_init(&hand, 0.75);
    hand.query.signal_units = hand.query.comparator_units = NULL;
    query_run(&hand.fixture.setup, QUERY_EXACT, &hand.query, &hand.scratch, hand.output, &hand.counts);
    assert_counts(&hand.counts, 2, 2, 2, 0, 0, 0);
    assert_output(&hand, 5);
    hand.fixture.setup.thresholds[0] = (double)NAN; /* not needed */
    query_run(&hand.fixture.setup, QUERY_QUANTISED, &hand.query, &hand.scratch, hand.output, &hand.counts);
    cr_assert_eq(hand.counts.n_kept, 2 + KEYS);
    assert_output(&hand, 15);
    hand_clear(&hand);
    run(&hand, QUERY_EXACT, 3, crossed, NULL);
    assert_output(&hand, 4); /* best: the largest exact score */
    cr_assert_eq(hand.counts.n_empty, 1);
}

Test(query, reference_policies_decide_as_they_say)
{
    struct hand hand;
    run(&hand, QUERY_ANALOG, 0.75, nothing, (const char *const[]){"prune.policy", "oracle", NULL});
    assert_counts(&hand.counts, 2, 2, 2, 0, 0, 0);
    cr_assert_eq(hand.counts.output_error_sum, 0.0);
    run(&hand, QUERY_ANALOG, 0.75, nothing, (const char *const[]){"prune.policy", "none", NULL});
    assert_counts(&hand.counts, 2, 4, 4, 0, 2, 0);
    assert_output(&hand, 15);
    run(&hand, QUERY_ANALOG, 0.75, nothing, (const char *const[]){"prune.policy", "random", NULL});
    cr_assert_eq(hand.counts.n_kept, 2);
    cr_assert_eq(hand.counts.n_final, 2);
}

/* Reference n - 1/2 with n the smallest sum whose score reaches threshold - margin; one unit is 2.56. */
Test(query, the_reference_stands_half_a_unit_below_the_integer_threshold)
{
    const double thresholds[] = {0.75, 2.56, 2.57, 0, -0.01, -2.56},
                 references[] = {0.5, 0.5, 1.5, -0.5, -0.5, -1.5};
    struct attention_fixture fixture;
    attention_fixture_init(&fixture, D, KEYS);
    fixture.shape.score_scale = 0.01;
    for (int i = 0; i < 6; i++) {
        attention_fixture_settle(&fixture, thresholds[i]);
        cr_assert_float_eq(setup_analog_unit(&fixture.setup, 0, 0), 2.56, 1e-15);
        cr_assert_eq(query_reference(&fixture.setup, 0, 0), references[i], "threshold %g", thresholds[i]);
        fixture.setup.prune.margin = 5.12;
        cr_assert_eq(query_reference(&fixture.setup, 0, 0), references[i] - 2, "threshold %g", thresholds[i]);
        fixture.setup.thresholds[0] = -(double)INFINITY;
        cr_assert_lt(query_reference(&fixture.setup, 0, 0), -1e12);
        setup_clear(&fixture.setup);
    }
}

/* The readout's values, not the exact scores, enter the softmax: 2.56 per unit. */
Test(query, without_recompute_the_readout_enters_the_softmax)
{
    struct hand hand;
    const double signals[KEYS] = {0.6, -2, 1, 0.55};
    run(&hand, QUERY_ANALOG, 0.75, signals, (const char *const[]){"recompute.enabled", "false", NULL});
    assert_counts(&hand.counts, 2, 3, 3, 0, 1, 0);
    double w[3] = {exp(2.56 * 0.6), exp(2.56), exp(2.56 * 0.55)}, sum = w[0] + w[1] + w[2];
    cr_assert_float_eq((double)hand.output[0], (100 * w[0] + 50 * w[1] - 20 * w[2]) / sum, 1e-4);
    cr_assert_float_eq((double)hand.output[1], (50 * w[1] + 30 * w[2]) / sum, 1e-4);
    cr_assert_eq(hand.counts.n_recomputed, 0);
}

/* Four of eight bits: q 10 -> 1 (of 16), keys 10, 5, 20, -10 -> 1, 0, 1, -1; one unit is 2.56 again. */
Test(query, fewer_recompute_bits_give_coarser_scores)
{
    struct hand hand;
    const double all[KEYS] = {9, 9, 9, 9};
    run(&hand, QUERY_ANALOG, 0.75, all,
        (const char *const[]){"recompute.bits", "4", "recompute.rethreshold", "false", NULL});
    const double y[KEYS] = {2.56 * (1 + 0), 0, 2.56, -2.56};
    double w[KEYS], sum = 0, expected = 0;
    for (int j = 0; j < KEYS; j++) {
        sum += w[j] = exp(y[j]);
        expected += w[j] * value_codes[j * D];
    }
    cr_assert_float_eq((double)hand.output[0], expected / sum, 1e-4);
    cr_assert_eq(hand.counts.n_recompute_bits, 4 * 3);
    run(&hand, QUERY_ANALOG, 0.75, all, (const char *const[]){"recompute.bits", "4", NULL});
    cr_assert_eq(hand.counts.n_final, 2);
}

Test(query, counts_add_every_member)
{
    enum { WHOLE = offsetof(struct attention_counts, lost_mass_sum) / sizeof(int64_t) };
    enum {
        SUMS = (sizeof(struct attention_counts) - offsetof(struct attention_counts, lost_mass_sum)) /
               sizeof(double)
    };
    int64_t whole[WHOLE];
    double sums[SUMS];
    struct attention_counts total, more;
    for (int i = 0; i < WHOLE; i++)
        whole[i] = i + 1;
    for (int i = 0; i < SUMS; i++)
        sums[i] = 100 + i;
    memcpy(&more, whole, sizeof whole);
    memcpy(&more.lost_mass_sum, sums, sizeof sums);
    total = more;
    counts_add(&total, &more);
    memcpy(whole, &total, sizeof whole);
    memcpy(sums, &total.lost_mass_sum, sizeof sums);
    for (int i = 0; i < WHOLE; i++)
        cr_assert_eq(whole[i], 2 * (i + 1), "count %d", i);
    for (int i = 0; i < SUMS; i++)
        cr_assert_eq(sums[i], 2.0 * (100 + i), "sum %d", i);
    cr_assert_eq(counts_ratio(1, 4), 0.25);
    cr_assert(isnan(counts_ratio(0, 0)));
}

struct refusal {
    const char *key, *text, *said;
};

Test(query, a_setup_refuses_options_that_contradict)
{
    const struct refusal cases[] = {
        {"encoding.analog_bits", "9", "encoding.analog_bits 9 found, at most encoding.bits (8) expected"},
        {"encoding.query_bits", "9", "encoding.query_bits 9 found, at most encoding.bits (8) expected"},
        {"recompute.bits", "9", "recompute.bits 9 found, 2 to encoding.bits (8), or 0 for all, expected"},
        {"recompute.bits", "1", "recompute.bits 1 found"},
        {"readout.bits", "1", "readout.bits 1 found, 0 (ideal) or at least 2 expected"},
        {"comparator.offset", "1 mV", "comparator.offset in volts found"},
        {"device.g_min", "1 mS", "device.g_min (1000 uS) must be below"},
        {NULL, NULL, NULL},
    };
    for (size_t i = 0; cases[i].said != NULL; i++) {
        struct attention_fixture fixture;
        struct rs_error err = {{0}};
        attention_fixture_init(&fixture, D, KEYS);
        attention_fixture_set(&fixture, cases[i].key, cases[i].text);
        cr_assert_eq(attention_fixture_try(&fixture, &err), RS_INPUT, "%s", cases[i].said);
        cr_assert(strstr(err.text, cases[i].said) == err.text, "%s", err.text);
    }
}

Test(query, a_setup_refuses_what_does_not_fit_the_workload)
{
    struct attention_fixture fixture;
    struct rs_error err = {{0}};
    attention_fixture_init(&fixture, D, KEYS);
    fixture.prune.threshold.n = 3;
    cr_assert_eq(attention_fixture_try(&fixture, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "prune.threshold: 3 numbers found, 1 or 1 (one per layer) expected");
    attention_fixture_init(&fixture, D, KEYS);
    fixture.shape.n_queries_max = 1;
    attention_fixture_set(&fixture, "prune.empty", "self");
    cr_assert_eq(attention_fixture_try(&fixture, &err), RS_INPUT);
    cr_assert(strstr(err.text, "prune.empty: self found, but") == err.text, "%s", err.text);
    attention_fixture_init(&fixture, D, 4000);
    attention_fixture_set(&fixture, "array.columns", "4");
    cr_assert_eq(attention_fixture_try(&fixture, &err), RS_INPUT);
    cr_assert(strstr(err.text, "2000 arrays for each of 1 x 1 heads found") == err.text, "%s", err.text);
}
