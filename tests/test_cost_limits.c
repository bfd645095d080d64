/* Every cost system at its limits: no buffer and an endless one, every number of corelets, an eighth of
 * SpAtten. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "cost/bits.h"
#include "cost/cost.h"
#include "cost/synthetic.h"

TestSuite(cost_limits, .timeout = 120);

static struct cost *open_system(const char *name, size_t n_tokens, const struct cost_options *options)
{
    const struct cost_shape shape = {.n_layers = 1,
                                     .n_heads = 2,
                                     .n_kv_heads = 2,
                                     .d_head = 64,
                                     .max_tokens = n_tokens,
                                     .operand_bits = 8};
    struct rs_error err;
    struct cost *cost;
    cr_assert_eq(cost_create(name, &shape, options, &cost, &err), RS_OK, "%s: %s", name, err.text);
    return cost;
}

static struct cost_answer close_system(struct cost *cost)
{
    struct cost_answer answer;
    cost_end(cost, &answer);
    cost_destroy(cost);
    return answer;
}

/* One head whose queries all have the same sets. */
static struct cost_answer ask(const char *name, const struct cost_options *options, size_t n_tokens,
                              size_t n_queries, uint64_t keep, uint64_t survive)
{
    struct rs_error err;
    struct cost *cost = open_system(name, n_tokens, options);
    cr_assert_eq(cost_begin(cost, &(struct cost_sequence){.n_tokens = n_tokens}, &err), RS_OK, "%s",
                 err.text);
    for (size_t i = 0; i < n_queries; i++)
        cr_assert_eq(
            cost_query(cost,
                       &(struct cost_query){
                           .n_visible = n_tokens, .keep = &keep, .survive = &survive, .array_joules = 0},
                       &err),
            RS_OK, "%s", err.text);
    return close_system(cost);
}

/*
 * All of 4 keys kept by both of 2 queries. Screened at 37, own vector on the bus until 4; keys 0 to 3 lie in
 * channels 0 to 3: first at 37 + 18 + 4 + 14 = 73, last at 37 + 2 (18 + 4) + 14 = 95, its score at 96 for any
 * number of corelets, which then have 4 / N scores and values each: 96 + 4 / N. Second query: screened at 74,
 * own vector until 85, scores from 96 to 96 + 4 / N, values until 96 + 8 / N, softmax 32 more.
 */
Test(cost_limits, corelets_share_scores_and_values)
{
    static const struct {
        const char *name;
        uint64_t n_cycles;
    } cases[] = {{"sprint-s", 96 + 8 + 32}, {"sprint-m", 96 + 4 + 32}, {"sprint-l", 96 + 2 + 32}};
    struct cost_options options = cost_options_default();
    for (int i = 0; i < 3; i++) {
        struct cost_answer answer = ask(cases[i].name, &options, 4, 2, 0xf, 0xf);
        cr_expect_eq(answer.own.tally.n_cycles, cases[i].n_cycles, "%s: %g", cases[i].name, answer.cycles);
        cr_expect_eq(answer.own.tally.n_keys_fetched, 4);
        cr_expect_eq(answer.own.tally.n_keys_reused, 4);
    }
    /* Without a screen, as in test_cost: 103. */
    struct cost_answer answer = ask("baseline", &options, 4, 2, 0x1, 0x1);
    cr_expect_eq(answer.own.tally.n_cycles, 103, "%g", answer.cycles);
    cr_expect(answer.speedup == 1 && answer.energy_ratio == 1, "the baseline prunes nothing");
}

/*
 * 64 multipliers, 1 softmax lane, 2 channels of 256 bits per cycle: 64 keys kept and 8 survivors take 64
 * cycles of products, 8 of softmax and values; MSBs of 72 vectors 72 x 256 / 512 = 36 cycles, LSBs as many, Q
 * 1, latency 32: 105. A second query with all on chip 64 more; depth 101.
 */
Test(cost_limits, an_eighth_of_spatten_has_an_eighth_of_its_multipliers)
{
    struct cost_options options = cost_options_default();
    options.n_units = 1;
    options.n_channels = 2;
    struct cost_answer answer = ask("spatten", &options, 64, 2, UINT64_MAX, 0xff);
    cr_expect_eq(answer.own.tally.n_cycles, 105 + 64 + 101, "%g", answer.cycles);
    options.n_units = 8;
    options.n_channels = 16;
    struct cost_options own = cost_options_default();
    cr_expect_eq(ask("spatten", &options, 64, 2, UINT64_MAX, 0xff).own.tally.n_cycles,
                 ask("spatten", &own, 64, 2, UINT64_MAX, 0xff).own.tally.n_cycles, "8 eighths are the whole");
}

struct fetched {
    uint64_t n_keys, n_values;
};

/* What a system has to fetch of a trace that keeps `union` different keys and `kept` in all. */
static struct fetched expected_of(const char *name, bool endless, uint64_t n_union, uint64_t n_kept,
                                  uint64_t n_tokens, uint64_t n_visible)
{
    bool loads = strcmp(name, "a3") == 0 || strcmp(name, "mnnfast") == 0 || strcmp(name, "baseline") == 0;
    bool serial = strncmp(name, "leopard", 7) == 0;
    if (endless)
        return loads || serial ? (struct fetched){n_tokens, n_tokens} : (struct fetched){n_union, n_union};
    if (loads)
        return (struct fetched){n_visible, n_visible};
    return serial ? (struct fetched){n_visible, n_kept} : (struct fetched){n_kept, n_kept};
}

static void count_kept(const struct synthetic *trace, uint64_t *n_union, uint64_t *n_kept)
{
    uint64_t keep[4] = {0}, ever[4] = {0};
    double scratch[256];
    size_t n_words = bits_words(trace->n_tokens);
    *n_kept = 0;
    for (size_t t = 0; t < trace->n_tokens; t++) {
        synthetic_query(trace, 0, 0, t, keep, NULL, NULL, scratch);
        *n_kept += bits_total(keep, n_words);
        for (size_t w = 0; w < n_words; w++)
            ever[w] |= keep[w];
    }
    *n_union = bits_total(ever, n_words);
}

/* Every system, lengths 1 and odd, causal or not, from nothing kept to everything. */
Test(cost_limits, no_buffer_fetches_every_use_and_an_endless_one_each_key_once)
{
    static const size_t lengths[] = {1, 2, 31, 65, 129};
    static const double ratios[] = {0, 0.3, 1};
    for (int i = 0; i < 5 * 3 * 2; i++) {
        struct synthetic trace = {.seed = 40 + (uint64_t)i,
                                  .n_layers = 1,
                                  .n_heads = 1,
                                  .n_tokens = lengths[i % 5],
                                  .causal = i >= 15,
                                  .keep_ratio = ratios[i / 5 % 3],
                                  .shared_ratio = 1,
                                  .value_ratio = 1,
                                  .operand_bits = 8};
        uint64_t n_union, n_kept, n = trace.n_tokens, n_visible = trace.causal ? n * (n + 1) / 2 : n * n;
        trace.shared_ratio = trace.keep_ratio < 1 ? 0.8 : 1;
        count_kept(&trace, &n_union, &n_kept);
        for (const struct cost_system *const *system = system_all; *system; system++)
            for (int endless = 0; endless < 2; endless++) {
                const char *name = (*system)->name;
                struct cost_options options = cost_options_default();
                struct rs_error err;
                options.buffer_bytes = endless ? (double)INFINITY : 0;
                struct cost *cost = open_system(name, n, &options);
                cr_assert_eq(synthetic_feed(&trace, cost, &err), RS_OK, "%s", err.text);
                struct cost_answer answer = close_system(cost);
                struct fetched expected = expected_of(name, endless, n_union, n_kept, n, n_visible);
                const struct tally *tally = &answer.own.tally;
                cr_expect_eq(tally->n_keys_fetched, expected.n_keys,
                             "%s, case %d, endless %d: %g keys, %g expected", name, i, endless,
                             (double)tally->n_keys_fetched, (double)expected.n_keys);
                cr_expect_eq(tally->n_values_fetched, expected.n_values, "%s, case %d, endless %d: %g values",
                             name, i, endless, (double)tally->n_values_fetched);
                cr_expect_eq(tally->n_key_bits, expected.n_keys * 512, "%s, case %d", name, i);
                cr_expect_eq(tally->n_value_bits, expected.n_values * 512, "%s, case %d", name, i);
                double bytes_per_second = (*system)->memory == SYSTEM_MEMORY_HBM ? 512e9 : 64e9;
                cr_expect(answer.own.seconds * bytes_per_second * (1 + 1e-12) >= answer.memory_bits_read / 8,
                          "%s, case %d, endless %d: faster than its memory", name, i, endless);
            }
    }
}

static void expect_refused(const char *name, struct cost_options options, const char *words)
{
    const struct cost_shape shape = {
        .n_layers = 1, .n_heads = 1, .n_kv_heads = 1, .d_head = 64, .max_tokens = 8, .operand_bits = 8};
    struct rs_error err = {""};
    struct cost *cost;
    cr_expect_eq(cost_create(name, &shape, &options, &cost, &err), RS_INPUT, "%s, %s", name, words);
    cr_expect(strstr(err.text, words), "'%s' found, '%s' expected", err.text, words);
}

Test(cost_limits, every_system_refuses_what_it_cannot_have)
{
    for (const struct cost_system *const *system = system_all; *system; system++) {
        struct cost_options options[6];
        static const char *const words[6] = {"0 units found",          "65 units found",
                                             "0 channels found",       "0 banks per channel",
                                             "0 bits per cycle found", "a buffer of -inf"};
        for (int i = 0; i < 6; i++)
            options[i] = cost_options_default();
        options[0].n_units = 0;
        options[1].n_units = 65;
        options[2].n_channels = 0;
        options[3].n_banks = 0;
        options[4].bits_per_cycle = 0;
        options[5].buffer_bytes = -(double)INFINITY;
        for (int i = 0; i < 6; i++)
            expect_refused((*system)->name, options[i], words[i]);
    }
}
