/*
 * What the papers say beside what the cost systems give, on traces whose statistics stand in the table. No
 * number of a paper enters a model other than through constants.h, and nothing here is fitted.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cost/bits.h"
#include "cost/constants.h"
#include "cost/cost.h"
#include "cost/synthetic.h"
#include "cost/topk_model.h"

/* Of SpAtten's benchmarks: 992 tokens given, 32 generated. */
enum { N_GIVEN = 992, N_GENERATED = 32, MAX_TOKENS = 4096 };

static _Noreturn void fail(const struct rs_error *err)
{
    fprintf(stderr, "%s\n", err->text);
    exit(RS_INTERNAL);
}

static void print_row(int number, const char *quantity, const char *paper, const char *workload,
                      const char *why, const char *format, ...)
{
    char found[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(found, sizeof found, format, arguments);
    va_end(arguments);
    printf("| %d | %s | %s | %s | %s | %s |\n", number, quantity, paper, found, workload, why);
}

static struct cost *open_system(const char *name, size_t n_layers, size_t n_heads, int bits,
                                const struct cost_options *options)
{
    struct cost_shape shape = {.n_layers = n_layers,
                               .n_heads = n_heads,
                               .n_kv_heads = n_heads,
                               .d_head = 64,
                               .max_tokens = MAX_TOKENS,
                               .operand_bits = bits};
    struct rs_error err;
    struct cost *cost;
    if (cost_create(name, &shape, options, &cost, &err))
        fail(&err);
    return cost;
}

static struct cost_answer cost_of(const char *name, const struct synthetic *trace,
                                  const struct cost_options *options)
{
    struct rs_error err;
    struct cost_answer answer;
    struct cost *cost = open_system(name, trace->n_layers, trace->n_heads, trace->operand_bits, options);
    if (synthetic_feed(trace, cost, &err))
        fail(&err);
    cost_end(cost, &answer);
    cost_destroy(cost);
    return answer;
}

/* 25 % kept (the same lab's silicon), 92 % of them kept by the query before (follows from 2.1 % new keys). */
static struct synthetic sequence(size_t n_tokens, size_t n_padded)
{
    return (struct synthetic){.seed = 1,
                              .n_layers = 1,
                              .n_heads = n_tokens > 1024 ? 1 : 4,
                              .n_tokens = n_tokens,
                              .n_padded = n_padded,
                              .keep_ratio = 0.25,
                              .shared_ratio = 0.92,
                              .value_ratio = 1,
                              .operand_bits = 8};
}

static void print_sprint(void)
{
    static const struct {
        const char *name, *speedup;
        int64_t n_units;
        int number;
    } systems[] = {{"sprint-s", "7.5 (primary)", 1, 1},
                   {"sprint-m", "7.4 (secondary)", 2, 2},
                   {"sprint-l", "7.1 (secondary)", 4, 3}};
    static const struct {
        size_t n_tokens, n_padded;
        const char *text;
    } workloads[] = {{282, 384, "282 of 384 tokens (46 % of the square is padding)"},
                     {512, 512, "512 tokens"},
                     {2048, 2048, "2,048 tokens"},
                     {4096, 4096, "4,096 tokens"}};
    for (size_t w = 0; w < 4; w++)
        for (size_t i = 0; i < 3; i++) {
            struct synthetic trace = sequence(workloads[w].n_tokens, workloads[w].n_padded);
            struct cost_options options = cost_options_default();
            struct cost_answer own = cost_of(systems[i].name, &trace, &options);
            options.n_units = systems[i].n_units;
            struct cost_answer dense = cost_of("baseline", &trace, &options);
            char quantity[64];
            snprintf(quantity, sizeof quantity, "%s: speedup, x", systems[i].name);
            print_row(
                systems[i].number, quantity, systems[i].speedup, workloads[w].text,
                "channels, banks and unit widths are assumed; theirs is a mean over models whose keep rates "
                "were not found",
                "%.1f against the padded baseline, %.1f unpadded", dense.own.seconds / own.own.seconds,
                own.speedup);
            if (i > 0)
                continue;
            print_row(
                4, "sprint-s: energy reduction, x", "19.6 (primary)", workloads[w].text,
                "whether theirs counts writes was not found; buffer and arithmetic energies are generic",
                "%.1f padded with writes, %.1f without; unpadded %.1f, %.1f",
                dense.own.energy.total_joules / own.own.energy.total_joules,
                dense.own.energy.without_writes_joules / own.own.energy.without_writes_joules,
                own.energy_ratio, own.energy_without_writes_ratio);
            options = cost_options_default();
            options.buffer_bytes = (double)INFINITY;
            struct cost_answer endless = cost_of("sprint-s", &trace, &options);
            double pairs = (double)own.own.tally.n_queries * (double)trace.n_tokens;
            print_row(
                6, "sprint-s: newly fetched keys per query, % of s", "2.1 (secondary)", workloads[w].text,
                "with a finite buffer also keys that were replaced come anew; without end each key comes "
                "once",
                "%.1f with 16 KB, %.2f without end; %.1f would be those that the query before did not keep",
                100 * (double)own.own.tally.n_keys_fetched / pairs,
                100 * (double)endless.own.tally.n_keys_fetched / pairs, 25 * (1 - 0.92));
        }
}

/* 20 % of what a head needs on chip; everything fetched, as designs that prune after fetching do. */
static void print_communication(void)
{
    struct synthetic trace = sequence(512, 0);
    struct cost_options options = cost_options_default();
    options.buffer_bytes = 0.2 * 512 * 2 * 64;
    struct cost_answer answer = cost_of("baseline", &trace, &options);
    const struct energy *energy = &answer.own.energy;
    print_row(14, "communication's share of energy at 20 % on-chip capacity, %", "> 60 (secondary)",
              "512 tokens, everything fetched",
              "ReRAM energies throughout; theirs are several earlier designs", "%.0f without writes",
              100 * energy->joules[ENERGY_FETCH] / energy->without_writes_joules);
}

static double on_chip_joules(const struct energy *energy)
{
    return energy->joules[ENERGY_SCREEN_OTHER] + energy->joules[ENERGY_BUFFER] +
           energy->joules[ENERGY_COMPUTE] + energy->joules[ENERGY_SOFTMAX];
}

static void print_leopard(void)
{
    static const double keep_ratios[] = {0.1, 0.25, 0.4};
    for (int i = 0; i < 3; i++) {
        struct synthetic trace = sequence(512, 0);
        trace.keep_ratio = keep_ratios[i];
        trace.operand_bits = 12;
        struct cost_options options = cost_options_default();
        options.operands_on_chip = true;
        struct cost_answer answer = cost_of("leopard-ae", &trace, &options);
        char workload[96];
        snprintf(workload, sizeof workload,
                 "512 tokens, %.0f %% kept, 12 bits, stops uniform in 1 ... 11 bits", 100 * keep_ratios[i]);
        print_row(
            16, "leopard-ae: speedup / energy reduction, x", "1.9 / 3.9 (primary)", workload,
            "the tile is remembered only, bits at the stop and keep rates were not found; softmax at float "
            "energies on both sides",
            "%.1f / %.1f", answer.speedup,
            on_chip_joules(&answer.unpruned.energy) / on_chip_joules(&answer.own.energy));
    }
}

/* How a generation is costed. */
struct generation {
    bool full;         /* operands whole, no progressive quantisation */
    bool dense;        /* everything kept */
    size_t n_parallel; /* of the top-k engine */
    int bits;
    double refetch_ratio;
};

/* The schedule's first keys are the kept ones: which they are does not matter where nothing stays on chip. */
static struct cost_answer generate(const struct synthetic_schedule *schedule, const struct generation *how)
{
    struct cost_options options = cost_options_default();
    struct cost *cost = open_system("spatten", schedule->n_layers, schedule->n_heads, how->bits, &options);
    struct rs_error err;
    uint64_t keep[MAX_TOKENS / 64], value[MAX_TOKENS / 64];
    double n_refetched = 0; /* carried on, so that every 1 / refetch_ratio-th query needs its LSBs */
    for (size_t i = 0; i < schedule->n_layers * schedule->n_heads; i++) {
        size_t layer = i / schedule->n_heads, head = i % schedule->n_heads;
        struct cost_sequence one = {.layer = layer,
                                    .head = head,
                                    .n_tokens = N_GIVEN + N_GENERATED,
                                    .separate = true,
                                    .pruned = !how->dense && head >= schedule->n_heads_left[layer]};
        if (cost_begin(cost, &one, &err))
            fail(&err);
        for (size_t t = 0; t < N_GENERATED; t++) {
            size_t n = N_GIVEN + t + 1;
            size_t n_keep = how->dense ? n : (size_t)lround(schedule->key_ratio[layer] * (double)n);
            size_t n_value = how->dense ? n : (size_t)lround(schedule->value_ratio[layer] * (double)n);
            for (size_t w = 0; w < bits_words(N_GIVEN + N_GENERATED); w++) {
                keep[w] = bits_below(w, n_keep);
                value[w] = bits_below(w, n_value);
            }
            n_refetched += how->refetch_ratio;
            bool refetch = n_refetched >= 1;
            n_refetched -= refetch;
            struct cost_query query = {
                .n_visible = n,
                .keep = keep,
                .value = value,
                .precision = how->full ? COST_PRECISION_FULL
                             : refetch ? COST_PRECISION_REFETCH
                                       : COST_PRECISION_MSB,
                .n_topk_cycles = (uint64_t)llround(topk_model_cycles(n_keep, n_value, how->n_parallel)),
                .n_topk_elements = (uint64_t)llround(topk_model_elements(n_keep, n_value)),
                .array_joules = 0};
            if (cost_query(cost, &query, &err))
                fail(&err);
        }
    }
    struct cost_answer answer;
    cost_end(cost, &answer);
    cost_destroy(cost);
    return answer;
}

static double operand_bits_read(const struct cost_answer *answer)
{
    return (double)(answer->own.tally.n_key_bits + answer->own.tally.n_value_bits);
}

static void print_spatten_schedule(int number, const struct synthetic_schedule *schedule, const char *paper,
                                   int bits, double refetch_ratio)
{
    struct generation pruned = {.full = true, .n_parallel = 16, .bits = 12};
    struct generation dense = {.full = true, .dense = true, .n_parallel = 16, .bits = 12};
    struct generation released = {
        .full = refetch_ratio <= 0, .n_parallel = 16, .bits = bits, .refetch_ratio = refetch_ratio};
    struct generation serial = released;
    serial.n_parallel = 1;
    struct cost_answer with = generate(schedule, &pruned), without = generate(schedule, &dense);
    struct cost_answer quantised = generate(schedule, &released), slow = generate(schedule, &serial);
    char workload[160];
    snprintf(workload, sizeof workload, "%s schedule, 992 + 32 tokens", schedule->name);
    print_row(number, "spatten: keys, values fetched, fraction", paper, workload,
              "an input: the released trace's summary, here without its heads that are gone", "%.3f, %.3f",
              (double)with.own.tally.n_keys_fetched / (double)with.own.tally.n_visible,
              (double)with.own.tally.n_values_fetched / (double)with.own.tally.n_visible);
    print_row(18, "spatten: DRAM access reduction, x", "10.0 (primary, 30 benchmarks)", workload,
              "one schedule, not their mean over BERT and GPT-2; 12-bit operands unpruned", "%.1f",
              operand_bits_read(&without) / operand_bits_read(&quantised));
    print_row(19, "spatten: token and V pruning, x less DRAM access", "3.8 (primary, GPT-2)", workload,
              "one schedule, not their mean over eight; heads pruned as in the trace", "%.1f",
              operand_bits_read(&without) / operand_bits_read(&with));
    print_row(23, "spatten: parallel top-k, x faster", "3 (primary, GPT-2)", workload,
              "expected cycles of the engine, local top-k only; theirs also ranks tokens", "%.1f",
              slow.own.seconds / quantised.own.seconds);
    if (refetch_ratio > 0)
        print_row(24, "spatten: progressive quantisation, x faster", "2.8 (primary, GPT-2)", workload,
                  "so few keys are left that the top-k engine, not the memory, sets the pace in both", "%.1f",
                  with.own.seconds / quantised.own.seconds);
}

static void print_head_pruning(void)
{
    const struct synthetic_schedule *schedule = &synthetic_gpt2_medium;
    size_t n_left = 0;
    for (size_t layer = 0; layer < schedule->n_layers; layer++)
        n_left += schedule->n_heads_left[layer];
    print_row(20, "spatten: head pruning, x", "1.1 (primary)", schedule->name,
              "from the released heads per layer", "%.2f",
              (double)(schedule->n_layers * schedule->n_heads) / (double)n_left);
}

/* n = 320, d = 64, 25 % candidates, K and V on chip. */
static void print_a3(void)
{
    static const struct {
        uint64_t n_rounds;
        const char *text;
    } cases[] = {{160, "320 tokens, 25 % candidates, 160 search rounds"},
                 {40, "320 tokens, 25 % candidates, 40 search rounds"}};
    for (int i = 0; i < 2; i++) {
        struct synthetic trace = sequence(320, 0);
        struct cost_options options = cost_options_default();
        options.operands_on_chip = true;
        struct cost *cost = open_system("a3", 1, 1, 9, &options);
        struct rs_error err;
        struct cost_sequence one = {.n_tokens = 320};
        uint64_t keep[MAX_TOKENS / 64];
        double scratch[MAX_TOKENS];
        if (cost_begin(cost, &one, &err))
            fail(&err);
        for (size_t t = 0; t < 320; t++) {
            synthetic_query(&trace, 0, 0, t, keep, NULL, NULL, scratch);
            struct cost_query query = {
                .n_visible = 320, .keep = keep, .n_search_rounds = cases[i].n_rounds, .array_joules = 0};
            if (cost_query(cost, &query, &err))
                fail(&err);
        }
        struct cost_answer answer;
        cost_end(cost, &answer);
        cost_destroy(cost);
        print_row(29, "a3: throughput gain of approximation, x", "2.6-7.0 (secondary)", cases[i].text,
                  "the sort is charged once per head; their candidates per task were not found", "%.1f",
                  answer.speedup);
    }
}

int main(void)
{
    printf("| row | quantity | paper says | we get | workload | why they differ |\n"
           "| --- | --- | --- | --- | --- | --- |\n");
    print_sprint();
    print_communication();
    print_leopard();
    print_spatten_schedule(25, &synthetic_gpt2_small, "0.276, 0.055 (authors' data)", 10, 0.07);
    print_spatten_schedule(26, &synthetic_gpt2_medium, "0.538, 0.162 (authors' data)", 12, 0);
    print_head_pruning();
    print_a3();
    struct rs_error err;
    struct text constants = {0};
    constants_print(&constants);
    char *table = text_take(&constants, &err);
    if (!table)
        fail(&err);
    printf("\nConstants of the cost systems:\n\n%s", table);
    free(table);
    return 0;
}
