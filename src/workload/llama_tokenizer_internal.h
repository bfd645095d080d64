/* Words by their text, for the sources of llama_tokenizer.h. */
#ifndef WORKLOAD_LLAMA_TOKENIZER_INTERNAL_H
#define WORKLOAD_LLAMA_TOKENIZER_INTERNAL_H

#include "workload/llama_tokenizer.h"

/* A word's bytes, without an end. */
const char *llama_tokenizer_text(const struct llama_tokenizer *tokenizer, int32_t word, size_t *n_bytes);

/* The slot of the text one + other: it holds the word, or -1. */
int32_t *llama_tokenizer_find(const struct llama_tokenizer *tokenizer, const char *one, size_t n_one,
                              const char *other, size_t n_other);

#endif
