#include "workload/llama_tokenizer.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"
#include "io/binary.h"

enum { N_BYTES = 256, RECORD_BYTES = 8, CHARACTER_BYTES_MAX = 4 };

/* llama2.c joins nothing that scores less. */
static const float worst_score = -1e10f;

void llama_tokenizer_clear(struct llama_tokenizer *tokenizer)
{
    free(tokenizer->scores);
    free(tokenizer->starts);
    free(tokenizer->bytes);
    free(tokenizer->slots);
    *tokenizer = (struct llama_tokenizer){0};
}

/* --- words by their text --- */

static const char *text_of(const struct llama_tokenizer *tokenizer, int32_t word, size_t *n_bytes)
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

/* The slot of the text one + other: of its word, or a free one. */
static int32_t *find_slot(const struct llama_tokenizer *tokenizer, const char *one, size_t n_one,
                          const char *other, size_t n_other)
{
    uint64_t state = hash(hash(0xcbf29ce484222325u, one, n_one), other, n_other);
    for (size_t at = state ^ state >> 32;; at++) {
        int32_t *slot = &tokenizer->slots[at & (tokenizer->n_slots - 1)];
        size_t n = 0;
        if (*slot < 0)
            return slot;
        const char *text = text_of(tokenizer, *slot, &n);
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
        const char *text = text_of(tokenizer, (int32_t)i, &n);
        int32_t *slot = find_slot(tokenizer, text, n, "", 0);
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

/* --- encoding --- */

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
    const char *left_text = text_of(tokenizer, left_word, &n_left),
               *right_text = text_of(tokenizer, right_word, &n_right);
    if (n_left + n_right > tokenizer->longest)
        return;
    int32_t joint = *find_slot(tokenizer, left_text, n_left, right_text, n_right);
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
    int32_t word = *find_slot(encoding->tokenizer, bytes, n_bytes, "", 0);
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
    const char *text = text_of(tokenizer, word, &n);
    if (is_byte(text, n, bytes))
        return 1;
    bool spared = before == LLAMA_TOKENIZER_BEGIN && n > 0 && text[0] == ' ';
    memcpy(bytes, text + spared, n - spared);
    return n - spared;
}
