/* Growable text, and the nearest word of a list for "did you mean". */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "rescore/status.h"

/*
 * Text under construction; start from {0}. `bytes` is NULL or ends in '\0'. Running out of memory sets
 * `failed` and further calls do nothing, so a writer checks once, at its end.
 */
struct text {
    char *bytes;
    size_t length, capacity;
    bool failed;
};

void text_append(struct text *text, const char *format, ...) RS_PRINTF(2, 3);
void text_append_bytes(struct text *text, const char *bytes, size_t n_bytes);
void text_clear(struct text *text);

/* The whole, owned by the caller (free), or NULL with `err` filled if any append failed. */
char *text_take(struct text *text, struct rs_error *err) RS_MUST_CHECK;

/*
 * Editing distance (insert, delete, replace, swap neighbours) of two words, at most `limit` + 1.
 */
int text_distance(const char *one, const char *other, int limit);

/* The nearest of `n_words` words, or NULL when none is near enough to be meant. */
const char *text_nearest(const char *word, const char *const *words, size_t n_words);

#endif
