/* Fine-tuning of a transformer with thresholds: what is pruned, what is repeated, and the array's noise. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attention_fixture.h"
#include "learn/train_transformer.h"
#include "numeric/random.h"

TestSuite(transformer_tuning, .timeout = 120);

static const struct transformer_options small = {.n_layers = 2,
                                                 .d = 16,
                                                 .n_heads = 2,
                                                 .n_positions = 12,
                                                 .patch = 4,
                                                 .n_steps = 80,
                                                 .n_warm_up = 10,
                                                 .n_batch = 9,
                                                 .n_validate = 40,
                                                 .n_validation = 10,
                                                 .n_calibration = 5,
                                                 .n_test = 10,
                                                 .rate = 0.01,
                                                 .last_rate = 0.1,
                                                 .decay = 0.1,
                                                 .gradient_limit = 1};

/* Every letter is the one three places before, after a random start of three. */
static struct characters echo_text(size_t n)
{
    struct characters text = {.n_words = 4, .n_characters = n, .bytes = "abcd"};
    const struct random_key key = {.seed = 2};
    text.text = malloc(n * sizeof *text.text);
    for (size_t i = 0; i < n; i++)
        text.text[i] = i % 12 < 3 ? (int32_t)random_integer(&key, (uint32_t)i, 4) : text.text[i - 3];
    return text;
}

static struct threshold_options options_of(double weight, int noise)
{
    struct threshold_options options;
    option_fill_defaults(&threshold_options_table, &options);
    options.weight = weight;
    options.noise = noise;
    return options;
}

/* What is learned with these options, from `start` or from the beginning. */
static struct train_transformer_learned tune(const struct threshold_options *options,
                                             const struct transformer_file *start, int n_threads,
                                             struct transformer_file *out)
{
    struct attention_fixture f;
    struct rs_error err = {{0}};
    struct characters text = echo_text(5000);
    attention_fixture_init(&f, 8, 12);
    attention_fixture_set(&f, "device.preset", "wan2022");
    const struct attention_options array = {&f.array, &f.encoding,  &f.comparator, &f.readout,
                                            &f.prune, &f.recompute, &f.device,     3};
    struct train_transformer_learned learned = {.options = {options, &array},
                                                .start = start != NULL ? start->model.weights : NULL};
    cr_assert_eq(train_transformer_text(&small, &learned, &text, "echo", 1, n_threads, NULL, NULL, out, &err),
                 RS_OK, "%s", err.text);
    free(text.text);
    return learned;
}

static bool same_weights(const struct transformer_file *one, const struct transformer_file *other)
{
    return memcmp(one->model.weights, other->model.weights, one->model.layout.n_weights * sizeof(float)) == 0;
}

Test(transformer_tuning, a_dearer_key_is_pruned_more_often)
{
    struct transformer_file plain, cheap, dear;
    struct threshold_options none = options_of(0, 0), little = options_of(0.01, 0), much = options_of(2, 0);
    none.sharing = THRESHOLD_NONE;
    little.length = much.length = 1;
    struct train_transformer_learned first = tune(&none, NULL, 1, &plain);
    cr_assert(isnan(first.test_nll) && isnan(first.keep_ratio) && plain.threshold == NULL);
    struct train_transformer_learned one = tune(&little, &plain, 1, &cheap);
    struct train_transformer_learned other = tune(&much, &plain, 1, &dear);
    cr_assert_str_eq(cheap.threshold_method, "learned");
    cr_assert(cheap.threshold[0] == cheap.threshold[1] && cheap.threshold[2] == cheap.threshold[3]);
    cr_assert_lt(other.keep_ratio, 0.8 * one.keep_ratio, "%g and %g", one.keep_ratio, other.keep_ratio);
    cr_assert_lt(one.test_nll, plain.test_nll + 0.05, "%g and %g", plain.test_nll, one.test_nll);
    cr_assert(!same_weights(&plain, &cheap) && !same_weights(&cheap, &dear));
    transformer_file_clear(&plain);
    transformer_file_clear(&cheap);
    transformer_file_clear(&dear);
}

Test(transformer_tuning, heads_may_have_thresholds_of_their_own)
{
    struct transformer_file file;
    struct threshold_options options = options_of(0.1, 0);
    options.sharing = THRESHOLD_HEAD;
    tune(&options, NULL, 1, &file);
    cr_assert(file.threshold[0] != file.threshold[1] && file.threshold[2] != file.threshold[3]);
    transformer_file_clear(&file);
}

Test(transformer_tuning, is_repeated_to_the_bit_by_any_number_of_threads)
{
    for (int noise = THRESHOLD_NOISE_NONE; noise <= THRESHOLD_NOISE_ARRAY; noise++) {
        struct transformer_file one, again;
        struct threshold_options options = options_of(0.1, noise);
        tune(&options, NULL, 1, &one);
        tune(&options, NULL, 2, &again);
        cr_assert(same_weights(&one, &again), "noise %d", noise);
        cr_assert_eq(memcmp(one.threshold, again.threshold, 4 * sizeof(double)), 0, "noise %d", noise);
        transformer_file_clear(&one);
        transformer_file_clear(&again);
    }
}

Test(transformer_tuning, noise_of_the_array_changes_what_is_learned)
{
    struct transformer_file without, with;
    struct threshold_options none = options_of(0.1, THRESHOLD_NOISE_NONE),
                             array = options_of(0.1, THRESHOLD_NOISE_ARRAY);
    tune(&none, NULL, 1, &without);
    struct train_transformer_learned learned = tune(&array, NULL, 1, &with);
    cr_assert(!same_weights(&without, &with));
    cr_assert(learned.keep_ratio > 0 && learned.keep_ratio < 1 && isfinite(learned.test_nll));
    transformer_file_clear(&without);
    transformer_file_clear(&with);
}

/* The options of the array are looked at before anything is trained. */
Test(transformer_tuning, an_array_that_cannot_be_is_refused)
{
    struct attention_fixture f;
    struct rs_error err = {{0}};
    struct transformer_file file;
    struct characters text = echo_text(5000);
    struct threshold_options options = options_of(0.1, THRESHOLD_NOISE_ARRAY);
    attention_fixture_init(&f, 8, 12);
    f.encoding.analog_bits = 12;
    const struct attention_options array = {&f.array, &f.encoding,  &f.comparator, &f.readout,
                                            &f.prune, &f.recompute, &f.device,     3};
    struct train_transformer_learned learned = {.options = {&options, &array}};
    cr_assert_eq(train_transformer_text(&small, &learned, &text, "echo", 1, 1, NULL, NULL, &file, &err),
                 RS_INPUT);
    cr_assert(strstr(err.text, "encoding.analog_bits") != NULL, "%s", err.text);
    free(text.text);
}
