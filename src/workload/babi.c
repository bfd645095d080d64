#include "workload/babi.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"

/* A text on its way into stories. Sentences of a story lie one after the other, so a story is a range. */
struct parser {
    const char *path, *line, *end; /* the rest of the current line, and where it ends */
    size_t line_number;
    const char *line_start;
    struct vocabulary *vocabulary;
    struct story *stories; /* [n_stories]; word_offset and question are set at the end */
    size_t n_stories, *first_sentence, *first_question_word;
    size_t n_sentences, n_words, n_question_words;
    int32_t *word_offset, *words, *question;
    size_t story_start; /* first sentence of the current story */
    long last_number;
    struct rs_error *err;
};

static enum rs_status refuse(const struct parser *parser, const char *what)
{
    return rs_fail(parser->err, RS_INPUT, "%s:%zu:%zu: error: %s", parser->path, parser->line_number,
                   (size_t)(parser->line - parser->line_start) + 1, what);
}

/* Reads words up to `end` into words [BABI_SENTENCE_WORDS_MAX]; commas part words unless `joined`. */
static enum rs_status read_words(struct parser *parser, const char *end, bool joined, int32_t *words,
                                 size_t *n_words)
{
    *n_words = vocabulary_add_sentence(parser->vocabulary, parser->line, (size_t)(end - parser->line), joined,
                                       BABI_SENTENCE_WORDS_MAX, words);
    if (*n_words == 0)
        return refuse(parser, "a word expected");
    if (*n_words > BABI_SENTENCE_WORDS_MAX)
        return refuse(parser, "more than 64 words, or a word of more than 127 bytes, found");
    parser->line = end;
    return RS_OK;
}

/* The supports behind the second tab: numbers of lines; how many. */
static enum rs_status read_supports(struct parser *parser, int32_t *n_facts)
{
    for (*n_facts = 0;; (*n_facts)++) {
        while (parser->line < parser->end && isspace((unsigned char)*parser->line))
            parser->line++;
        if (parser->line == parser->end)
            return RS_OK;
        char *next;
        long number = strtol(parser->line, &next, 10);
        if (next == parser->line || number < 1 || number >= parser->last_number)
            return refuse(parser, "the number of an earlier line expected");
        parser->line = next;
    }
}

static enum rs_status read_question(struct parser *parser, const char *tab, int32_t kind)
{
    size_t n, n_answers;
    int32_t answers[BABI_SENTENCE_WORDS_MAX];
    if (parser->n_sentences == parser->story_start)
        return refuse(parser, "a question before any sentence of its story found");
    enum rs_status status = read_words(parser, tab, false, parser->question + parser->n_question_words, &n);
    if (status != RS_OK)
        return status;
    parser->line = tab + 1;
    const char *answer_end = memchr(parser->line, '\t', (size_t)(parser->end - parser->line));
    status = read_words(parser, answer_end != NULL ? answer_end : parser->end, true, answers, &n_answers);
    if (status == RS_OK && n_answers != 1)
        status = refuse(parser, "an answer of one word, or of words joined by commas, expected");
    if (status != RS_OK)
        return status;
    struct story *story = &parser->stories[parser->n_stories];
    *story = (struct story){.n_sentences = parser->n_sentences - parser->story_start,
                            .n_question_words = n,
                            .answer = answers[0],
                            .kind = kind};
    parser->first_sentence[parser->n_stories] = parser->story_start;
    parser->first_question_word[parser->n_stories++] = parser->n_question_words;
    parser->n_question_words += n;
    return read_supports(parser, &story->n_facts);
}

static enum rs_status read_sentence(struct parser *parser)
{
    size_t n;
    enum rs_status status = read_words(parser, parser->end, false, parser->words + parser->n_words, &n);
    parser->n_words += n;
    parser->word_offset[++parser->n_sentences] = (int32_t)parser->n_words;
    return status;
}

static enum rs_status read_line(struct parser *parser, int32_t kind)
{
    char *next;
    errno = 0;
    long number = strtol(parser->line, &next, 10);
    if (next == parser->line || next >= parser->end || *next != ' ' || errno != 0)
        return refuse(parser, "a line number and a space expected");
    if (number != 1 && number != parser->last_number + 1)
        return refuse(parser, "line numbers that go on by 1, or start again with 1, expected");
    if (number == 1)
        parser->story_start = parser->n_sentences;
    parser->last_number = number;
    parser->line = next + 1;
    const char *tab = memchr(parser->line, '\t', (size_t)(parser->end - parser->line));
    return tab != NULL ? read_question(parser, tab, kind) : read_sentence(parser);
}

/* There are at most as many stories as lines, and as many words as half the bytes. */
static enum rs_status allocate(struct parser *parser, const char *bytes, size_t n_bytes)
{
    size_t n_lines = 1, n_words = n_bytes / 2 + BABI_SENTENCE_WORDS_MAX;
    for (size_t i = 0; i < n_bytes; i++)
        n_lines += bytes[i] == '\n';
    parser->stories = memory_allocate(n_lines, sizeof *parser->stories, parser->err);
    parser->first_sentence = memory_allocate(n_lines, sizeof *parser->first_sentence, parser->err);
    parser->first_question_word = memory_allocate(n_lines, sizeof *parser->first_question_word, parser->err);
    parser->word_offset = memory_allocate(n_lines + 1, sizeof *parser->word_offset, parser->err);
    parser->words = memory_allocate(n_words, sizeof *parser->words, parser->err);
    parser->question = memory_allocate(n_words, sizeof *parser->question, parser->err);
    return parser->stories == NULL || parser->first_sentence == NULL || parser->first_question_word == NULL ||
                   parser->word_offset == NULL || parser->words == NULL || parser->question == NULL
               ? RS_INTERNAL
               : RS_OK;
}

static enum rs_status read_lines(struct parser *parser, const char *bytes, size_t n_bytes, int32_t kind)
{
    for (const char *at = bytes; at < bytes + n_bytes; at = parser->end + 1) {
        const char *newline = memchr(at, '\n', (size_t)(bytes + n_bytes - at));
        parser->line = parser->line_start = at;
        parser->end = newline != NULL ? newline : bytes + n_bytes;
        parser->line_number++;
        enum rs_status status =
            parser->line == parser->end ? refuse(parser, "an empty line found") : read_line(parser, kind);
        if (status != RS_OK)
            return status;
    }
    if (parser->n_stories == 0)
        return rs_fail(parser->err, RS_INPUT, "%s: error: no question found", parser->path);
    return vocabulary_check(parser->vocabulary, parser->err);
}

enum rs_status babi_parse(const char *path, const char *bytes, size_t n_bytes, int32_t kind,
                          struct vocabulary *vocabulary, struct story_set *out, struct rs_error *err)
{
    rs_require(bytes[n_bytes] == '\0' && n_bytes <= BABI_BYTES_MAX, "the text is too long or has no end");
    struct parser parser = {.path = path, .vocabulary = vocabulary, .err = err};
    *out = (struct story_set){0};
    enum rs_status status = allocate(&parser, bytes, n_bytes);
    if (status == RS_OK)
        status = read_lines(&parser, bytes, n_bytes, kind);
    for (size_t i = 0; status == RS_OK && i < parser.n_stories; i++) {
        parser.stories[i].word_offset = parser.word_offset + parser.first_sentence[i];
        parser.stories[i].words = parser.words;
        parser.stories[i].question = parser.question + parser.first_question_word[i];
    }
    if (status == RS_OK)
        status = story_set_pack(out, parser.stories, parser.n_stories, err);
    free(parser.stories);
    free(parser.first_sentence);
    free(parser.first_question_word);
    free(parser.word_offset);
    free(parser.words);
    free(parser.question);
    return status;
}

/* Whether a file's name is qaN_NAME_PART.txt; name: "qaN_NAME". */
static bool matches(const char *file, int task, const char *part, char name[256])
{
    char prefix[16], suffix[16];
    int n_prefix = snprintf(prefix, sizeof prefix, "qa%d_", task);
    int n_suffix = snprintf(suffix, sizeof suffix, "_%s.txt", part);
    size_t n = strlen(file);
    if (n < (size_t)(n_prefix + n_suffix) || strncmp(file, prefix, (size_t)n_prefix) != 0 ||
        strcmp(file + n - (size_t)n_suffix, suffix) != 0)
        return false;
    return snprintf(name, 256, "%.*s", (int)n - n_suffix, file) < 256;
}

enum rs_status babi_find(const char *folder, int task, struct babi_files *out, bool *found,
                         struct rs_error *err)
{
    static const char *const parts[] = {"train", "test"};
    char *const paths[] = {out->train, out->test};
    int n_found[2] = {0, 0};
    DIR *directory = opendir(folder);
    if (directory == NULL)
        return rs_fail(err, RS_IO, "%s: error: %s", folder, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        for (int i = 0; i < 2; i++)
            if (matches(entry->d_name, task, parts[i], out->name) &&
                snprintf(paths[i], BABI_PATH_SIZE, "%s/%s", folder, entry->d_name) < BABI_PATH_SIZE)
                n_found[i]++;
    closedir(directory);
    *found = n_found[0] + n_found[1] > 0;
    for (int i = 0; i < 2 && *found; i++)
        if (n_found[i] != 1)
            return rs_fail(err, RS_INPUT, "%s: error: %d files qa%d_NAME_%s.txt found, one expected", folder,
                           n_found[i], task, parts[i]);
    return RS_OK;
}
