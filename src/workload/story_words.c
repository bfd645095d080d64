#include "workload/story_words.h"

#include "base/require.h"

static const char *const vocabulary[STORY_WORDS_COUNT] = {
#define TEXT(word) #word,
    STORY_WORDS_LIST(TEXT)
#undef TEXT
};

/* A slot stands in a form as minus its number; 0 ends a form, so words are shifted by one. */
enum slot { SLOT_NAME = -1, SLOT_PLACE = -2, SLOT_OBJECT = -3, SLOT_TRADE = -4, SLOT_GOOD = -5 };
#define W(word) (STORY_WORDS_##word + 1)

static const int forms[STORY_WORDS_N_FORMS][STORY_WORDS_SENTENCE_MAX] = {
    [STORY_WORDS_WALK] = {SLOT_NAME, W(walks), W(to), W(the), SLOT_PLACE},
    [STORY_WORDS_RIDE] = {SLOT_NAME, W(rides), W(to), W(the), SLOT_PLACE},
    [STORY_WORDS_HURRY] = {SLOT_NAME, W(hurries), W(to), W(the), SLOT_PLACE},
    [STORY_WORDS_PICK_UP] = {SLOT_NAME, W(picks), W(up), W(the), SLOT_OBJECT},
    [STORY_WORDS_CARRY_OFF] = {SLOT_NAME, W(carries), W(off), W(the), SLOT_OBJECT},
    [STORY_WORDS_PUT_DOWN] = {SLOT_NAME, W(puts), W(down), W(the), SLOT_OBJECT},
    [STORY_WORDS_LEAVE_BEHIND] = {SLOT_NAME, W(leaves), W(behind), W(the), SLOT_OBJECT},
    [STORY_WORDS_RAIN] = {W(rain), W(falls), W(on), W(the), SLOT_PLACE},
    [STORY_WORDS_BELL] = {W(the), W(bell), W(of), W(the), SLOT_PLACE, W(rings)},
    [STORY_WORDS_HUM] = {SLOT_NAME, W(hums), W(a), W(tune)},
    [STORY_WORDS_IS_A] = {SLOT_NAME, W(is), W(a), SLOT_TRADE},
    [STORY_WORDS_EVERY] = {W(every), SLOT_TRADE, W(sells), SLOT_GOOD},
    [STORY_WORDS_WHERE_IS] = {W(where), W(is), SLOT_NAME},
    [STORY_WORDS_WHERE_IS_THE] = {W(where), W(is), W(the), SLOT_OBJECT},
    [STORY_WORDS_WHAT_SELLS] = {W(what), W(does), SLOT_NAME, W(sell)},
};

static int slot_word(int slot, struct story_words_slots slots)
{
    switch (slot) {
    case SLOT_NAME:
        return STORY_WORDS_anouk + slots.name;
    case SLOT_PLACE:
        return STORY_WORDS_mill + slots.place;
    case SLOT_OBJECT:
        return STORY_WORDS_lantern + slots.object;
    case SLOT_TRADE:
        return STORY_WORDS_potter + slots.trade;
    default:
        return STORY_WORDS_bowls + slots.good;
    }
}

size_t story_words_write(enum story_words_form form, struct story_words_slots slots,
                         int32_t words[STORY_WORDS_SENTENCE_MAX])
{
    rs_require((int)form >= 0 && form < STORY_WORDS_N_FORMS, "the form is none of the list");
    size_t n = 0;
    for (; n < STORY_WORDS_SENTENCE_MAX && forms[form][n] != 0; n++)
        words[n] = forms[form][n] < 0 ? slot_word(forms[form][n], slots) : forms[form][n] - 1;
    return n;
}

const char *const *story_words_vocabulary(void)
{
    return vocabulary;
}
