/*
 * The words and sentence forms of the generated stories: a village of people who walk about, carry things and
 * have trades. All words and sentences are the project's own.
 */
#ifndef WORKLOAD_STORY_WORDS_H
#define WORKLOAD_STORY_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define STORY_WORDS_NAMES(WORD)                                                                              \
    WORD(anouk)                                                                                              \
    WORD(bram)                                                                                               \
    WORD(cleo)                                                                                               \
    WORD(dario) WORD(edda) WORD(farid) WORD(greta) WORD(hugo) WORD(ines) WORD(jorin) WORD(katla) WORD(luca)
#define STORY_WORDS_PLACES(WORD)                                                                             \
    WORD(mill)                                                                                               \
    WORD(harbour)                                                                                            \
    WORD(orchard)                                                                                            \
    WORD(tower) WORD(forge) WORD(chapel) WORD(market) WORD(quarry) WORD(vineyard) WORD(lighthouse)
#define STORY_WORDS_OBJECTS(WORD)                                                                            \
    WORD(lantern) WORD(rope) WORD(compass) WORD(basket) WORD(flute) WORD(ledger) WORD(kettle) WORD(sickle)
#define STORY_WORDS_TRADES(WORD)                                                                             \
    WORD(potter) WORD(weaver) WORD(tanner) WORD(brewer) WORD(smith) WORD(baker) WORD(cooper) WORD(chandler)
#define STORY_WORDS_GOODS(WORD)                                                                              \
    WORD(bowls) WORD(linen) WORD(leather) WORD(cider) WORD(nails) WORD(bread) WORD(barrels) WORD(candles)
#define STORY_WORDS_OTHERS(WORD)                                                                             \
    WORD(a)                                                                                                  \
    WORD(behind)                                                                                             \
    WORD(bell)                                                                                               \
    WORD(carries) WORD(does) WORD(down) WORD(every) WORD(falls) WORD(hums) WORD(hurries) WORD(is)            \
        WORD(leaves) WORD(of) WORD(off) WORD(on) WORD(picks) WORD(puts) WORD(rain) WORD(rides) WORD(rings)   \
            WORD(sell) WORD(sells) WORD(the) WORD(to) WORD(tune) WORD(up) WORD(walks) WORD(what) WORD(where)
#define STORY_WORDS_LIST(WORD)                                                                               \
    STORY_WORDS_NAMES(WORD)                                                                                  \
    STORY_WORDS_PLACES(WORD)                                                                                 \
    STORY_WORDS_OBJECTS(WORD) STORY_WORDS_TRADES(WORD) STORY_WORDS_GOODS(WORD) STORY_WORDS_OTHERS(WORD)

enum story_words {
#define STORY_WORDS_ENUM(word) STORY_WORDS_##word,
    STORY_WORDS_LIST(STORY_WORDS_ENUM)
#undef STORY_WORDS_ENUM
        STORY_WORDS_COUNT
};

#define STORY_WORDS_ONE(word) +1
enum {
    STORY_WORDS_N_NAMES = 0 STORY_WORDS_NAMES(STORY_WORDS_ONE),
    STORY_WORDS_N_PLACES = 0 STORY_WORDS_PLACES(STORY_WORDS_ONE),
    STORY_WORDS_N_OBJECTS = 0 STORY_WORDS_OBJECTS(STORY_WORDS_ONE),
    STORY_WORDS_N_TRADES = 0 STORY_WORDS_TRADES(STORY_WORDS_ONE),
    STORY_WORDS_N_GOODS = 0 STORY_WORDS_GOODS(STORY_WORDS_ONE)
};
#undef STORY_WORDS_ONE

/* Words of the longest sentence. */
enum { STORY_WORDS_SENTENCE_MAX = 6 };

/* What a sentence may speak of; each counts from 0 within its own list. */
struct story_words_slots {
    int name, place, object, trade, good;
};

/* Sentence forms, in groups that mean the same. */
enum story_words_form {
    STORY_WORDS_WALK, /* name, place */
    STORY_WORDS_RIDE,
    STORY_WORDS_HURRY,
    STORY_WORDS_PICK_UP, /* name, object */
    STORY_WORDS_CARRY_OFF,
    STORY_WORDS_PUT_DOWN, /* name, object */
    STORY_WORDS_LEAVE_BEHIND,
    STORY_WORDS_RAIN, /* place: weather and sounds mean nothing */
    STORY_WORDS_BELL,
    STORY_WORDS_HUM,          /* name */
    STORY_WORDS_IS_A,         /* name, trade */
    STORY_WORDS_EVERY,        /* trade, good */
    STORY_WORDS_WHERE_IS,     /* name */
    STORY_WORDS_WHERE_IS_THE, /* object */
    STORY_WORDS_WHAT_SELLS,   /* name */
    STORY_WORDS_N_FORMS
};

/* Writes the sentence's word indices; returns how many. */
size_t story_words_write(enum story_words_form form, struct story_words_slots slots,
                         int32_t words[STORY_WORDS_SENTENCE_MAX]);

/* The vocabulary [STORY_WORDS_COUNT], static. */
const char *const *story_words_vocabulary(void);

#endif
