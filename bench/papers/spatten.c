/* SpAtten's rows: generation with the keep rates of its released traces as inputs; A3 and MnnFast beside it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cost/synthetic.h"
#include "cost/topk_model.h"
#include "digital/mnnfast.h"
#include "digital/progressive.h"
#include "digital_heads.h"
#include "papers.h"

/* Of SpAtten's benchmarks: 992 tokens given, 32 generated. */
enum { N_GIVEN = 992, N_GENERATED = 32, MAX_TOKENS = N_GIVEN + N_GENERATED, MAX_WORDS = MAX_TOKENS / 64 };

/* How a generation is costed. */
struct generation {
    bool full;         /* operands whole, no progressive quantisation */
    bool dense;        /* everything kept */
    size_t n_parallel; /* of the top-k engine */
    int bits;
    double refetch_ratio;
    int64_t n_units, n_channels; /* -1: SpAtten's own */
};

/* The schedule's first keys are the kept ones: which they are does not matter where nothing stays on chip. */
static struct cost_answer generate(const struct synthetic_schedule *schedule, const struct generation *how)
{
    struct cost_options options = cost_options_default();
    options.n_units = how->n_units;
    options.n_channels = how->n_channels;
    struct cost *cost =
        open_system("spatten", schedule->n_layers, schedule->n_heads, MAX_TOKENS, how->bits, &options);
    struct rs_error err;
    uint64_t keep[MAX_WORDS], value[MAX_WORDS];
    double n_refetched = 0; /* carried on, so that every 1 / refetch_ratio-th query needs its LSBs */
    for (size_t i = 0; i < schedule->n_layers * schedule->n_heads; i++) {
        size_t layer = i / schedule->n_heads, head = i % schedule->n_heads;
        struct cost_sequence one = {.layer = layer,
                                    .head = head,
                                    .n_tokens = MAX_TOKENS,
                                    .separate = true,
                                    .pruned = !how->dense && head >= schedule->n_heads_left[layer]};
        if (cost_begin(cost, &one, &err))
            fail(&err);
        for (size_t t = 0; t < N_GENERATED; t++) {
            size_t n = N_GIVEN + t + 1;
            size_t n_keep = how->dense ? n : (size_t)lround(schedule->key_ratio[layer] * (double)n);
            size_t n_value = how->dense ? n : (size_t)lround(schedule->value_ratio[layer] * (double)n);
            for (size_t w = 0; w < MAX_WORDS; w++) {
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
    return close_system(cost);
}

static double operand_bits_read(const struct cost_answer *answer)
{
    return (double)(answer->own.tally.n_key_bits + answer->own.tally.n_value_bits);
}

static void print_spatten_schedule(int number, const struct synthetic_schedule *schedule, const char *paper,
                                   int bits, double refetch_ratio)
{
    struct generation pruned = {.full = true, .n_parallel = 16, .bits = 12, .n_units = -1, .n_channels = -1};
    struct generation dense = pruned, released = pruned;
    dense.dense = true;
    released.full = refetch_ratio <= 0;
    released.bits = bits;
    released.refetch_ratio = refetch_ratio;
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

/* Share of generated queries whose largest probability stays below the bound, by the 6 most significant of 10
 * bits. */
static void print_refetch(const struct qkv *qkv)
{
    static const double bounds[] = {0.1, 0.05};
    size_t n_needed[2] = {0}, n = 0;
    for (int h = 0; h < qkv->n_heads; h++) {
        struct digital_head head;
        double probabilities[MAX_TOKENS];
        digital_head_make(qkv, h, 10, &head);
        for (size_t t = N_GIVEN; t < MAX_TOKENS; t++, n++)
            for (int i = 0; i < 2; i++) {
                const struct progressive_unit unit = {6, 4, bounds[i]};
                n_needed[i] += progressive_run(&unit, head.q + t * head.d, head.k, t + 1, head.d,
                                               head.score_unit, probabilities)
                                   .took_lsb;
            }
        digital_head_clear(&head);
    }
    print_row(21, "spatten: inputs that need LSBs, %",
              "5.9 at a bound of 0.1 (primary); 7.0 at 0.05 (their trace)",
              "4 heads as measured, 992 + 32 tokens, 6 + 4 bits",
              "how flat the attention is decides, and that is another model's", "%.1f at 0.1, %.1f at 0.05",
              100 * (double)n_needed[0] / (double)n, 100 * (double)n_needed[1] / (double)n);
}

void print_spatten(void)
{
    print_spatten_schedule(25, &synthetic_gpt2_small, "0.276, 0.055 (authors' data)", 10, 0.07);
    print_spatten_schedule(26, &synthetic_gpt2_medium, "0.538, 0.162 (authors' data)", 12, 0);
    print_head_pruning();
}

/* --- beside A3 and MnnFast --- */

/* What A3 and MnnFast choose of the heads of a made sequence: [head][generated token]. */
struct choices {
    uint64_t (*candidates)[N_GENERATED][MAX_WORDS], (*survivors)[N_GENERATED][MAX_WORDS],
        (*values)[N_GENERATED][MAX_WORDS];
};

/* A3 as it is remembered to be conservative: n / 2 rounds, 5 %; MnnFast's bound 0.1 is remembered too. */
static void choose(const struct qkv *qkv, struct choices *out)
{
    size_t n_heads = (size_t)qkv->n_heads;
    out->candidates = papers_room(n_heads, sizeof *out->candidates);
    out->survivors = papers_room(n_heads, sizeof *out->survivors);
    out->values = papers_room(n_heads, sizeof *out->values);
    for (int h = 0; h < qkv->n_heads; h++) {
        struct digital_head head;
        digital_head_make(qkv, h, 12, &head);
        for (size_t i = 0; i < N_GENERATED; i++) {
            size_t t = N_GIVEN + i, n = t + 1;
            double probabilities[MAX_TOKENS];
            bool kept[MAX_TOKENS];
            struct digital_a3 a3;
            digital_a3_make(&head, n, &a3);
            digital_a3_choose(&a3, &head, t, n, n / 2, 0.05, out->candidates[h][i], out->survivors[h][i]);
            digital_a3_clear(&a3);
            digital_head_softmax(&head, t, n, probabilities);
            mnnfast_keep(probabilities, n, 0.1, kept);
            digital_pack(kept, n, out->values[h][i]);
        }
        digital_head_clear(&head);
    }
}

static struct cost_answer other_system(const char *name, const struct synthetic_schedule *schedule,
                                       const struct choices *choices, size_t n_made, bool on_chip)
{
    struct cost_options options = cost_options_default();
    options.operands_on_chip = on_chip;
    struct cost *cost = open_system(name, schedule->n_layers, schedule->n_heads, MAX_TOKENS, 12, &options);
    struct rs_error err;
    for (size_t i = 0; i < schedule->n_layers * schedule->n_heads; i++) {
        struct cost_sequence one = {.layer = i / schedule->n_heads,
                                    .head = i % schedule->n_heads,
                                    .n_tokens = MAX_TOKENS,
                                    .separate = true};
        if (cost_begin(cost, &one, &err))
            fail(&err);
        for (size_t t = 0; t < N_GENERATED; t++) {
            size_t n = N_GIVEN + t + 1, made = i % n_made;
            uint64_t all[MAX_WORDS];
            for (size_t w = 0; w < MAX_WORDS; w++)
                all[w] = bits_below(w, n);
            bool a3 = name[0] == 'a';
            struct cost_query query = {.n_visible = n,
                                       .keep = a3 ? choices->candidates[made][t] : all,
                                       .survive = a3 ? choices->survivors[made][t] : NULL,
                                       .value = a3 ? NULL : choices->values[made][t],
                                       .n_search_rounds = n / 2,
                                       .array_joules = 0};
            if (cost_query(cost, &query, &err))
                fail(&err);
        }
    }
    return close_system(cost);
}

static double on_chip_joules(const struct energy *energy)
{
    return energy->without_writes_joules - energy->joules[ENERGY_FETCH];
}

/* All products of all heads, two operations each, whatever was left out. */
static double operations_per_second(const struct synthetic_schedule *schedule,
                                    const struct cost_answer *answer)
{
    double n_pairs =
        (double)(schedule->n_layers * schedule->n_heads) * N_GENERATED * (N_GIVEN + (N_GENERATED + 1) / 2.0);
    return 2 * 2 * 64 * n_pairs / answer->own.seconds;
}

static void print_ratios(const struct synthetic_schedule *schedule, const struct cost_answer *eighth,
                         const struct choices *choices, size_t n_made)
{
    static const struct {
        const char *name, *quantity, *paper;
        int number;
    } rows[] = {{"a3", "spatten with an eighth of its units against a3: throughput, energy, x",
                 "1.6, 1.4; 360, 221 GOP/s (primary)", 27},
                {"mnnfast", "spatten with an eighth of its units against mnnfast: throughput, energy, x",
                 "3.0, 3.2; 360, 120 GOP/s (primary)", 28}};
    char workload[160];
    snprintf(workload, sizeof workload, "%s schedule, 992 + 32 tokens; others choose on 4 heads as measured",
             schedule->name);
    for (int i = 0; i < 2; i++) {
        struct cost_answer other = other_system(rows[i].name, schedule, choices, n_made, false);
        struct cost_answer loaded = other_system(rows[i].name, schedule, choices, n_made, true);
        print_row(
            rows[i].number, rows[i].quantity, rows[i].paper, workload,
            "generation only, where all wait for 64 GB/s; SpAtten's authors take A3 as 128 GOP/s times 1.73, "
            "whatever memory gives; DRAM at 20 pJ/bit beside the others, HBM at 3.9 beside SpAtten "
            "(assumed); "
            "area is not modelled",
            "%.1f, %.1f; %.0f, %.0f GOP/s; with the other's K and V on chip %.1f, %.1f",
            other.own.seconds / eighth->own.seconds,
            other.own.energy.without_writes_joules / eighth->own.energy.without_writes_joules,
            operations_per_second(schedule, eighth) / 1e9, operations_per_second(schedule, &other) / 1e9,
            loaded.own.seconds / eighth->own.seconds,
            on_chip_joules(&loaded.own.energy) / on_chip_joules(&eighth->own.energy));
    }
}

void print_comparison(void)
{
    struct sequence sequence = sequence_as_measured();
    struct rs_error err;
    struct qkv qkv;
    struct choices choices;
    sequence.n_tokens = MAX_TOKENS;
    sequence.n_heads = 4;
    sequence.causal = true;
    if (sequence_make(&sequence, &qkv, &err))
        fail(&err);
    print_refetch(&qkv);
    choose(&qkv, &choices);
    const struct generation small = {
        .n_parallel = 2, .bits = 10, .refetch_ratio = 0.07, .n_units = 1, .n_channels = 2};
    const struct generation medium = {
        .full = true, .n_parallel = 2, .bits = 12, .n_units = 1, .n_channels = 2};
    struct cost_answer answer = generate(&synthetic_gpt2_small, &small);
    print_ratios(&synthetic_gpt2_small, &answer, &choices, 4);
    answer = generate(&synthetic_gpt2_medium, &medium);
    print_ratios(&synthetic_gpt2_medium, &answer, &choices, 4);
    free(choices.candidates);
    free(choices.survivors);
    free(choices.values);
    qkv_clear(&qkv);
}
