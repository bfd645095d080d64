/* MODEL.h5 of a transformer: what is written comes back, damaged files are refused. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "damaged_store.h"
#include "folder.h"
#include "foreign_store.h"
#include "model/transformer_file.h"
#include "transformer_fixture.h"

TestSuite(transformer_file, .timeout = 60);

static char *letters[] = {"a", "b", "c",  "d", "e",      "f", "g", "h", "i", "j",
                          "k", "l", "\n", " ", "<0x80>", "",  "o", "p", "q"};

static void make_file(int family, struct transformer_file *file)
{
    struct rs_error err = {{0}};
    *file = (struct transformer_file){
        .task = "letters", .source = "a test", .git_commit = "none", .seed = 1ull << 53};
    random_transformer(family, 3, &file->model);
    const struct transformer_shape *shape = &file->model.shape;
    if (shape->input == TRANSFORMER_WORDS) {
        file->vocabulary = malloc(sizeof letters);
        memcpy(file->vocabulary, letters, sizeof letters);
    }
    random_items(shape, 1, &file->calibration);
    random_items(shape, 2, &file->test);
    cr_assert_eq(transformer_file_measure(file, 1, &err), RS_OK, "%s", err.text);
    if (family != FAMILY_GPT2)
        return;
    file->threshold = calloc(shape->n_layers * shape->n_heads, sizeof(double));
    file->threshold[1] = -0.25;
    strcpy(file->threshold_method, "a guess");
}

static void write_file(int family, const char *path)
{
    struct rs_error err = {{0}};
    struct transformer_file file;
    make_file(family, &file);
    cr_assert_eq(transformer_file_write(path, &file, &err), RS_OK, "%s", err.text);
    transformer_file_clear(&file);
}

static bool same(const void *one, const void *other, size_t n)
{
    return one == NULL ? other == NULL : other != NULL && memcmp(one, other, n) == 0;
}

static bool same_items(const struct transformer_shape *shape, const struct transformer_items *one,
                       const struct transformer_items *other)
{
    size_t n = one->n_words * sizeof(int32_t), n_samples = one->n_samples;
    return n_samples == other->n_samples && one->n_words == other->n_words &&
           same(one->word_offset, other->word_offset, (n_samples + 1) * sizeof(int32_t)) &&
           same(one->words, other->words, n) && same(one->segments, other->segments, n) &&
           same(one->targets, other->targets, n) &&
           same(one->images, other->images, n_samples * shape->n_channels * shape->height * shape->width) &&
           same(one->labels, other->labels, n_samples * sizeof(int32_t));
}

Test(transformer_file, what_is_written_is_read_back_in_every_family, .init = enter_folder,
     .fini = leave_folder)
{
    for (int family = 0; family < N_FAMILIES; family++) {
        struct rs_error err = {{0}};
        struct transformer_file written, read;
        struct transformer_score one, other;
        make_file(family, &written);
        const struct transformer_shape *shape = &written.model.shape;
        cr_assert_eq(transformer_file_write("t.h5", &written, &err), RS_OK, "%s", err.text);
        cr_assert_eq(transformer_file_open("t.h5", &read, &err), RS_OK, "%s", err.text);
        cr_assert(
            same(written.model.weights, read.model.weights, written.model.layout.n_weights * sizeof(float)));
        cr_assert(same_items(shape, &written.test, &read.test) &&
                  same_items(shape, &written.calibration, &read.calibration));
        size_t n = shape->n_layers * shape->n_heads * sizeof(double),
               n_kv = n / shape->n_heads * shape->n_kv_heads;
        cr_assert(same(written.code_max_query, read.code_max_query, n) &&
                  same(written.code_max_key, read.code_max_key, n_kv) &&
                  same(written.code_max_value, read.code_max_value, n_kv) &&
                  same(written.threshold, read.threshold, n));
        cr_assert_str_eq(read.task, "letters");
        cr_assert_str_eq(read.threshold_method, family == FAMILY_GPT2 ? "a guess" : "");
        cr_assert(read.seed == 1ull << 53 && read.test_nll == written.test_nll &&
                  read.test_error == written.test_error && read.test_nll > 0.1);
        if (shape->input == TRANSFORMER_WORDS)
            cr_assert_str_eq(read.vocabulary[7], "h");
        /* the shape is the same in all that the forward pass makes of it */
        cr_assert_eq(transformer_pack(&read.model, kernel_chosen(), &err), RS_OK);
        cr_assert_eq(transformer_items_test(&written.model, &written.test, 1, &one, &err), RS_OK);
        cr_assert_eq(transformer_items_test(&read.model, &read.test, 2, &other, &err), RS_OK);
        cr_assert(one.nll == other.nll && one.n_right == other.n_right && one.n_counted == other.n_counted,
                  "%s", family_names[family]);
        transformer_file_clear(&written);
        transformer_file_clear(&read);
    }
}

Test(transformer_file, equal_content_gives_equal_bytes, .init = enter_folder, .fini = leave_folder)
{
    static char one[1 << 20], other[1 << 20];
    write_file(FAMILY_BERT, "one.h5");
    write_file(FAMILY_BERT, "other.h5");
    FILE *first = fopen("one.h5", "rb"), *second = fopen("other.h5", "rb");
    cr_assert(first != NULL && second != NULL);
    size_t n = fread(one, 1, sizeof one, first);
    cr_assert_eq(n, fread(other, 1, sizeof other, second));
    cr_assert(n > 1000 && memcmp(one, other, n) == 0);
    fclose(first);
    fclose(second);
}

DAMAGE(other_format, put_text(f, "format", "gguf"))
DAMAGE(other_kind, put_text(f, "kind", "memn2n"))
DAMAGE(later_version, put_number(f, "version", 2))
DAMAGE(nll_nan, put_number(f, "test_nll", (double)NAN))
DAMAGE(error_above_one, put_number(f, "test_error", 1.5))
DAMAGE(no_layers, put_number(f, "n_layers", 0))
DAMAGE(half_a_layer, put_number(f, "n_layers", 1.5))
DAMAGE(more_layers, put_number(f, "n_layers", 3))
DAMAGE(absurd_layers, put_number(f, "n_layers", 1e18))
DAMAGE(huge_d, put_number(f, "d", 16384); put_number(f, "d_hidden", 16384); put_number(f, "n_layers", 128))
DAMAGE(nan_d, put_number(f, "d", (double)NAN))
DAMAGE(odd_heads, put_number(f, "n_kv_heads", 2))
DAMAGE(no_heads, H5Adelete(f, "n_heads"))
DAMAGE(strange_norm, put_text(f, "norm", "batch"))
DAMAGE(strange_activation, put_text(f, "activation", "relu"))
DAMAGE(other_activation, put_text(f, "activation", "swiglu"))
DAMAGE(half_a_bias, put_number(f, "bias", 0.5))
DAMAGE(two_biases, put_number(f, "bias", 2))
DAMAGE(no_epsilon, put_number(f, "norm_epsilon", 0))
DAMAGE(no_qkv, drop(f, "weights/qkv"))
DAMAGE(no_weights, drop(f, "weights"))
DAMAGE(untied, put_number(f, "tied", 0))
DAMAGE(huge_qkv, put_shape(f, "weights/qkv", 3, SIZES(2, (hsize_t)1 << 50, 36)))
DAMAGE(flat_qkv, put_shape(f, "weights/qkv", 2, SIZES(24, 36)))
DAMAGE(nan_weight, put_entry(f, "weights/hidden", 2, (double)NAN))
DAMAGE(endless_weight, put_entry(f, "weights/word", 1, (double)INFINITY))
DAMAGE(no_vocabulary, drop(f, "vocabulary"))
DAMAGE(numbers_for_words, put_shape(f, "vocabulary", 1, SIZES(17)))
DAMAGE(more_words, put_number(f, "n_words", 18))
DAMAGE(zero_code, put_entry(f, "code_max_key", 0, 0))
DAMAGE(endless_code, put_entry(f, "code_max_value", 0, (double)INFINITY))
DAMAGE(more_heads, put_shape(f, "code_max_query", 2, SIZES(2, 4)))
DAMAGE(nan_threshold, put_entry(f, "threshold", 1, (double)NAN))
DAMAGE(no_test, drop(f, "test"))
DAMAGE(no_targets, drop(f, "test/targets"))
DAMAGE(foreign_word, put_entry(f, "test/words", 3, 17))
DAMAGE(negative_word, put_entry(f, "test/words", 3, -1))
DAMAGE(foreign_target, put_entry(f, "calibration/targets", 3, -2))
DAMAGE(falling_offsets, put_entry(f, "test/word_offset", 2, 0))
DAMAGE(offset_beyond, put_entry(f, "test/word_offset", 4, 1e9))
DAMAGE(negative_offset, put_entry(f, "test/word_offset", 0, -5))
DAMAGE(long_sample, put_entry(f, "test/word_offset", 1, 12))
DAMAGE(huge_words, put_shape(f, "test/words", 1, SIZES((hsize_t)1 << 55)))
DAMAGE(huge_offsets, put_shape(f, "test/word_offset", 1, SIZES((hsize_t)1 << 40)))
DAMAGE(short_targets, put_shape(f, "test/targets", 1, SIZES(3)))

static const struct damaged {
    void (*damage)(hid_t file);
    const char *said; /* how the message starts */
} cases[] = {
    {other_format, "t.h5:/@format: error: 'gguf' found, 'rescore-model' expected"},
    {other_kind, "t.h5:/@kind: error: 'memn2n' found, 'transformer' expected"},
    {later_version, "t.h5:/@version: error: 2 found"},
    {nll_nan, "t.h5:/@test_nll: error: nan found"},
    {error_above_one, "t.h5:/@test_error: error: 1.5 found, 0 to 1 expected"},
    {no_layers, "t.h5: error: n_layers = 0 found"},
    {half_a_layer, "t.h5:/@n_layers: error: 1.5 found"},
    {more_layers, "t.h5:/weights/norm_attention: error: 2 layers found, 3 expected"},
    {absurd_layers, "t.h5:/@n_layers: error:"},
    {huge_d, "t.h5: error: "},
    {nan_d, "t.h5:/@d: error: nan found"},
    {odd_heads, "t.h5: error: parts of a transformer contradict each other: n_kv_heads that divides"},
    {no_heads, "t.h5:/@n_heads: error:"},
    {strange_norm, "t.h5:/@norm: error: 'batch' found, layer, rms expected"},
    {strange_activation, "t.h5:/@activation: error: 'relu' found, gelu-tanh, gelu-erf or swiglu expected"},
    {other_activation, "t.h5:/weights/hidden: error: 20 columns found, 40 expected"},
    {half_a_bias, "t.h5:/@bias: error: 0.5 found"},
    {two_biases, "t.h5:/@bias: error: 2 found"},
    {no_epsilon, "t.h5: error: parts of a transformer contradict each other: norm_epsilon from"},
    {no_qkv, "t.h5:/weights/qkv: error:"},
    {no_weights, "t.h5:/weights/word: error:"},
    {untied, "t.h5:/weights/output: error:"},
    {huge_qkv, "t.h5:/weights/qkv: error: 1125899906842624 rows found, 12 expected"},
    {flat_qkv, "t.h5:/weights/qkv: error:"},
    {nan_weight, "t.h5:/weights/hidden: error: nan found"},
    {endless_weight, "t.h5:/weights/word: error: inf found"},
    {no_vocabulary, "t.h5:/vocabulary: error:"},
    {numbers_for_words, "t.h5:/vocabulary: error:"},
    {more_words, "t.h5:/weights/word: error: 17 rows found, 18 expected"},
    {zero_code, "t.h5:/code_max_key: error: 0 found"},
    {endless_code, "t.h5:/code_max_value: error: inf found"},
    {more_heads, "t.h5:/code_max_query: error: 4 heads found, 3 expected"},
    {nan_threshold, "t.h5:/threshold: error: nan found, a finite number expected"},
    {no_test, "t.h5:/test/word_offset: error:"},
    {no_targets, "t.h5:/test/targets: error:"},
    {foreign_word, "t.h5:/test/words: error: 17 found, 0 to 16 expected"},
    {negative_word, "t.h5:/test/words: error: -1 found, 0 to 16 expected"},
    {foreign_target, "t.h5:/calibration/targets: error: -2 found, -1 to 16 expected"},
    {falling_offsets, "t.h5:/test/word_offset: error: a sample of "},
    {offset_beyond, "t.h5:/test/word_offset: error: 0 to 1000000000 found"},
    {negative_offset, "t.h5:/test/word_offset: error: -5 to "},
    {long_sample, "t.h5:/test/word_offset: error: a sample of 12 words found, 1 to 11 expected"},
    {huge_words, "t.h5:/test/words: error: 36028797018963968 entries found"},
    {huge_offsets, "t.h5:/test/word_offset: error: 1099511627776 entries found"},
    {short_targets, "t.h5:/test/targets: error: 3 entries found"},
};

Test(transformer_file, damaged_files_are_refused_with_their_place, .init = enter_folder, .fini = leave_folder)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rs_error err = {{0}};
        struct transformer_file file;
        write_file(FAMILY_GPT2, "t.h5");
        hid_t handle = H5Fopen("t.h5", H5F_ACC_RDWR, H5P_DEFAULT);
        cases[i].damage(handle);
        cr_assert(H5Fclose(handle) >= 0);
        cr_assert_eq(transformer_file_open("t.h5", &file, &err), RS_INPUT, "case %zu (%s): %s", i,
                     cases[i].said, err.text);
        cr_assert_eq(strncmp(err.text, cases[i].said, strlen(cases[i].said)), 0, "case %zu (%s): %s", i,
                     cases[i].said, err.text);
        cr_assert_null(strchr(err.text, '\n'), "%s", err.text);
        cr_assert_null(file.model.weights);
        remove("t.h5");
    }
}

DAMAGE(other_width, put_number(f, "width", 6))
DAMAGE(fewer_rows, put_shape(f, "test/images", 4, SIZES(4, 2, 5, 9)))
DAMAGE(huge_images, put_shape(f, "test/images", 4, SIZES((hsize_t)1 << 40, 2, 6, 9)))
DAMAGE(foreign_label, put_entry(f, "test/labels", 2, 5))
DAMAGE(fewer_labels, put_shape(f, "test/labels", 1, SIZES(3)))

Test(transformer_file, damaged_images_are_refused_with_their_place, .init = enter_folder,
     .fini = leave_folder)
{
    const struct damaged images[] = {
        {other_width, "t.h5: error: parts of a transformer contradict each other: n_positions"},
        {fewer_rows, "t.h5:/test/images: error: 5 rows found, 6 expected"},
        {huge_images, "t.h5:/test/images: error: 1099511627776 images found"},
        {foreign_label, "t.h5:/test/labels: error: 5 found, -1 to 4 expected"},
        {fewer_labels, "t.h5:/test/labels: error: 3 entries found, 4 expected"},
    };
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        struct rs_error err = {{0}};
        struct transformer_file file;
        write_file(FAMILY_VIT, "t.h5");
        hid_t handle = H5Fopen("t.h5", H5F_ACC_RDWR, H5P_DEFAULT);
        images[i].damage(handle);
        cr_assert(H5Fclose(handle) >= 0);
        cr_assert_eq(transformer_file_open("t.h5", &file, &err), RS_INPUT, "case %zu: %s", i, err.text);
        cr_assert_eq(strncmp(err.text, images[i].said, strlen(images[i].said)), 0, "case %zu: %s", i,
                     err.text);
        remove("t.h5");
    }
}

Test(transformer_file, missing_foreign_and_cut_files_have_their_status, .init = enter_folder,
     .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct transformer_file file, none;
    static char bytes[1 << 20];
    cr_assert_eq(transformer_file_open("none.h5", &none, &err), RS_IO);
    foreign_write("foreign.h5");
    cr_assert_eq(transformer_file_open("foreign.h5", &none, &err), RS_INPUT);
    make_file(FAMILY_LLAMA, &file);
    cr_assert_eq(transformer_file_write("nowhere/t.h5", &file, &err), RS_CREATE, "%s", err.text);
    cr_assert_eq(count_files(), 1); /* foreign.h5 */
    cr_assert_eq(transformer_file_write("t.h5", &file, &err), RS_OK, "%s", err.text);
    FILE *stream = fopen("t.h5", "rb");
    size_t n = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    for (size_t part = 0; part < 8; part++) {
        stream = fopen("t.h5", "wb");
        cr_assert_eq(fwrite(bytes, 1, n * part / 8, stream), n * part / 8);
        fclose(stream);
        cr_assert_eq(transformer_file_open("t.h5", &none, &err), RS_INPUT, "part %zu: %s", part, err.text);
        cr_assert_null(strchr(err.text, '\n'), "%s", err.text);
    }
    transformer_file_clear(&file);
}
