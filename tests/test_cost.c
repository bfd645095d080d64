/* Cost systems on cases small enough to be worked out by hand; the sums stand beside each. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cost/constants.h"
#include "cost/cost.h"
#include "cost/technology.h"
#include "cost/topk_model.h"

TestSuite(cost, .timeout = 60);

static const struct cost_shape shape = {
    .n_layers = 2, .n_heads = 2, .n_kv_heads = 1, .d_head = 64, .max_tokens = 64, .operand_bits = 8};

static void expect_near(double found, double expected, const char *what)
{
    cr_expect(fabs(found - expected) <= 1e-9 * fabs(expected), "%s: %.15g found, %.15g expected", what, found,
              expected);
}

static struct cost *open_system(const char *name, const struct cost_options *options)
{
    struct rs_error err;
    struct cost *cost;
    cr_assert_eq(cost_create(name, &shape, options, &cost, &err), RS_OK, "%s: %s", name, err.text);
    return cost;
}

static void begin(struct cost *cost, struct cost_sequence sequence)
{
    struct rs_error err;
    cr_assert_eq(cost_begin(cost, &sequence, &err), RS_OK, "%s", err.text);
}

static void ask(struct cost *cost, struct cost_query query)
{
    struct rs_error err;
    cr_assert_eq(cost_query(cost, &query, &err), RS_OK, "%s", err.text);
}

static struct cost_answer close_system(struct cost *cost)
{
    struct cost_answer answer;
    cost_end(cost, &answer);
    cost_destroy(cost);
    return answer;
}

/*
 * 4 keys of 64 x 8 bits = 64 bytes: a burst is 64 / 16 = 4 cycles; keys 0 to 3 lie in bank 0 of channels 0 to
 * 3, so K and V of a key take 2 (18 + 4) = 44 cycles of their bank, the last leaves after 44 + 14. Screen: 14
 * + 8 + 14 and 1 cycle for 4 bits = 37. Query 0 keeps 0, 2: screened at 37; own vector on the bus 0-4; fetch
 * from 37, first key at 37 + 18 + 4 + 14 = 73, last at 37 + 44 + 14 = 95; two scores from 37, the last at
 * max(39, 73 + 2, 95 + 1) = 96; values until 98. Query 1 keeps 0, 1: screened at 37 + 37 = 74; bank free at
 * 81, own vector until 85; key 1 first at 85 + 36 = 121, last at 85 + 58 = 143; scores until 144, values
 * until 146, softmax 32 more: 178.
 */
Test(cost, sprint_with_two_queries_of_four_keys_takes_178_cycles)
{
    const uint64_t keeps[] = {0x5, 0x3};
    struct cost_options options = cost_options_default();
    struct cost *cost = open_system("sprint-s", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 4});
    for (int i = 0; i < 2; i++)
        ask(cost, (struct cost_query){.n_visible = 4, .keep = &keeps[i], .array_joules = 1e-12});
    struct cost_answer answer = close_system(cost);
    cr_expect_eq(answer.own.tally.n_cycles, 178, "%g", answer.cycles);
    /* Everything kept: own vector until 4, four keys first at 4 + 36 = 40, last at 4 + 58 = 62, scores until
     * 63, values until 67; the second query has its keys: own vector 48-52, scores 63-67, values until 71; 32
     * more. */
    cr_expect_eq(answer.unpruned.tally.n_cycles, 103, "%g", (double)answer.unpruned.tally.n_cycles);
    cr_expect_eq(answer.own.tally.n_keys_fetched, 3);
    cr_expect_eq(answer.own.tally.n_keys_reused, 1);
    expect_near(answer.reused_share, 0.25, "reused");
    /* 3 pairs of keys and values and 2 queries of 512 bits. */
    expect_near(answer.memory_bits_read, (3 * 2 + 2) * 512, "bits");
    expect_near(answer.own.energy.joules[ENERGY_FETCH], (3 * 2 + 2) * 512 * 3.1e-12, "fetch");
    /* 2 queries x 4 keys x 64 cells. */
    expect_near(answer.own.energy.joules[ENERGY_ARRAY_READ], 512 * 0.10e-12, "array");
    expect_near(answer.array_solved_joules, 2e-12, "solved");
    /* K and V of 4 tokens, Q of 2. */
    expect_near(answer.own.energy.joules[ENERGY_KEY_WRITE], (4 * 2 + 2) * 512 * 24.4e-12, "write");
    expect_near(answer.energy_joules - answer.energy_without_writes_joules, (4 * 2 + 2) * 512 * 24.4e-12,
                "writes");
    expect_near(answer.speedup, 103.0 / 178, "speedup");
}

/* The sanity rows of the sources' energies: 64 MAC 6.4 pJ, a K + V pair 3174 pJ, a token's Q, K, V written
 * 37478 pJ. */
Test(cost, one_key_costs_what_the_published_energies_say)
{
    const uint64_t keep = 1;
    struct cost_options options = cost_options_default();
    struct cost *cost = open_system("sprint-l", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 1});
    ask(cost, (struct cost_query){.n_visible = 1, .keep = &keep, .array_joules = (double)NAN});
    struct cost_answer answer = close_system(cost);
    const struct energy *energy = &answer.own.energy;
    expect_near(energy->joules[ENERGY_ARRAY_READ], 6.4e-12, "array");
    expect_near(energy->joules[ENERGY_FETCH], 3174.4e-12 * 1.5, "fetch with Q");
    expect_near(energy->joules[ENERGY_KEY_WRITE], 37478.4e-12, "write");
    cr_expect(isnan(answer.array_solved_joules), "an unknown energy is not 0");
    cr_expect(isnan(answer.reused_share), "one query has no neighbour");
    double sum = 0;
    for (int i = 0; i < ENERGY_N; i++)
        sum += energy->joules[i];
    expect_near(energy->total_joules, sum, "sum of categories");
}

/* Corelet j mod 2: keys 0, 2, 4 wait for one corelet, key 1 for the other; with all on chip scores take 3,
 * not 4. */
Test(cost, corelets_take_every_nth_key_and_the_slowest_counts)
{
    const uint64_t keep = 0x17;
    uint64_t cycles[2];
    for (int i = 0; i < 2; i++) {
        struct cost_options options = cost_options_default();
        options.n_units = 1 + i;
        struct cost *cost = open_system("sprint-m", &options);
        begin(cost, (struct cost_sequence){.n_tokens = 5});
        for (int j = 0; j < 12; j++) /* the last ones are bound by the screen: 37 cycles */
            ask(cost, (struct cost_query){.n_visible = 5, .keep = &keep, .array_joules = 0});
        cycles[i] = close_system(cost).own.tally.n_cycles;
    }
    cr_expect_eq(cycles[0] - cycles[1], 2, "scores and values of the last query, one each: %g",
                 (double)(cycles[0] - cycles[1]));
}

/*
 * Padded from 4 to 6: the baseline computes 6 rows of 6 keys and writes 6 tokens; SPRINT computes 4 of 4.
 * Causal: rows of 1, 2, 3, 4, 5, 6 keys.
 */
Test(cost, padding_is_paid_by_the_baseline_only)
{
    const uint64_t all = 0xf;
    struct cost_options options = cost_options_default();
    for (int causal = 0; causal < 2; causal++)
        for (int i = 0; i < 2; i++) {
            struct cost *cost = open_system(i ? "sprint-s" : "baseline", &options);
            begin(cost, (struct cost_sequence){.n_tokens = 4, .n_padded = 6, .causal = causal});
            for (size_t t = 0; t < 4; t++) {
                uint64_t keep = causal ? all >> (3 - t) : all;
                ask(cost,
                    (struct cost_query){.n_visible = causal ? t + 1 : 4, .keep = &keep, .array_joules = 0});
            }
            struct cost_answer answer = close_system(cost);
            uint64_t own = i ? (causal ? 10 : 16) : causal ? 21 : 36;
            cr_expect_eq(answer.own.tally.n_kept, own, "%g", (double)answer.own.tally.n_kept);
            cr_expect_eq(answer.unpruned.tally.n_kept, causal ? 10 : 16);
            cr_expect_eq(answer.own.tally.n_written_bits, (i ? 12u : 18u) * 512u);
            cr_expect_eq(answer.own.tally.n_keys_fetched, i ? 4 : 6);
            cr_expect_eq(answer.common_baseline.tally.n_kept, answer.unpruned.tally.n_kept);
            if (!i)
                expect_near(answer.speedup, answer.unpruned.seconds / answer.own.seconds, "padded baseline");
        }
}

/*
 * Two bit-serial units, 2 of 7 magnitude bits per cycle: 4 cycles for a survivor. Keys 0 and 3 survive, key 1
 * stops after 2 bits (1 cycle), key 2 after 4 (2). Unit 0: key 0 until 4. Unit 1: key 1 until 1, key 2 until
 * 3, key 3 until 7. V unit: key 0 4-5, key 3 7-8; latency 16: 24. Unpruned: 4 products, one value behind: 5
 * + 16.
 */
Test(cost, leopard_dispatches_keys_to_the_first_free_unit)
{
    const uint64_t keep = 0x9;
    const uint8_t bits[] = {0, 2, 4, 7};
    struct cost_options options = cost_options_default();
    options.operands_on_chip = true;
    options.n_units = 2;
    struct cost *cost = open_system("leopard-ae", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 4});
    ask(cost, (struct cost_query){.n_visible = 4, .keep = &keep, .bits = bits, .array_joules = 0});
    struct cost_answer answer = close_system(cost);
    cr_expect_eq(answer.own.tally.n_cycles, 24, "%g", answer.cycles);
    cr_expect_eq(answer.unpruned.tally.n_cycles, 21);
    /* 7 + 2 + 4 + 7 bits of 64 elements by 8 bits, and two values of 64 x 8 x 8. */
    cr_expect_eq(answer.own.tally.n_bit_products, 20u * 64 * 8 + 2u * 64 * 64);
    /* the bits and 4 signs of 64 elements; 2 values of 512 bits */
    cr_expect_eq(answer.own.tally.n_buffer_bits_read, 24u * 64 + 2 * 512);
    expect_near(answer.memory_bits_read, 512, "only Q is read");
}

/*
 * 32 survivors on 32 units are done at 4; the V unit takes one per cycle and the queue 16, so survivor k from
 * 16 on enters at 4 + (k - 16): 17 units are free at 4, the others at 5 ... 19. Six queries of 64 pruned
 * keys, 4 cycles each: by cycle T they do 17 floor((T - 4) / 4) + sum over a = 5 ... 19 of floor((T - a) /
 * 4), which reaches 384 at T = 57 (221 + 13 + 48 + 44 + 40 + 18); latency 16. Without waiting it would be 4 +
 * 48 + 16 = 68.
 */
Test(cost, a_full_queue_holds_the_units_of_leopard_back)
{
    const uint64_t keep = (UINT64_C(1) << 32) - 1, none = 0;
    struct cost_options options = cost_options_default();
    options.operands_on_chip = true;
    options.n_units = 32;
    struct cost *cost = open_system("leopard-hp", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 64});
    ask(cost, (struct cost_query){.n_visible = 32, .keep = &keep, .array_joules = 0});
    for (int i = 0; i < 6; i++)
        ask(cost, (struct cost_query){.n_visible = 64, .keep = &none, .array_joules = 0});
    struct cost_answer answer = close_system(cost);
    cr_expect_eq(answer.own.tally.n_cycles, 57 + 16, "%g", answer.cycles);
}

/*
 * Loading through 64 bytes per cycle at 0.8 GHz, 80 bytes: 4 tokens, K and V, 4096 bits: ceil(4096 / 640) = 7
 * cycles after 26 of latency (32 ns); then as above.
 */
Test(cost, leopard_loads_a_head_before_its_first_query)
{
    const uint64_t keep = 0x9;
    const uint8_t bits[] = {0, 2, 4, 7};
    struct cost_options options = cost_options_default();
    options.n_units = 2;
    struct cost *cost = open_system("leopard-ae", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 4});
    ask(cost, (struct cost_query){.n_visible = 4, .keep = &keep, .bits = bits, .array_joules = 0});
    struct cost_answer answer = close_system(cost);
    cr_expect_eq(answer.own.tally.n_cycles, 26 + 7 + 24, "%g", answer.cycles);
    expect_near(answer.memory_bits_read, 4096 + 512, "bits");
}

/*
 * 16 keys kept, 16 values: MSBs (16 + 16) x 64 x 4 = 8192 bits take 2 cycles of 4096, LSBs 2 more, Q 1; 32 ns
 * latency. 16 x 64 / 512 = 2 cycles of products: hidden. Depth 101. MSB only: 32 + 2 + 1; full: 32 + 2 + 2
 * + 1.
 */
Test(cost, spatten_fetches_lsbs_only_where_they_are_needed)
{
    const uint64_t keep = 0xffff;
    static const struct {
        enum cost_precision precision;
        uint64_t n_cycles, n_bits, n_exps;
    } cases[] = {{COST_PRECISION_MSB, 35 + 101, 8192 + 512, 16},
                 {COST_PRECISION_REFETCH, 37 + 101, 16384 + 512, 32},
                 {COST_PRECISION_FULL, 37 + 101, 16384 + 512, 16}};
    for (int i = 0; i < 3; i++) {
        struct cost_options options = cost_options_default();
        struct cost *cost = open_system("spatten", &options);
        begin(cost, (struct cost_sequence){.n_tokens = 16});
        ask(cost, (struct cost_query){
                      .n_visible = 16, .keep = &keep, .precision = cases[i].precision, .array_joules = 0});
        struct cost_answer answer = close_system(cost);
        cr_expect_eq(answer.own.tally.n_cycles, cases[i].n_cycles, "case %d: %g", i, answer.cycles);
        cr_expect_eq(answer.own.tally.n_exps, cases[i].n_exps);
        expect_near(answer.memory_bits_read, (double)cases[i].n_bits, "bits");
        cr_expect_eq(answer.unpruned.tally.n_key_bits, 8192);
    }
}

/* A stage of the top-k engine that is longer than fetching sets the pace: 500 cycles per query. */
Test(cost, spatten_waits_for_a_slow_top_k)
{
    const uint64_t keep = 0xffff, value = 0xf;
    struct cost_options options = cost_options_default();
    struct cost *cost = open_system("spatten", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 16});
    for (int i = 0; i < 3; i++)
        ask(cost, (struct cost_query){.n_visible = 16,
                                      .keep = &keep,
                                      .value = &value,
                                      .n_topk_cycles = 500,
                                      .n_topk_elements = 40,
                                      .array_joules = 0});
    struct cost_answer answer = close_system(cost);
    cr_expect_eq(answer.own.tally.n_cycles, 1500 + 101, "%g", answer.cycles);
    cr_expect_eq(answer.own.tally.n_compared, 3 * 2 * 40);
    cr_expect_eq(answer.own.tally.n_values_fetched, 4);
}

/* The same keys for three queries: fetched once, but three times where each query is a pass of its own. */
Test(cost, nothing_stays_on_chip_between_separate_passes)
{
    const uint64_t keep = 0xff;
    static const char *const names[] = {"sprint-s", "sprint-l", "leopard-ae", "spatten", "a3", "mnnfast"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int separate = 0; separate < 2; separate++) {
            struct cost_options options = cost_options_default();
            struct cost *cost = open_system(names[i], &options);
            begin(cost, (struct cost_sequence){.n_tokens = 8, .separate = separate});
            for (int j = 0; j < 3; j++)
                ask(cost, (struct cost_query){.n_visible = 8, .keep = &keep, .array_joules = 0});
            struct cost_answer answer = close_system(cost);
            cr_expect_eq(answer.own.tally.n_keys_fetched, separate ? 24 : 8, "%s", names[i]);
        }
}

/*
 * 8 keys: sorted in 8 x 3 = 24 cycles; search 4 rounds, 3 candidates: max(4, 3) + 9; latency 27. Base: 8 + 9
 * + 27. 4 rounds: 8 products of 8 x 8 bits; comparisons 24 x 64 (sort), 4 x 2 x 6 (queues of 64), 2 x 3
 * (post-scoring).
 */
Test(cost, a3_searches_then_scores_its_candidates)
{
    const uint64_t keep = 0x7, survive = 0x3;
    struct cost_options options = cost_options_default();
    options.operands_on_chip = true;
    struct cost *cost = open_system("a3", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 8});
    ask(cost, (struct cost_query){.n_visible = 8, .keep = &keep, .survive = &survive, .array_joules = 0});
    struct cost_answer answer = close_system(cost);
    cr_expect_eq(answer.own.tally.n_cycles, 24 + 13 + 27, "%g", answer.cycles);
    cr_expect_eq(answer.unpruned.tally.n_cycles, 8 + 9 + 27);
    cr_expect_eq(answer.own.tally.n_screen_products, 8u * 64);
    cr_expect_eq(answer.own.tally.n_compared, 24u * 64 + 48 + 6);
    cr_expect_eq(answer.own.tally.n_exps, 2);
}

/* 8 scores, then 2 values of the only chunk, 8 cycles of division; unpruned 8 values. Loading: see below. */
Test(cost, mnnfast_skips_values_but_no_scores)
{
    const uint64_t keep = 0x81;
    struct cost_options options = cost_options_default();
    options.operands_on_chip = true;
    struct cost *cost = open_system("mnnfast", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 8});
    ask(cost, (struct cost_query){.n_visible = 8, .keep = &keep, .array_joules = 0});
    struct cost_answer answer = close_system(cost);
    cr_expect_eq(answer.own.tally.n_cycles, 8 + 2 + 8, "%g", answer.cycles);
    cr_expect_eq(answer.unpruned.tally.n_cycles, 8 + 8 + 8);
    cr_expect_eq(answer.own.tally.n_adds, (8u + 2) * 64);
    /* 8 tokens, K and V: 8192 bits by 512 per cycle = 16 cycles, and 32 of latency. */
    options.operands_on_chip = false;
    cost = open_system("mnnfast", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 8});
    ask(cost, (struct cost_query){.n_visible = 8, .keep = &keep, .array_joules = 0});
    cr_expect_eq(close_system(cost).own.tally.n_cycles, 48 + 18);
}

/* Two samples of two heads: K and V of 3 tokens twice, Q of the queries that are computed. */
Test(cost, heads_that_share_a_kv_head_write_it_once)
{
    const uint64_t keep = 1;
    for (int pruned = 0; pruned < 2; pruned++) {
        struct cost_options options = cost_options_default();
        struct cost *cost = open_system("spatten", &options);
        for (size_t i = 0; i < 4; i++) {
            begin(cost, (struct cost_sequence){
                            .sample = i / 2, .head = i % 2, .n_tokens = 3, .pruned = pruned && i % 2 == 0});
            ask(cost, (struct cost_query){.n_visible = 1, .keep = &keep, .array_joules = 0});
        }
        struct cost_answer answer = close_system(cost);
        cr_expect_eq(answer.own.tally.n_written_bits, (2u * 3 * 2 + (pruned ? 2 : 4)) * 512);
        cr_expect_eq(answer.unpruned.tally.n_written_bits, (2u * 3 * 2 + 4) * 512);
    }
}

/*
 * Energies of counts, from the table's values: 45 to 65 nm is x 65/45 / 0.81; a multiply 3.1 pJ per 32 x 32
 * bit products, an add 0.1 pJ of 32 bits, an exponential 5 x 4.6 pJ, a division 26.3 pJ, 10 pJ per 64 bits of
 * an 8 KB memory, a comparator 1/30 of a 5-bit converter, which takes 1/8 of the 8-bit one's 3.1 mW / 1.2
 * GHz.
 */
Test(cost, energies_are_counts_times_constants)
{
    const uint64_t keep = 0x5, survive = 0x4;
    struct cost_options options = cost_options_default();
    struct cost *cost = open_system("sprint-s", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 4});
    ask(cost, (struct cost_query){.n_visible = 4,
                                  .keep = &keep,
                                  .survive = &survive,
                                  .n_comparators = 2,
                                  .n_readouts = 3,
                                  .array_joules = 0});
    const struct energy energy = close_system(cost).own.energy;
    double scale = 65.0 / 45 / 0.81, converter = 3.1e-3 / 1.2e9;
    /* 4 columns, 2 comparators each; 64 DACs; 3 conversions; 64 x 4 bits of CopyQ and 4 of ReadP. */
    expect_near(energy.joules[ENERGY_SCREEN_OTHER],
                8 * converter / 8 / 30 + 64 * 0.05e-12 + 3 * converter + (64 * 4 + 4) * 1e-12, "screen");
    /* 2 keys and 1 value of 64 products of 8 x 8 bits. */
    expect_near(energy.joules[ENERGY_COMPUTE], 3 * 64 * (64 * 3.1e-12 / 1024 + 0.1e-12) * scale, "compute");
    expect_near(energy.joules[ENERGY_SOFTMAX], (23e-12 + 26.3e-12) * scale, "softmax");
    /* 2 keys and 2 values written, 2 keys and 1 value read. */
    expect_near(energy.joules[ENERGY_BUFFER], (4 + 3) * 512 * 10e-12 / 64 * scale, "buffer");
    options.solved_array_energy = true;
    cost = open_system("sprint-s", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 4});
    ask(cost, (struct cost_query){.n_visible = 4, .keep = &keep, .array_joules = 3e-12});
    expect_near(close_system(cost).own.energy.joules[ENERGY_ARRAY_READ], 3e-12, "solved");
}

Test(cost, pruned_heads_and_queries_cost_nothing_but_in_the_reference)
{
    const uint64_t keep = 0xf, none = 0;
    for (const struct cost_system *const *system = system_all + 1; *system; system++) {
        struct cost_options options = cost_options_default();
        struct cost *cost = open_system((*system)->name, &options);
        begin(cost, (struct cost_sequence){.n_tokens = 4});
        ask(cost, (struct cost_query){.n_visible = 4, .keep = &keep, .array_joules = 0});
        ask(cost, (struct cost_query){.n_visible = 4, .keep = &none, .pruned = true, .array_joules = 0});
        begin(cost, (struct cost_sequence){.head = 1, .n_tokens = 4, .pruned = true});
        ask(cost, (struct cost_query){.n_visible = 4, .keep = &none, .array_joules = 0});
        struct cost_answer answer = close_system(cost);
        cr_expect_eq(answer.own.tally.n_queries, 1, "%s", (*system)->name);
        cr_expect_eq(answer.unpruned.tally.n_queries, 3, "%s", (*system)->name);
    }
}

Test(cost, the_array_is_charged_for_columns_it_reads)
{
    const uint64_t keep = 1;
    for (int prefill = 0; prefill < 2; prefill++) {
        struct cost_options options = cost_options_default();
        struct cost *cost = open_system("sprint-s", &options);
        begin(cost, (struct cost_sequence){.n_tokens = 7, .causal = true, .prefill = prefill});
        ask(cost, (struct cost_query){.n_visible = 2, .keep = &keep, .n_readouts = 2, .array_joules = 0});
        struct cost_answer answer = close_system(cost);
        cr_expect_eq(answer.own.tally.n_array_macs, (prefill ? 7u : 2u) * 64);
        cr_expect_eq(answer.own.tally.n_adc, 2);
    }
}

/* 2 lines of 0.1 V with 3 and 5 uA for 10 ns. */
Test(cost, the_energy_of_a_read_is_volts_times_amperes_times_seconds)
{
    const double volts[] = {0.1, -0.1}, amperes[] = {3e-6, -5e-6};
    expect_near(cost_array_joules(2, volts, amperes, 10e-9), 8e-15, "energy");
}

/* 65 nm at 1.0 V against 40 nm at 0.9 V: 65/40 / 0.81 in energy, 40/65 in clock. */
Test(cost, technology_scaling_is_length_times_volts_squared)
{
    expect_near(technology_energy_ratio(40e-9, 65e-9), 65.0 / 40 / 0.81, "energy");
    expect_near(technology_clock_ratio(40e-9, 65e-9), 40.0 / 65, "clock");
    expect_near(technology_energy_ratio(28e-9, 28e-9), 1, "same node");
    cr_expect(isnan(technology_energy_ratio(7e-9, 65e-9)), "a node without a supply");
}

/* The authors' latency model, simulated with random pivots (16 comparators); ours is its expectation. */
Test(cost, expected_top_k_cycles_agree_with_the_simulated_model)
{
    static const struct {
        size_t n, k;
        double cycles;
    } rows[] = {{64, 32, 37},    {128, 64, 55},    {256, 32, 75},    {384, 96, 109},   {512, 128, 136},
                {1024, 64, 193}, {1024, 512, 265}, {2048, 128, 361}, {4096, 1024, 855}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double cycles = topk_model_cycles(rows[i].n, rows[i].k, 16);
        cr_expect(fabs(cycles - rows[i].cycles) < 0.1 * rows[i].cycles, "n %zu k %zu: %g found, %g simulated",
                  rows[i].n, rows[i].k, cycles, rows[i].cycles);
    }
    /* By hand: of 2, 1 comparison in 1.5 passes; of 3, 7/3 in 11/6 for the largest, 8/3 in 2 for the middle one. */
    expect_near(topk_model_elements(2, 1), 1 + 1.5, "1 of 2");
    expect_near(topk_model_elements(3, 1), 7.0 / 3 + 11.0 / 6, "1 of 3");
    expect_near(topk_model_elements(3, 2), 8.0 / 3 + 2, "2 of 3");
    cr_expect_eq(topk_model_cycles(5, 5, 16), 0);
    cr_expect_eq(topk_model_cycles(5, 0, 16), 0);
}

Test(cost, constants_say_where_they_come_from)
{
    for (int i = 0; i < CONSTANTS_N; i++) {
        const struct constants_row *row = &constants_rows[i];
        cr_expect(row->value > 0 && row->name[0] && row->unit[0] && row->source[0], "%s", row->name);
        cr_expect(strstr(row->source, "remembered") == NULL || row->kind == CONSTANTS_ASSUMED,
                  "%s is remembered only, yet not marked assumed", row->name);
    }
    struct rs_error err;
    struct text out = {0};
    constants_print(&out);
    char *table = text_take(&out, &err);
    cr_assert_not_null(table);
    cr_expect(strstr(table, "| RERAM_READ_JOULES | 3.1e-12 | J/bit | secondary |"), "%s", table);
    free(table);
}

static void expect_refused(struct cost_shape bad_shape, struct cost_options options, const char *name,
                           const char *words)
{
    struct rs_error err = {""};
    struct cost *cost;
    cr_expect_eq(cost_create(name, &bad_shape, &options, &cost, &err), RS_INPUT, "%s", words);
    cr_expect(strstr(err.text, words), "'%s' found, '%s' expected", err.text, words);
    cr_expect_null(cost);
}

Test(cost, bad_configurations_are_told)
{
    struct cost_options good = cost_options_default(), options = good;
    struct cost_shape bad = shape;
    expect_refused(shape, good, "sprint", "one of baseline, sprint-s");
    options.n_units = 0;
    expect_refused(shape, options, "sprint-s", "0 units found, 1 to 64");
    options = good, options.n_channels = 0;
    expect_refused(shape, options, "sprint-s", "0 channels found");
    options = good, options.bits_per_cycle = 5;
    expect_refused(shape, options, "leopard-ae", "5 bits per cycle found, 1 to 4");
    options = good, options.buffer_bytes = -1;
    expect_refused(shape, options, "sprint-s", "a buffer of -1 bytes");
    bad.operand_bits = 17;
    expect_refused(bad, good, "a3", "operands of 17 bits found, 2 to 16");
    bad = shape, bad.n_kv_heads = 3;
    expect_refused(bad, good, "a3", "a multiple of the 3 kv heads");
    bad = shape, bad.d_head = 0;
    expect_refused(bad, good, "a3", "at least 1 expected");
}

Test(cost, bad_traces_are_told)
{
    const uint64_t seven = 0x7f, three = 0x7, none = 0;
    const uint8_t bits[] = {1, 2, 8};
    const struct {
        struct cost_query query;
        const char *words;
    } cases[] = {
        {{.n_visible = 9, .keep = &none}, "9 visible keys found, 1 to 8"},
        {{.n_visible = 0, .keep = &none}, "0 visible keys"},
        {{.n_visible = 6, .keep = &seven}, "kept beyond the 6 visible"},
        {{.n_visible = 8, .keep = &three, .survive = &seven}, "survivors found that were not kept"},
        {{.n_visible = 8, .keep = &seven, .survive = &three, .value = &seven}, "did not survive"},
        {{.n_visible = 3, .keep = &three, .bits = bits}, "8 magnitude bits found, at most 7"},
    };
    struct cost_options options = cost_options_default();
    struct cost *cost = open_system("sprint-s", &options);
    struct rs_error err;
    cr_expect_eq(cost_query(cost, &cases[0].query, &err), RS_INPUT);
    cr_expect(strstr(err.text, "a sequence expected first"), "%s", err.text);
    begin(cost, (struct cost_sequence){.n_tokens = 8});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(cost_query(cost, &cases[i].query, &err), RS_INPUT, "case %zu", i);
        cr_expect(strstr(err.text, cases[i].words), "%s", err.text);
    }
    cr_expect_eq(cost_begin(cost, &(struct cost_sequence){.n_tokens = 65}, &err), RS_INPUT);
    cr_expect_eq(cost_begin(cost, &(struct cost_sequence){.n_tokens = 5, .n_padded = 4}, &err), RS_INPUT);
    cr_expect_eq(cost_begin(cost, &(struct cost_sequence){.n_tokens = 5, .layer = 2}, &err), RS_INPUT);
    cost_destroy(cost);
}

/*
 * Room for 4 of 6 keys: 4 once and 2 for each of 2 queries; values likewise, but LeOPArd fetches of those
 * beyond its memory only the surviving one, key 5.
 */
Test(cost, what_does_not_fit_comes_again_for_every_query)
{
    const uint64_t keep = 0x21;
    static const struct {
        const char *name;
        uint64_t n_values;
    } cases[] = {{"leopard-ae", 4 + 2}, {"a3", 4 + 2 * 2}, {"mnnfast", 4 + 2 * 2}};
    for (int i = 0; i < 3; i++) {
        struct cost_options options = cost_options_default();
        options.buffer_bytes = 4 * 2 * 64;
        struct cost *cost = open_system(cases[i].name, &options);
        begin(cost, (struct cost_sequence){.n_tokens = 6});
        for (int j = 0; j < 2; j++)
            ask(cost, (struct cost_query){.n_visible = 6, .keep = &keep, .array_joules = 0});
        struct cost_answer answer = close_system(cost);
        cr_expect_eq(answer.own.tally.n_keys_fetched, 4 + 2 * 2, "%s", cases[i].name);
        cr_expect_eq(answer.own.tally.n_values_fetched, cases[i].n_values, "%s", cases[i].name);
    }
}

/*
 * 64 keys, 8 survivors: products with keys take 64 x 64 / 512 = 8 cycles, softmax and values 1. Fetching 72
 * vectors' MSBs, then LSBs, 5 cycles each, and Q, ends at 43; nine more queries of 8 cycles: 115, and 101 of
 * depth.
 */
Test(cost, spatten_is_bound_by_its_products_once_keys_are_there)
{
    const uint64_t keep = UINT64_MAX, survive = 0xff;
    struct cost_options options = cost_options_default();
    struct cost *cost = open_system("spatten", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 64});
    for (int i = 0; i < 10; i++)
        ask(cost,
            (struct cost_query){.n_visible = 64, .keep = &keep, .survive = &survive, .array_joules = 0});
    struct cost_answer answer = close_system(cost);
    cr_expect_eq(answer.own.tally.n_cycles, 115 + 101, "%g", answer.cycles);
}

/*
 * At 65 nm SpAtten's clock is 40/65 GHz, its memory gives 6656 bits per cycle after 20 cycles: 16 keys take
 * 20 + 2 + 2 + 1 + 101 = 126 cycles, 204.75 ns. The baseline: Q until 4; 4 keys per channel in 4 banks, the
 * bus busy for 32, the last vector at 4 + 32 + 18 + 14 = 68; scores until 69, values until 85, 117 with
 * softmax, at 1 GHz.
 */
Test(cost, the_common_comparison_is_made_in_seconds_at_one_node)
{
    const uint64_t keep = 0xffff;
    struct cost_options options = cost_options_default();
    struct cost *cost = open_system("spatten", &options);
    begin(cost, (struct cost_sequence){.n_tokens = 16});
    ask(cost, (struct cost_query){.n_visible = 16, .keep = &keep, .array_joules = 0});
    struct cost_answer answer = close_system(cost);
    cr_expect_eq(answer.common.tally.n_cycles, 126, "%g", (double)answer.common.tally.n_cycles);
    cr_expect_eq(answer.common_baseline.tally.n_cycles, 117, "%g",
                 (double)answer.common_baseline.tally.n_cycles);
    expect_near(answer.speedup_common, 117 / 204.75, "speedup");
    expect_near(answer.common.energy.joules[ENERGY_COMPUTE] / answer.own.energy.joules[ENERGY_COMPUTE],
                65.0 / 40 / 0.81, "compute");
    expect_near(answer.common.energy.joules[ENERGY_FETCH], answer.own.energy.joules[ENERGY_FETCH], "fetch");
    expect_near(answer.energy_ratio_common,
                answer.common_baseline.energy.total_joules / answer.common.energy.total_joules, "energy");
}
