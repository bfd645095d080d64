/* Conservation, bounds and extremes of the cost systems over keyed random traces. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cost/bits.h"
#include "cost/cost.h"
#include "cost/model.h"
#include "cost/residency.h"
#include "cost/synthetic.h"
#include "numeric/random.h"

TestSuite(cost_property, .timeout = 120);

enum { MAX_TOKENS = 200, MAX_WORDS = 4, SEED = 7 };

static uint32_t draw(uint32_t trial, uint32_t what, uint32_t n)
{
    struct random_key key = {.seed = SEED, .purpose = RANDOM_POLICY, .trial = trial, .array = 1000};
    return random_integer(&key, what, n);
}

static struct cost *open_system(const char *name, const struct synthetic *trace,
                                const struct cost_options *options)
{
    struct cost_shape shape = {.n_layers = trace->n_layers,
                               .n_heads = trace->n_heads,
                               .n_kv_heads = trace->n_heads,
                               .d_head = 64,
                               .max_tokens =
                                   trace->n_padded > trace->n_tokens ? trace->n_padded : trace->n_tokens,
                               .operand_bits = trace->operand_bits};
    struct rs_error err;
    struct cost *cost;
    cr_assert_eq(cost_create(name, &shape, options, &cost, &err), RS_OK, "%s: %s", name, err.text);
    return cost;
}

static struct cost_answer cost_of(const char *name, const struct synthetic *trace,
                                  const struct cost_options *options)
{
    struct rs_error err;
    struct cost *cost = open_system(name, trace, options);
    cr_assert_eq(synthetic_feed(trace, cost, &err), RS_OK, "%s", err.text);
    struct cost_answer answer;
    cost_end(cost, &answer);
    cost_destroy(cost);
    return answer;
}

static struct synthetic random_trace(uint32_t i)
{
    static const double ratios[] = {0, 0.1, 0.25, 0.5, 0.9, 1};
    static const size_t lengths[] = {1, 2, 3, 31, 63, 64, 65, 127, 130};
    double keep_ratio = ratios[draw(i, 0, 6)];
    return (struct synthetic){.seed = SEED + i,
                              .n_layers = 1 + draw(i, 1, 2),
                              .n_heads = 1 + draw(i, 2, 2),
                              .n_tokens = lengths[draw(i, 3, 9)],
                              .n_padded = draw(i, 4, 2) ? MAX_TOKENS : 0,
                              .causal = draw(i, 5, 2),
                              .keep_ratio = keep_ratio,
                              .shared_ratio = keep_ratio < 0.6 ? draw(i, 6, 2) * 0.5 + 0.4 : 1,
                              .value_ratio = draw(i, 7, 2) ? 1 : 0.3,
                              .operand_bits = 4 + (int)draw(i, 8, 9)};
}

/* Bits read are the bits of the vectors read; times are not below what the memory and the multipliers need.
 */
static void expect_conserved(const struct cost_system *system, const struct cost_total *total, uint64_t width,
                             double bytes_per_second, double macs_per_cycle, double hertz, uint32_t i)
{
    const struct tally *tally = &total->tally;
    uint64_t vector_bits = 64 * width;
    cr_expect_eq(tally->n_query_bits, tally->n_queries * vector_bits, "%s, trace %u", system->name, i);
    cr_expect_eq(tally->n_key_bits, tally->n_keys_fetched * vector_bits, "%s, trace %u", system->name, i);
    cr_expect_eq(tally->n_value_bits, tally->n_values_fetched * vector_bits, "%s, trace %u", system->name, i);
    if (system->requests_kept)
        cr_expect_eq(tally->n_keys_fetched + tally->n_keys_reused, tally->n_kept, "%s, trace %u",
                     system->name, i);
    double n_bytes = (double)(tally->n_key_bits + tally->n_value_bits + tally->n_query_bits) / 8;
    cr_expect(total->seconds >= n_bytes / bytes_per_second * (1 - 1e-12),
              "%s, trace %u: faster than its memory", system->name, i);
    cr_expect((double)tally->n_cycles * macs_per_cycle >= (double)tally->n_adds,
              "%s, trace %u: faster than its units", system->name, i);
    cr_expect(fabs(total->seconds * hertz - (double)tally->n_cycles) <= 1e-9 * (double)tally->n_cycles);
    double sum = 0;
    for (int category = 0; category < ENERGY_N; category++) {
        cr_expect(total->energy.joules[category] >= 0);
        sum += total->energy.joules[category];
    }
    cr_expect(fabs(sum - total->energy.total_joules) <= 1e-12 * sum, "%s, trace %u", system->name, i);
}

static double macs_per_cycle(const struct cost_system *system)
{
    const char *name = system->name;
    if (strcmp(name, "spatten") == 0)
        return 2 * 512;
    if (strcmp(name, "leopard-ae") == 0)
        return (6 + 1) * 64;
    if (strcmp(name, "leopard-hp") == 0)
        return (8 + 1) * 64;
    return (strcmp(name, "sprint-m") == 0 ? 2 : strcmp(name, "sprint-l") == 0 ? 4 : 1) * 2 * 64;
}

Test(cost_property, bits_cycles_and_joules_are_conserved)
{
    for (uint32_t i = 0; i < 60; i++) {
        struct synthetic trace = random_trace(i);
        for (const struct cost_system *const *system = system_all; *system; system++) {
            struct cost_options options = cost_options_default();
            struct cost_answer answer = cost_of((*system)->name, &trace, &options);
            double bytes_per_second = (*system)->memory == SYSTEM_MEMORY_RERAM ? 4 * 16e9
                                      : (*system)->memory == SYSTEM_MEMORY_HBM ? 16 * 32e9
                                                                               : 64e9;
            uint64_t width = (uint64_t)trace.operand_bits;
            expect_conserved(*system, &answer.own, width, bytes_per_second, macs_per_cycle(*system),
                             model_constant((*system)->hertz), i);
            expect_conserved(*system, &answer.unpruned, width, bytes_per_second, macs_per_cycle(*system),
                             model_constant((*system)->hertz), i);
            cr_expect_eq(answer.unpruned.tally.n_kept, answer.unpruned.tally.n_visible);
            cr_expect(answer.own.tally.n_kept <= answer.own.tally.n_visible);
            cr_expect_eq(answer.own.tally.n_adc, 0);
        }
    }
}

/* Without end: each key that a head ever keeps, once. Without any place: every kept key, every time. */
Test(cost_property, every_kept_key_is_read_once_per_residency)
{
    for (uint32_t i = 0; i < 60; i++) {
        struct synthetic trace = random_trace(i);
        uint64_t n_union = 0, n_kept = 0;
        double scratch[MAX_TOKENS];
        for (size_t layer = 0; layer < trace.n_layers; layer++)
            for (size_t head = 0; head < trace.n_heads; head++) {
                uint64_t keep[MAX_WORDS] = {0}, ever[MAX_WORDS] = {0};
                for (size_t t = 0; t < trace.n_tokens; t++) {
                    synthetic_query(&trace, layer, head, t, keep, NULL, NULL, scratch);
                    for (size_t j = 0; j < trace.n_tokens; j++)
                        if (bits_get(keep, j)) {
                            n_kept++;
                            bits_set(ever, j);
                        }
                }
                for (size_t j = 0; j < trace.n_tokens; j++)
                    n_union += bits_get(ever, j);
            }
        static const char *const names[] = {"sprint-s", "sprint-m", "sprint-l", "spatten"};
        for (int k = 0; k < 4; k++) {
            struct cost_options options = cost_options_default();
            options.buffer_bytes = (double)INFINITY;
            struct cost_answer answer = cost_of(names[k], &trace, &options);
            cr_expect_eq(answer.own.tally.n_keys_fetched, n_union, "%s, trace %u, no end", names[k], i);
            options.buffer_bytes = 0;
            answer = cost_of(names[k], &trace, &options);
            cr_expect_eq(answer.own.tally.n_keys_fetched, n_kept, "%s, trace %u, no place", names[k], i);
            cr_expect_eq(answer.own.tally.n_kept, n_kept);
        }
    }
}

/* Against a plain account of who is where. */
Test(cost_property, a_finite_buffer_holds_what_it_may)
{
    for (uint32_t i = 0; i < 300; i++) {
        size_t n_keys = 1 + draw(i, 10, MAX_TOKENS), n_places = draw(i, 11, (uint32_t)n_keys + 2);
        struct residency residency;
        struct rs_error err;
        cr_assert_eq(residency_init(&residency, n_keys, n_places, &err), RS_OK);
        size_t n_words = bits_words(n_keys);
        for (uint32_t t = 0; t < 20; t++) {
            uint64_t wanted[MAX_WORDS] = {0}, missed[MAX_WORDS], before[MAX_WORDS];
            uint32_t share = draw(i, 20 + t, 5);
            for (size_t j = 0; j < n_keys; j++)
                if (draw(i, 100 + t * MAX_TOKENS + (uint32_t)j, 4) < share)
                    bits_set(wanted, j);
            memcpy(before, residency.held, n_words * sizeof *before);
            size_t n_missed = residency_want(&residency, wanted, n_words, missed);
            size_t n_wanted = bits_total(wanted, n_words), n_held = bits_total(residency.held, n_words);
            cr_expect_eq(n_missed, bits_total(missed, n_words), "case %u", i);
            cr_expect_eq(n_held, residency.n_held, "case %u query %u: %zu held, %zu counted", i, t, n_held,
                         residency.n_held);
            cr_expect(n_held <= n_places, "case %u", i);
            for (size_t j = 0; j < n_keys; j++) {
                cr_expect_eq(bits_get(missed, j), bits_get(wanted, j) && !bits_get(before, j));
                cr_expect(!bits_get(residency.held, j) || bits_get(before, j) || bits_get(wanted, j));
                if (n_wanted <= n_places)
                    cr_expect(!bits_get(wanted, j) || bits_get(residency.held, j),
                              "case %u: a wanted key is gone", i);
            }
            if (n_wanted > n_places)
                cr_expect_eq(n_held, n_places, "case %u: the buffer is full after too many", i);
        }
        residency_clear(&residency);
    }
}

/* Larger buffers never fetch more keys, faster memory never takes longer. */
Test(cost_property, more_of_a_resource_never_costs_time_or_traffic)
{
    for (uint32_t i = 0; i < 20; i++) {
        struct synthetic trace = random_trace(i);
        static const double bytes[] = {0, 1024, 16384, INFINITY};
        uint64_t n_last = UINT64_MAX, n_cycles_last = UINT64_MAX;
        for (int k = 0; k < 4; k++) {
            struct cost_options options = cost_options_default();
            options.buffer_bytes = bytes[k];
            uint64_t n = cost_of("baseline", &trace, &options).own.tally.n_keys_fetched;
            cr_expect(n <= n_last, "trace %u, %g bytes", i, bytes[k]);
            n_last = n;
            options = cost_options_default();
            options.n_channels = 1 << k;
            uint64_t n_cycles = cost_of("sprint-s", &trace, &options).own.tally.n_cycles;
            cr_expect(n_cycles <= n_cycles_last, "trace %u, %d channels", i, 1 << k);
            n_cycles_last = n_cycles;
        }
    }
}

Test(cost_property, nothing_kept_and_everything_kept_are_the_ends)
{
    for (const struct cost_system *const *system = system_all; *system; system++) {
        struct synthetic trace = {.seed = SEED,
                                  .n_layers = 1,
                                  .n_heads = 1,
                                  .n_tokens = 33,
                                  .shared_ratio = 1,
                                  .value_ratio = 1,
                                  .operand_bits = 8};
        struct cost_options options = cost_options_default();
        struct cost_answer none = cost_of((*system)->name, &trace, &options);
        trace.keep_ratio = 1;
        struct cost_answer all = cost_of((*system)->name, &trace, &options);
        cr_expect_eq(all.own.tally.n_kept, 33u * 33);
        cr_expect(all.own.tally.n_cycles >= none.own.tally.n_cycles, "%s", (*system)->name);
        cr_expect(isfinite(none.speedup) && isfinite(none.energy_ratio) && isfinite(none.speedup_common));
        if ((*system)->prunes) {
            cr_expect_eq(none.own.tally.n_kept, 0);
            cr_expect_eq(none.own.tally.n_values, 0);
            cr_expect_eq(none.own.tally.n_divides, 0);
        }
        if ((*system)->requests_kept && (*system)->prunes)
            cr_expect_eq(none.own.tally.n_keys_fetched, 0);
        cr_expect_eq(all.unpruned.tally.n_cycles, none.unpruned.tally.n_cycles, "%s", (*system)->name);
    }
}

/* 12 keys in 5 sigma of the expected number; sigma of a sum of chains with correlation s per step, from
 * above. */
Test(cost_property, synthetic_traces_have_their_stated_statistics)
{
    struct synthetic trace = {.seed = SEED,
                              .n_layers = 4,
                              .n_heads = 4,
                              .n_tokens = 200,
                              .keep_ratio = 0.25,
                              .shared_ratio = 0.92,
                              .value_ratio = 1,
                              .operand_bits = 8};
    struct cost_options options = cost_options_default();
    options.buffer_bytes = (double)INFINITY;
    struct cost_answer answer = cost_of("sprint-s", &trace, &options);
    double n = 4 * 4 * 200.0 * 200.0, kept = (double)answer.own.tally.n_kept / n;
    /* The chain's second eigenvalue: s - r (1 - s) / (1 - r). */
    double eigenvalue = 0.92 - 0.25 * 0.08 / 0.75;
    double sigma = sqrt(0.25 * 0.75 / n * (1 + eigenvalue) / (1 - eigenvalue));
    cr_expect(fabs(kept - 0.25) < 5 * sigma, "%g kept, 0.25 +- %g expected", kept, sigma);
    uint64_t n_shared = 0, n_before = 0;
    double scratch[MAX_TOKENS];
    uint64_t keep[MAX_WORDS], before[MAX_WORDS];
    for (size_t t = 0; t < trace.n_tokens; t++) {
        memcpy(before, keep, sizeof keep);
        synthetic_query(&trace, 1, 1, t, keep, NULL, NULL, scratch);
        for (size_t i = 0; t > 0 && i < MAX_WORDS; i++) {
            n_before += bits_count(before[i]);
            n_shared += bits_count(before[i] & keep[i]);
        }
    }
    double shared = (double)n_shared / (double)n_before;
    cr_expect(fabs(shared - 0.92) < 5 * sqrt(0.92 * 0.08 / (double)n_before), "%g shared", shared);
    struct rs_error err;
    trace.keep_ratio = 0.9;
    trace.shared_ratio = 0.5;
    cr_expect_eq(synthetic_check(&trace, &err), RS_INPUT);
}

/* The stored summaries' means: 0.276 and 0.055 of keys and values for the small model, 0.538 and 0.162
 * weighted by heads. */
Test(cost_property, schedules_have_the_means_of_the_released_traces)
{
    static const struct {
        const struct synthetic_schedule *schedule;
        double keys, values;
    } rows[] = {{&synthetic_gpt2_small, 0.276, 0.055}, {&synthetic_gpt2_medium, 0.538, 0.162}};
    for (int i = 0; i < 2; i++) {
        const struct synthetic_schedule *schedule = rows[i].schedule;
        double keys = 0, values = 0, heads = 0;
        for (size_t layer = 0; layer < schedule->n_layers; layer++) {
            double n = (double)schedule->n_heads_left[layer];
            heads += n;
            keys += n * schedule->key_ratio[layer];
            values += n * schedule->value_ratio[layer];
        }
        keys /= heads;
        values /= heads;
        cr_expect(fabs(keys - rows[i].keys) < 0.004, "%s: %g keys", schedule->name, keys);
        cr_expect(fabs(values - rows[i].values) < 0.002, "%s: %g values", schedule->name, values);
    }
}
