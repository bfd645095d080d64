/*
 * A text as the bytes it is made of, for language models over characters: the vocabulary is the bytes that
 * occur, in their order; word i is byte bytes[i].
 */
#ifndef WORKLOAD_CHARACTERS_H
#define WORKLOAD_CHARACTERS_H

#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

enum { CHARACTERS_TEXT_MAX = 1 << 28 };

/* Start from {0}. */
struct characters {
    size_t n_words, n_characters;
    unsigned char bytes[256]; /* [n_words] */
    int32_t *text;            /* [n_characters], word indices */
};

/* Reads a file. RS_IO where it cannot be read, RS_INPUT where it is empty or too long. */
enum rs_status characters_open(const char *path, struct characters *out, struct rs_error *err) RS_MUST_CHECK;
void characters_clear(struct characters *characters);

/* The vocabulary as texts in one block, which the caller frees: printable ASCII and white space as they are,
 * other bytes as "<0x80>". NULL without memory. */
char **characters_vocabulary(const struct characters *characters, struct rs_error *err) RS_MUST_CHECK;

#endif
