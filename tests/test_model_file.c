/* MODEL.h5: what is written comes back, damaged files are refused, the embedded model is what it says. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "damaged_store.h"
#include "folder.h"
#include "foreign_store.h"
#include "model/model_embedded.h"
#include "model/model_file.h"
#include "numeric/random.h"
#include "workload/stories.h"
#include "workload/story_data.h"

TestSuite(model_file, .timeout = 60);

enum { HOPS = 2, D = 5, MEMORIES = 12 };

/* A model with weights that say where they stand, and stories of the generator. */
/* Only calibration and test items. */
static struct story_data make_data(uint64_t seed, size_t n_calibration, size_t n_test, int n_sentences_max)
{
    struct rs_error err = {{0}};
    struct story_data data;
    struct story_data_sizes sizes = {1, 1, n_calibration, n_test, n_sentences_max};
    cr_assert_eq(story_data_generate("mixed", seed, &sizes, &data, &err), RS_OK, "%s", err.text);
    return data;
}

static void make_file(struct model_file *file)
{
    struct rs_error err = {{0}};
    static char *kinds[] = {"one-fact", "two-facts", "deduction"};
    const struct memn2n_shape shape = {HOPS, D, STORY_WORDS_COUNT, MEMORIES, STORY_WORDS_SENTENCE_MAX};
    *file = (struct model_file){.task = "mixed",
                                .source = "a test",
                                .git_commit = "none",
                                .seed = 1ull << 53,
                                .test_error = 0.125,
                                .n_kinds = 3};
    cr_assert_eq(memn2n_init(&file->model, &shape, story_words_vocabulary(), &err), RS_OK, "%s", err.text);
    for (size_t i = 0; i < (HOPS + 1) * STORY_WORDS_COUNT * D; i++)
        file->model.embedding[i] = (float)i / 1000;
    for (size_t i = 0; i < (HOPS + 1) * MEMORIES * D; i++)
        file->model.time[i] = -(float)i / 1000;
    file->kinds = malloc(sizeof kinds);
    memcpy(file->kinds, kinds, sizeof kinds);
    struct story_data data = make_data(1, 9, 30, MEMORIES);
    file->calibration = data.calibration;
    file->test = data.test;
    data.calibration = data.test = (struct story_set){0};
    story_data_clear(&data);
    cr_assert_eq(model_file_measure_codes(file, &err), RS_OK, "%s", err.text);
    file->threshold = malloc(HOPS * sizeof *file->threshold);
    for (int i = 0; i < HOPS; i++)
        file->threshold[i] = 0.3 * i - 0.7;
    strcpy(file->threshold_method, "learned");
}

static void write_file(const char *path)
{
    struct rs_error err = {{0}};
    struct model_file file;
    make_file(&file);
    cr_assert_eq(model_file_write(path, &file, &err), RS_OK, "%s", err.text);
    model_file_clear(&file);
}

static bool same_sets(const struct story_set *one, const struct story_set *other)
{
    return one->n_stories == other->n_stories && one->n_words == other->n_words &&
           memcmp(one->sentence_offset, other->sentence_offset, (one->n_stories + 1) * sizeof(int32_t)) ==
               0 &&
           memcmp(one->word_offset, other->word_offset, (one->n_sentences + 1) * sizeof(int32_t)) == 0 &&
           memcmp(one->words, other->words, one->n_words * sizeof(int32_t)) == 0 &&
           memcmp(one->question, other->question, one->n_question_words * sizeof(int32_t)) == 0 &&
           memcmp(one->answer, other->answer, one->n_stories * sizeof(int32_t)) == 0 &&
           memcmp(one->kind, other->kind, one->n_stories * sizeof(int32_t)) == 0 &&
           memcmp(one->n_facts, other->n_facts, one->n_stories * sizeof(int32_t)) == 0;
}

Test(model_file, what_is_written_is_read_back, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct model_file written, read;
    make_file(&written);
    cr_assert_eq(model_file_write("m.h5", &written, &err), RS_OK, "%s", err.text);
    cr_assert_eq(model_file_open("m.h5", &read, &err), RS_OK, "%s", err.text);
    cr_assert_eq(memcmp(&written.model.shape, &read.model.shape, sizeof read.model.shape), 0);
    cr_assert_eq(memcmp(written.model.embedding, read.model.embedding,
                        (HOPS + 1) * STORY_WORDS_COUNT * D * sizeof(float)),
                 0);
    cr_assert_eq(memcmp(written.model.time, read.model.time, (HOPS + 1) * MEMORIES * D * sizeof(float)), 0);
    cr_assert_str_eq(read.model.vocabulary[STORY_WORDS_COUNT - 1], "where");
    cr_assert(read.n_kinds == 3 && strcmp(read.kinds[2], "deduction") == 0);
    cr_assert_str_eq(read.task, "mixed");
    cr_assert_str_eq(read.source, "a test");
    cr_assert(read.seed == 1ull << 53 && read.test_error == 0.125);
    for (int i = 0; i < HOPS; i++)
        cr_assert(written.code_max_query[i] == read.code_max_query[i] && read.code_max_query[i] > 0 &&
                  written.code_max_key[i] == read.code_max_key[i] && read.code_max_key[i] > 0 &&
                  written.code_max_value[i] == read.code_max_value[i] && read.code_max_value[i] > 0);
    cr_assert(same_sets(&written.calibration, &read.calibration) && same_sets(&written.test, &read.test));
    cr_assert_eq(memcmp(written.threshold, read.threshold, HOPS * sizeof(double)), 0);
    cr_assert_str_eq(read.threshold_method, "learned");
    /* the values of a hop are the keys of the next */
    cr_assert_eq(read.code_max_value[0], read.code_max_key[1]);
    model_file_clear(&written);
    model_file_clear(&read);
}

Test(model_file, equal_content_gives_equal_bytes, .init = enter_folder, .fini = leave_folder)
{
    static char one[1 << 20], other[1 << 20];
    write_file("one.h5");
    write_file("other.h5");
    FILE *first = fopen("one.h5", "rb"), *second = fopen("other.h5", "rb");
    cr_assert(first != NULL && second != NULL);
    size_t n = fread(one, 1, sizeof one, first);
    cr_assert_eq(n, fread(other, 1, sizeof other, second));
    cr_assert(n > 1000 && memcmp(one, other, n) == 0);
    fclose(first);
    fclose(second);
}

/* A file opened for damage loses its checksum, as one written by another program has none. */
static hid_t open_for_damage(const char *path)
{
    write_file(path);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    cr_assert(file >= 0);
    return file;
}

DAMAGE(other_format, put_text(f, "format", "qkv-workload"))
DAMAGE(other_kind, put_text(f, "kind", "transformer"))
DAMAGE(no_task, H5Adelete(f, "task"))
DAMAGE(later_version, put_number(f, "version", 2))
DAMAGE(error_above_one, put_number(f, "test_error", 1.5))
DAMAGE(error_nan, put_number(f, "test_error", (double)NAN))
DAMAGE(seed_fraction, put_number(f, "seed", 0.5))
DAMAGE(no_hops, put_number(f, "n_hops", 0))
DAMAGE(other_hops, put_number(f, "n_hops", 3))
DAMAGE(absurd_hops, put_number(f, "n_hops", 1e18))
DAMAGE(other_d, put_number(f, "d", 6))
DAMAGE(nan_d, put_number(f, "d", (double)NAN))
DAMAGE(short_sentences, put_number(f, "n_sentence_words", 4))
DAMAGE(no_embedding, drop(f, "embedding"))
DAMAGE(huge_embedding, put_shape(f, "embedding", 3, SIZES(HOPS + 1, (hsize_t)1 << 50, D)))
DAMAGE(flat_embedding, put_shape(f, "embedding", 2, SIZES(HOPS + 1, D)))
DAMAGE(huge_time, put_shape(f, "time", 3, SIZES(HOPS + 1, (hsize_t)1 << 60, D)))
DAMAGE(nan_weight, put_entry(f, "embedding", 2, (double)NAN))
DAMAGE(endless_time, put_entry(f, "time", 1, (double)INFINITY))
DAMAGE(no_vocabulary, drop(f, "vocabulary"))
DAMAGE(numbers_for_words, put_shape(f, "vocabulary", 1, SIZES(STORY_WORDS_COUNT)))
DAMAGE(fewer_rows, put_shape(f, "embedding", 3, SIZES(HOPS + 1, STORY_WORDS_COUNT - 1, D)))
DAMAGE(no_kinds, drop(f, "kinds"))
DAMAGE(zero_code, put_entry(f, "code_max_key", 0, 0))
DAMAGE(endless_code, put_entry(f, "code_max_value", 0, (double)INFINITY))
DAMAGE(more_heads, put_shape(f, "code_max_query", 2, SIZES(HOPS, 2)))
DAMAGE(endless_threshold, put_entry(f, "threshold", 0, (double)INFINITY))
DAMAGE(more_threshold_heads, put_shape(f, "threshold", 2, SIZES(HOPS, 2)))
DAMAGE(threshold_without_method, put_shape(f, "threshold", 2, SIZES(HOPS, 1)))
DAMAGE(no_test, drop(f, "test"))
DAMAGE(no_answers, drop(f, "test/answer"))
DAMAGE(foreign_word, put_entry(f, "test/words", 3, STORY_WORDS_COUNT))
DAMAGE(negative_answer, put_entry(f, "test/answer", 0, -1))
DAMAGE(foreign_kind, put_entry(f, "calibration/kind", 2, 3))
DAMAGE(falling_offsets, put_entry(f, "test/word_offset", 2, 0))
DAMAGE(offset_beyond, put_entry(f, "test/sentence_offset", 30, 1e9))
DAMAGE(huge_words, put_shape(f, "test/words", 1, SIZES((hsize_t)1 << 55)))
DAMAGE(huge_offsets, put_shape(f, "test/sentence_offset", 1, SIZES((hsize_t)1 << 40)))
DAMAGE(short_answers, put_shape(f, "test/answer", 1, SIZES(29)))

struct damaged {
    void (*damage)(hid_t file);
    const char *said; /* how the message starts */
};

Test(model_file, damaged_files_are_refused_with_their_place, .init = enter_folder, .fini = leave_folder)
{
    const struct damaged cases[] = {
        {other_format, "m.h5:/@format: error: 'qkv-workload' found, 'rescore-model' expected"},
        {other_kind, "m.h5:/@kind: error: 'transformer' found, 'memn2n' expected"},
        {no_task, "m.h5:/@task: error:"},
        {later_version, "m.h5:/@version: error: 2 found"},
        {error_above_one, "m.h5:/@test_error: error: 1.5 found"},
        {error_nan, "m.h5:/@test_error: error: nan found"},
        {seed_fraction, "m.h5:/@seed: error: 0.5 found"},
        {no_hops, "m.h5:/@n_hops: error: 0 found"},
        {other_hops, "m.h5:/embedding: error: 3 levels found, 4 expected"},
        {absurd_hops, "m.h5:/@n_hops: error:"},
        {other_d, "m.h5:/embedding: error: 5 components found, 6 expected"},
        {nan_d, "m.h5:/@d: error: nan found"},
        {short_sentences, "m.h5:/calibration/word_offset: error:"},
        {no_embedding, "m.h5:/embedding: error:"},
        {huge_embedding, "m.h5: error: n_words = 1125899906842624 found"},
        {flat_embedding, "m.h5:/embedding: error:"},
        {huge_time, "m.h5:/time: error: more values found than memory can hold"},
        {nan_weight, "m.h5:/embedding: error: nan found"},
        {endless_time, "m.h5:/time: error: inf found"},
        {no_vocabulary, "m.h5:/vocabulary: error:"},
        {numbers_for_words, "m.h5:/vocabulary: error:"},
        {fewer_rows, "m.h5:/vocabulary: error: 75 words found, 74 expected"},
        {no_kinds, "m.h5:/kinds: error:"},
        {zero_code, "m.h5:/code_max_key: error: 0 found"},
        {endless_code, "m.h5:/code_max_value: error: inf found"},
        {more_heads, "m.h5:/code_max_query: error: 2 heads found, 1 expected"},
        {endless_threshold, "m.h5:/threshold: error: inf found, a finite number expected"},
        {more_threshold_heads, "m.h5:/threshold: error: 2 heads found, 1 expected"},
        {threshold_without_method, "m.h5:/threshold@method: error:"},
        {no_test, "m.h5:/test/sentence_offset: error:"},
        {no_answers, "m.h5:/test/answer: error:"},
        {foreign_word, "m.h5:/test/words: error: a number outside 0 to 74 found"},
        {negative_answer, "m.h5:/test/answer: error: a number outside 0 to 74 found"},
        {foreign_kind, "m.h5:/calibration/kind: error: a number outside 0 to 2 found"},
        {falling_offsets, "m.h5:/test/word_offset: error:"},
        {offset_beyond, "m.h5:/test/sentence_offset: error:"},
        {huge_words, "m.h5:/test/words: error: 36028797018963968 entries found"},
        {huge_offsets, "m.h5:/test/sentence_offset: error: 1099511627776 entries found"},
        {short_answers, "m.h5:/test/answer: error: 29 entries found, 30 expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rs_error err = {{0}};
        struct model_file file;
        hid_t handle = open_for_damage("m.h5");
        cases[i].damage(handle);
        cr_assert(H5Fclose(handle) >= 0);
        cr_assert_eq(model_file_open("m.h5", &file, &err), RS_INPUT, "case %zu (%s): %s", i, cases[i].said,
                     err.text);
        cr_assert_eq(strncmp(err.text, cases[i].said, strlen(cases[i].said)), 0, "case %zu (%s): %s", i,
                     cases[i].said, err.text);
        cr_assert_null(strchr(err.text, '\n'), "%s", err.text);
        cr_assert_null(file.model.embedding);
        remove("m.h5");
    }
}

Test(model_file, a_file_of_another_program_without_checksum_is_read, .init = enter_folder,
     .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct model_file file;
    hid_t handle = open_for_damage("m.h5");
    put_number(handle, "test_error", 0.25);
    cr_assert(H5Fclose(handle) >= 0);
    cr_assert_eq(model_file_open("m.h5", &file, &err), RS_OK, "%s", err.text);
    cr_assert_eq(file.test_error, 0.25);
    model_file_clear(&file);
}

Test(model_file, missing_unwritable_and_foreign_files_have_their_status, .init = enter_folder,
     .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct model_file file, none;
    cr_assert_eq(model_file_open("none.h5", &none, &err), RS_IO);
    make_file(&file);
    cr_assert_eq(model_file_write("nowhere/m.h5", &file, &err), RS_CREATE, "%s", err.text);
    cr_assert_eq(count_files(), 0);
    foreign_write("foreign.h5");
    cr_assert_eq(model_file_open("foreign.h5", &none, &err), RS_INPUT);
    model_file_clear(&file);
}

static void open_embedded(struct model_file *file)
{
    struct rs_error err = {{0}};
    struct store *store = NULL;
    cr_assert_eq(model_embedded_open(MODEL_EMBEDDED_STORIES, &store, &err), RS_OK, "%s", err.text);
    cr_assert_eq(model_file_read(store, file, &err), RS_OK, "%s", err.text);
    store_close(store);
}

Test(model_file, the_embedded_model_reaches_its_stated_error_on_each_kind)
{
    struct model_file file;
    open_embedded(&file);
    size_t n_wrong, n_wrong_of_kind[STORIES_N_KINDS] = {0}, n_of_kind[STORIES_N_KINDS] = {0};
    cr_assert_eq(memn2n_test(&file.model, &file.test, NULL, NULL, &n_wrong, n_wrong_of_kind, NULL, NULL),
                 RS_OK);
    cr_assert_eq((double)n_wrong / (double)file.test.n_stories, file.test_error);
    for (size_t i = 0; i < file.test.n_stories; i++)
        n_of_kind[file.test.kind[i]]++;
    for (int i = 0; i < STORIES_N_KINDS; i++) {
        cr_assert_geq(n_of_kind[i], 150);
        cr_assert_leq((double)n_wrong_of_kind[i] / (double)n_of_kind[i], 0.05);
    }
    model_file_clear(&file);
}

Test(model_file, the_embedded_items_are_those_of_the_generator)
{
    struct model_file file;
    open_embedded(&file);
    cr_assert_eq(file.model.shape.n_words, STORY_WORDS_COUNT);
    for (int i = 0; i < STORY_WORDS_COUNT; i++)
        cr_assert_str_eq(file.model.vocabulary[i], story_words_vocabulary()[i]);
    struct story_data made = make_data(file.seed, file.calibration.n_stories, file.test.n_stories, 64);
    cr_assert(same_sets(&made.calibration, &file.calibration));
    cr_assert(same_sets(&made.test, &file.test));
    story_data_clear(&made);
    model_file_clear(&file);
}

/* keep_one_in = 0: every key has the same weight; else exact attention over a random share of the keys. */
struct spoiled {
    uint32_t keep_one_in, n_calls;
};

static enum rs_status spoil(void *context, const struct attention_call *call, struct rs_error *err)
{
    struct spoiled *spoiled = context;
    const struct random_key key = {.seed = 1, .purpose = RANDOM_POLICY, .draw = spoiled->n_calls++};
    float query[64] = {0}, keys[64 * 64], values[64 * 64];
    struct attention_call other = *call;
    cr_assert(call->d <= 64 && call->n_keys <= 64);
    if (spoiled->keep_one_in == 0) {
        other.q = query;
        return attention_hook_exact(NULL, &other, err);
    }
    other.k = keys;
    other.v = values;
    other.n_keys = 0;
    for (uint32_t j = 0; j < call->n_keys; j++)
        if (random_integer(&key, j, spoiled->keep_one_in) == 0 ||
            (other.n_keys == 0 && j + 1 == call->n_keys)) {
            memcpy(keys + other.n_keys * call->d, call->k + j * call->d, call->d * sizeof *keys);
            memcpy(values + other.n_keys * call->d, call->v + j * call->d, call->d * sizeof *values);
            other.n_keys++;
        }
    return attention_hook_exact(NULL, &other, err);
}

Test(model_file, the_embedded_model_depends_on_its_attention)
{
    struct model_file file;
    open_embedded(&file);
    for (uint32_t keep_one_in = 0; keep_one_in <= 4; keep_one_in += 4) {
        struct spoiled spoiled = {.keep_one_in = keep_one_in};
        size_t n_wrong;
        cr_assert_eq(memn2n_test(&file.model, &file.test, spoil, &spoiled, &n_wrong, NULL, NULL, NULL),
                     RS_OK);
        cr_assert_gt((double)n_wrong / (double)file.test.n_stories, 0.5);
    }
    model_file_clear(&file);
}
