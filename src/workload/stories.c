#include "workload/stories.h"

#include <stdbool.h>

#include "base/require.h"
#include "numeric/random.h"

enum { PEOPLE_MIN = 3, PEOPLE_MAX = 8, NOWHERE = -1, NOBODY = -1 };

/* What may happen in a story, in sixteenths. What is left to 16 means nothing. */
struct mix {
    uint32_t moves, things, trades;
};
static const struct mix mixes[STORIES_N_KINDS] = {
    [STORIES_ONE_FACT] = {9, 3, 1}, [STORIES_TWO_FACTS] = {7, 6, 1}, [STORIES_DEDUCTION] = {6, 3, 0}};

/* A story in the making: the state of its village, the draws used so far, and the page it is written on. */
struct village {
    struct random_key key;
    uint32_t n_draws;
    int n_people, people[STORY_WORDS_N_NAMES]; /* the first n_people of a shuffled list take part */
    int place[STORY_WORDS_N_NAMES];            /* of a person, or NOWHERE */
    int trade[STORY_WORDS_N_NAMES];
    int good[STORY_WORDS_N_TRADES];
    int holder[STORY_WORDS_N_OBJECTS];      /* or NOBODY */
    int lying_place[STORY_WORDS_N_OBJECTS]; /* of an object nobody holds, or NOWHERE: never seen */
    int n_held;
    size_t n_sentences;
    struct stories_page *page;
};

static int draw(struct village *village, int n)
{
    return (int)random_integer(&village->key, village->n_draws++, (uint32_t)n);
}

/* The numbers 0 ... n-1 in random order. */
static void shuffle(struct village *village, int n, int *order)
{
    for (int i = 0; i < n; i++) {
        int j = draw(village, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

static int draw_person(struct village *village)
{
    return village->people[draw(village, village->n_people)];
}

static void say(struct village *village, enum story_words_form form, struct story_words_slots slots)
{
    struct stories_page *page = village->page;
    int32_t first = page->word_offset[village->n_sentences];
    size_t n_words = story_words_write(form, slots, page->words + first);
    page->word_offset[++village->n_sentences] = first + (int32_t)n_words;
}

static void say_move(struct village *village, int person)
{
    int place = draw(village, STORY_WORDS_N_PLACES - (village->place[person] != NOWHERE));
    if (village->place[person] != NOWHERE && place >= village->place[person])
        place++; /* nobody goes where they are */
    enum story_words_form form = (enum story_words_form)(STORY_WORDS_WALK + draw(village, 3));
    village->place[person] = place;
    say(village, form, (struct story_words_slots){.name = person, .place = place});
}

static void say_take(struct village *village, int person, int object)
{
    enum story_words_form form = (enum story_words_form)(STORY_WORDS_PICK_UP + draw(village, 2));
    village->holder[object] = person;
    village->n_held++;
    say(village, form, (struct story_words_slots){.name = person, .object = object});
}

static void say_drop(struct village *village, int object)
{
    int person = village->holder[object];
    enum story_words_form form = (enum story_words_form)(STORY_WORDS_PUT_DOWN + draw(village, 2));
    village->holder[object] = NOBODY;
    village->lying_place[object] = village->place[person];
    village->n_held--;
    say(village, form, (struct story_words_slots){.name = person, .object = object});
}

/*
 * Something happens to an object: its holder drops it, or a person takes it who is where it lies. One object
 * always stays held, so that there is one to ask about. False where this person and object do not go
 * together.
 */
static bool say_thing(struct village *village)
{
    int person = draw_person(village), object = draw(village, STORY_WORDS_N_OBJECTS);
    if (village->holder[object] != NOBODY) {
        if (village->n_held < 2)
            return false;
        say_drop(village, object);
        return true;
    }
    bool within_reach =
        village->lying_place[object] == NOWHERE || village->lying_place[object] == village->place[person];
    if (village->place[person] == NOWHERE || !within_reach)
        return false;
    say_take(village, person, object);
    return true;
}

static void say_nothing(struct village *village)
{
    struct story_words_slots slots = {.name = draw_person(village),
                                      .place = draw(village, STORY_WORDS_N_PLACES)};
    say(village, (enum story_words_form)(STORY_WORDS_RAIN + draw(village, 3)), slots);
}

static void say_trade(struct village *village, int person)
{
    say(village, STORY_WORDS_IS_A,
        (struct story_words_slots){.name = person, .trade = village->trade[person]});
}

static void say_something(struct village *village, const struct mix *mix)
{
    uint32_t what = (uint32_t)draw(village, 16);
    if (what < mix->moves)
        say_move(village, draw_person(village));
    else if (what < mix->moves + mix->things) {
        if (!say_thing(village))
            say_move(village, draw_person(village));
    } else if (what < mix->moves + mix->things + mix->trades)
        say_trade(village, draw_person(village));
    else
        say_nothing(village);
}

static void settle(struct village *village)
{
    shuffle(village, STORY_WORDS_N_NAMES, village->people);
    village->n_people = PEOPLE_MIN + draw(village, PEOPLE_MAX - PEOPLE_MIN + 1);
    shuffle(village, STORY_WORDS_N_TRADES, village->good);
    for (int i = 0; i < STORY_WORDS_N_NAMES; i++) {
        village->place[i] = NOWHERE;
        village->trade[i] = draw(village, STORY_WORDS_N_TRADES);
    }
    for (int i = 0; i < STORY_WORDS_N_OBJECTS; i++) {
        village->holder[i] = NOBODY;
        village->lying_place[i] = NOWHERE;
    }
}

static size_t ask(struct village *village, enum story_words_form form, struct story_words_slots slots)
{
    return story_words_write(form, slots, village->page->question);
}

/* "where is NAME": any person who has moved. */
static void tell_one_fact(struct village *village, size_t n_sentences, struct story *story)
{
    say_move(village, draw_person(village));
    while (village->n_sentences < n_sentences)
        say_something(village, &mixes[STORIES_ONE_FACT]);
    int person;
    do
        person = draw_person(village);
    while (village->place[person] == NOWHERE);
    story->n_question_words = ask(village, STORY_WORDS_WHERE_IS, (struct story_words_slots){.name = person});
    story->answer = STORY_WORDS_mill + village->place[person];
    story->n_facts = 1;
}

/* "where is the OBJECT": any object that is held; its last taking and its holder's last move are the facts.
 */
static void tell_two_facts(struct village *village, size_t n_sentences, struct story *story)
{
    int first = draw_person(village);
    say_move(village, first);
    say_take(village, first, draw(village, STORY_WORDS_N_OBJECTS));
    while (village->n_sentences < n_sentences)
        say_something(village, &mixes[STORIES_TWO_FACTS]);
    int object;
    do
        object = draw(village, STORY_WORDS_N_OBJECTS);
    while (village->holder[object] == NOBODY);
    story->n_question_words =
        ask(village, STORY_WORDS_WHERE_IS_THE, (struct story_words_slots){.object = object});
    story->answer = STORY_WORDS_mill + village->place[village->holder[object]];
    story->n_facts = 2;
}

/* "what does NAME sell": every person's trade and every trade's good are told once, in any order, among the
 * rest. */
static void tell_deduction(struct village *village, size_t n_sentences, struct story *story)
{
    int order[STORIES_SENTENCES_MAX], n_people = village->n_people, n_trades = 2;
    n_trades += draw(village, STORY_WORDS_N_TRADES - 1);
    if ((size_t)(n_people + n_trades) > n_sentences) {
        n_people = PEOPLE_MIN;
        n_trades = (int)n_sentences - PEOPLE_MIN < n_trades ? (int)n_sentences - PEOPLE_MIN : n_trades;
    }
    int trades[STORY_WORDS_N_TRADES];
    shuffle(village, STORY_WORDS_N_TRADES, trades); /* only the first n_trades are told and held */
    for (int i = 0; i < STORY_WORDS_N_NAMES; i++)
        village->trade[i] = trades[draw(village, n_trades)];
    shuffle(village, (int)n_sentences, order);
    for (size_t i = 0; i < n_sentences; i++) {
        if (order[i] < n_people)
            say_trade(village, village->people[order[i]]);
        else if (order[i] < n_people + n_trades) {
            int trade = trades[order[i] - n_people];
            say(village, STORY_WORDS_EVERY,
                (struct story_words_slots){.trade = trade, .good = village->good[trade]});
        } else
            say_something(village, &mixes[STORIES_DEDUCTION]);
    }
    int person = village->people[draw(village, n_people)];
    story->n_question_words =
        ask(village, STORY_WORDS_WHAT_SELLS, (struct story_words_slots){.name = person});
    story->answer = STORY_WORDS_bowls + village->good[village->trade[person]];
    story->n_facts = 2;
}

struct story stories_write(enum stories_task task, uint64_t seed, uint32_t number, int n_sentences_max,
                           struct stories_page *page)
{
    rs_require(n_sentences_max >= STORIES_SENTENCES_MIN && n_sentences_max <= STORIES_SENTENCES_MAX,
               "the length of a story is out of range");
    rs_require(number < STORIES_NUMBERS_MAX, "the story's number is out of range");
    static void (*const tell[STORIES_N_KINDS])(struct village *, size_t,
                                               struct story *) = {[STORIES_ONE_FACT] = tell_one_fact,
                                                                  [STORIES_TWO_FACTS] = tell_two_facts,
                                                                  [STORIES_DEDUCTION] = tell_deduction};
    int kind = task == STORIES_MIXED ? (int)(number % STORIES_N_KINDS) : (int)task;
    struct village village = {
        .key = {.seed = seed, .purpose = RANDOM_STORIES, .array = (uint32_t)kind, .write = number},
        .page = page};
    struct story story = {
        .word_offset = page->word_offset, .words = page->words, .question = page->question, .kind = kind};
    page->word_offset[0] = 0;
    settle(&village);
    size_t n_sentences =
        (size_t)(STORIES_SENTENCES_MIN + draw(&village, n_sentences_max - STORIES_SENTENCES_MIN + 1));
    tell[kind](&village, n_sentences, &story);
    story.n_sentences = village.n_sentences;
    return story;
}
