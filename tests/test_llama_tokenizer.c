/* Byte pairs by score: against a plain second implementation, round trips, a real tokenizer, wrong files. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "io/store.h"
#include "numeric/random.h"
#include "workload/llama_tokenizer.h"
#include "workload/text_pieces.h"

TestSuite(llama_tokenizer, .timeout = 60);

enum { WORDS = 320, LONGEST = 6, TEXT_MAX = 400 };

/* A vocabulary as a program would hold it: '\0' ends a word. */
struct list {
    size_t n;
    float scores[1024];
    char words[1024][16];
};

static void fill_bytes(struct list *list)
{
    static const char *const first[] = {"<unk>", "\n<s>\n", "\n</s>\n"};
    for (int i = 0; i < 3; i++)
        snprintf(list->words[i], sizeof list->words[i], "%s", first[i]);
    for (int byte = 0; byte < 256; byte++)
        snprintf(list->words[3 + byte], sizeof list->words[0], "<0x%02X>", byte);
    list->n = 259;
}

/* The scores are few, so that many tie; words repeat. */
static void fill_random(struct list *list, uint64_t seed)
{
    static const char *const letters[] = {"a", "b", "c", " ", "\xC3\xA9", "\xE2\x82\xAC"};
    const struct random_key key = {.seed = seed};
    uint32_t cell = 0;
    fill_bytes(list);
    for (; list->n < WORDS; list->n++) {
        char *word = list->words[list->n];
        size_t n_letters = list->n < 265 ? 1 : 1 + random_integer(&key, cell++, 5);
        for (size_t i = 0; i < n_letters; i++) {
            const char *letter = letters[list->n < 264 ? list->n - 259 : random_integer(&key, cell++, 6)];
            if (strlen(word) + strlen(letter) <= LONGEST)
                strcat(word, letter);
        }
        list->scores[list->n] = -(float)random_integer(&key, cell++, 9);
    }
    list->scores[300] = -2e10f; /* never joined to */
}

static void write_list(const char *path, const struct list *list, int32_t longest)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fwrite(&longest, sizeof longest, 1, file);
    for (size_t i = 0; i < list->n; i++) {
        int32_t n = (int32_t)strlen(list->words[i]);
        fwrite(&list->scores[i], sizeof(float), 1, file);
        fwrite(&n, sizeof n, 1, file);
        fwrite(list->words[i], 1, (size_t)n, file);
    }
    cr_assert_eq(fclose(file), 0);
}

static int find(const struct list *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->words[i], text) == 0)
            return (int)i;
    return -1;
}

/* The definition: look at all neighbours, join the best, again and again. */
static size_t encode_plainly(const struct list *list, const char *text, size_t n_bytes, int *words)
{
    size_t n = 0;
    if (n_bytes > 0)
        words[n++] = find(list, " ");
    for (size_t i = 0; i < n_bytes;) {
        char character[8] = {0};
        size_t length = 0;
        do
            character[length++] = text[i++];
        while (i < n_bytes && length < 4 && ((unsigned char)text[i] >> 6) == 2);
        int word = strlen(character) == length ? find(list, character) : -1;
        if (word >= 0)
            words[n++] = word;
        for (size_t b = 0; b < length && word < 0; b++)
            words[n++] = (unsigned char)character[b] + 3;
    }
    for (;;) {
        float best = -1e10f;
        size_t at = 0;
        int joint = -1;
        for (size_t i = 0; i + 1 < n; i++) {
            char both[40];
            snprintf(both, sizeof both, "%s%s", list->words[words[i]], list->words[words[i + 1]]);
            int word = find(list, both);
            if (word >= 0 && list->scores[word] > best) {
                best = list->scores[word];
                at = i;
                joint = word;
            }
        }
        if (joint < 0)
            return n;
        words[at] = joint;
        memmove(words + at + 1, words + at + 2, (--n - at - 1) * sizeof *words);
    }
}

static size_t decode(const struct llama_tokenizer *tokenizer, size_t n, const int32_t *words, char *text)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++)
        length += llama_tokenizer_decode(tokenizer, i == 0 ? LLAMA_TOKENIZER_BEGIN : words[i - 1], words[i],
                                         text + length);
    return length;
}

/* Encodes both ways, and back. */
static void compare(const struct llama_tokenizer *tokenizer, const struct list *list, const char *text,
                    size_t n_bytes, uint64_t seed)
{
    struct rs_error err = {{0}};
    static int expected[TEXT_MAX + 1];
    static char back[TEXT_MAX + 64];
    int32_t *words = NULL;
    size_t n = 0, n_expected = encode_plainly(list, text, n_bytes, expected);
    cr_assert_eq(llama_tokenizer_encode(tokenizer, text, n_bytes, &n, &words, &err), RS_OK, "%s", err.text);
    cr_assert_eq(n, n_expected, "seed %llu: %zu words, %zu expected", (unsigned long long)seed, n,
                 n_expected);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(words[i], expected[i], "seed %llu, word %zu: %d, %d expected", (unsigned long long)seed,
                     i, (int)words[i], expected[i]);
    cr_assert_eq(decode(tokenizer, n, words, back), n_bytes, "seed %llu", (unsigned long long)seed);
    cr_assert_arr_eq(back, text, n_bytes, "seed %llu", (unsigned long long)seed);
    free(words);
}

Test(llama_tokenizer, words_are_those_of_the_plain_definition, .init = enter_folder, .fini = leave_folder)
{
    static const char *const parts[] = {
        "a", "b", "c", " ", "\xC3\xA9", "\xE2\x82\xAC", "x", "\x80", "\xF0\x9F\x98\x80"};
    struct rs_error err = {{0}};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct list list = {0};
        struct llama_tokenizer tokenizer;
        const struct random_key key = {.seed = seed, .trial = 1};
        char text[TEXT_MAX + 8];
        size_t n_bytes = 0;
        uint32_t cell = 0, n_kinds = 3 + random_integer(&key, cell++, 7);
        fill_random(&list, seed);
        write_list("t.bin", &list, LONGEST + 1);
        cr_assert_eq(llama_tokenizer_open("t.bin", WORDS, &tokenizer, &err), RS_OK, "%s", err.text);
        size_t limit = random_integer(&key, cell++, TEXT_MAX);
        while (n_bytes < limit) {
            const char *part = parts[random_integer(&key, cell++, n_kinds)];
            memcpy(text + n_bytes, part, strlen(part));
            n_bytes += strlen(part);
        }
        compare(&tokenizer, &list, text, n_bytes < TEXT_MAX ? n_bytes : TEXT_MAX, seed);
        llama_tokenizer_clear(&tokenizer);
    }
}

Test(llama_tokenizer, a_text_of_one_letter_takes_no_time, .init = enter_folder, .fini = leave_folder)
{
    enum { N = 1 << 20 };
    struct rs_error err = {{0}};
    struct list list = {0};
    struct llama_tokenizer tokenizer;
    int32_t *words = NULL;
    size_t n = 0;
    fill_bytes(&list);
    for (const char *word = "aaaa"; *word != '\0'; word++, list.n++) { /* aaaa aaa aa a */
        snprintf(list.words[list.n], sizeof list.words[0], "%s", word);
        list.scores[list.n] = -(float)list.n;
    }
    snprintf(list.words[list.n++], sizeof list.words[0], " ");
    write_list("t.bin", &list, LONGEST + 1);
    cr_assert_eq(llama_tokenizer_open("t.bin", list.n, &tokenizer, &err), RS_OK, "%s", err.text);
    char *text = malloc(N);
    memset(text, 'a', N);
    cr_assert_eq(llama_tokenizer_encode(&tokenizer, text, N, &n, &words, &err), RS_OK, "%s", err.text);
    cr_assert_eq(n, 1 + N / 4);
    for (size_t i = 1; i < n; i++)
        cr_assert_eq(words[i], 259);
    free(words);
    free(text);
    cr_assert_eq(llama_tokenizer_encode(&tokenizer, "", 0, &n, &words, &err), RS_OK);
    cr_assert_eq(n, 0);
    free(words);
    llama_tokenizer_clear(&tokenizer);
}

static bool has_data(const char *name, char path[4096])
{
    const char *folder = getenv("RESCORE_TEST_DATA");
    snprintf(path, 4096, "%s/stories260k/%s", folder != NULL ? folder : "", name);
    FILE *file = fopen(path, "rb");
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

/* The tokens in the file come from an export of its own; its first story had its curly quotes replaced. */
Test(llama_tokenizer, a_real_tokenizer_gives_the_words_of_an_independent_export)
{
    char path[4096], text_path[4096], store_path[4096];
    struct rs_error err = {{0}};
    struct llama_tokenizer tokenizer;
    struct text_pieces pieces;
    struct store *store = NULL;
    int32_t tokens[1807], offsets[6];
    if (!has_data("tok512.bin", path) || !has_data("tinystories_sample.txt", text_path) ||
        !has_data("stories260k_qkv.h5", store_path))
        cr_skip_test("no stories260k under RESCORE_TEST_DATA");
    cr_assert_eq(llama_tokenizer_open(path, 512, &tokenizer, &err), RS_OK, "%s", err.text);
    cr_assert_eq(text_pieces_open(text_path, 1 << 16, &pieces, &err), RS_OK, "%s", err.text);
    cr_assert_eq(store_open(store_path, &store, &err), RS_OK, "%s", err.text);
    const struct store_axis n_tokens = {"tokens", 1807, "the test"}, n_offsets = {"offsets", 6, "the test"};
    cr_assert_eq(store_check_shape(store, "/tokens", 1, &n_tokens, &err), RS_OK, "%s", err.text);
    cr_assert_eq(store_check_shape(store, "/token_offset", 1, &n_offsets, &err), RS_OK, "%s", err.text);
    cr_assert_eq(store_read(store, "/tokens", STORE_INT32, tokens, &err), RS_OK, "%s", err.text);
    cr_assert_eq(store_read(store, "/token_offset", STORE_INT32, offsets, &err), RS_OK, "%s", err.text);
    cr_assert_eq(pieces.n, 5);
    for (size_t i = 0; i < pieces.n; i++) {
        int32_t *words = NULL;
        size_t n = 0, n_bytes = 0;
        char *text = malloc(pieces.pieces[i].n_bytes);
        for (size_t at = 0; at < pieces.pieces[i].n_bytes; at++) {
            const char *from = pieces.pieces[i].text + at;
            bool curly = strncmp(from, "\xE2\x80\x9C", 3) == 0 || strncmp(from, "\xE2\x80\x9D", 3) == 0;
            text[n_bytes++] = curly ? '"' : *from;
            at += curly ? 2 : 0;
        }
        cr_assert_eq(n_bytes < pieces.pieces[i].n_bytes, i == 0);
        cr_assert_eq(llama_tokenizer_encode(&tokenizer, text, n_bytes, &n, &words, &err), RS_OK, "%s",
                     err.text);
        cr_assert_eq(tokens[offsets[i]], LLAMA_TOKENIZER_BEGIN);
        cr_assert_eq((int32_t)n, offsets[i + 1] - offsets[i] - 1, "story %zu: %zu words", i, n);
        cr_assert_arr_eq(words, tokens + offsets[i] + 1, n * sizeof *words, "story %zu", i);
        char *back = malloc(n * tokenizer.longest);
        cr_assert_eq(decode(&tokenizer, n, words, back), n_bytes);
        cr_assert_arr_eq(back, text, n_bytes);
        free(back);
        free(text);
        free(words);
    }
    store_close(store);
    text_pieces_clear(&pieces);
    llama_tokenizer_clear(&tokenizer);
}

static size_t read_bytes(const char *path, char *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    size_t n = fread(bytes, 1, size, file);
    fclose(file);
    return n;
}

static void write_bytes(const char *path, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, n, file), n);
    cr_assert_eq(fclose(file), 0);
}

static void assert_refused(const char *path, size_t n_words, enum rs_status status, const char *said)
{
    struct rs_error err = {{0}};
    struct llama_tokenizer tokenizer;
    cr_assert_eq(llama_tokenizer_open(path, n_words, &tokenizer, &err), status, "'%s' expected, '%s' found",
                 said, err.text);
    cr_assert_null(tokenizer.bytes);
    cr_assert(strncmp(err.text, path, strlen(path)) == 0 && strstr(err.text, ": error: ") != NULL &&
                  strchr(err.text, '\n') == NULL && strstr(err.text, said) != NULL,
              "'%s' expected, '%s' found", said, err.text);
}

Test(llama_tokenizer, wrong_files_are_refused, .init = enter_folder, .fini = leave_folder)
{
    static char bytes[1 << 14], copy[1 << 14];
    struct list list = {0};
    fill_random(&list, 1);
    write_list("t.bin", &list, LONGEST + 1);
    size_t n = read_bytes("t.bin", bytes, sizeof bytes);
    cr_assert_lt(n, sizeof bytes);
    for (size_t cut = 0; cut < n; cut += cut < 64 || cut + 20 > n ? 1 : 53) {
        write_bytes("cut.bin", bytes, cut);
        assert_refused("cut.bin", WORDS, RS_INPUT, "expected");
    }
    const struct {
        const char *said;
        size_t at;
        uint32_t value;
    } changes[] = {{"a longest word of 0 bytes", 0, 0},
                   {"a longest word of -7 bytes", 0, (uint32_t)-7},
                   {"a longest word of 2147483647 bytes", 0, INT32_MAX},
                   {"word 2 has 6 bytes, 0 to 5 expected", 0, 5},
                   {"word 0 has a score of nan", 4, 0x7fc00000},
                   {"word 0 has a score of -inf", 4, 0xff800000},
                   {"word 0 has -1 bytes, 0 to 7 expected", 8, (uint32_t)-1},
                   {"word 0 has -2147483648 bytes", 8, 0x80000000},
                   {"word 0 has 2147483647 bytes", 8, INT32_MAX}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        memcpy(copy, bytes, n);
        memcpy(copy + changes[i].at, &changes[i].value, sizeof changes[i].value);
        write_bytes("bad.bin", copy, n);
        assert_refused("bad.bin", WORDS, RS_INPUT, changes[i].said);
    }
    bytes[n] = 'x';
    write_bytes("long.bin", bytes, n + 1);
    assert_refused("long.bin", WORDS, RS_INPUT, "more than the model's 320 words");
    assert_refused("t.bin", WORDS - 1, RS_INPUT, "more than the model's 319 words");
    assert_refused("t.bin", WORDS + 1, RS_INPUT, "320 words found, 321 expected by the model");
    assert_refused("t.bin", 258, RS_INPUT, "a model of 258 words found, at least 259 expected");
    assert_refused("none.bin", WORDS, RS_IO, "cannot open");
    assert_refused(".", WORDS, RS_IO, "a regular file expected");
    assert_refused("/dev/null", WORDS, RS_IO, "a regular file expected");
}

Test(llama_tokenizer, texts_are_cut_at_marks_and_stripped, .init = enter_folder, .fini = leave_folder)
{
    static const struct {
        const char *text, *pieces; /* joined by | */
    } cases[] = {{"one", "one"},
                 {" \n one two\t\r\n<|endoftext|>\n\n three<|endoftext|>", "one two|three"},
                 {"<|endoftext|><|endoftext|>a<|endoftext|> <|endoftext|>b", "a|b"},
                 {"a<|endoftext|<|endoftext|>b<|endoftext", "a<|endoftext||b<|endoftext"},
                 {"<<|endoftext|>>", "<|>"}};
    struct rs_error err = {{0}};
    struct text_pieces pieces;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char joined[256] = "";
        write_bytes("t.txt", cases[i].text, strlen(cases[i].text));
        cr_assert_eq(text_pieces_open("t.txt", 100, &pieces, &err), RS_OK, "%s", err.text);
        for (size_t p = 0; p < pieces.n; p++)
            snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%.*s", p > 0 ? "|" : "",
                     (int)pieces.pieces[p].n_bytes, pieces.pieces[p].text);
        cr_assert_str_eq(joined, cases[i].pieces, "case %zu", i);
        text_pieces_clear(&pieces);
    }
    write_bytes("t.txt", " \n<|endoftext|>", 15);
    cr_assert_eq(text_pieces_open("t.txt", 100, &pieces, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "t.txt: error: nothing but white space found, a text expected");
    write_bytes("t.txt", "ab<|endoftext|>abc", 18);
    cr_assert_eq(text_pieces_open("t.txt", 2, &pieces, &err), RS_INPUT);
    cr_assert_str_eq(err.text,
                     "t.txt: error: piece 2 has 3 bytes, at most 2 between two <|endoftext|> expected");
    cr_assert_eq(text_pieces_open("none.txt", 2, &pieces, &err), RS_IO);
    cr_assert(pieces.pieces == NULL && pieces.file == NULL);
    cr_assert_eq(count_files(), 1);
}
