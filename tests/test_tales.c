/* Twenty kinds of stories: the same each time, every answer follows from the text alone, and spreads. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload/tales.h"

TestSuite(tales, .timeout = 60);

enum { LINE = 256, WORDS = 16, TEXT = 32, ENTRIES = 64 };

/* A story read back as words of text. */
struct text {
    size_t n_lines;
    int n_words[TALE_SENTENCES_MAX], n_question;
    const char *words[TALE_SENTENCES_MAX][WORDS], *question[WORDS], *answer;
};

/* What is known of whom. */
struct map {
    int n;
    const char *keys[ENTRIES], *values[ENTRIES];
};

static void set(struct map *map, const char *key, const char *value)
{
    int i = 0;
    while (i < map->n && strcmp(map->keys[i], key) != 0)
        i++;
    map->n += i == map->n;
    map->keys[i] = key;
    map->values[i] = value;
}

static const char *get(const struct map *map, const char *key)
{
    for (int i = 0; i < map->n; i++)
        if (strcmp(map->keys[i], key) == 0)
            return map->values[i];
    return "";
}

static bool is(const char *one, const char *other)
{
    return strcmp(one, other) == 0;
}

static void read_text(const struct story *story, const struct vocabulary *vocabulary, struct text *text)
{
    text->n_lines = story->n_sentences;
    for (size_t i = 0; i < story->n_sentences; i++) {
        text->n_words[i] = story->word_offset[i + 1] - story->word_offset[i];
        for (int j = 0; j < text->n_words[i]; j++)
            text->words[i][j] = vocabulary->words[story->words[story->word_offset[i] + j]];
    }
    text->n_question = (int)story->n_question_words;
    for (int j = 0; j < text->n_question; j++)
        text->question[j] = vocabulary->words[story->question[j]];
    text->answer = vocabulary->words[story->answer];
}

/* The village after each line: who is where, who holds what, and the places that one object went through. */
struct village {
    struct map place, other_place, holder, gone;
    const char *watched, *trail[TALE_SENTENCES_MAX];
    int n_trail;
};

static void follow(struct village *village)
{
    const char *place =
        village->watched != NULL ? get(&village->place, get(&village->holder, village->watched)) : "";
    if (place[0] != '\0' && (village->n_trail == 0 || !is(village->trail[village->n_trail - 1], place)))
        village->trail[village->n_trail++] = place;
}

static void move(struct village *village, const char *person, const char *place)
{
    set(&village->place, person, place);
    set(&village->other_place, person, "");
    set(&village->gone, person, "");
}

static void live_line(struct village *village, int n, const char *const *words, const char *const *before)
{
    if (n == 5 && is(words[2], "to"))
        move(village, words[0], words[4]);
    else if (n == 5 && (is(words[1], "picks") || is(words[1], "carries")))
        set(&village->holder, words[4], words[0]);
    else if (n == 5 && (is(words[1], "puts") || is(words[1], "leaves")))
        set(&village->holder, words[4], "");
    else if (n == 6 && is(words[4], "to"))
        set(&village->holder, words[3], words[5]);
    else if (n == 7 && is(words[1], "and")) {
        move(village, words[0], words[6]);
        move(village, words[2], words[6]);
    } else if (n == 8 && is(words[3], "one"))
        move(village, before[0], words[7]);
    else if (n == 6 && is(words[1], "they")) {
        move(village, before[0], words[5]);
        move(village, before[2], words[5]);
    } else if (n == 7 && is(words[3], "longer")) {
        set(&village->place, words[0], words[6]);
        set(&village->gone, words[0], "gone");
    } else if (n == 10 && is(words[2], "either")) {
        move(village, words[0], words[5]);
        set(&village->other_place, words[0], words[9]);
    }
    follow(village);
}

static void live(const struct text *text, const char *watched, struct village *village)
{
    *village = (struct village){.watched = watched};
    for (size_t i = 0; i < text->n_lines; i++)
        live_line(village, text->n_words[i], text->words[i], i > 0 ? text->words[i - 1] : NULL);
}

static const char *solve_trail(const struct text *text)
{
    struct village village;
    live(text, text->question[3], &village);
    for (int i = village.n_trail - 1; i > 0; i--)
        if (is(village.trail[i], text->question[6]))
            return village.trail[i - 1];
    return "";
}

static const char *solve_is_in(const struct text *text)
{
    struct village village;
    live(text, NULL, &village);
    const char *person = text->question[1], *asked = text->question[4];
    const char *place = get(&village.place, person), *other = get(&village.other_place, person);
    if (get(&village.gone, person)[0] != '\0')
        return is(place, asked) ? "no" : "?";
    if (!is(place, asked) && !is(other, asked))
        return "no";
    return other[0] != '\0' ? "maybe" : "yes";
}

static const char *solve_where(const struct text *text)
{
    struct village village;
    live(text, NULL, &village);
    if (text->n_question == 3)
        return get(&village.place, text->question[2]);
    return get(&village.place, get(&village.holder, text->question[3]));
}

static const char *solve_held(const struct text *text, bool count, char answer[LINE])
{
    static const char *const numbers[] = {"none", "one", "two", "three"};
    struct village village;
    int n = 0;
    live(text, NULL, &village);
    answer[0] = '\0';
    const char *person = text->question[count ? 4 : 2];
    for (int i = 0; i < TALE_N_OBJECTS; i++)
        if (is(get(&village.holder, tale_objects[i]), person)) {
            sprintf(answer + strlen(answer), "%s%s", n++ > 0 ? "," : "", tale_objects[i]);
        }
    return count ? numbers[n] : n > 0 ? answer : "nothing";
}

static const char *solve_gift(const struct text *text)
{
    const char *const *gift = NULL;
    for (size_t i = 0; i < text->n_lines; i++)
        if (text->n_words[i] == 6 && is(text->words[i][4], "to"))
            gift = text->words[i];
    cr_assert_not_null(gift);
    if (is(text->question[0], "who"))
        return is(text->question[1], "gave") ? gift[0] : gift[5];
    return is(text->question[0], "what") ? gift[3] : gift[5];
}

/* Steps on a grid between the places of a story: "the A lies DIR of the B". */
static bool steps(const struct text *text, const char *from, const char *to, int n_left, char answer[TEXT])
{
    static const char *const ways[] = {"north", "south", "east", "west"};
    if (n_left == 0)
        return is(from, to);
    for (size_t i = 0; i < text->n_lines; i++)
        for (int turned = 0; turned < 2; turned++) {
            const char *const *words = text->words[i];
            int way = 0;
            while (!is(ways[way], words[3]))
                way++;
            char rest[TEXT] = "";
            /* A lies north of B: from B to A one goes north. */
            if (is(from, words[turned ? 1 : 6]) && steps(text, words[turned ? 6 : 1], to, n_left - 1, rest)) {
                snprintf(answer, TEXT, "%s%s%.16s", ways[way ^ turned], n_left > 1 ? "," : "",
                         n_left > 1 ? rest : "");
                return true;
            }
        }
    return false;
}

static const char *solve_relation(const struct text *text)
{
    bool second = is(text->question[1], "does"); /* what does the A lie DIR of */
    const char *asked = text->question[second ? 5 : 2], *known = text->question[second ? 3 : 5];
    for (size_t i = 0; i < text->n_lines; i++) {
        const char *const *words = text->words[i];
        static const char *const ways[] = {"north", "south", "east", "west", "north"};
        int way = 0;
        while (!is(ways[way], words[3]))
            way++;
        const char *first = words[1], *last = words[6];
        if (!second &&
            ((is(last, known) && is(words[3], asked)) || (is(first, known) && is(ways[way ^ 1], asked))))
            return is(last, known) ? first : last;
        if (second &&
            ((is(first, known) && is(words[3], asked)) || (is(last, known) && is(ways[way ^ 1], asked))))
            return is(first, known) ? last : first;
    }
    return "";
}

static const char *solve_time(const struct text *text)
{
    static const char *const times[] = {"yesterday", "morning", "afternoon", "evening"};
    const char *person = text->question[2], *places[4] = {"", "", "", ""};
    for (size_t i = 0; i < text->n_lines; i++)
        for (int t = 0; t < 4; t++) {
            int at = t == 0 ? 0 : 1;
            if (is(text->words[i][at], times[t]) && is(text->words[i][at + 1], person))
                places[t] = text->words[i][text->n_words[i] - 1];
        }
    for (int t = 1; t < 4; t++)
        if (is(places[t], text->question[5]))
            return places[t - 1];
    return "";
}

static const char *solve_colour(const struct text *text)
{
    struct map trade = {0}, colour = {0};
    for (size_t i = 0; i < text->n_lines; i++)
        set(text->n_words[i] == 4 ? &trade : &colour, text->words[i][0],
            text->words[i][text->n_words[i] - 1]);
    for (int i = 0; i < colour.n; i++)
        if (is(get(&trade, colour.keys[i]), get(&trade, text->question[2])))
            return colour.values[i];
    return "";
}

static bool fits(const struct text *text, const char *small, const char *big)
{
    if (is(small, big))
        return true;
    for (size_t i = 0; i < text->n_lines; i++) {
        const char *const *words = text->words[i];
        bool fit = is(words[2], "fits");
        if (is(words[fit ? 1 : 6], small) && fits(text, words[fit ? 5 : 1], big))
            return true;
    }
    return false;
}

/* x or y of thing (colour, shape) after a sentence "the C S stands REL the C S": where the first is seen from
 * the second. */
static void place_of(int n, const char *const *words, int *x, int *y)
{
    const char *relation = words[4];
    *x = is(relation, "right") ? 1 : is(relation, "left") ? -1 : 0;
    *y = is(relation, "above") ? 1 : is(relation, "below") ? -1 : 0;
    cr_assert(n == 8 || n == 9);
}

static const char *solve_position(const struct text *text)
{
    /* Line 0: A rel B; line 1: B rel C or C rel B. Seen from C, A lies at the sum. */
    int x, y, x_other, y_other;
    place_of(text->n_words[0], text->words[0], &x, &y);
    place_of(text->n_words[1], text->words[1], &x_other, &y_other);
    const char *a = text->words[0][1], *b = text->words[0][text->n_words[0] - 2];
    int sign = is(text->words[1][1], b) ? 1 : -1;
    x += sign * x_other;
    y += sign * y_other;
    /* "is the C S REL the C S" */
    int turned = is(text->question[2], a) ? 1 : -1;
    const char *relation = text->question[4];
    int value = is(relation, "right") ? x : is(relation, "left") ? -x : is(relation, "above") ? y : -y;
    return turned * value > 0 ? "yes" : "no";
}

static const char *solve_motive(const struct text *text)
{
    struct map mood = {0};
    static const char *const rooms[][2] = {
        {"hungry", "kitchen"}, {"thirsty", "well"}, {"tired", "attic"}, {"bored", "garden"}};
    for (size_t i = 0; i < text->n_lines; i++)
        if (text->n_words[i] == 3)
            set(&mood, text->words[i][0], text->words[i][2]);
    const char *felt = get(&mood, text->question[2]);
    if (is(text->question[0], "why"))
        return felt;
    for (int i = 0; i < 4; i++)
        if (is(rooms[i][0], felt))
            return rooms[i][1];
    return "";
}

static const char *solve(int kind, const struct text *text, char answer[LINE])
{
    switch (kind) {
    case 2:
        return solve_trail(text);
    case 3:
        return solve_relation(text);
    case 4:
        return solve_gift(text);
    case 5:
    case 8:
    case 9:
        return solve_is_in(text);
    case 6:
        return solve_held(text, true, answer);
    case 7:
        return solve_held(text, false, answer);
    case 13:
        return solve_time(text);
    case 15:
        return solve_colour(text);
    case 16:
        return solve_position(text);
    case 17:
        return fits(text, text->question[2], text->question[6]) ? "yes" : "no";
    case 18:
        return steps(text, text->question[6], text->question[9], 2, answer) ? answer : "";
    case 19:
        return solve_motive(text);
    default:
        return solve_where(text);
    }
}

static int compare(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

Test(tales, every_answer_follows_from_the_text)
{
    struct tale *tale = calloc(1, sizeof *tale);
    struct text *text = calloc(1, sizeof *text);
    for (int kind = 0; kind < TALES_N_KINDS; kind++)
        for (uint32_t n = 0; kind != 14 && n < 500; n++) { /* deduction: tests/test_stories.c */
            struct vocabulary vocabulary = {0};
            char answer[LINE];
            tale->vocabulary = &vocabulary;
            struct story story = tales_write(kind, 7, n, n % 2 ? 30 : 8, tale);
            read_text(&story, &vocabulary, text);
            const char *solved = solve(kind, text, answer);
            cr_assert_str_eq(solved, text->answer, "%s, story %u of seed 7", tales_names[kind], n);
            cr_assert(story.n_sentences <= TALE_SENTENCES_MAX && story.n_sentences > 0);
            cr_assert_geq(story.n_facts, 0);
            vocabulary_clear(&vocabulary);
        }
    free(text);
    free(tale);
}

Test(tales, no_answer_is_given_to_most_questions)
{
    enum { N = 600 };
    struct tale *tale = calloc(1, sizeof *tale);
    for (int kind = 0; kind < TALES_N_KINDS; kind++) {
        struct vocabulary vocabulary = {0};
        const char *answers[N];
        size_t most = 0, run = 0;
        tale->vocabulary = &vocabulary;
        for (uint32_t n = 0; n < N; n++)
            answers[n] = NULL;
        for (uint32_t n = 0; n < N; n++) {
            struct story story = tales_write(kind, 3, n, 20, tale);
            answers[n] = vocabulary.words[story.answer];
        }
        qsort(answers, N, sizeof *answers, compare);
        for (size_t n = 0; n < N; n++) {
            run = n > 0 && strcmp(answers[n], answers[n - 1]) == 0 ? run + 1 : 1;
            most = run > most ? run : most;
        }
        /* yes-no questions: half of them, and three in four where a place is left */
        cr_assert_lt(most, (kind == 8 ? 0.8 : 0.6) * N, "%s: %zu of %d", tales_names[kind], most, N);
        vocabulary_clear(&vocabulary);
    }
    free(tale);
}

Test(tales, a_story_is_always_the_same_in_words)
{
    struct tale *tale = calloc(1, sizeof *tale), *again = calloc(1, sizeof *again);
    struct text *one = calloc(1, sizeof *one), *other = calloc(1, sizeof *other);
    for (int kind = 0; kind < TALES_N_KINDS; kind++) {
        struct vocabulary vocabulary = {0}, used = {0};
        tale->vocabulary = &vocabulary;
        again->vocabulary = &used;
        tales_write(kind, 1, 3, 20, again); /* words that the other has not seen come first */
        struct story first = tales_write(kind, 1, 4, 20, tale), second = tales_write(kind, 1, 4, 20, again);
        read_text(&first, &vocabulary, one);
        read_text(&second, &used, other);
        cr_assert_eq(one->n_lines, other->n_lines);
        for (size_t i = 0; i < one->n_lines; i++)
            for (int j = 0; j < one->n_words[i]; j++)
                cr_assert_str_eq(one->words[i][j], other->words[i][j]);
        cr_assert_str_eq(one->answer, other->answer);
        vocabulary_clear(&vocabulary);
        vocabulary_clear(&used);
    }
    free(tale);
    free(again);
    free(one);
    free(other);
}
