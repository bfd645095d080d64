/*
 * Text to words and back as Llama 2 does it (byte pairs, Sennrich et al. 2016, arXiv:1508.07909, by score as
 * in SentencePiece), from a tokenizer file of llama2.c:
 *
 *     int32 longest word in bytes, then per word: float32 score, int32 length, its bytes
 *
 * Words 0, 1, 2 are unknown, begin, end; words 3 ... 258 are the bytes, written <0x00> ... <0xFF>; the rest
 * are texts. A text gets one space in front and is cut into characters of UTF-8, those that are no word into
 * bytes; then the two neighbours whose joint text is the word of the best score become that word, the
 * leftmost of equals first, until no two do. Of words of equal text the first counts.
 */
#ifndef WORKLOAD_LLAMA_TOKENIZER_H
#define WORKLOAD_LLAMA_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

enum {
    LLAMA_TOKENIZER_BEGIN = 1,
    LLAMA_TOKENIZER_BYTES = 3,            /* the word of byte 0 */
    LLAMA_TOKENIZER_WORD_BYTES = 1 << 10, /* of the longest word */
    LLAMA_TOKENIZER_TEXT_BYTES = 1 << 24  /* of one text */
};

/* Start from {0}. */
struct llama_tokenizer {
    size_t n_words, longest; /* longest: bytes */
    float *scores;           /* [n_words] */
    uint32_t *starts;        /* [n_words + 1], in bytes */
    char *bytes;
    size_t n_slots; /* a power of 2 */
    int32_t *slots; /* [n_slots]: the word of a text hashed here or before, -1: free */
};

/*
 * Reads a file for a model of `n_words` words. RS_INPUT with its name where it holds more or fewer, or what
 * cannot be; RS_IO where it cannot be read. On failure `out` is {0}.
 */
enum rs_status llama_tokenizer_open(const char *path, size_t n_words, struct llama_tokenizer *out,
                                    struct rs_error *err) RS_MUST_CHECK;
void llama_tokenizer_clear(struct llama_tokenizer *tokenizer);

/* The words of a text, without begin and end; none of an empty one. The caller frees *words. RS_INTERNAL
 * without memory. */
enum rs_status llama_tokenizer_encode(const struct llama_tokenizer *tokenizer, const char *text,
                                      size_t n_bytes, size_t *n, int32_t **words,
                                      struct rs_error *err) RS_MUST_CHECK;

/* Writes the text of a word that follows `before` (no space in front after begin) to bytes [longest], and
 * returns its length. */
size_t llama_tokenizer_decode(const struct llama_tokenizer *tokenizer, int32_t before, int32_t word,
                              char *bytes);

#endif
