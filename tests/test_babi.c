/* The bAbI file format: what is read, and what is refused with its place; whole folders. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "workload/babi.h"
#include "workload/story_data.h"

TestSuite(babi, .timeout = 30);

static enum rs_status parse(const char *text, struct vocabulary *vocabulary, struct story_set *set,
                            struct rs_error *err)
{
    return babi_parse("qa.txt", text, strlen(text), 4, vocabulary, set, err);
}

Test(babi, questions_see_the_sentences_of_their_story)
{
    struct rs_error err = {{0}};
    struct vocabulary vocabulary = {0};
    struct story_set set;
    cr_assert_eq(parse("1 Mary moved to the bathroom.\r\n2 Where is Mary? \tbathroom\t1\r\n3 She sat, then "
                       "slept.\n4 What has Mary?\tMilk,cake\t1 3\n1 Fred ran.\n2 Who ran?\tFred\t1",
                       &vocabulary, &set, &err),
                 RS_OK, "%s", err.text);
    const struct {
        size_t n_sentences;
        const char *answer;
        int n_facts;
        const char *first_word, *last_word;
    } expected[] = {{1, "bathroom", 1, "mary", "bathroom"},
                    {2, "milk,cake", 2, "mary", "slept"},
                    {1, "fred", 1, "fred", "ran"}};
    cr_assert_eq(set.n_stories, 3);
    for (size_t i = 0; i < 3; i++) {
        struct story story = story_of_set(&set, i);
        cr_assert_eq(story.n_sentences, expected[i].n_sentences);
        cr_assert_eq(story.kind, 4);
        cr_assert_eq(story.n_facts, expected[i].n_facts);
        cr_assert_str_eq(vocabulary.words[story.answer], expected[i].answer);
        cr_assert_str_eq(vocabulary.words[story.words[story.word_offset[0]]], expected[i].first_word);
        cr_assert_str_eq(vocabulary.words[story.words[story.word_offset[story.n_sentences] - 1]],
                         expected[i].last_word);
    }
    cr_assert_eq(story_of_set(&set, 0).n_question_words, 3);
    story_set_clear(&set);
    vocabulary_clear(&vocabulary);
}

Test(babi, what_is_no_story_is_refused_with_its_place)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "qa.txt: error: no question"},
        {"1 Mary ran.\n", "qa.txt: error: no question"},
        {"Mary ran.\n", "qa.txt:1:1: error: a line number"},
        {"1Mary ran.\n", "qa.txt:1:1: error: a line number"},
        {"1 Mary ran.\n3 Fred ran.\n", "qa.txt:2:1: error: line numbers that go on by 1"},
        {"2 Mary ran.\n", "qa.txt:1:1: error: line numbers"},
        {"1 Mary ran.\n\n", "qa.txt:2:1: error: an empty line"},
        {"1 Where is she?\tthere\t1\n", "qa.txt:1:3: error: a question before any sentence"},
        {"1 Mary ran.\n1 Who?\tMary\t1\n", "qa.txt:2:3: error: a question before any sentence"},
        {"1 Mary ran.\n2 Who?\t\t1\n", "qa.txt:2:8: error: a word expected"},
        {"1 Mary ran.\n2 Who?\tMary Ann\t1\n", "an answer of one word"},
        {"1 Mary ran.\n2 ?\tMary\t1\n", "qa.txt:2:3: error: a word expected"},
        {"1 .\n2 Who?\tMary\t1\n", "qa.txt:1:3: error: a word expected"},
        {"1 Mary ran.\n2 Who?\tMary\t2\n", "the number of an earlier line"},
        {"1 Mary ran.\n2 Who?\tMary\tone\n", "qa.txt:2:13: error: the number of an earlier line"},
        {"99999999999999999999 Mary ran.\n", "a line number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rs_error err = {{0}};
        struct vocabulary vocabulary = {0};
        struct story_set set;
        cr_assert_eq(parse(cases[i].text, &vocabulary, &set, &err), RS_INPUT, "case %zu", i);
        cr_assert(strstr(err.text, cases[i].said) != NULL, "case %zu: %s", i, err.text);
        cr_assert_null(set.words);
        vocabulary_clear(&vocabulary);
    }
}

Test(babi, sentences_and_words_beyond_reason_are_refused)
{
    for (int kind = 0; kind < 2; kind++) {
        struct rs_error err = {{0}};
        struct vocabulary vocabulary = {0};
        struct story_set set;
        char text[1024] = "1 ";
        for (int i = 0; i < (kind == 0 ? 65 : 200); i++)
            strcat(text, kind == 0 ? "go " : "go");
        strcat(text, "\n2 Who?\tMary\t1\n");
        cr_assert_eq(parse(text, &vocabulary, &set, &err), RS_INPUT);
        cr_assert(strstr(err.text, "qa.txt:1:3: error: more than 64 words") != NULL, "%s", err.text);
        vocabulary_clear(&vocabulary);
    }
}

Test(babi, a_vocabulary_keeps_its_words_as_it_grows)
{
    struct vocabulary vocabulary = {0};
    char word[16];
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 5000; i++) {
            int n = snprintf(word, sizeof word, "w%d", i);
            cr_assert_eq(vocabulary_add(&vocabulary, word, (size_t)n), i);
        }
    cr_assert_eq(vocabulary.n_words, 5000);
    cr_assert_str_eq(vocabulary.words[4321], "w4321");
    cr_assert_neq(vocabulary_add(&vocabulary, "w1", 1), vocabulary_add(&vocabulary, "w1", 2));
    vocabulary_clear(&vocabulary);
}

static void write_questions(const char *path, int n)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    for (int i = 0; i < n; i++)
        fprintf(file, "1 P%d ran to the mill.\n2 Where is P%d?\tmill\t1\n", i, i);
    cr_assert_eq(fclose(file), 0);
}

Test(babi, a_folder_is_cut_into_its_sets, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct story_data data;
    const struct story_data_sizes sizes = {1000, 600, 10, 1000, 64};
    write_questions("qa2_walks_train.txt", 50);
    write_questions("qa2_walks_test.txt", 30);
    write_questions("qa12_runs_train.txt", 40);
    write_questions("qa12_runs_test.txt", 20);
    cr_assert_eq(count_files(), 4);
    cr_assert_eq(story_data_read(".", "2", &sizes, &data, &err), RS_OK, "%s", err.text);
    cr_assert_eq(data.training.n_stories, 45);
    cr_assert_eq(data.validation.n_stories, 5);
    cr_assert_eq(data.calibration.n_stories, 10);
    cr_assert_eq(data.test.n_stories, 30);
    cr_assert_str_eq(data.task, "qa2_walks");
    /* no question both trains and validates */
    cr_assert_str_eq(data.vocabulary.words[story_of_set(&data.validation, 0).words[0]], "p45");
    story_data_clear(&data);
    cr_assert_eq(story_data_read(".", "joint", &sizes, &data, &err), RS_OK, "%s", err.text);
    cr_assert_eq(data.training.n_stories, 45 + 36);
    cr_assert_eq(data.n_kinds, 2);
    cr_assert_str_eq(data.kinds[1], "qa12_runs");
    story_data_clear(&data);
    /* at most so many of each file train */
    const struct story_data_sizes fewer = {38, 600, 10, 1000, 64};
    cr_assert_eq(story_data_read(".", "joint", &fewer, &data, &err), RS_OK, "%s", err.text);
    cr_assert_eq(data.training.n_stories, 38 + 36);
    story_data_clear(&data);
    static const struct {
        const char *task, *said;
    } cases[] = {{"1", "no files qa1_NAME_train.txt"},
                 {"21", "1 to 20 or joint expected"},
                 {"2x", "1 to 20 or joint expected"},
                 {"mixed", "1 to 20 or joint expected"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(story_data_read(".", cases[i].task, &sizes, &data, &err), RS_INPUT);
        cr_assert(strstr(err.text, cases[i].said) != NULL, "%s", err.text);
    }
    cr_assert_eq(remove("qa2_walks_test.txt"), 0);
    cr_assert_eq(story_data_read(".", "2", &sizes, &data, &err), RS_INPUT);
    cr_assert(strstr(err.text, "0 files qa2_NAME_test.txt found, one expected") != NULL, "%s", err.text);
    cr_assert_eq(story_data_read("nowhere", "2", &sizes, &data, &err), RS_IO);
    write_questions("qa3_few_train.txt", 19);
    write_questions("qa3_few_test.txt", 19);
    cr_assert_eq(story_data_read(".", "3", &sizes, &data, &err), RS_INPUT);
    cr_assert(strstr(err.text, "19 training questions found, at least 20 expected") != NULL, "%s", err.text);
}
