#include "tensor/story.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/require.h"

struct story story_of_set(const struct story_set *set, size_t index)
{
    rs_require(index < set->n_stories, "the story lies beyond the set");
    int32_t first = set->sentence_offset[index], question = set->question_offset[index];
    return (struct story){.n_sentences = (size_t)(set->sentence_offset[index + 1] - first),
                          .word_offset = set->word_offset + first,
                          .words = set->words,
                          .n_question_words = (size_t)(set->question_offset[index + 1] - question),
                          .question = set->question + question,
                          .answer = set->answer[index],
                          .kind = set->kind[index],
                          .n_facts = set->n_facts[index]};
}

void story_set_clear(struct story_set *set)
{
    free(set->sentence_offset);
    free(set->word_offset);
    free(set->words);
    free(set->question_offset);
    free(set->question);
    free(set->answer);
    free(set->kind);
    free(set->n_facts);
    *set = (struct story_set){0};
}

enum rs_status story_set_init(struct story_set *set, size_t n_stories, size_t n_sentences, size_t n_words,
                              size_t n_question_words, struct rs_error *err)
{
    *set = (struct story_set){.n_stories = n_stories,
                              .n_sentences = n_sentences,
                              .n_words = n_words,
                              .n_question_words = n_question_words};
    struct {
        int32_t **array;
        size_t n;
    } parts[] = {{&set->sentence_offset, n_stories + 1},
                 {&set->word_offset, n_sentences + 1},
                 {&set->words, n_words},
                 {&set->question_offset, n_stories + 1},
                 {&set->question, n_question_words},
                 {&set->answer, n_stories},
                 {&set->kind, n_stories},
                 {&set->n_facts, n_stories}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        *parts[i].array = memory_allocate(parts[i].n, sizeof(int32_t), err);
        if (*parts[i].array == NULL) {
            story_set_clear(set);
            return RS_INTERNAL;
        }
    }
    return RS_OK;
}

static size_t n_story_words(const struct story *story)
{
    return (size_t)(story->word_offset[story->n_sentences] - story->word_offset[0]);
}

/* Copies `story` behind what the set holds so far; its arrays have the room. */
static void put(struct story_set *set, size_t index, const struct story *story)
{
    int32_t sentence = set->sentence_offset[index], word = set->word_offset[sentence];
    int32_t question = set->question_offset[index];
    for (size_t i = 1; i <= story->n_sentences; i++)
        set->word_offset[sentence + (int32_t)i] = word + story->word_offset[i] - story->word_offset[0];
    memcpy(set->words + word, story->words + story->word_offset[0], n_story_words(story) * sizeof(int32_t));
    memcpy(set->question + question, story->question, story->n_question_words * sizeof(int32_t));
    set->sentence_offset[index + 1] = sentence + (int32_t)story->n_sentences;
    set->question_offset[index + 1] = question + (int32_t)story->n_question_words;
    set->answer[index] = story->answer;
    set->kind[index] = story->kind;
    set->n_facts[index] = story->n_facts;
}

enum rs_status story_set_pack(struct story_set *set, const struct story *stories, size_t n,
                              struct rs_error *err)
{
    size_t n_sentences = 0, n_words = 0, n_question_words = 0;
    for (size_t i = 0; i < n; i++) {
        n_sentences += stories[i].n_sentences;
        n_words += n_story_words(&stories[i]);
        n_question_words += stories[i].n_question_words;
    }
    *set = (struct story_set){0};
    if (n_words > INT32_MAX || n_question_words > INT32_MAX)
        return rs_fail(err, RS_INPUT, "%zu words found in a set of stories, at most %d expected", n_words,
                       INT32_MAX);
    enum rs_status status = story_set_init(set, n, n_sentences, n_words, n_question_words, err);
    for (size_t i = 0; status == RS_OK && i < n; i++)
        put(set, i, &stories[i]);
    return status;
}

/* Offsets [n + 1] rise from 0 to `end` in steps of low ... high. */
static bool offsets_rise(const int32_t *offsets, size_t n, size_t end, size_t low, size_t high)
{
    if (offsets[0] != 0 || (size_t)offsets[n] != end)
        return false;
    for (size_t i = 0; i < n; i++)
        if (offsets[i + 1] < offsets[i] || (size_t)(offsets[i + 1] - offsets[i]) < low ||
            (size_t)(offsets[i + 1] - offsets[i]) > high)
            return false;
    return true;
}

static bool in_range(const int32_t *values, size_t n, size_t end)
{
    for (size_t i = 0; i < n; i++)
        if (values[i] < 0 || (size_t)values[i] >= end)
            return false;
    return true;
}

enum rs_status story_set_check(const struct story_set *set, size_t n_vocabulary, size_t n_kinds,
                               size_t n_sentence_words, const char *path, const char *group,
                               struct rs_error *err)
{
    const struct {
        const char *name;
        const int32_t *offsets;
        size_t n, end, high;
    } offsets[] = {
        {"sentence_offset", set->sentence_offset, set->n_stories, set->n_sentences, INT32_MAX},
        {"word_offset", set->word_offset, set->n_sentences, set->n_words, n_sentence_words},
        {"question_offset", set->question_offset, set->n_stories, set->n_question_words, n_sentence_words}};
    const struct {
        const char *name;
        const int32_t *values;
        size_t n, end;
    } indices[] = {{"words", set->words, set->n_words, n_vocabulary},
                   {"question", set->question, set->n_question_words, n_vocabulary},
                   {"answer", set->answer, set->n_stories, n_vocabulary},
                   {"kind", set->kind, set->n_stories, n_kinds},
                   {"n_facts", set->n_facts, set->n_stories, INT32_MAX}};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
        if (!offsets_rise(offsets[i].offsets, offsets[i].n, offsets[i].end, 1, offsets[i].high))
            return rs_fail(err, RS_INPUT,
                           "%s:%s/%s: error: offsets that rise from 0 to %zu in steps of 1 to %zu expected",
                           path, group, offsets[i].name, offsets[i].end, offsets[i].high);
    for (size_t i = 0; i < sizeof indices / sizeof indices[0]; i++)
        if (!in_range(indices[i].values, indices[i].n, indices[i].end))
            return rs_fail(err, RS_INPUT, "%s:%s/%s: error: a number outside 0 to %zu found", path, group,
                           indices[i].name, indices[i].end - 1);
    return RS_OK;
}

static size_t longest_step(const int32_t *offsets, size_t n)
{
    size_t longest = 0;
    for (size_t i = 0; i < n; i++)
        if ((size_t)(offsets[i + 1] - offsets[i]) > longest)
            longest = (size_t)(offsets[i + 1] - offsets[i]);
    return longest;
}

size_t story_set_longest_story(const struct story_set *set)
{
    return longest_step(set->sentence_offset, set->n_stories);
}

size_t story_set_longest_sentence(const struct story_set *set)
{
    size_t sentence = longest_step(set->word_offset, set->n_sentences);
    size_t question = longest_step(set->question_offset, set->n_stories);
    return sentence > question ? sentence : question;
}
