#include "workload/vocabulary.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 256 };

/* FNV-1a, 32 bits. */
static size_t hash(const char *bytes, size_t n_bytes)
{
    uint32_t value = 2166136261u;
    for (size_t i = 0; i < n_bytes; i++)
        value = (value ^ (unsigned char)bytes[i]) * 16777619u;
    return value;
}

/* The slot of a word: its own, or the free one where it would go. */
static int32_t *find_slot(const struct vocabulary *vocabulary, const char *bytes, size_t n_bytes)
{
    size_t slot = hash(bytes, n_bytes) & (vocabulary->n_slots - 1);
    for (;; slot = (slot + 1) & (vocabulary->n_slots - 1)) {
        int32_t number = vocabulary->slots[slot];
        if (number == 0)
            break;
        const char *word = vocabulary->words[number - 1];
        if (strncmp(word, bytes, n_bytes) == 0 && word[n_bytes] == '\0')
            break;
    }
    return &vocabulary->slots[slot];
}

/* Room for one more word; slots are at most half full. */
static bool grow(struct vocabulary *vocabulary)
{
    if (vocabulary->n_words == vocabulary->capacity) {
        size_t capacity = vocabulary->capacity == 0 ? FIRST_SLOTS / 2 : 2 * vocabulary->capacity;
        char **words = realloc(vocabulary->words, capacity * sizeof *words);
        if (words == NULL)
            return false;
        vocabulary->words = words;
        vocabulary->capacity = capacity;
    }
    if (2 * (vocabulary->n_words + 1) <= vocabulary->n_slots)
        return true;
    size_t n_slots = vocabulary->n_slots == 0 ? FIRST_SLOTS : 2 * vocabulary->n_slots;
    int32_t *slots = calloc(n_slots, sizeof *slots);
    if (slots == NULL)
        return false;
    free(vocabulary->slots);
    vocabulary->slots = slots;
    vocabulary->n_slots = n_slots;
    for (size_t i = 0; i < vocabulary->n_words; i++)
        *find_slot(vocabulary, vocabulary->words[i], strlen(vocabulary->words[i])) = (int32_t)i + 1;
    return true;
}

int32_t vocabulary_add(struct vocabulary *vocabulary, const char *bytes, size_t n_bytes)
{
    if (vocabulary->failed || !grow(vocabulary)) {
        vocabulary->failed = true;
        return 0;
    }
    int32_t *slot = find_slot(vocabulary, bytes, n_bytes);
    if (*slot != 0)
        return *slot - 1;
    char *word = vocabulary->n_words < VOCABULARY_WORDS_MAX ? malloc(n_bytes + 1) : NULL;
    if (word == NULL) {
        vocabulary->failed = true;
        return 0;
    }
    memcpy(word, bytes, n_bytes);
    word[n_bytes] = '\0';
    vocabulary->words[vocabulary->n_words] = word;
    *slot = (int32_t)++vocabulary->n_words;
    return *slot - 1;
}

static bool is_word_byte(char byte, bool joined)
{
    return byte != '\0' && !isspace((unsigned char)byte) && strchr(".?!", byte) == NULL &&
           (joined || byte != ',');
}

size_t vocabulary_add_sentence(struct vocabulary *vocabulary, const char *bytes, size_t n_bytes, bool joined,
                               size_t words_max, int32_t *words)
{
    char lower[128];
    size_t n_words = 0;
    for (size_t at = 0; at < n_bytes; at++) {
        size_t n = 0;
        while (at < n_bytes && n < sizeof lower && is_word_byte(bytes[at], joined))
            lower[n++] = (char)tolower((unsigned char)bytes[at++]);
        if (n == 0)
            continue;
        if (n == sizeof lower || n_words == words_max)
            return SIZE_MAX;
        words[n_words++] = vocabulary_add(vocabulary, lower, n);
    }
    return n_words;
}

enum rs_status vocabulary_check(const struct vocabulary *vocabulary, struct rs_error *err)
{
    if (!vocabulary->failed)
        return RS_OK;
    return rs_fail(err, RS_INPUT, "no memory, or more than %d different words found, for the vocabulary",
                   VOCABULARY_WORDS_MAX);
}

void vocabulary_clear(struct vocabulary *vocabulary)
{
    for (size_t i = 0; i < vocabulary->n_words; i++)
        free(vocabulary->words[i]);
    free(vocabulary->words);
    free(vocabulary->slots);
    *vocabulary = (struct vocabulary){0};
}
