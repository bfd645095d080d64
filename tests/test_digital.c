/* The bit-serial product: never a false prune, exact where not dropped, bits and cycles as counted. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "digital/bit_serial.h"
#include "numeric/random.h"
#include "tensor/code.h"

TestSuite(digital, .timeout = 60);

enum { D = 24 };

struct draws {
    struct random_key key;
    uint32_t n;
};

/* A whole number in 0 ... n-1, the next of its row. */
static int draw(struct draws *draws, int n)
{
    return (int)random_integer(&draws->key, draws->n++, (uint32_t)n);
}

static int draw_code(struct draws *draws, int limit)
{
    return draw(draws, 2 * limit + 1) - limit;
}

/* Every eighth pair has one of the shapes that bring the bound close: all bits set, one sign, one bit, zeros.
 */
static void draw_pair(struct draws *draws, int limit, int16_t *query, int16_t *key)
{
    int shape = draw(draws, 16), bit = 1 << draw(draws, 15);
    for (int i = 0; i < D; i++) {
        query[i] = (int16_t)draw_code(draws, limit);
        key[i] = (int16_t)draw_code(draws, limit);
        if (shape == 0)
            key[i] = (int16_t)(query[i] < 0 ? -limit : limit);
        else if (shape == 1)
            key[i] = (int16_t)(query[i] < 0 ? limit : -limit);
        else if (shape == 2)
            query[i] = (int16_t)limit;
        else if (shape == 3)
            key[i] = (int16_t)(bit <= limit ? (key[i] < 0 ? -bit : bit) : 0);
        else if (shape == 4)
            query[i] = 0;
        else if (shape == 5)
            key[i] = (int16_t)(key[i] & 1);
    }
}

static int64_t plain_product(const int16_t *query, const int16_t *key)
{
    int64_t sum = 0;
    for (int i = 0; i < D; i++)
        sum += (int64_t)query[i] * key[i];
    return sum;
}

static void check_result(const int16_t *query, const int16_t *key, int bits, int per_cycle, int64_t threshold)
{
    int64_t exact = plain_product(query, key);
    struct bit_serial_result r = bit_serial_product(query, key, D, bits, per_cycle, true, threshold);
    if (r.dropped)
        cr_assert_lt(exact, threshold, "a kept key is lost: %d bits, %d per cycle", bits, per_cycle);
    else
        cr_assert(r.sum == exact && r.n_bits == bits);
    cr_assert_eq(r.n_cycles, (r.n_bits + per_cycle - 1) / per_cycle);
    cr_assert(r.n_bits >= 1 && r.n_bits <= bits && (r.n_bits == bits || r.n_bits % per_cycle == 0));
}

Test(digital, no_kept_key_is_ever_dropped)
{
    for (int i = 0; i < 100000; i++) {
        struct draws draws = {.key = {.seed = 7, .purpose = RANDOM_PROBE, .draw = (uint32_t)i}};
        int16_t query[D], key[D];
        int bits = 1 + draw(&draws, 15), per_cycle = 1 + draw(&draws, 4);
        draw_pair(&draws, (1 << bits) - 1, query, key);
        int64_t exact = plain_product(query, key);
        check_result(query, key, bits, per_cycle, exact); /* just kept */
        check_result(query, key, bits, per_cycle, exact + 1);
        check_result(query, key, bits, per_cycle, exact - draw(&draws, 1000));
        check_result(query, key, bits, per_cycle, exact + draw(&draws, 1 << 20));
    }
}

/* The bound of each round, written out bit by bit: the unit stops in the first round whose bound is too low.
 */
Test(digital, a_key_is_dropped_in_the_first_round_whose_bound_is_too_low)
{
    int n_dropped = 0, n_kept = 0;
    for (int i = 0; i < 20000; i++) {
        struct draws draws = {.key = {.seed = 8, .purpose = RANDOM_PROBE, .draw = (uint32_t)i}};
        int16_t query[D], key[D];
        int bits = 1 + draw(&draws, 7), per_cycle = 1 + draw(&draws, 4);
        draw_pair(&draws, (1 << bits) - 1, query, key);
        int64_t threshold = plain_product(query, key) + draw(&draws, 1 << 2 * bits) - (1 << (2 * bits - 1)),
                bound;
        int seen = 0;
        do {
            seen = seen + per_cycle < bits ? seen + per_cycle : bits;
            bound = 0;
            for (int k = 0; k < D; k++) {
                int magnitude = abs(key[k]), sign = key[k] < 0 ? -1 : 1, best = 0;
                for (int b = 0; b < bits; b++) {
                    bool known = b >= bits - seen;
                    if (known ? magnitude >> b & 1 : query[k] * sign > 0)
                        best += 1 << b;
                }
                bound += (int64_t)query[k] * sign * best;
            }
        } while (seen < bits && bound >= threshold);
        struct bit_serial_result r = bit_serial_product(query, key, D, bits, per_cycle, true, threshold);
        cr_assert_eq(r.n_bits, seen, "%d of %d bits, %d expected", r.n_bits, bits, seen);
        cr_assert_eq(r.dropped, seen < bits);
        n_dropped += r.dropped;
        n_kept += !r.dropped;
    }
    cr_assert(n_dropped > 2000 && n_kept > 2000);
}

Test(digital, without_early_termination_every_bit_is_processed)
{
    for (int bits = 1; bits <= 15; bits++)
        for (int per_cycle = 1; per_cycle <= 4; per_cycle++) {
            struct draws draws = {
                .key = {.seed = 9, .purpose = RANDOM_PROBE, .draw = (uint32_t)(16 * bits + per_cycle)}};
            int16_t query[D], key[D];
            draw_pair(&draws, (1 << bits) - 1, query, key);
            struct bit_serial_result r = bit_serial_product(query, key, D, bits, per_cycle, false, INT64_MAX);
            cr_assert_eq(r.sum, plain_product(query, key));
            cr_assert(r.n_bits == bits && !r.dropped);
            cr_assert_eq(r.n_cycles, (bits + per_cycle - 1) / per_cycle);
        }
}

/* q = 1, k = 0b1000: after the top bit the bound is 15; q = 1, k = 0b0111: 7. */
Test(digital, small_cases_by_hand)
{
    const int16_t one = 1, minus = -1, eight = 8, seven = 7;
    struct bit_serial_result r = bit_serial_product(&one, &seven, 1, 4, 1, true, 8);
    cr_assert(r.dropped && r.n_bits == 1 && r.n_cycles == 1);
    r = bit_serial_product(&one, &seven, 1, 4, 1, true, 7);
    cr_assert(!r.dropped && r.sum == 7 && r.n_bits == 4);
    r = bit_serial_product(&one, &eight, 1, 4, 1, true, 10); /* bounds 15, 11, 9 */
    cr_assert(r.dropped && r.n_bits == 3);
    r = bit_serial_product(&one, &eight, 1, 4, 1, true, 9);
    cr_assert(!r.dropped && r.n_bits == 4 && r.sum == 8);
    r = bit_serial_product(&minus, &eight, 1, 4, 1, true, -7);
    cr_assert(r.dropped && r.n_bits == 1);
    r = bit_serial_product(&minus, &seven, 1, 4, 2, true, -6);
    cr_assert(!r.dropped && r.n_bits == 4 && r.n_cycles == 2 && r.sum == -7); /* bound after 2 bits: -4 */
}

Test(digital, thresholds_at_their_limits_drop_everything_or_nothing)
{
    const int16_t query[] = {32767, -32767}, key[] = {32767, -32767};
    struct bit_serial_result r = bit_serial_product(query, key, 2, 15, 2, true, code_threshold(1e300, 1));
    cr_assert(r.dropped && r.n_bits == 2);
    r = bit_serial_product(query, key, 2, 15, 2, true, code_threshold(-1e300, 1));
    cr_assert(!r.dropped && r.sum == (int64_t)2 * 32767 * 32767);
}
