#include "workload/llama_tokenizer.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/binary.h"
#include "workload/llama_tokenizer_internal.h"

enum { N_BYTES = 256, RECORD_BYTES = 8 };

void llama_tokenizer_clear(struct llama_tokenizer *tokenizer)
{
    free(tokenizer->scores);
    free(tokenizer->starts);
    free(tokenizer->bytes);
    free(tokenizer->slots);
    *tokenizer = (struct llama_tokenizer){0};
}

/* --- words by their text --- */

const char *llama_tokenizer_text(const struct llama_tokenizer *tokenizer, int32_t word, size_t *n_bytes)
{
    *n_bytes = tokenizer->starts[word + 1] - tokenizer->starts[word];
    return tokenizer->bytes + tokenizer->starts[word];
}

/* FNV-1a, continued. */
static uint64_t hash(uint64_t state, const char *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        state = (state ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return state;
}

int32_t *llama_tokenizer_find(const struct llama_tokenizer *tokenizer, const char *one, size_t n_one,
                              const char *other, size_t n_other)
{
    uint64_t state = hash(hash(0xcbf29ce484222325u, one, n_one), other, n_other);
    for (size_t at = state ^ state >> 32;; at++) {
        int32_t *slot = &tokenizer->slots[at & (tokenizer->n_slots - 1)];
        size_t n = 0;
        if (*slot < 0)
            return slot;
        const char *text = llama_tokenizer_text(tokenizer, *slot, &n);
        if (n == n_one + n_other && memcmp(text, one, n_one) == 0 &&
            memcmp(text + n_one, other, n_other) == 0)
            return slot;
    }
}

static enum rs_status fill_slots(struct llama_tokenizer *tokenizer, struct rs_error *err)
{
    tokenizer->n_slots = 1;
    while (tokenizer->n_slots < 2 * tokenizer->n_words)
        tokenizer->n_slots *= 2;
    tokenizer->slots = memory_allocate(tokenizer->n_slots, sizeof *tokenizer->slots, err);
    if (tokenizer->slots == NULL)
        return RS_INTERNAL;
    for (size_t i = 0; i < tokenizer->n_slots; i++)
        tokenizer->slots[i] = -1;
    for (size_t i = 0; i < tokenizer->n_words; i++) {
        size_t n = 0;
        const char *text = llama_tokenizer_text(tokenizer, (int32_t)i, &n);
        int32_t *slot = llama_tokenizer_find(tokenizer, text, n, "", 0);
        if (*slot < 0)
            *slot = (int32_t)i;
    }
    return RS_OK;
}

/* --- the file --- */

static enum rs_status read_word(const struct binary *file, struct llama_tokenizer *tokenizer, size_t i,
                                uint64_t *at, struct rs_error *err)
{
    int32_t n = 0;
    const char *path = binary_path(file);
    if (binary_size(file) - *at < RECORD_BYTES)
        return rs_fail(err, RS_INPUT, "%s: error: %zu words found, %zu expected by the model", path, i,
                       tokenizer->n_words);
    enum rs_status status = binary_read_float32(file, *at, 1, &tokenizer->scores[i], err);
    if (status == RS_OK)
        status = binary_read_int32(file, *at + sizeof(float), 1, &n, err);
    if (status != RS_OK)
        return status;
    *at += RECORD_BYTES;
    if (!isfinite(tokenizer->scores[i]))
        return rs_fail(err, RS_INPUT, "%s: error: word %zu has a score of %g, a finite one expected", path, i,
                       (double)tokenizer->scores[i]);
    if (n < 0 || (size_t)n > tokenizer->longest)
        return rs_fail(err, RS_INPUT, "%s: error: word %zu has %d bytes, 0 to %zu expected", path, i, (int)n,
                       tokenizer->longest);
    if ((uint64_t)n > binary_size(file) - *at)
        return rs_fail(err, RS_INPUT, "%s: error: the file ends in word %zu, %zu words expected by the model",
                       path, i, tokenizer->n_words);
    status = binary_read(file, *at, (size_t)n, tokenizer->bytes + tokenizer->starts[i], err);
    tokenizer->starts[i + 1] = tokenizer->starts[i] + (uint32_t)n;
    *at += (uint64_t)n;
    return status;
}

static enum rs_status read_words(const struct binary *file, struct llama_tokenizer *tokenizer,
                                 struct rs_error *err)
{
    int32_t longest = 0;
    uint64_t at = sizeof longest;
    enum rs_status status = binary_read_int32(file, 0, 1, &longest, err);
    if (status != RS_OK)
        return status;
    if (longest < 1 || longest > LLAMA_TOKENIZER_WORD_BYTES)
        return rs_fail(err, RS_INPUT, "%s: error: a longest word of %d bytes found, 1 to %d expected",
                       binary_path(file), (int)longest, LLAMA_TOKENIZER_WORD_BYTES);
    tokenizer->longest = (size_t)longest;
    for (size_t i = 0; i < tokenizer->n_words && status == RS_OK; i++)
        status = read_word(file, tokenizer, i, &at, err);
    if (status == RS_OK && at != binary_size(file))
        return rs_fail(err, RS_INPUT,
                       "%s: error: %llu bytes found, %llu expected: more than the model's %zu words",
                       binary_path(file), (unsigned long long)binary_size(file), (unsigned long long)at,
                       tokenizer->n_words);
    return status;
}

enum rs_status llama_tokenizer_open(const char *path, size_t n_words, struct llama_tokenizer *out,
                                    struct rs_error *err)
{
    struct binary *file = NULL;
    *out = (struct llama_tokenizer){0};
    if (n_words < LLAMA_TOKENIZER_BYTES + N_BYTES || n_words > INT32_MAX / 4)
        return rs_fail(err, RS_INPUT, "%s: error: a model of %zu words found, at least %d expected", path,
                       n_words, LLAMA_TOKENIZER_BYTES + N_BYTES);
    enum rs_status status = binary_open(path, &file, err);
    if (status != RS_OK)
        return status;
    uint64_t n_bytes = binary_size(file);
    if (n_bytes > UINT32_MAX / 2)
        status = rs_fail(err, RS_INPUT, "%s: error: %llu bytes found, at most %u expected", path,
                         (unsigned long long)n_bytes, (unsigned)(UINT32_MAX / 2));
    if (status == RS_OK) {
        out->n_words = n_words;
        out->scores = memory_allocate(n_words, sizeof *out->scores, err);
        out->starts = memory_allocate(n_words + 1, sizeof *out->starts, err);
        out->bytes = memory_allocate((size_t)n_bytes, 1, err);
        bool enough = out->scores != NULL && out->starts != NULL && out->bytes != NULL;
        status = enough ? read_words(file, out, err) : RS_INTERNAL;
    }
    binary_close(file);
    if (status == RS_OK)
        status = fill_slots(out, err);
    if (status != RS_OK)
        llama_tokenizer_clear(out);
    return status;
}

/* --- decoding --- */

/* Whether a text stands for a byte, as <0x0A> does. */
static bool is_byte(const char *text, size_t n, char *byte)
{
    static const char digits[] = "0123456789ABCDEF";
    if (n != 6 || memcmp(text, "<0x", 3) != 0 || text[5] != '>')
        return false;
    const char *high = memchr(digits, toupper((unsigned char)text[3]), 16),
               *low = memchr(digits, toupper((unsigned char)text[4]), 16);
    if (high == NULL || low == NULL)
        return false;
    *byte = (char)(unsigned char)((high - digits) * 16 + (low - digits));
    return true;
}

size_t llama_tokenizer_decode(const struct llama_tokenizer *tokenizer, int32_t before, int32_t word,
                              char *bytes)
{
    size_t n = 0;
    const char *text = llama_tokenizer_text(tokenizer, word, &n);
    if (is_byte(text, n, bytes))
        return 1;
    bool spared = before == LLAMA_TOKENIZER_BEGIN && n > 0 && text[0] == ' ';
    memcpy(bytes, text + spared, n - spared);
    return n - spared;
}
