/*
 * LeOPArd's bit-serial dot product (ISCA 2022) of one query with many keys: k in sign-magnitude of B
 * magnitude bits, most significant first, q bit-parallel, 1 to 4 bits per cycle, a conservative margin for
 * unseen bits. That LeOPArd is built so is from memory, not seen in the paper; the exact form is derived
 * here. With r bits processed:
 *
 *     P_r  = sum_i q_i sign_i (r top magnitude bits of k_i)
 *     dropped early   P_r + (2^(B-r) - 1) sum_{q_i sign_i > 0} |q_i| < threshold
 *     kept early      P_r - (2^(B-r) - 1) sum_{q_i sign_i < 0} |q_i| >= threshold
 *                     (the mirror image, added here)
 *
 * The two sides enclose q.k always, so no decision is ever wrong. Integers only; every kernel gives the same.
 */
#ifndef DIGITAL_BIT_SERIAL_H
#define DIGITAL_BIT_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"
#include "rescore/status.h"

enum { BIT_SERIAL_MAGNITUDE_BITS_MAX = 15, BIT_SERIAL_BITS_PER_CYCLE_MAX = 4 };

struct bit_serial_shape {
    size_t d;
    int magnitude_bits; /* B: of k without its sign, 1 to 15 */
    int bits_per_cycle; /* 1 to 4; the last cycle takes what is left */
};

/* Which keys end before their last bit. */
struct bit_serial_stop {
    bool drops, keeps;
    int64_t threshold; /* a key is kept iff q.k >= threshold */
};

enum bit_serial_end {
    BIT_SERIAL_WHOLE,   /* all bits processed: sum = q.k */
    BIT_SERIAL_DROPPED, /* q.k < threshold for certain; sum = P_r */
    BIT_SERIAL_KEPT     /* q.k >= threshold for certain; sum = P_r */
};

struct bit_serial_result {
    int64_t sum;
    uint8_t n_bits, n_cycles; /* magnitude bits processed */
    uint8_t end;              /* of enum bit_serial_end */
};

/* The bit planes of many keys, packed once for any number of queries. Work of one thread. */
struct bit_serial_keys;

enum rs_status bit_serial_keys_create(size_t n_keys_max, const struct bit_serial_shape *shape,
                                      enum kernel kernel, struct bit_serial_keys **out,
                                      struct rs_error *err) RS_MUST_CHECK;
void bit_serial_keys_destroy(struct bit_serial_keys *keys);

/* Packs codes [n_keys][d], each below 2^magnitude_bits in magnitude, in place of those before. */
void bit_serial_keys_load(struct bit_serial_keys *keys, size_t n_keys, const int16_t *codes);

/*
 * results [n_keys] of query [d] with the first n_keys packed keys; of those that are not `chosen` [n_keys]
 * (NULL: all are) nothing is written.
 */
void bit_serial_batch(struct bit_serial_keys *keys, const int16_t *query, size_t n_keys, const bool *chosen,
                      const struct bit_serial_stop *stop, struct bit_serial_result *results);

/* What scores cost: sums over those that are pruned (q.k < threshold) and those that are kept. */
struct bit_serial_cost {
    int64_t n_scores, n_bits, n_cycles, n_early;
};
struct bit_serial_tally {
    struct bit_serial_cost pruned, kept;
};

/* Adds the results of chosen keys [n_keys] (NULL: all) to the tally. */
void bit_serial_count(const struct bit_serial_result *results, size_t n_keys, const bool *chosen,
                      int64_t threshold, struct bit_serial_tally *tally);

/* Averages per score; NaN of none. */
double bit_serial_mean_bits(const struct bit_serial_cost *cost);
double bit_serial_mean_cycles(const struct bit_serial_cost *cost);

#endif
