#include "cost/residency.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cost/bits.h"

enum rs_status residency_init(struct residency *residency, size_t n_keys, size_t n_places,
                              struct rs_error *err)
{
    *residency = (struct residency){.n_words = bits_words(n_keys), .n_places = n_places};
    residency->held = memory_allocate(residency->n_words, sizeof *residency->held, err);
    return residency->held ? RS_OK : RS_INTERNAL;
}

void residency_clear(struct residency *residency)
{
    free(residency->held);
    *residency = (struct residency){0};
}

void residency_forget(struct residency *residency)
{
    memset(residency->held, 0, residency->n_words * sizeof *residency->held);
    residency->n_held = 0;
    residency->hand = 0;
}

/* Drops `count` held keys that are not wanted, from the hand on. There are as many. */
static void drop_unwanted(struct residency *residency, const uint64_t *wanted, size_t n_words, size_t count)
{
    residency->n_held -= count;
    while (count > 0) {
        size_t i = residency->hand / 64;
        uint64_t candidates = residency->held[i] & ~bits_below(0, residency->hand % 64);
        if (i < n_words)
            candidates &= ~wanted[i];
        if (candidates == 0) {
            residency->hand = (i + 1) % residency->n_words * 64;
            continue;
        }
        unsigned bit = bits_first(candidates);
        residency->held[i] &= ~(UINT64_C(1) << bit);
        residency->hand = (64 * i + bit + 1) % (64 * residency->n_words);
        count--;
    }
}

/* Adds the last `count` members of `set` to the held ones, from the highest index down. */
static void hold_last(struct residency *residency, const uint64_t *set, size_t n_words, size_t count)
{
    for (size_t i = n_words; i-- > 0 && count > 0;) {
        uint64_t word = set[i];
        for (size_t n = bits_count(word); n > count; n--)
            word &= word - 1;
        residency->held[i] |= word;
        count -= bits_count(word);
    }
}

/* More wanted than places: used keys make room for the missed, the last fetched stay. */
static void stream_through(struct residency *residency, const uint64_t *wanted, const uint64_t *missed,
                           size_t n_words, size_t n_missed)
{
    size_t n_places = residency->n_places, n_from_missed = n_missed < n_places ? n_missed : n_places;
    size_t n_old = n_places - n_from_missed;
    for (size_t i = 0; i < residency->n_words; i++)
        residency->held[i] &= i < n_words ? wanted[i] : 0;
    for (size_t i = 0; i < n_words; i++) { /* keeps the n_old highest of those held */
        uint64_t word = residency->held[n_words - 1 - i];
        for (size_t n = bits_count(word); n > n_old; n--)
            word &= word - 1;
        residency->held[n_words - 1 - i] = word;
        n_old -= bits_count(word);
    }
    hold_last(residency, missed, n_words, n_from_missed);
    residency->n_held = n_places;
}

size_t residency_want(struct residency *residency, const uint64_t *wanted, size_t n_words, uint64_t *missed)
{
    size_t n_missed = 0, n_wanted = 0;
    for (size_t i = 0; i < n_words; i++) {
        missed[i] = wanted[i] & ~residency->held[i];
        n_wanted += bits_count(wanted[i]);
        n_missed += bits_count(missed[i]);
    }
    if (n_missed == 0)
        return 0;
    if (n_wanted > residency->n_places) {
        stream_through(residency, wanted, missed, n_words, n_missed);
        return n_missed;
    }
    size_t n_free = residency->n_places - residency->n_held;
    if (n_missed > n_free)
        drop_unwanted(residency, wanted, n_words, n_missed - n_free);
    for (size_t i = 0; i < n_words; i++)
        residency->held[i] |= missed[i];
    residency->n_held += n_missed;
    return n_missed;
}
