#include "digital/bit_serial.h"

#include <stdlib.h>

/* q.k with only the magnitude bits of k from `shift` upwards. */
static int64_t partial_product(const int16_t *query, const int16_t *key, size_t d, int shift)
{
    int64_t sum = 0;
    for (size_t i = 0; i < d; i++) {
        int magnitude = abs(key[i]) >> shift << shift;
        sum += (int64_t)query[i] * (key[i] < 0 ? -magnitude : magnitude);
    }
    return sum;
}

static int64_t aligned_sum(const int16_t *query, const int16_t *key, size_t d)
{
    int64_t sum = 0;
    for (size_t i = 0; i < d; i++)
        if ((int32_t)query[i] * (key[i] < 0 ? -1 : 1) > 0)
            sum += abs(query[i]);
    return sum;
}

struct bit_serial_result bit_serial_product(const int16_t *query, const int16_t *key, size_t d,
                                            int magnitude_bits, int bits_per_cycle, bool early_termination,
                                            int64_t threshold)
{
    struct bit_serial_result result = {0};
    int64_t aligned = aligned_sum(query, key, d);
    while (result.n_bits < magnitude_bits) {
        result.n_bits += bits_per_cycle;
        if (result.n_bits > magnitude_bits)
            result.n_bits = magnitude_bits;
        result.n_cycles++;
        int unseen = magnitude_bits - result.n_bits;
        result.sum = partial_product(query, key, d, unseen);
        int64_t margin = (((int64_t)1 << unseen) - 1) * aligned;
        if (early_termination && unseen > 0 && result.sum + margin < threshold) {
            result.dropped = true;
            break;
        }
    }
    return result;
}
