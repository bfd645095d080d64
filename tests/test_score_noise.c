/* The array's noise as training draws it, against attention layers as runs have them: many trials of the same
 * q and k. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "attention/attention.h"
#include "attention_fixture.h"
#include "learn/score_noise.h"

TestSuite(score_noise, .timeout = 240);

enum { D = 12, N = 9, GROUP = 2, PAIRS = GROUP * N * N, TRIALS = 500, DRAWS = 2000 };

struct words {
    float q[GROUP][N][D], k[N][D], v[N][D], output[GROUP][N][D];
};

/* Signals of all pairs [head][query][key], trial by trial. */
struct seen {
    double signals[DRAWS][PAIRS];
};

static struct words words;
static struct seen run_seen, drawn_seen;

/* The law of a setup, its room for one caller, and what it says of all pairs. */
struct law_case {
    struct attention_fixture f;
    struct score_noise *noise;
    struct score_noise_room *room;
    double mean[PAIRS], variance[PAIRS];
};

static void draw_floats(uint32_t draw, size_t n, float *values)
{
    double z[GROUP * N * D];
    struct random_key key = {.seed = 5, .purpose = RANDOM_PROBE, .draw = draw};
    random_normals(&key, n, z);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)z[i];
}

/* Two query heads on one kv head; small arrays, so that keys take two stacks and several tiles. */
static void init(struct law_case *c)
{
    draw_floats(0, GROUP * N * D, words.q[0][0]);
    draw_floats(1, N * D, words.k[0]);
    draw_floats(2, N * D, words.v[0]);
    attention_fixture_init(&c->f, D, N);
    attention_fixture_set(&c->f, "array.rows", "8");
    attention_fixture_set(&c->f, "array.columns", "9");
    c->f.shape.n_heads = GROUP;
    c->f.shape.score_scale = 0.3;
    for (int h = 0; h < FIXTURE_HEADS_MAX; h++) {
        c->f.query_range[h] = 2.3 + 0.1 * h;
        c->f.key_range[h] = 2.1;
        c->f.value_range[h] = 2;
    }
}

static struct score_noise_call call_of(int head)
{
    return (struct score_noise_call){.head = head,
                                     .n_queries = N,
                                     .n_keys = N,
                                     .queries = words.q[head][0],
                                     .keys = words.k[0],
                                     .query_stride = D,
                                     .key_stride = D};
}

static void settle(struct law_case *c)
{
    struct rs_error err = {{0}};
    attention_fixture_settle(&c->f, 0.1);
    cr_assert_eq(score_noise_create(&c->f.setup, &c->noise, &err), RS_OK, "%s", err.text);
    cr_assert_eq(score_noise_room_create(c->noise, &c->room, &err), RS_OK, "%s", err.text);
    for (int h = 0; h < GROUP; h++) {
        struct score_noise_call call = call_of(h);
        score_noise_moments(c->noise, c->room, &call, c->mean + h * N * N, c->variance + h * N * N);
    }
}

static void clear(struct law_case *c)
{
    score_noise_room_destroy(c->room);
    score_noise_destroy(c->noise);
    setup_clear(&c->f.setup);
}

/* What comparators see in trials of a run. */
static void run_trials(const struct law_case *c, int n_trials)
{
    struct attention *attention;
    struct rs_error err = {{0}};
    struct attention_call call = {.n_query_heads = GROUP,
                                  .n_queries = N,
                                  .n_keys = N,
                                  .d = D,
                                  .score_scale = c->f.shape.score_scale,
                                  .q = words.q[0][0],
                                  .k = words.k[0],
                                  .v = words.v[0],
                                  .output = words.output[0][0]};
    cr_assert_eq(attention_create(&c->f.setup, QUERY_ANALOG, &attention, &err), RS_OK, "%s", err.text);
    for (int trial = 0; trial < n_trials; trial++) {
        struct keep keep = {.margins = true};
        attention_start(attention, (uint32_t)trial, &keep);
        attention_set_sample(attention, 0);
        cr_assert_eq(attention_run(attention, &call, &err), RS_OK, "%s", err.text);
        cr_assert_eq(keep.n_pairs, PAIRS);
        for (size_t p = 0; p < PAIRS; p++) {
            const struct keep_pair *pair = &keep.pairs[p];
            run_seen.signals[trial][(pair->head * N + pair->query) * N + pair->key] = pair->analog_score;
        }
        keep_clear(&keep);
    }
    attention_destroy(attention);
}

static void draw_trials(const struct law_case *c, int n_trials)
{
    for (int trial = 0; trial < n_trials; trial++)
        for (int h = 0; h < GROUP; h++) {
            struct score_noise_call call = call_of(h);
            struct random_key key = {.seed = 3, .trial = (uint32_t)trial};
            float signals[N * N];
            score_noise_draw(c->noise, c->room, &call, &key, signals, N);
            for (size_t p = 0; p < N * N; p++)
                drawn_seen.signals[trial][(size_t)h * N * N + p] = (double)signals[p];
        }
}

static double mean_of(const struct seen *seen, int n, size_t p)
{
    double sum = 0;
    for (int t = 0; t < n; t++)
        sum += seen->signals[t][p];
    return sum / n;
}

static double covariance_of(const struct seen *seen, int n, size_t p, size_t other)
{
    double sum = 0, mean = mean_of(seen, n, p), other_mean = mean_of(seen, n, other);
    for (int t = 0; t < n; t++)
        sum += (seen->signals[t][p] - mean) * (seen->signals[t][other] - other_mean);
    return sum / (n - 1);
}

/* Means within 5 standard errors pair by pair; variances, whose own distributions need not be normal, on
 * average within `tolerance`: pairs share cells, so that it is several times sqrt(2 / n / PAIRS). */
static void assert_moments(const char *what, const struct law_case *c, const struct seen *seen, int n,
                           double tolerance)
{
    double ratio = 0;
    for (size_t p = 0; p < PAIRS; p++) {
        double mean = mean_of(seen, n, p), error = sqrt(c->variance[p] / n) + 1e-6;
        cr_assert_lt(fabs(mean - c->mean[p]), 5 * error, "%s: pair %zu: mean %g, %g +- %g expected", what, p,
                     mean, c->mean[p], error);
        ratio += covariance_of(seen, n, p, p) / c->variance[p] / PAIRS;
    }
    cr_assert_lt(fabs(ratio - 1), tolerance, "%s: variances %g times those expected", what, ratio);
}

struct noise_case {
    const char *preset, *settings[3][2];
};

Test(score_noise, has_the_mean_and_variance_of_what_comparators_see)
{
    static const struct noise_case cases[] = {
        {"wan2022", {{NULL}}},
        {"wan2022",
         {{"device.read_noise", "3 %"}, {"comparator.noise", "20 nA"}, {"comparator.offset", "50 nA"}}},
        {"wan2022",
         {{"encoding.sign", "offset"}, {"device.read_noise", "2 %"}, {"encoding.query_bits", "5"}}},
        {"wan2022", {{"encoding.cell_bits", "2"}, {"encoding.msb", "truncate"}}},
        {"worst-stuck10", {{"comparator.noise", "20 nA"}}},
        {"generic-hfo2", {{NULL}}},
        {"ideal",
         {{"comparator.noise", "10 nA"}, {"comparator.a_vt", "3e-9"}, {"comparator.r_load", "1 kohm"}}},
    };
    static struct law_case c;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char what[64];
        init(&c);
        attention_fixture_set(&c.f, "device.preset", cases[i].preset);
        for (size_t s = 0; s < 3 && cases[i].settings[s][0] != NULL; s++)
            attention_fixture_set(&c.f, cases[i].settings[s][0], cases[i].settings[s][1]);
        settle(&c);
        run_trials(&c, TRIALS);
        snprintf(what, sizeof what, "case %zu, run", i);
        assert_moments(what, &c, &run_seen, TRIALS, 0.06);
        draw_trials(&c, DRAWS);
        snprintf(what, sizeof what, "case %zu, drawn", i);
        assert_moments(what, &c, &drawn_seen, DRAWS, 0.03);
        clear(&c);
    }
}

Test(score_noise, of_an_ideal_array_is_its_rounding_alone)
{
    static struct law_case c;
    const char *const signs[] = {"differential", "offset"};
    for (int i = 0; i < 2; i++) {
        init(&c);
        attention_fixture_set(&c.f, "encoding.sign", signs[i]);
        settle(&c);
        run_trials(&c, 1);
        draw_trials(&c, 1);
        for (size_t p = 0; p < PAIRS; p++) {
            cr_assert_float_eq(c.mean[p], run_seen.signals[0][p], 1e-12, "pair %zu", p);
            cr_assert_float_eq(drawn_seen.signals[0][p], run_seen.signals[0][p], 1e-5, "pair %zu", p);
            cr_assert_eq(c.variance[p], 0);
        }
        clear(&c);
    }
}

/* All queries, of both heads, at one key; the second query is half the first one, turned. */
Test(score_noise, errors_of_queries_at_one_key_are_correlated_as_in_runs)
{
    static struct law_case c;
    const size_t key = 3;
    double apart = 0, size = 0;
    init(&c);
    attention_fixture_set(&c.f, "device.preset", "wan2022");
    attention_fixture_set(&c.f, "device.read_noise", "3 %");
    settle(&c);
    run_trials(&c, TRIALS);
    draw_trials(&c, DRAWS);
    for (size_t i = 0; i < GROUP * N; i++)
        for (size_t j = 0; j < i; j++) {
            size_t p = i * N + key, other = j * N + key;
            double scale = sqrt(c.variance[p] * c.variance[other]);
            double run = covariance_of(&run_seen, TRIALS, p, other) / scale,
                   drawn = covariance_of(&drawn_seen, DRAWS, p, other) / scale;
            apart += (run - drawn) * (run - drawn);
            size += drawn * drawn;
            /* 4.5 standard errors, 1 / sqrt(n) each */
            cr_assert_lt(fabs(run - drawn), 4.5 * sqrt(1.0 / TRIALS + 1.0 / DRAWS),
                         "queries %zu and %zu: %g in runs, %g drawn", i, j, run, drawn);
        }
    cr_assert_lt(apart, 0.05 * size, "%g of %g", apart, size);
    clear(&c);
}

Test(score_noise, equal_keys_give_equal_signals_and_other_steps_others)
{
    static struct law_case c;
    float one[N * N], again[N * N], other[N * N];
    init(&c);
    attention_fixture_set(&c.f, "device.preset", "wan2022");
    attention_fixture_set(&c.f, "comparator.noise", "20 nA");
    settle(&c);
    struct score_noise_call call = call_of(1);
    struct random_key key = {.seed = 3, .trial = 4, .write = 5};
    score_noise_draw(c.noise, c.room, &call, &key, one, N);
    score_noise_draw(c.noise, c.room, &call, &key, again, N);
    cr_assert_eq(memcmp(one, again, sizeof one), 0);
    key.trial = 6;
    score_noise_draw(c.noise, c.room, &call, &key, other, N);
    cr_assert_neq(memcmp(one, other, sizeof one), 0);
    clear(&c);
}

/* Long wires and weak drivers: what the law leaves out of the mean is a small part of what they take. */
Test(score_noise, knows_most_of_what_wires_take)
{
    static struct law_case c;
    double with = 0, without = 0;
    init(&c);
    attention_fixture_set(&c.f, "array.rows", "64");
    attention_fixture_set(&c.f, "array.columns", "128");
    settle(&c);
    run_trials(&c, 1);
    memcpy(&drawn_seen, &run_seen, sizeof run_seen);
    clear(&c);
    attention_fixture_set(&c.f, "array.r_word_line", "5 ohm");
    attention_fixture_set(&c.f, "array.r_bit_line", "5 ohm");
    attention_fixture_set(&c.f, "array.r_driver", "500 ohm");
    attention_fixture_set(&c.f, "array.r_sense", "200 ohm");
    settle(&c);
    run_trials(&c, 1);
    for (size_t p = 0; p < PAIRS; p++) {
        double lost = run_seen.signals[0][p] - drawn_seen.signals[0][p];
        double left = run_seen.signals[0][p] - c.mean[p];
        without += lost * lost;
        with += left * left;
    }
    cr_assert_lt(with, 0.15 * without, "%g of %g", with, without);
    clear(&c);
}
