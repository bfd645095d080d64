/* Rows of LeOPArd and A3: their own decisions on made sequences, K and V on chip. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "digital/bit_serial.h"
#include "digital_heads.h"
#include "papers.h"
#include "score/threshold.h"
#include "tensor/code.h"

enum { LEOPARD_BITS = 12, LEOPARD_TOKENS = 512, A3_BITS = 9, A3_TOKENS = 320 };

static double on_chip_joules(const struct energy *energy)
{
    return energy->joules[ENERGY_SCREEN_OTHER] + energy->joules[ENERGY_BUFFER] +
           energy->joules[ENERGY_COMPUTE] + energy->joules[ENERGY_SOFTMAX];
}

/* The threshold that keeps the given part of all pairs. */
static int64_t serial_threshold(const struct digital_head *head, double keep_ratio)
{
    int64_t *sums = papers_room(head->n * head->n, sizeof *sums);
    for (size_t t = 0; t < head->n; t++)
        for (size_t j = 0; j < head->n; j++)
            sums[t * head->n + j] = code_product(head->q + t * head->d, head->k + j * head->d, head->d);
    double threshold = threshold_keeping(keep_ratio, 1, head->n * head->n, sums);
    free(sums);
    return code_threshold(threshold, 1);
}

/* Feeds one head, with the bits that the bit-serial unit took of each pruned key. */
static void feed_serial(const struct digital_head *head, double keep_ratio, struct bit_serial_tally *tally,
                        struct cost *cost)
{
    struct rs_error err;
    struct bit_serial_keys *keys;
    const struct bit_serial_shape shape = {head->d, LEOPARD_BITS - 1, 2};
    const struct bit_serial_stop stop = {.drops = true, .threshold = serial_threshold(head, keep_ratio)};
    if (bit_serial_keys_create(head->n, &shape, kernel_chosen(), &keys, &err))
        fail(&err);
    bit_serial_keys_load(keys, head->n, head->k);
    for (size_t t = 0; t < head->n; t++) {
        struct bit_serial_result results[LEOPARD_TOKENS];
        uint64_t keep[LEOPARD_TOKENS / 64] = {0};
        uint8_t bits[LEOPARD_TOKENS];
        bit_serial_batch(keys, head->q + t * head->d, head->n, NULL, &stop, results);
        bit_serial_count(results, head->n, NULL, stop.threshold, tally);
        for (size_t j = 0; j < head->n; j++) {
            bool kept = results[j].end == BIT_SERIAL_WHOLE && results[j].sum >= stop.threshold;
            bits[j] = kept ? 0 : results[j].n_bits;
            if (kept)
                bits_set(keep, j);
        }
        struct cost_query query = {.n_visible = head->n, .keep = keep, .bits = bits, .array_joules = 0};
        if (cost_query(cost, &query, &err))
            fail(&err);
    }
    bit_serial_keys_destroy(keys);
}

void print_leopard(void)
{
    static const double keep_ratios[] = {0.1, 0.25, 0.4};
    struct rs_error err;
    struct qkv qkv;
    struct sequence sequence = sequence_as_measured();
    sequence.n_heads = 2;
    if (sequence_make(&sequence, &qkv, &err))
        fail(&err);
    for (int i = 0; i < 3; i++) {
        struct cost_options options = cost_options_default();
        options.operands_on_chip = true;
        struct cost *cost = open_system("leopard-ae", 1, 2, LEOPARD_TOKENS, LEOPARD_BITS, &options);
        struct bit_serial_tally tally = {0};
        for (int h = 0; h < 2; h++) {
            struct digital_head head;
            struct cost_sequence one = {.head = (size_t)h, .n_tokens = LEOPARD_TOKENS};
            digital_head_make(&qkv, h, LEOPARD_BITS, &head);
            if (cost_begin(cost, &one, &err))
                fail(&err);
            feed_serial(&head, keep_ratios[i], &tally, cost);
            digital_head_clear(&head);
        }
        struct cost_answer answer = close_system(cost);
        char workload[128];
        snprintf(workload, sizeof workload, "512 tokens as measured, %.0f %% kept, 12 bits",
                 100 * keep_ratios[i]);
        print_row(
            16, "leopard-ae: speedup / energy reduction, x", "1.9 / 3.9 (primary)", workload,
            "the tile is remembered only; their keep rates and bits at the stop were not found; softmax at "
            "float energies on both sides",
            "%.1f / %.1f, pruned keys stop after %.1f of 11 bits", answer.speedup,
            on_chip_joules(&answer.unpruned.energy) / on_chip_joules(&answer.own.energy),
            bit_serial_mean_bits(&tally.pruned));
    }
    qkv_clear(&qkv);
}

void print_a3(void)
{
    static const struct {
        size_t n_rounds;
        double share;
        const char *accuracy, *text;
    } schemes[] = {
        {A3_TOKENS / 2, 0.05, "1-1.6 (secondary)", "320 tokens as measured, conservative: n / 2 rounds, 5 %"},
        {A3_TOKENS / 8, 0.10, "8-9 (secondary)", "320 tokens as measured, aggressive: n / 8 rounds, 10 %"}};
    struct rs_error err;
    struct qkv qkv;
    struct digital_head head;
    struct digital_a3 a3;
    struct sequence sequence = sequence_as_measured();
    sequence.n_tokens = A3_TOKENS;
    if (sequence_make(&sequence, &qkv, &err))
        fail(&err);
    digital_head_make(&qkv, 0, A3_BITS, &head);
    digital_a3_make(&head, A3_TOKENS, &a3);
    for (int i = 0; i < 2; i++) {
        struct cost_options options = cost_options_default();
        options.operands_on_chip = true;
        struct cost *cost = open_system("a3", 1, 1, A3_TOKENS, A3_BITS, &options);
        struct cost_sequence one = {.n_tokens = A3_TOKENS};
        double probabilities[A3_TOKENS], lost = 0, not_found = 0;
        if (cost_begin(cost, &one, &err))
            fail(&err);
        for (size_t t = 0; t < A3_TOKENS; t++) {
            uint64_t keep[A3_TOKENS / 64], survive[A3_TOKENS / 64];
            digital_a3_choose(&a3, &head, t, A3_TOKENS, schemes[i].n_rounds, schemes[i].share, keep, survive);
            digital_head_softmax(&head, t, A3_TOKENS, probabilities);
            for (size_t j = 0; j < A3_TOKENS; j++) {
                not_found += bits_get(keep, j) ? 0 : probabilities[j] / A3_TOKENS;
                lost += bits_get(survive, j) ? 0 : probabilities[j] / A3_TOKENS;
            }
            struct cost_query query = {.n_visible = A3_TOKENS,
                                       .keep = keep,
                                       .survive = survive,
                                       .n_search_rounds = schemes[i].n_rounds,
                                       .array_joules = 0};
            if (cost_query(cost, &query, &err))
                fail(&err);
        }
        struct cost_answer answer = close_system(cost);
        double n_pairs = (double)answer.own.tally.n_visible;
        print_row(
            29, "a3: throughput gain of approximation, x", "2.6-7.0 (secondary)", schemes[i].text,
            "rounds, shares and the search's details are remembered only; the sort is charged once per head",
            "%.1f, %.0f %% candidates, %.0f %% survive", answer.speedup,
            100 * (double)answer.own.tally.n_kept / n_pairs,
            100 * (double)answer.own.tally.n_survived / n_pairs);
        print_row(30, "a3: accuracy loss, %", schemes[i].accuracy, schemes[i].text,
                  "mass, not accuracy: these sequences have no task", "%.1f %% of the softmax mass",
                  100 * lost);
    }
    digital_a3_clear(&a3);
    digital_head_clear(&head);
    qkv_clear(&qkv);
}
