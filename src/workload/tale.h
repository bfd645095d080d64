/*
 * One generated story in the making: its draws, its sentences and its question, in words of a vocabulary. The
 * kinds of stories (tales.h) are written with these few verbs. All words are the project's own.
 */
#ifndef WORKLOAD_TALE_H
#define WORKLOAD_TALE_H

#include "numeric/random.h"
#include "tensor/story.h"
#include "workload/vocabulary.h"

enum { TALE_SENTENCES_MAX = 128, TALE_SENTENCE_WORDS_MAX = 16 };

struct tale {
    struct random_key key;
    uint32_t n_draws;
    size_t n_wanted;    /* sentences that a story of free length shall have, 8 to TALE_SENTENCES_MAX */
    size_t n_sentences; /* so far */
    struct vocabulary *vocabulary;
    struct story story; /* its question, answer and n_facts, once asked */
    int32_t word_offset[TALE_SENTENCES_MAX + 1];
    int32_t words[TALE_SENTENCES_MAX * TALE_SENTENCE_WORDS_MAX];
    int32_t question[TALE_SENTENCE_WORDS_MAX];
};

/* 0 ... n - 1, all alike. */
int tale_draw(struct tale *tale, int n);

/* order [n]: 0 ... n - 1 in random order. */
void tale_shuffle(struct tale *tale, int n, int *order);

/* Another than `not_this` (NULL: any) of n texts. */
const char *tale_pick(struct tale *tale, int n, const char *const *texts, const char *not_this);

void tale_say(struct tale *tale, const char *format, ...) RS_PRINTF(2, 3);

/* The question and its answer, one word or words joined by commas; n_facts: sentences that it takes. */
void tale_ask(struct tale *tale, const char *answer, int n_facts, const char *format, ...) RS_PRINTF(4, 5);

/* Words to speak of. */
enum { TALE_N_PEOPLE = 12, TALE_N_PLACES = 10, TALE_N_OBJECTS = 8 };
extern const char *const tale_people[TALE_N_PEOPLE], *const tale_places[TALE_N_PLACES],
                                                         *const tale_objects[TALE_N_OBJECTS];

/* "walks to", "rides to" ...: any. */
const char *tale_moves(struct tale *tale);

#endif
