/*
 * Question-answer items as word indices: what generators make, models read and model files hold. A set packs
 * its stories end to end in the arrays that a file stores; a story is a view of one of them.
 */
#ifndef TENSOR_STORY_H
#define TENSOR_STORY_H

#include <stddef.h>
#include <stdint.h>

#include "rescore/status.h"

/* A view; nothing in it is owned. Sentence i is words[word_offset[i]] ... words[word_offset[i + 1] - 1]. */
struct story {
    size_t n_sentences;
    const int32_t *word_offset; /* [n_sentences + 1] */
    const int32_t *words;
    size_t n_question_words;
    const int32_t *question; /* [n_question_words] */
    int32_t answer;          /* word index */
    int32_t kind;            /* index into the names that its owner keeps */
    int32_t n_facts;         /* sentences needed for the answer */
};

/* Packed stories; start from {0}. Offsets start with 0 and never fall. */
struct story_set {
    size_t n_stories, n_sentences, n_words, n_question_words;
    int32_t *sentence_offset; /* [n_stories + 1], into word_offset */
    int32_t *word_offset;     /* [n_sentences + 1], into words */
    int32_t *words;           /* [n_words] */
    int32_t *question_offset; /* [n_stories + 1], into question */
    int32_t *question;        /* [n_question_words] */
    int32_t *answer;          /* [n_stories] */
    int32_t *kind;            /* [n_stories] */
    int32_t *n_facts;         /* [n_stories] */
};

/* The view of story `index`; valid while the set lives unchanged. */
struct story story_of_set(const struct story_set *set, size_t index);

/*
 * A set with room for exactly these counts, all entries 0, for a reader to fill. RS_INTERNAL without memory;
 * then, and after story_set_clear, it is {0}.
 */
enum rs_status story_set_init(struct story_set *set, size_t n_stories, size_t n_sentences, size_t n_words,
                              size_t n_question_words, struct rs_error *err) RS_MUST_CHECK;

/* Packs copies of `n` stories into a new set. */
enum rs_status story_set_pack(struct story_set *set, const struct story *stories, size_t n,
                              struct rs_error *err) RS_MUST_CHECK;

void story_set_clear(struct story_set *set);

/*
 * Checks a set filled from a file: offsets rise from 0 to their end, every sentence and question has 1 to
 * `n_sentence_words` words, every story at least one sentence, word and kind indices are in range, n_facts is
 * not negative. RS_INPUT with "PATH:GROUP/DATASET: error: ..." otherwise.
 */
enum rs_status story_set_check(const struct story_set *set, size_t n_vocabulary, size_t n_kinds,
                               size_t n_sentence_words, const char *path, const char *group,
                               struct rs_error *err) RS_MUST_CHECK;

/* The longest story in sentences, and the longest sentence or question in words. */
size_t story_set_longest_story(const struct story_set *set);
size_t story_set_longest_sentence(const struct story_set *set);

#endif
