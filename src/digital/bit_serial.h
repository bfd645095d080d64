/*
 * Bit-serial dot product with LeOPArd's conservative early termination (ISCA 2022; exact form of the margin
 * derived from its description, secondary). k in sign-magnitude, most significant magnitude bits first, q
 * bit-parallel: P_r = sum_i q_i sign_i (r top magnitude bits of k_i)      M_r = (2^(B-r) - 1) sum_{q_i sign_i
 * > 0} |q_i| The key is dropped once P_r + M_r < threshold. P_r + M_r >= q.k always, so no kept key is ever
 * lost.
 */
#ifndef DIGITAL_BIT_SERIAL_H
#define DIGITAL_BIT_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bit_serial_result {
    int64_t sum; /* q.k, exact, unless dropped */
    int n_bits;  /* magnitude bits processed */
    int n_cycles;
    bool dropped; /* stopped early: q.k < threshold for certain */
};

/*
 * query, key [d]; magnitude_bits = bits of k without its sign; bits_per_cycle 1 to 4. With
 * `early_termination` false every bit is processed.
 */
struct bit_serial_result bit_serial_product(const int16_t *query, const int16_t *key, size_t d,
                                            int magnitude_bits, int bits_per_cycle, bool early_termination,
                                            int64_t threshold);

#endif
