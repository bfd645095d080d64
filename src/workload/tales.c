#include "workload/tales.h"

#include <string.h>

#include "base/require.h"
#include "workload/stories.h"

const char *const tales_names[TALES_N_KINDS + 1] = {
    "one-fact",  "two-facts", "three-facts", "two-relations", "givers",      "yes-no",  "counting",
    "lists",     "negation",  "uncertainty", "coreference",   "conjunction", "pairs",   "time",
    "deduction", "induction", "positions",   "sizes",         "paths",       "motives", NULL};

/* NULL: told by stories.h. */
static tales_tell *const tell[TALES_N_KINDS] = {
    [2] = tales_three_facts,  [3] = tales_two_relations, [4] = tales_givers,   [5] = tales_yes_no,
    [6] = tales_counting,     [7] = tales_lists,         [8] = tales_negation, [9] = tales_uncertainty,
    [10] = tales_coreference, [11] = tales_conjunction,  [12] = tales_pairs,   [13] = tales_time,
    [15] = tales_induction,   [16] = tales_positions,    [17] = tales_sizes,   [18] = tales_paths,
    [19] = tales_motives};

static int32_t add_word(struct tale *tale, int32_t story_word)
{
    const char *word = story_words_vocabulary()[story_word];
    return vocabulary_add(tale->vocabulary, word, strlen(word));
}

/* A story of stories.h in words of the tale's vocabulary. */
static void retell(enum stories_task task, uint64_t seed, uint32_t number, int n_sentences_max,
                   struct tale *tale)
{
    struct stories_page page;
    struct story story = stories_write(task, seed, number, n_sentences_max, &page);
    tale->n_sentences = story.n_sentences;
    memcpy(tale->word_offset, story.word_offset, (story.n_sentences + 1) * sizeof(int32_t));
    for (int32_t i = 0; i < story.word_offset[story.n_sentences]; i++)
        tale->words[i] = add_word(tale, story.words[i]);
    for (size_t i = 0; i < story.n_question_words; i++)
        tale->question[i] = add_word(tale, story.question[i]);
    tale->story.n_question_words = story.n_question_words;
    tale->story.answer = add_word(tale, story.answer);
    tale->story.n_facts = story.n_facts;
}

struct story tales_write(int kind, uint64_t seed, uint32_t number, int n_sentences_max, struct tale *tale)
{
    rs_require(kind >= 0 && kind < TALES_N_KINDS, "there is no such kind of stories");
    rs_require(n_sentences_max >= TALES_SENTENCES_MIN && n_sentences_max <= TALE_SENTENCES_MAX,
               "the length of a story is out of range");
    rs_require(number < TALES_NUMBERS_MAX, "the story's number is out of range");
    tale->key = (struct random_key){
        .seed = seed, .purpose = RANDOM_STORIES, .array = 16 + (uint32_t)kind, .write = number};
    tale->n_draws = 0;
    tale->n_sentences = 0;
    tale->word_offset[0] = 0;
    tale->story = (struct story){
        .kind = kind, .word_offset = tale->word_offset, .words = tale->words, .question = tale->question};
    tale->n_wanted =
        (size_t)(TALES_SENTENCES_MIN + tale_draw(tale, n_sentences_max - TALES_SENTENCES_MIN + 1));
    if (tell[kind] != NULL)
        tell[kind](tale);
    else
        retell(kind == 0   ? STORIES_ONE_FACT
               : kind == 1 ? STORIES_TWO_FACTS
                           : STORIES_DEDUCTION,
               seed, number, n_sentences_max, tale);
    tale->story.n_sentences = tale->n_sentences;
    return tale->story;
}
