/* SpAtten's cascade on given scores, of which every probability is known. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "score/policy_cascade.h"

TestSuite(cascade, .timeout = 60);

enum { KEYS_MAX = 16 };

struct bench {
    struct prune_options options;
    struct policy_room room;
    struct policy_cascade *cascade;
    const struct policy *policy;
};

struct decision {
    bool keep[KEYS_MAX], value[KEYS_MAX], exact_keep[KEYS_MAX], exact_value[KEYS_MAX];
    bool exact_pruned;
    struct policy_work work;
};

static const struct policy *cascade_policy(void)
{
    for (int i = 0; policy_names[i] != NULL; i++)
        if (strcmp(policy_names[i], "cascade") == 0)
            return policy_at(i);
    return NULL;
}

static void set_option(struct prune_options *options, const char *key, const char *text)
{
    char why[256], list[256];
    for (size_t i = 0; i < prune_options_table.n_options; i++) {
        const struct option *option = &prune_options_table.options[i];
        if (strcmp(option->key, key) != 0)
            continue;
        snprintf(list, sizeof list, "%s", text);
        bool first = true;
        for (char *item = strtok(list, " "); item != NULL; item = strtok(NULL, " "), first = false)
            cr_assert(option->kind == OPTION_REALS ? option_add(option, options, first, item, why, sizeof why)
                                                   : option_set(option, options, item, why, sizeof why),
                      "%s: %s", key, why);
        return;
    }
    cr_assert_fail("no option %s", key);
}

/* options: key, value, ..., NULL; lists apart by blanks. */
static void bench_init(struct bench *bench, struct policy_cascade_shape shape, const char *const *options)
{
    struct rs_error err = {{0}};
    option_fill_defaults(&prune_options_table, &bench->options);
    for (; *options != NULL; options += 2)
        set_option(&bench->options, options[0], options[1]);
    bench->policy = cascade_policy();
    cr_assert_eq(policy_room_create(bench->policy, shape.n_keys_max, 1, KERNEL_BASELINE, &bench->room, &err),
                 RS_OK);
    cr_assert_eq(policy_cascade_create(&bench->options, &shape, KERNEL_BASELINE, &bench->cascade, &err),
                 RS_OK, "%s", err.text);
    bench->room.cascade = bench->cascade;
}

static void bench_clear(struct bench *bench)
{
    policy_room_clear(&bench->room);
}

/* read: scores of the analog side; exact: sums, each worth ln 2. */
static struct decision decide(struct bench *bench, size_t i_query, int head, size_t n_keys,
                              const double *read, const int64_t *exact)
{
    const struct random_key key = {.seed = 3, .draw = (uint32_t)i_query};
    const struct policy_query query = {.n_keys = n_keys,
                                       .d = 1,
                                       .i_query = i_query,
                                       .head = head,
                                       .options = &bench->options,
                                       .exact_sums = exact,
                                       .exact_unit = log(2),
                                       .read_scores = read,
                                       .key = &key};
    struct decision d;
    bool uncertain[KEYS_MAX] = {false};
    struct policy_answer answer = {.keep = d.keep, .uncertain = uncertain, .value = d.value};
    memset(&d, 0, sizeof d);
    memset(d.value, 1, sizeof d.value);
    memset(bench->room.exact_value, 1, n_keys);
    bench->policy->decide_exact(&query, &bench->room, d.exact_keep);
    memcpy(d.exact_value, bench->room.exact_value, n_keys);
    d.exact_pruned = bench->room.exact_pruned;
    bench->policy->decide(&query, &bench->room, &answer);
    d.work = answer.work;
    return d;
}

static unsigned bits(const bool *flags, size_t n)
{
    unsigned set = 0;
    for (size_t j = 0; j < n; j++)
        set |= (unsigned)flags[j] << j;
    return set;
}

static void outputs(struct bench *bench, size_t i_query, int head, double analog, double exact)
{
    policy_cascade_add_outputs(bench->cascade, i_query, head, 1, &analog, &exact);
}

/*
 * Two layers, two heads, one query on four tokens (a memory network's hop). Read-out probabilities of head 0:
 * .1 .2 .3 .4, of head 1: 1/2 1/4 1/8 1/8, together .6 .45 .425 .525: tokens 0 and 3 stay. Exact ones: 1/8
 * 1/4 1/2 1/8 and 8/12 1/12 1/12 2/12, together .79 .33 .58 .29: tokens 0 and 2. Outputs -3 and 1 against 1
 * and 2: the analog side keeps head 0, the exact one head 1.
 */
Test(cascade, two_layers_of_two_heads_by_hand)
{
    const struct policy_cascade_shape shape = {2, 2, 4, 1, false, false};
    const double read0[] = {log(1), log(2), log(3), log(4)}, read1[] = {log(4), log(2), 0, 0};
    const int64_t exact0[] = {0, 1, 2, 0}, exact1[] = {3, 0, 0, 1};
    struct bench b;
    bench_init(&b, shape,
               (const char *const[]){"prune.keep_ratio", "0.5", "prune.head_ratio_start", "0.5",
                                     "prune.value_ratio", "0.5", NULL});
    for (int sample = 0; sample < 2; sample++) {
        policy_cascade_reset(b.cascade);
        policy_cascade_begin(b.cascade, 0, 1, 4);
        struct decision d = decide(&b, 0, 0, 4, read0, exact0);
        cr_assert(bits(d.keep, 4) == 0xf && bits(d.exact_keep, 4) == 0xf && d.work.n_readouts == 4);
        cr_assert_eq(bits(d.value, 4), 0xc); /* the largest two of four */
        cr_assert_eq(bits(d.exact_value, 4), 0x6);
        cr_assert(d.work.n_topk_cycles > 0 && d.work.n_topk_elements >= 4);
        outputs(&b, 0, 0, -3, 1);
        d = decide(&b, 0, 1, 4, read1, exact1);
        cr_assert(bits(d.value, 4) == 0x3 && bits(d.exact_value, 4) == 0x9);
        outputs(&b, 0, 1, 1, 2);
        policy_cascade_begin(b.cascade, 1, 1, 4);
        d = decide(&b, 0, 0, 4, read0, exact0);
        cr_assert(bits(d.keep, 4) == 0x9 && d.work.n_readouts == 2 && !d.work.head_pruned);
        cr_assert(d.exact_pruned && bits(d.exact_keep, 4) == 0);
        cr_assert_eq(bits(d.value, 4), 0x8); /* 1/5 against 4/5 */
        d = decide(&b, 0, 1, 4, read1, exact1);
        cr_assert(d.work.head_pruned && !d.work.query_pruned && bits(d.keep, 4) == 0);
        cr_assert_eq(d.work.n_readouts, 0);
        cr_assert(!d.exact_pruned && bits(d.exact_keep, 4) == 0x5);
        cr_assert_eq(bits(d.exact_value, 4), 0x1);
    }
    bench_clear(&b);
}

/*
 * Self-attention, three tokens, one head. Both queries 0 and 1 give 1/4 1/4 1/2, query 2 the same: token 2
 * and then, of two that tie, token 0 stay; the query of token 1 is not computed. Causal: query 2 sees .25 +
 * .5 + 1 for token 0, .25 + .5 for token 1, and itself.
 */
Test(cascade, queries_of_pruned_tokens_go_and_generation_keeps_its_own)
{
    const double flat[] = {0, 0, log(2)}, zero[] = {0, 0, 0};
    const int64_t flat_exact[] = {0, 0, 1}, zero_exact[] = {0, 0, 0};
    for (int causal = 0; causal < 2; causal++) {
        const struct policy_cascade_shape shape = {2, 1, 3, 3, causal, true};
        struct bench b;
        bench_init(&b, shape, (const char *const[]){"prune.keep_ratio", "0.6", NULL}); /* ceil(1.8) of 3 */
        policy_cascade_begin(b.cascade, 0, 3, 3);
        for (size_t i = 0; i < 3; i++) {
            bool ends = causal && i < 2; /* its last key is not seen */
            decide(&b, i, 0, causal ? i + 1 : 3, ends ? zero : flat, ends ? zero_exact : flat_exact);
        }
        policy_cascade_begin(b.cascade, 1, 3, 3);
        for (size_t i = 0; i < 3; i++) {
            struct decision d = decide(&b, i, 0, causal ? i + 1 : 3, flat, flat_exact);
            /* of 1, 2 and 3 visible keys 1, 2 and 2 stay */
            const unsigned generated[] = {0x1, 0x3, 0x5};
            unsigned expected = causal ? generated[i] : i == 1 ? 0 : 0x5;
            cr_assert_eq(bits(d.keep, 3), expected, "causal %d, query %zu: %x", causal, i, bits(d.keep, 3));
            cr_assert_eq(bits(d.exact_keep, 3), expected);
            cr_assert_eq(d.work.query_pruned, !causal && i == 1);
            cr_assert_eq(d.exact_pruned, !causal && i == 1);
        }
        bench_clear(&b);
    }
}

static double uniform(uint32_t draw, size_t i)
{
    double u[64];
    const struct random_key key = {.seed = 77, .purpose = RANDOM_PROBE, .draw = draw};
    random_uniforms(&key, 64, u);
    return u[i % 64];
}

/* Later queries are nobody's past: whatever they score, the sets of earlier ones are the same. */
Test(cascade, generation_does_not_look_ahead)
{
    const struct policy_cascade_shape shape = {3, 2, 8, 8, true, true};
    unsigned sets[2][3][8][2];
    for (int run = 0; run < 2; run++) {
        struct bench b;
        bench_init(&b, shape,
                   (const char *const[]){"prune.keep_ratio", "0.4", "prune.head_keep", "1 0.5 0.5", NULL});
        for (int layer = 0; layer < 3; layer++) {
            policy_cascade_begin(b.cascade, layer, 8, 8);
            for (size_t i = 0; i < 8; i++)
                for (int h = 0; h < 2; h++) {
                    double read[8];
                    int64_t exact[8];
                    uint32_t draw =
                        (uint32_t)(layer * 100 + (int)i * 10 + h) + (run == 1 && i >= 5 ? 1000 : 0);
                    for (size_t j = 0; j < 8; j++) {
                        read[j] = 4 * uniform(draw, j);
                        exact[j] = (int64_t)(6 * uniform(draw, j));
                    }
                    struct decision d = decide(&b, i, h, i + 1, read, exact);
                    sets[run][layer][i][h] = bits(d.keep, i + 1) | bits(d.exact_keep, i + 1) << 16;
                    outputs(&b, i, h, read[0], (double)exact[0]);
                }
        }
        bench_clear(&b);
    }
    bool differ = false;
    for (int layer = 0; layer < 3; layer++)
        for (size_t i = 0; i < 8; i++)
            for (int h = 0; h < 2; h++) {
                bool same = sets[0][layer][i][h] == sets[1][layer][i][h];
                cr_assert(i >= 5 || same, "layer %d, query %zu, head %d", layer, i, h);
                differ |= !same;
            }
    cr_assert(differ);
}

/* Schedules that go up and down; how many stay is the smallest k so far, and nothing comes back. */
Test(cascade, what_is_pruned_stays_pruned)
{
    const char *const schedules[] = {"1 0.9 0.6 0.8 0.3", "1 0.5 1 0.5 0", "0.5 1 1 0.25 0.25"};
    for (uint32_t run = 0; run < 24; run++) {
        size_t n = 3 + run % 12;
        bool causal = run % 2 == 1;
        const struct policy_cascade_shape shape = {5, 2, n, n, causal, true};
        unsigned before[KEYS_MAX], exact_before[KEYS_MAX];
        size_t k[KEYS_MAX];
        struct bench b;
        bench_init(&b, shape, (const char *const[]){"prune.token_keep", schedules[run % 3], NULL});
        for (int layer = 0; layer < 5; layer++) {
            policy_cascade_begin(b.cascade, layer, n, n);
            for (size_t i = 0; i < n; i++) {
                size_t n_visible = causal ? i + 1 : n;
                double keep = b.options.token_keep.values[layer];
                size_t most = layer == 0 ? n_visible : (size_t)ceil(keep * (double)n_visible - 1e-9);
                k[i] = layer == 0 ? most : most < k[i] ? most : k[i];
                k[i] = causal && k[i] == 0 ? 1 : k[i];
                for (int h = 0; h < 2; h++) {
                    double read[KEYS_MAX];
                    int64_t exact[KEYS_MAX];
                    for (size_t j = 0; j < n; j++) {
                        read[j] = 3 * uniform(run * 1000 + (uint32_t)(layer * 100) + (uint32_t)i,
                                              j + 16 * (size_t)h);
                        exact[j] = (int64_t)(9 * uniform(run + 50000, j * i));
                    }
                    struct decision d = decide(&b, i, h, n_visible, read, exact);
                    unsigned now = bits(d.keep, n_visible), exact_now = bits(d.exact_keep, n_visible);
                    if (!d.work.query_pruned)
                        cr_assert_eq((size_t)__builtin_popcount(now), k[i], "run %u, layer %d, query %zu: %x",
                                     run, layer, i, now);
                    if (layer > 0) {
                        cr_assert_eq(now & ~before[i], 0u, "run %u, layer %d, query %zu", run, layer, i);
                        cr_assert_eq(exact_now & ~exact_before[i], 0u, "run %u, layer %d", run, layer);
                    }
                    before[i] = now;
                    exact_before[i] = exact_now;
                }
            }
        }
        bench_clear(&b);
    }
}

Test(cascade, one_token_stays_and_a_share_of_one_leaves_none)
{
    const double read[] = {0.5};
    const int64_t exact[] = {1};
    const char *const ratios[] = {"0.01", "0"}; /* kept */
    for (int all = 0; all < 2; all++) {
        const struct policy_cascade_shape shape = {2, 1, 1, 1, false, false};
        struct bench b;
        bench_init(&b, shape, (const char *const[]){"prune.token_keep", ratios[all], NULL});
        policy_cascade_begin(b.cascade, 0, 1, 1);
        cr_assert(decide(&b, 0, 0, 1, read, exact).keep[0]);
        policy_cascade_begin(b.cascade, 1, 1, 1);
        struct decision d = decide(&b, 0, 0, 1, read, exact);
        cr_assert(d.keep[0] == !all && d.exact_keep[0] == !all);
        cr_assert(!d.work.query_pruned && !d.exact_pruned);
        bench_clear(&b);
    }
}

Test(cascade, schedules_follow_keep_ratio_ends_or_lists)
{
    struct case_of {
        const char *options[7];
        double tokens[4]; /* of 4 layers, 15 % of them: one that prunes nothing; -1: refused */
    } cases[] = {
        {{NULL}, {0, 0.75, 0.75, 0.75}},
        {{"prune.keep_ratio", "0.4", NULL}, {0, 0.6, 0.6, 0.6}},
        {{"prune.token_ratio_start", "0.5", NULL}, {0, 0.5, 0.75, 1}},
        {{"prune.keep_ratio", "0.5", "prune.token_ratio_end", "0.9", NULL}, {0, 0.1, 0.5, 0.9}},
        {{"prune.token_ratio_start", "0.2", "prune.token_ratio_end", "0.4", NULL}, {0, 0.2, 0.3, 0.4}},
        {{"prune.token_unpruned_layers", "0.5", "prune.token_ratio_start", "0.6", NULL}, {0, 0, 0.6, 0.9}},
        {{"prune.token_keep", "1 0.9 0.5 0.25", NULL}, {0, 0.1, 0.5, 0.75}},
        {{"prune.token_keep", "0.5", NULL}, {0.5, 0.5, 0.5, 0.5}},
        {{"prune.token_ratio_start", "0.4", NULL}, {-1}},
        {{"prune.token_keep", "1 0.5", NULL}, {-1}},
        {{"prune.head_keep", "1 0.5 0.5", NULL}, {-1}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct prune_options options;
        struct rs_error err = {{0}};
        double tokens[4], heads[4];
        option_fill_defaults(&prune_options_table, &options);
        for (const char *const *o = cases[c].options; *o != NULL; o += 2)
            set_option(&options, o[0], o[1]);
        enum rs_status status = policy_cascade_schedule(&options, 4, tokens, heads, &err);
        cr_assert_eq(status, cases[c].tokens[0] < 0 ? RS_INPUT : RS_OK, "case %zu: %s", c, err.text);
        if (status == RS_INPUT)
            cr_assert(strncmp(err.text, "prune.", 6) == 0 && strstr(err.text, "expected") != NULL, "%s",
                      err.text);
        for (int layer = 0; layer < 4 && status == RS_OK; layer++) {
            cr_assert_float_eq(tokens[layer], cases[c].tokens[layer], 1e-12, "case %zu, layer %d: %g", c,
                               layer, tokens[layer]);
            cr_assert_eq(heads[layer], 0.0);
        }
    }
}

Test(cascade, layers_out_of_order_abort, .signal = SIGABRT)
{
    const struct policy_cascade_shape shape = {3, 1, 2, 1, false, false};
    struct bench b;
    cr_redirect_stderr();
    bench_init(&b, shape, (const char *const[]){NULL});
    policy_cascade_begin(b.cascade, 0, 1, 2);
    policy_cascade_begin(b.cascade, 2, 1, 2);
}
