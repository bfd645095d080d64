/* Words and their indices, in order of appearance. */
#ifndef WORKLOAD_VOCABULARY_H
#define WORKLOAD_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

enum { VOCABULARY_WORDS_MAX = 65536 };

/* Start from {0}. */
struct vocabulary {
    size_t n_words;
    char **words; /* [n_words] */
    size_t capacity, n_slots;
    int32_t *slots; /* [n_slots], a power of 2: index + 1 of the word hashed here or before; 0: free */
    bool failed;    /* out of memory or of VOCABULARY_WORDS_MAX: all later indices are 0 */
};

/* The index of the word bytes [n_bytes], new where it was not there. */
int32_t vocabulary_add(struct vocabulary *vocabulary, const char *bytes, size_t n_bytes);

/*
 * The words of a sentence [n_bytes], lower case, parted by spaces and . , ? ! (a comma is part of a word
 * where `joined`), into words [words_max]; how many. SIZE_MAX: more than words_max, or one of more than 127
 * bytes.
 */
size_t vocabulary_add_sentence(struct vocabulary *vocabulary, const char *bytes, size_t n_bytes, bool joined,
                               size_t words_max, int32_t *words);

/* RS_INPUT where an addition failed since the start. */
enum rs_status vocabulary_check(const struct vocabulary *vocabulary, struct rs_error *err) RS_MUST_CHECK;

void vocabulary_clear(struct vocabulary *vocabulary);

#endif
