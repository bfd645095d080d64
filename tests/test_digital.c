/* The bit-serial unit on every kernel: never a wrong decision, exact where whole, bits and cycles as counted
 * bit by bit. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "digital/bit_serial.h"
#include "numeric/random.h"
#include "tensor/code.h"

TestSuite(digital, .timeout = 60);

enum { KEYS_MAX = 150, SIZE_MAX_D = 1000 };

struct draws {
    struct random_key key;
    uint32_t n;
};

static struct draws draws_of(uint64_t seed, uint32_t which)
{
    return (struct draws){.key = {.seed = seed, .purpose = RANDOM_PROBE, .draw = which}};
}

/* A whole number in 0 ... n-1, the next of its row. */
static int draw(struct draws *draws, int n)
{
    return (int)random_integer(&draws->key, draws->n++, (uint32_t)n);
}

static int draw_code(struct draws *draws, int limit)
{
    return draw(draws, 2 * limit + 1) - limit;
}

/* One key; some have a shape that brings the bounds close: all bits set, against or along q, one bit, zeros.
 */
static void draw_key(struct draws *draws, const int16_t *query, size_t d, int bits, int16_t *key)
{
    int limit = (1 << bits) - 1, shape = draw(draws, 12), bit = 1 << draw(draws, bits);
    for (size_t i = 0; i < d; i++) {
        int along = query[i] < 0 ? -1 : 1, code = draw_code(draws, limit);
        const int shapes[] = {along * limit, -along * limit, code < 0 ? -bit : bit, code & 1, 0,
                              limit,         -limit};
        key[i] = (int16_t)(shape < 7 ? shapes[shape] : code);
    }
}

static void draw_query(struct draws *draws, size_t d, int limit, int16_t *query)
{
    int shape = draw(draws, 8);
    for (size_t i = 0; i < d; i++) {
        const int shapes[] = {limit, -limit, 0, i % 2 ? limit : -limit};
        query[i] = (int16_t)(shape < 4 ? shapes[shape] : draw_code(draws, limit));
    }
}

/* What the unit should do, bit by bit: the largest and the smallest product that the unseen bits allow. */
static struct bit_serial_result serial_oracle(const int16_t *query, const int16_t *key,
                                              const struct bit_serial_shape *shape,
                                              const struct bit_serial_stop *stop)
{
    struct bit_serial_result result = {0};
    for (int seen = 0; seen < shape->magnitude_bits;) {
        seen += shape->bits_per_cycle;
        seen = seen < shape->magnitude_bits ? seen : shape->magnitude_bits;
        int unseen = shape->magnitude_bits - seen;
        int64_t sum = 0, high = 0, low = 0;
        for (size_t i = 0; i < shape->d; i++) {
            int sign = key[i] < 0 ? -1 : 1, known = abs(key[i]) >> unseen << unseen, rest = (1 << unseen) - 1;
            int64_t least = (int64_t)query[i] * sign * known;
            int64_t most = (int64_t)query[i] * sign * (known + rest);
            sum += least;
            high += most > least ? most : least;
            low += most < least ? most : least;
        }
        result.sum = sum;
        result.n_bits = (uint8_t)seen;
        result.n_cycles++;
        if (unseen > 0 && stop->drops && high < stop->threshold)
            result.end = BIT_SERIAL_DROPPED;
        else if (unseen > 0 && stop->keeps && low >= stop->threshold)
            result.end = BIT_SERIAL_KEPT;
        if (result.end != BIT_SERIAL_WHOLE)
            break;
    }
    return result;
}

static int64_t plain_product(const int16_t *query, const int16_t *key, size_t d)
{
    int64_t sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += (int64_t)query[i] * key[i];
    return sum;
}

static bool same(const struct bit_serial_result *a, const struct bit_serial_result *b)
{
    return a->sum == b->sum && a->n_bits == b->n_bits && a->n_cycles == b->n_cycles && a->end == b->end;
}

struct batch {
    struct bit_serial_shape shape;
    size_t n;
    int16_t query[SIZE_MAX_D], *codes;
    bool chosen[KEYS_MAX];
    struct bit_serial_result results[KEYS_MAX];
    int n_dropped, n_kept_early;
};

static void check_key(struct batch *batch, size_t j, const struct bit_serial_stop *stop, uint32_t which)
{
    const int16_t *key = batch->codes + j * batch->shape.d;
    const struct bit_serial_result *r = &batch->results[j];
    struct bit_serial_result expected = serial_oracle(batch->query, key, &batch->shape, stop);
    int64_t exact = plain_product(batch->query, key, batch->shape.d);
    cr_assert(r->end != BIT_SERIAL_DROPPED || exact < stop->threshold, "case %u: a kept key is lost", which);
    cr_assert(r->end != BIT_SERIAL_KEPT || exact >= stop->threshold, "case %u: a pruned key stays", which);
    cr_assert(r->end != BIT_SERIAL_WHOLE || r->sum == exact, "case %u: the sum is wrong", which);
    cr_assert(same(r, &expected), "case %u key %zu: %d bits, %d cycles, end %d; %d, %d, %d expected", which,
              j, r->n_bits, r->n_cycles, r->end, expected.n_bits, expected.n_cycles, expected.end);
    batch->n_dropped += r->end == BIT_SERIAL_DROPPED;
    batch->n_kept_early += r->end == BIT_SERIAL_KEPT;
}

/* Thresholds around one key's own product, so that some key is always at the border. */
static void check_batch(struct draws *draws, struct batch *batch, struct bit_serial_keys *keys,
                        uint32_t which)
{
    const struct bit_serial_result untouched = {.sum = -12345, .n_bits = 99};
    for (int t = 0; t < 4; t++) {
        const int16_t *key = batch->codes + (size_t)draw(draws, (int)batch->n) * batch->shape.d;
        const int shifts[] = {0, 1, -draw(draws, 1000), draw(draws, 1 << 20)};
        struct bit_serial_stop stop = {.drops = draw(draws, 4) > 0,
                                       .keeps = draw(draws, 2) > 0,
                                       .threshold =
                                           plain_product(batch->query, key, batch->shape.d) + shifts[t]};
        bool all = draw(draws, 2) > 0;
        for (size_t j = 0; j < batch->n; j++) {
            batch->chosen[j] = all || draw(draws, 3) == 0;
            batch->results[j] = untouched;
        }
        bit_serial_batch(keys, batch->query, batch->n, all ? NULL : batch->chosen, &stop, batch->results);
        for (size_t j = 0; j < batch->n; j++)
            if (batch->chosen[j])
                check_key(batch, j, &stop, which);
            else
                cr_assert(same(&batch->results[j], &untouched), "case %u: not chosen, yet written", which);
    }
}

/* Keys are loaded in place of more keys before; the last block is never full of the right ones. */
static void check_case(struct batch *batch, uint64_t seed, uint32_t which, size_t d, int bits, size_t n_max)
{
    struct draws draws = draws_of(seed, which);
    batch->shape = (struct bit_serial_shape){d, bits, 1 + draw(&draws, 4)};
    batch->codes = calloc(n_max * d, sizeof *batch->codes);
    struct bit_serial_keys *keys = NULL;
    for (int k = 0; k < N_KERNELS; k++) {
        if (!kernel_runs((enum kernel)k))
            continue;
        cr_assert_eq(bit_serial_keys_create(n_max, &batch->shape, (enum kernel)k, &keys, NULL), RS_OK);
        for (int load = 0; load < 2; load++) {
            batch->n = load == 0 ? n_max : 1 + (size_t)draw(&draws, (int)n_max);
            draw_query(&draws, d, (1 << (draw(&draws, 2) ? bits : 15)) - 1, batch->query);
            for (size_t j = 0; j < batch->n; j++)
                draw_key(&draws, batch->query, d, bits, batch->codes + j * d);
            bit_serial_keys_load(keys, batch->n, batch->codes);
            check_batch(&draws, batch, keys, which);
        }
        bit_serial_keys_destroy(keys);
    }
    free(batch->codes);
}

Test(digital, no_key_is_ever_dropped_or_kept_wrongly)
{
    static struct batch batch;
    const size_t sizes[] = {1, 2, 7, 24, 64, 65};
    for (uint32_t i = 0; i < 600; i++)
        check_case(&batch, 7, i, sizes[i % 6], 1 + (int)(i / 6 % 15), 1 + i % 97);
    cr_assert(batch.n_dropped > 2000 && batch.n_kept_early > 2000, "%d dropped, %d kept early",
              batch.n_dropped, batch.n_kept_early);
}

/* 2 elements of 3 magnitude bits: every query up to 3, every key, every threshold that matters. */
Test(digital, of_all_small_vectors_none_is_dropped_or_kept_wrongly)
{
    enum { N_KEYS = 15 * 15, REACH = 2 * 3 * 7 + 1 };
    int16_t keys[N_KEYS][2];
    struct bit_serial_result results[N_KEYS];
    int n_early = 0;
    for (int j = 0; j < N_KEYS; j++) {
        keys[j][0] = (int16_t)(j % 15 - 7);
        keys[j][1] = (int16_t)(j / 15 - 7);
    }
    for (int c = 0; c < 3 * N_KERNELS; c++) {
        const struct bit_serial_shape shape = {2, 3, 1 + c % 3};
        struct bit_serial_keys *packed = NULL;
        if (!kernel_runs((enum kernel)(c / 3)))
            continue;
        cr_assert_eq(bit_serial_keys_create(N_KEYS, &shape, (enum kernel)(c / 3), &packed, NULL), RS_OK);
        bit_serial_keys_load(packed, N_KEYS, keys[0]);
        for (int i = 0; i < 7 * 7 * (2 * REACH + 1); i++) {
            const int16_t query[2] = {(int16_t)(i % 7 - 3), (int16_t)(i / 7 % 7 - 3)};
            const struct bit_serial_stop stop = {.drops = true, .keeps = true, .threshold = i / 49 - REACH};
            bit_serial_batch(packed, query, N_KEYS, NULL, &stop, results);
            for (int j = 0; j < N_KEYS; j++) {
                int exact = query[0] * keys[j][0] + query[1] * keys[j][1];
                bool early = results[j].end != BIT_SERIAL_WHOLE, kept = results[j].end == BIT_SERIAL_KEPT;
                cr_assert(early ? kept == (exact >= stop.threshold) : results[j].sum == exact,
                          "case %d: q (%d, %d), k (%d, %d), threshold %d", c, query[0], query[1], keys[j][0],
                          keys[j][1], (int)stop.threshold);
                n_early += early;
            }
        }
        bit_serial_keys_destroy(packed);
    }
    cr_assert(n_early > 1000000, "%d ended early", n_early);
}

Test(digital, long_vectors_of_every_width_are_exact)
{
    static struct batch batch;
    for (uint32_t i = 0; i < 22; i++)
        check_case(&batch, 8, i, i % 2 ? 1000 : 999, 1 + (int)(i / 2), 3 + i);
}

/* 2^15 - 1 everywhere: sums of more elements than 32 bits hold, over more pairs than are added at once. */
Test(digital, the_largest_sums_are_exact)
{
    enum { D = 9001 };
    const struct bit_serial_shape shape = {D, 15, 4};
    const struct bit_serial_stop stop = {.drops = true, .keeps = true, .threshold = INT64_MAX};
    static int16_t query[D], codes[2 * D];
    struct bit_serial_result results[2];
    for (int i = 0; i < D; i++) {
        query[i] = -32768;
        codes[i] = -32767;
        codes[D + i] = 32767;
    }
    for (int k = 0; k < N_KERNELS; k++) {
        struct bit_serial_keys *keys = NULL;
        if (!kernel_runs((enum kernel)k))
            continue;
        cr_assert_eq(bit_serial_keys_create(2, &shape, (enum kernel)k, &keys, NULL), RS_OK);
        bit_serial_keys_load(keys, 2, codes);
        bit_serial_batch(keys, query, 2, NULL, &(struct bit_serial_stop){0}, results);
        cr_assert_eq(results[0].sum, (int64_t)D * 32768 * 32767);
        cr_assert_eq(results[1].sum, (int64_t)-D * 32768 * 32767);
        cr_assert(results[0].n_bits == 15 && results[0].n_cycles == 4 && results[1].n_bits == 15);
        bit_serial_batch(keys, query, 2, NULL, &stop, results);
        cr_assert(results[0].end == BIT_SERIAL_DROPPED && results[0].n_bits == 4);
        bit_serial_keys_destroy(keys);
    }
}

static struct bit_serial_result one_product(int q, int k, int bits_per_cycle, bool keeps, int64_t threshold)
{
    const struct bit_serial_shape shape = {1, 4, bits_per_cycle};
    const struct bit_serial_stop stop = {.drops = true, .keeps = keeps, .threshold = threshold};
    const int16_t query = (int16_t)q, key = (int16_t)k;
    struct bit_serial_result result = {0};
    struct bit_serial_keys *keys = NULL;
    cr_assert_eq(bit_serial_keys_create(1, &shape, kernel_chosen(), &keys, NULL), RS_OK);
    bit_serial_keys_load(keys, 1, &key);
    bit_serial_batch(keys, &query, 1, NULL, &stop, &result);
    bit_serial_keys_destroy(keys);
    return result;
}

/* q = 1, k = 0b1000: after the top bit the bounds are 8 and 15; q = 1, k = 0b0111: 0 and 7. */
Test(digital, small_cases_by_hand)
{
    const struct hand_case {
        int q, k, bits_per_cycle;
        bool keeps;
        int64_t threshold;
        struct bit_serial_result expected;
    } cases[] = {
        {1, 7, 1, false, 8, {0, 1, 1, BIT_SERIAL_DROPPED}},
        {1, 7, 1, false, 7, {7, 4, 4, BIT_SERIAL_WHOLE}},
        {1, 8, 1, false, 10, {8, 3, 3, BIT_SERIAL_DROPPED}}, /* upper bounds 15, 11, 9 */
        {1, 8, 1, false, 9, {8, 4, 4, BIT_SERIAL_WHOLE}},
        {-1, 8, 1, false, -7, {-8, 1, 1, BIT_SERIAL_DROPPED}},
        {-1, 7, 2, false, -6, {-7, 4, 2, BIT_SERIAL_WHOLE}}, /* after 2 bits: -7 ... -4 */
        {1, 8, 1, true, 8, {8, 1, 1, BIT_SERIAL_KEPT}},
        {1, 7, 1, true, 6, {6, 3, 3, BIT_SERIAL_KEPT}}, /* lower bounds 0, 4, 6 */
        {-1, 7, 3, true, -7, {-6, 3, 1, BIT_SERIAL_KEPT}},
        {-1, 8, 1, true, -8, {-8, 4, 4, BIT_SERIAL_WHOLE}}, /* lower bounds -15, -11, -9 */
        {-1, 0, 4, true, 0, {0, 4, 1, BIT_SERIAL_WHOLE}},   /* nothing is unseen after the only cycle */
        {0, 15, 1, true, 0, {0, 1, 1, BIT_SERIAL_KEPT}},
        {0, 15, 1, true, 1, {0, 1, 1, BIT_SERIAL_DROPPED}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct hand_case *c = &cases[i];
        struct bit_serial_result r = one_product(c->q, c->k, c->bits_per_cycle, c->keeps, c->threshold);
        cr_assert(same(&r, &c->expected), "case %zu: sum %d, %d bits, end %d", i, (int)r.sum, r.n_bits,
                  r.end);
    }
}

Test(digital, thresholds_at_their_limits_drop_everything_or_nothing)
{
    struct bit_serial_result r = one_product(32767, 15, 2, false, code_threshold(1e300, 1));
    cr_assert(r.end == BIT_SERIAL_DROPPED && r.n_bits == 2);
    r = one_product(32767, 15, 2, false, code_threshold(-1e300, 1));
    cr_assert(r.end == BIT_SERIAL_WHOLE && r.sum == 15 * 32767);
    cr_assert_eq(one_product(1, 15, 1, true, INT64_MIN).end, BIT_SERIAL_KEPT);
    cr_assert_eq(one_product(1, 15, 1, true, INT64_MAX).end, BIT_SERIAL_DROPPED);
}

Test(digital, averages_part_pruned_scores_from_kept_ones)
{
    const struct bit_serial_result results[] = {
        {9, 8, 4, BIT_SERIAL_WHOLE}, {1, 8, 4, BIT_SERIAL_WHOLE},   {3, 2, 1, BIT_SERIAL_DROPPED},
        {20, 4, 2, BIT_SERIAL_KEPT}, {7, 3, 2, BIT_SERIAL_DROPPED},
    };
    const bool chosen[] = {true, true, true, true, false};
    struct bit_serial_tally tally = {0};
    cr_assert(isnan(bit_serial_mean_bits(&tally.kept)) && isnan(bit_serial_mean_cycles(&tally.pruned)));
    bit_serial_count(results, 5, chosen, 5, &tally);
    cr_assert(tally.kept.n_scores == 2 && tally.kept.n_early == 1);
    cr_assert(tally.pruned.n_scores == 2 && tally.pruned.n_early == 1);
    cr_assert(bit_serial_mean_bits(&tally.kept) == 6.0 && bit_serial_mean_cycles(&tally.kept) == 3.0);
    cr_assert(bit_serial_mean_bits(&tally.pruned) == 5.0 && bit_serial_mean_cycles(&tally.pruned) == 2.5);
    bit_serial_count(results, 5, NULL, 5, &tally);
    cr_assert(tally.pruned.n_scores == 5 && tally.kept.n_scores == 4);
}

static void make_keys(int magnitude_bits, int bits_per_cycle)
{
    struct bit_serial_keys *keys = NULL;
    const struct bit_serial_shape shape = {4, magnitude_bits, bits_per_cycle};
    cr_assert_eq(bit_serial_keys_create(2, &shape, KERNEL_BASELINE, &keys, NULL), RS_OK);
    const int16_t codes[] = {1, 2, 3, 8, 0, 0, 0, 0, 0, 0, 0, 0};
    bit_serial_keys_load(keys, magnitude_bits == 4 ? 3 : 2, codes);
}

Test(digital, more_keys_than_there_is_room_for_abort, .signal = SIGABRT)
{
    cr_redirect_stderr();
    make_keys(4, 1);
}

Test(digital, a_code_of_too_many_bits_aborts, .signal = SIGABRT)
{
    cr_redirect_stderr();
    make_keys(3, 1);
}

Test(digital, no_magnitude_bits_abort, .signal = SIGABRT)
{
    cr_redirect_stderr();
    make_keys(0, 1);
}

Test(digital, more_than_four_bits_per_cycle_abort, .signal = SIGABRT)
{
    cr_redirect_stderr();
    make_keys(8, 5);
}
