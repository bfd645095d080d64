/* Generated stories: the same each time, answered by their own text, packed without loss. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "workload/stories.h"

TestSuite(stories, .timeout = 20);

enum { SENTENCES = 64, LINE = 256 };

static void join(const int32_t *words, size_t n, char line[LINE])
{
    line[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        strcat(line, i > 0 ? " " : "");
        strcat(line, story_words_vocabulary()[words[i]]);
    }
}

static void sentence(const struct story *story, size_t i, char line[LINE])
{
    join(story->words + story->word_offset[i], (size_t)(story->word_offset[i + 1] - story->word_offset[i]),
         line);
}

static const char *last_word(char *line)
{
    char *space = strrchr(line, ' ');
    return space != NULL ? space + 1 : line;
}

static bool starts(const char *line, const char *first, const char *second)
{
    size_t n_first = strlen(first), n_second = strlen(second);
    return strncmp(line, first, n_first) == 0 && line[n_first] == ' ' &&
           strncmp(line + n_first + 1, second, n_second) == 0 && line[n_first + 1 + n_second] == ' ';
}

/* Where a person last went, or "". Reads the text alone. */
static void find_place(const struct story *story, const char *person, char place[LINE])
{
    char line[LINE];
    place[0] = '\0';
    for (size_t i = 0; i < story->n_sentences; i++) {
        sentence(story, i, line);
        if (starts(line, person, "walks") || starts(line, person, "rides") || starts(line, person, "hurries"))
            strcpy(place, last_word(line));
    }
}

/* Who holds an object at the end, or "". */
static void find_holder(const struct story *story, const char *object, char holder[LINE])
{
    char line[LINE];
    holder[0] = '\0';
    for (size_t i = 0; i < story->n_sentences; i++) {
        sentence(story, i, line);
        if (strcmp(last_word(line), object) != 0)
            continue;
        holder[0] = '\0';
        if (strstr(line, " picks up ") != NULL || strstr(line, " carries off ") != NULL) {
            strcpy(holder, line);
            *strchr(holder, ' ') = '\0';
        }
    }
}

static void find_goods(const struct story *story, const char *person, char goods[LINE])
{
    char line[LINE], trade[LINE] = "";
    goods[0] = '\0';
    for (size_t i = 0; i < story->n_sentences; i++) {
        sentence(story, i, line);
        if (starts(line, person, "is"))
            strcpy(trade, last_word(line));
    }
    for (size_t i = 0; i < story->n_sentences; i++) {
        sentence(story, i, line);
        if (starts(line, "every", trade))
            strcpy(goods, last_word(line));
    }
}

static void solve(const struct story *story, char answer[LINE])
{
    char question[LINE], holder[LINE], person[LINE];
    join(story->question, story->n_question_words, question);
    if (strncmp(question, "where is the ", 13) == 0) {
        find_holder(story, question + 13, holder);
        find_place(story, holder, answer);
    } else if (strncmp(question, "where is ", 9) == 0)
        find_place(story, question + 9, answer);
    else {
        cr_assert_eq(strncmp(question, "what does ", 10), 0, "%s", question);
        strcpy(person, question + 10);
        *strchr(person, ' ') = '\0';
        find_goods(story, person, answer);
    }
}

Test(stories, every_answer_follows_from_the_text)
{
    struct stories_page page;
    char answer[LINE];
    for (int task = 0; task < STORIES_N_KINDS; task++)
        for (uint32_t n = 0; n < 1000; n++) {
            struct story story = stories_write((enum stories_task)task, 7, n, n % 2 ? SENTENCES : 8, &page);
            solve(&story, answer);
            cr_assert_str_eq(answer, story_words_vocabulary()[story.answer], "task %d story %u", task, n);
            cr_assert_eq(story.n_facts, task == STORIES_ONE_FACT ? 1 : 2);
        }
}

Test(stories, a_story_is_always_the_same)
{
    struct stories_page page;
    char line[LINE];
    struct story story = stories_write(STORIES_MIXED, 1, 4, SENTENCES, &page);
    cr_assert_eq(story.kind, STORIES_TWO_FACTS);
    join(story.question, story.n_question_words, line);
    cr_assert_str_eq(line, "where is the sickle");
    cr_assert_str_eq(story_words_vocabulary()[story.answer], "orchard");
    sentence(&story, 0, line);
    cr_assert_str_eq(line, "ines rides to the harbour");
}

/* Stories first ... first + n - 1 of the mix, packed. */
static void collect(uint32_t first, size_t n, struct story_set *set)
{
    struct rs_error err = {{0}};
    struct stories_page *pages = calloc(n, sizeof *pages);
    struct story *stories = calloc(n, sizeof *stories);
    for (size_t i = 0; i < n; i++)
        stories[i] = stories_write(STORIES_MIXED, 3, first + (uint32_t)i, SENTENCES, &pages[i]);
    cr_assert_eq(story_set_pack(set, stories, n, &err), RS_OK, "%s", err.text);
    free(stories);
    free(pages);
}

Test(stories, a_set_holds_its_stories_whatever_its_first_one_and_the_mix)
{
    struct story_set set;
    struct stories_page page;
    collect(100, 30, &set);
    for (uint32_t i = 0; i < 30; i++) {
        struct story packed = story_of_set(&set, i);
        struct story alone = stories_write((enum stories_task)((100 + i) % 3), 3, 100 + i, SENTENCES, &page);
        cr_assert_eq(packed.n_sentences, alone.n_sentences);
        char one[LINE], other[LINE];
        for (size_t s = 0; s < alone.n_sentences; s++) {
            sentence(&packed, s, one);
            sentence(&alone, s, other);
            cr_assert_str_eq(one, other);
        }
        cr_assert_eq(packed.answer, alone.answer);
        cr_assert_eq(packed.kind, alone.kind);
        cr_assert_eq(memcmp(packed.question, alone.question, alone.n_question_words * sizeof(int32_t)), 0);
    }
    story_set_clear(&set);
}

Test(stories, lengths_and_answers_spread_over_their_range)
{
    struct stories_page page;
    int shortest = 1000, longest = 0, n_answers[STORY_WORDS_COUNT] = {0};
    enum { N = 3000 };
    for (uint32_t n = 0; n < N; n++) {
        struct story story = stories_write(STORIES_MIXED, 5, n, SENTENCES, &page);
        shortest = (int)story.n_sentences < shortest ? (int)story.n_sentences : shortest;
        longest = (int)story.n_sentences > longest ? (int)story.n_sentences : longest;
        n_answers[story.answer]++;
    }
    cr_assert_eq(shortest, STORIES_SENTENCES_MIN);
    cr_assert_eq(longest, SENTENCES);
    /* 2,000 questions about 10 places, 1,000 about 8 goods: five standard errors around the even share */
    for (int i = 0; i < STORY_WORDS_N_PLACES; i++)
        cr_assert(abs(n_answers[STORY_WORDS_mill + i] - 200) < 5 * 13.4, "%d",
                  n_answers[STORY_WORDS_mill + i]);
    for (int i = 0; i < STORY_WORDS_N_GOODS; i++)
        cr_assert(abs(n_answers[STORY_WORDS_bowls + i] - 125) < 5 * 10.5, "%d",
                  n_answers[STORY_WORDS_bowls + i]);
}

Test(stories, other_seeds_and_numbers_are_other_stories)
{
    struct stories_page one, other;
    const struct {
        uint64_t seed;
        uint32_t number;
    } cases[] = {{2, 0}, {1, 3}, {1, STORIES_NUMBERS_MAX - 1}, {1ull << 40, 0}};
    struct story first = stories_write(STORIES_ONE_FACT, 1, 0, SENTENCES, &one);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct story story =
            stories_write(STORIES_ONE_FACT, cases[i].seed, cases[i].number, SENTENCES, &other);
        cr_assert(story.n_sentences != first.n_sentences ||
                      memcmp(one.words, other.words, 20 * sizeof(int32_t)) != 0,
                  "case %zu", i);
    }
}

struct damage {
    size_t array; /* offset of the array's pointer in struct story_set */
    size_t entry;
    int32_t value;
    const char *said;
};

Test(stories, damaged_sets_are_refused)
{
    const struct damage cases[] = {
        {offsetof(struct story_set, sentence_offset), 0, 1, "/test/sentence_offset"},
        {offsetof(struct story_set, sentence_offset), 1, 0, "/test/sentence_offset"},
        {offsetof(struct story_set, sentence_offset), 1, -5, "/test/sentence_offset"},
        {offsetof(struct story_set, sentence_offset), 1, 1 << 30, "/test/sentence_offset"},
        {offsetof(struct story_set, word_offset), 1, 7, "/test/word_offset"},
        {offsetof(struct story_set, word_offset), 3, INT32_MIN, "/test/word_offset"},
        {offsetof(struct story_set, question_offset), 1, 0, "/test/question_offset"},
        {offsetof(struct story_set, words), 5, STORY_WORDS_COUNT, "/test/words"},
        {offsetof(struct story_set, words), 5, -1, "/test/words"},
        {offsetof(struct story_set, question), 0, 1 << 20, "/test/question"},
        {offsetof(struct story_set, answer), 2, -1, "/test/answer"},
        {offsetof(struct story_set, kind), 2, STORIES_N_KINDS, "/test/kind"},
        {offsetof(struct story_set, n_facts), 0, -1, "/test/n_facts"},
    };
    struct rs_error err = {{0}};
    struct story_set set;
    collect(0, 5, &set);
    cr_assert_eq(story_set_check(&set, STORY_WORDS_COUNT, STORIES_N_KINDS, 6, "m.h5", "/test", &err), RS_OK,
                 "%s", err.text);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t *entry = *(int32_t **)((char *)&set + cases[i].array) + cases[i].entry, kept = *entry;
        *entry = cases[i].value;
        cr_assert_eq(story_set_check(&set, STORY_WORDS_COUNT, STORIES_N_KINDS, 6, "m.h5", "/test", &err),
                     RS_INPUT, "case %zu", i);
        cr_assert(strstr(err.text, cases[i].said) != NULL, "case %zu: %s", i, err.text);
        *entry = kept;
    }
    cr_assert_eq(story_set_check(&set, STORY_WORDS_COUNT, STORIES_N_KINDS, 5, "m.h5", "/test", &err),
                 RS_INPUT);
    story_set_clear(&set);
}
