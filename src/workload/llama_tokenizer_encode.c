/*
 * Text to words (llama_tokenizer.h): neighbours that could join wait in a heap, the best first; one whose
 * symbols have changed since it was offered is passed over. n log n, where looking at all neighbours for
 * every join takes n^2.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/require.h"
#include "workload/llama_tokenizer_internal.h"

enum { CHARACTER_BYTES_MAX = 4 };

/* llama2.c joins nothing that scores less. */
static const float worst_score = -1e10f;

/* Two neighbours that could become one word. */
struct pair {
    float score;
    uint32_t left; /* which symbol */
    int32_t left_word, right_word, joint;
};

/* A text on its way to words: a list of symbols, and a heap of pairs, the best first. */
struct encoding {
    const struct llama_tokenizer *tokenizer;
    size_t n_symbols, n_pairs;
    int32_t *words;           /* [n_symbols], -1: joined to the symbol before */
    uint32_t *before, *after; /* [n_symbols]; n_symbols: none */
    struct pair *pairs;       /* [3 n_symbols]: one per neighbours at first, two more per join */
};

static bool comes_first(const struct pair *one, const struct pair *other)
{
    return one->score > other->score || (one->score == other->score && one->left < other->left);
}

static void push_pair(struct encoding *encoding, struct pair pair)
{
    size_t at = encoding->n_pairs++;
    struct pair *pairs = encoding->pairs;
    for (; at > 0 && comes_first(&pair, &pairs[(at - 1) / 2]); at = (at - 1) / 2)
        pairs[at] = pairs[(at - 1) / 2];
    pairs[at] = pair;
}

static struct pair pop_pair(struct encoding *encoding)
{
    struct pair *pairs = encoding->pairs, best = pairs[0];
    struct pair last = pairs[--encoding->n_pairs];
    size_t at = 0, n = encoding->n_pairs;
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && comes_first(&pairs[child + 1], &pairs[child]))
            child++;
        if (!comes_first(&pairs[child], &last))
            break;
        pairs[at] = pairs[child];
    }
    pairs[at] = last;
    return best;
}

/* Adds the pair that begins with a symbol, where it is one. */
static void offer_pair(struct encoding *encoding, size_t left)
{
    const struct llama_tokenizer *tokenizer = encoding->tokenizer;
    if (left >= encoding->n_symbols || encoding->after[left] >= encoding->n_symbols)
        return;
    int32_t left_word = encoding->words[left], right_word = encoding->words[encoding->after[left]];
    size_t n_left, n_right;
    const char *left_text = llama_tokenizer_text(tokenizer, left_word, &n_left),
               *right_text = llama_tokenizer_text(tokenizer, right_word, &n_right);
    if (n_left + n_right > tokenizer->longest)
        return;
    int32_t joint = *llama_tokenizer_find(tokenizer, left_text, n_left, right_text, n_right);
    if (joint >= 0 && tokenizer->scores[joint] > worst_score)
        push_pair(encoding,
                  (struct pair){tokenizer->scores[joint], (uint32_t)left, left_word, right_word, joint});
}

/* Joins a pair, if both symbols are still what they were when it was offered. */
static void join_pair(struct encoding *encoding, const struct pair *pair)
{
    uint32_t left = pair->left, right = encoding->after[left];
    if (encoding->words[left] != pair->left_word || right >= encoding->n_symbols ||
        encoding->words[right] != pair->right_word)
        return;
    uint32_t next = encoding->after[right];
    encoding->words[left] = pair->joint;
    encoding->words[right] = -1;
    encoding->after[left] = next;
    if (next < encoding->n_symbols)
        encoding->before[next] = left;
    offer_pair(encoding, encoding->before[left]);
    offer_pair(encoding, left);
}

/* A character, or the bytes it is made of where it is no word. */
static void add_character(struct encoding *encoding, const char *bytes, size_t n_bytes)
{
    int32_t word = *llama_tokenizer_find(encoding->tokenizer, bytes, n_bytes, "", 0);
    if (word >= 0)
        encoding->words[encoding->n_symbols++] = word;
    for (size_t i = 0; i < n_bytes && word < 0; i++)
        encoding->words[encoding->n_symbols++] = LLAMA_TOKENIZER_BYTES + (unsigned char)bytes[i];
}

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

static void cut_characters(struct encoding *encoding, const char *text, size_t n_bytes)
{
    add_character(encoding, " ", 1);
    for (size_t first = 0, n; first < n_bytes; first += n) {
        n = 1;
        while (n < CHARACTER_BYTES_MAX && first + n < n_bytes && continues(text[first + n]))
            n++;
        add_character(encoding, text + first, n);
    }
}

static void join_all(struct encoding *encoding)
{
    size_t n = encoding->n_symbols;
    for (size_t i = 0; i < n; i++) {
        encoding->before[i] = (uint32_t)(i > 0 ? i - 1 : n);
        encoding->after[i] = (uint32_t)(i + 1);
    }
    for (size_t i = 0; i < n; i++)
        offer_pair(encoding, i);
    while (encoding->n_pairs > 0) {
        struct pair pair = pop_pair(encoding);
        join_pair(encoding, &pair);
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (encoding->words[i] >= 0)
            encoding->words[kept++] = encoding->words[i];
    encoding->n_symbols = kept;
}

enum rs_status llama_tokenizer_encode(const struct llama_tokenizer *tokenizer, const char *text,
                                      size_t n_bytes, size_t *n, int32_t **words, struct rs_error *err)
{
    *n = 0;
    *words = NULL;
    rs_require(n_bytes <= LLAMA_TOKENIZER_TEXT_BYTES, "a text beyond LLAMA_TOKENIZER_TEXT_BYTES");
    size_t n_max = n_bytes + 1; /* the space in front */
    struct encoding encoding = {.tokenizer = tokenizer,
                                .words = memory_allocate(n_max, sizeof *encoding.words, err),
                                .before = memory_allocate(n_max, sizeof *encoding.before, err),
                                .after = memory_allocate(n_max, sizeof *encoding.after, err),
                                .pairs = memory_allocate(3 * n_max, sizeof *encoding.pairs, err)};
    bool enough =
        encoding.words != NULL && encoding.before != NULL && encoding.after != NULL && encoding.pairs != NULL;
    if (enough && n_bytes > 0) {
        cut_characters(&encoding, text, n_bytes);
        join_all(&encoding);
    }
    free(encoding.before);
    free(encoding.after);
    free(encoding.pairs);
    if (!enough) {
        free(encoding.words);
        return RS_INTERNAL;
    }
    *n = encoding.n_symbols;
    *words = encoding.words;
    return RS_OK;
}
