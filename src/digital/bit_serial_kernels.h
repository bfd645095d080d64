/* What the bit-serial unit's kernels share: the layout of packed keys, and the functions bit_serial.c chooses
 * from. */
#ifndef DIGITAL_BIT_SERIAL_KERNELS_H
#define DIGITAL_BIT_SERIAL_KERNELS_H

#include "digital/bit_serial.h"

/*
 * Keys are packed in blocks, the same for every kernel. A block is its signs (+-1) and then the signed digits
 * of each cycle, planes [n_pairs][BIT_SERIAL_BLOCK][2]: neighbouring elements of k side by side.
 */
enum { BIT_SERIAL_BLOCK = 64 };

struct bit_serial_work {
    struct bit_serial_shape shape;
    size_t n_pairs, n_cycles;
    const int32_t *query_pairs; /* [n_pairs]: two neighbouring elements of q, as they lie in memory */
    int64_t query_size;         /* sum of |q_i| */
    struct bit_serial_stop stop;
};

/* A block's results as they grow; wide numbers, so that all of them share one kind of vector lane. */
struct bit_serial_state {
    int64_t sum[BIT_SERIAL_BLOCK], n_bits[BIT_SERIAL_BLOCK], end[BIT_SERIAL_BLOCK];
    int64_t active[BIT_SERIAL_BLOCK]; /* -1 until the key's bits are all processed or it has ended, else 0 */
};

struct bit_serial_kernel {
    void (*run)(const struct bit_serial_work *work, const int16_t *block, struct bit_serial_state *state);
};

extern const struct bit_serial_kernel bit_serial_baseline, bit_serial_avx2, bit_serial_avx512;

#endif
