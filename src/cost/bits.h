/* Sets of keys as packed bits: key j is bit j % 64 of word j / 64. */
#ifndef COST_BITS_H
#define COST_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t bits_words(size_t n)
{
    return (n + 63) / 64;
}

static inline size_t bits_count(uint64_t word)
{
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (size_t)(word * UINT64_C(0x0101010101010101) >> 56);
}

static inline unsigned bits_first(uint64_t word)
{
    return (unsigned)bits_count((word & (0 - word)) - 1);
}

/* The bits of word `i` that lie below bit n of the set. */
static inline uint64_t bits_below(size_t i, size_t n)
{
    if (n >= 64 * (i + 1))
        return UINT64_MAX;
    return n <= 64 * i ? 0 : (UINT64_C(1) << (n - 64 * i)) - 1;
}

static inline bool bits_get(const uint64_t *set, size_t j)
{
    return set[j / 64] >> (j % 64) & 1;
}

static inline void bits_set(uint64_t *set, size_t j)
{
    set[j / 64] |= UINT64_C(1) << (j % 64);
}

static inline size_t bits_total(const uint64_t *set, size_t n_words)
{
    size_t n = 0;
    for (size_t i = 0; i < n_words; i++)
        n += bits_count(set[i]);
    return n;
}

#endif
