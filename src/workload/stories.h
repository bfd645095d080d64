/*
 * Generated question-answer stories of three kinds, after the idea of the bAbI tasks (Weston et al. 2015,
 * arXiv:1502.05698) with a village, grammar and words of the project's own:
 *
 *     one-fact    "greta rides to the mill ... where is greta"
 *     two-facts   "hugo picks up the rope ... hugo walks to the forge ... where is the rope"
 *     deduction   "every potter sells nails ... ines is a potter ... what does ines sell"
 *
 * among sentences that do not matter. Each answer follows from its story alone. Story n of seed s is always
 * the same: every choice is drawn at (seed, write = n, array = kind) with the purpose RANDOM_STORIES.
 */
#ifndef WORKLOAD_STORIES_H
#define WORKLOAD_STORIES_H

#include <stdint.h>

#include "tensor/story.h"
#include "workload/story_words.h"

/* `mixed` takes the three kinds in turn: story n has kind n mod 3. */
enum stories_task { STORIES_ONE_FACT, STORIES_TWO_FACTS, STORIES_DEDUCTION, STORIES_MIXED };

enum {
    STORIES_N_KINDS = 3,
    STORIES_SENTENCES_MIN = 8,
    STORIES_SENTENCES_MAX = 128,
    STORIES_NUMBERS_MAX = 1 << 24
};

/* One story's words, for stories_write to fill; the view points into it. */
struct stories_page {
    int32_t word_offset[STORIES_SENTENCES_MAX + 1];
    int32_t words[STORIES_SENTENCES_MAX * STORY_WORDS_SENTENCE_MAX];
    int32_t question[STORY_WORDS_SENTENCE_MAX];
};

/*
 * Story `number` of `seed`, of STORIES_SENTENCES_MIN to `n_sentences_max` sentences (evenly spread). Words
 * are indices into story_words_vocabulary; kind is one of the first three tasks.
 */
struct story stories_write(enum stories_task task, uint64_t seed, uint32_t number, int n_sentences_max,
                           struct stories_page *page);

#endif
