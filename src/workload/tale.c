#include "workload/tale.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/require.h"

const char *const tale_people[TALE_N_PEOPLE] = {"anouk", "bram", "cleo", "dario", "edda",  "farid",
                                                "greta", "hugo", "ines", "jorin", "katla", "luca"};
const char *const tale_places[TALE_N_PLACES] = {"mill",   "harbour", "orchard", "tower",    "forge",
                                                "chapel", "market",  "quarry",  "vineyard", "lighthouse"};
const char *const tale_objects[TALE_N_OBJECTS] = {"lantern", "rope",   "compass", "basket",
                                                  "flute",   "ledger", "kettle",  "sickle"};

int tale_draw(struct tale *tale, int n)
{
    return (int)random_integer(&tale->key, tale->n_draws++, (uint32_t)n);
}

void tale_shuffle(struct tale *tale, int n, int *order)
{
    for (int i = 0; i < n; i++) {
        int j = tale_draw(tale, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

const char *tale_pick(struct tale *tale, int n, const char *const *texts, const char *not_this)
{
    const char *text;
    do
        text = texts[tale_draw(tale, n)];
    while (text == not_this);
    return text;
}

const char *tale_moves(struct tale *tale)
{
    static const char *const moves[] = {"walks to", "rides to", "hurries to"};
    return tale_pick(tale, 3, moves, NULL);
}

/* Words [TALE_SENTENCE_WORDS_MAX]; how many. */
static size_t write_words(struct tale *tale, const char *format, va_list arguments, int32_t *words)
{
    char text[256];
    int n_bytes = vsnprintf(text, sizeof text, format, arguments);
    rs_require(n_bytes >= 0 && n_bytes < (int)sizeof text, "the sentence is too long");
    size_t n_words = vocabulary_add_sentence(tale->vocabulary, text, (size_t)n_bytes, false,
                                             TALE_SENTENCE_WORDS_MAX, words);
    rs_require(n_words <= TALE_SENTENCE_WORDS_MAX, "the sentence has too many words");
    return n_words;
}

void tale_say(struct tale *tale, const char *format, ...)
{
    va_list arguments;
    rs_require(tale->n_sentences < TALE_SENTENCES_MAX, "the story is too long");
    int32_t first = tale->word_offset[tale->n_sentences];
    va_start(arguments, format);
    size_t n_words = write_words(tale, format, arguments, tale->words + first);
    va_end(arguments);
    tale->word_offset[++tale->n_sentences] = first + (int32_t)n_words;
}

void tale_ask(struct tale *tale, const char *answer, int n_facts, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tale->story.n_question_words = write_words(tale, format, arguments, tale->question);
    va_end(arguments);
    tale->story.answer = vocabulary_add(tale->vocabulary, answer, strlen(answer));
    tale->story.n_facts = n_facts;
}
