/* Training of transformers, its data and its optimiser. */
#include "config.h" /* POSIX names */

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "learn/adam.h"
#include "learn/train_transformer.h"
#include "numeric/random.h"

TestSuite(train_transformer, .timeout = 60);

static const struct transformer_options small = {.n_layers = 2,
                                                 .d = 16,
                                                 .n_heads = 2,
                                                 .n_positions = 12,
                                                 .patch = 4,
                                                 .n_steps = 120,
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

/* "acbd" or "adbc" after each other: the second letter of each group is a coin, the other three are sure. */
static struct characters coin_text(size_t n)
{
    struct characters text = {.n_words = 4, .n_characters = n, .bytes = "abcd"};
    const struct random_key key = {.seed = 2};
    text.text = malloc(n * sizeof *text.text);
    for (size_t i = 0; i < n; i++) {
        int32_t coin = (int32_t)random_integer(&key, (uint32_t)(i / 4), 2);
        const int32_t group[4] = {0, 2 + coin, 1, 3 - coin};
        text.text[i] = group[i % 4];
    }
    return text;
}

/* Bright above or bright below, with noise. */
static struct images halves(size_t n)
{
    struct images images = {.n = n, .height = 8, .width = 8, .n_classes = 2};
    const struct random_key key = {.seed = 4};
    images.pixels = malloc(n * 64);
    images.labels = malloc(n);
    for (size_t i = 0; i < n; i++) {
        images.labels[i] = (uint8_t)random_integer(&key, (uint32_t)i, 2);
        for (size_t p = 0; p < 64; p++)
            images.pixels[i * 64 + p] = (uint8_t)((p / 32 == images.labels[i] ? 150 : 50) +
                                                  random_integer(&key, (uint32_t)(n + i * 64 + p), 100));
    }
    return images;
}

struct curve {
    size_t n, n_validations, stop_after;
    double losses[512], first_validation, last_validation;
};

static bool note(void *context, const struct train_transformer_step *step)
{
    struct curve *curve = context;
    cr_assert(step->i_step == curve->n && curve->n < 512 && step->rate > 0 && step->gradient_norm > 0);
    curve->losses[curve->n++] = step->train_loss;
    if (isfinite(step->validation_loss)) {
        if (curve->n_validations++ == 0)
            curve->first_validation = step->validation_loss;
        curve->last_validation = step->validation_loss;
    }
    return curve->n != curve->stop_after;
}

Test(train_transformer, a_language_model_learns_a_text_down_to_its_entropy)
{
    struct characters text = coin_text(6000);
    const int positions[] = {TRANSFORMER_POSITIONS_LEARNED, TRANSFORMER_POSITIONS_ROTARY_HALVES};
    for (int p = 0; p < 2; p++) {
        struct transformer_options options = small;
        struct rs_error err = {{0}};
        struct transformer_file file;
        struct curve curve = {0};
        options.positions = positions[p];
        options.activation = p == 0 ? TRANSFORMER_GELU_TANH : TRANSFORMER_SWIGLU;
        options.norm = p == 0 ? TRANSFORMER_NORM_LAYER : TRANSFORMER_NORM_RMS;
        options.n_kv_heads = p == 0 ? 0 : 1;
        cr_assert_eq(train_transformer_text(&options, NULL, &text, "coins", 1, 1, note, &curve, &file, &err),
                     RS_OK, "%s", err.text);
        cr_assert(curve.n == 120 && curve.n_validations == 3);
        /* one of four letters is a coin; in 12 letters the third of the first group may also be unknown */
        cr_assert_gt(curve.losses[0], 1.1);
        cr_assert_lt(file.test_nll, 0.25 * log(2) + 0.12, "%d: %g", p, file.test_nll);
        cr_assert_gt(file.test_nll, 0.25 * log(2) - 0.05, "%d: %g", p, file.test_nll);
        cr_assert(file.test.n_samples == 10 && file.calibration.n_samples == 5 && file.seed == 1);
        cr_assert_eq(file.test.targets[0], file.test.words[1]);
        cr_assert_str_eq(file.vocabulary[3], "d");
        for (size_t i = 0; i < 4; i++)
            cr_assert_gt(file.code_max_query[i], 0);
        transformer_file_clear(&file);
    }
    free(text.text);
}

Test(train_transformer, a_vision_transformer_learns_to_tell_halves)
{
    struct images images = halves(400);
    struct transformer_options options = small;
    struct rs_error err = {{0}};
    struct transformer_file file;
    options.n_steps = 60;
    options.n_test = 100;
    cr_assert_eq(train_transformer_images(&options, NULL, &images, "halves", 1, 1, NULL, NULL, &file, &err),
                 RS_OK, "%s", err.text);
    cr_assert(file.test_error == 0 && file.test.n_samples == 100 && file.vocabulary == NULL, "%g",
              file.test_error);
    cr_assert_eq(memcmp(file.test.images, images.pixels + 300 * 64, 100 * 64), 0);
    transformer_file_clear(&file);
    images_clear(&images);
}

Test(train_transformer, loss_curves_and_weights_are_the_same_for_any_number_of_threads)
{
    struct characters text = coin_text(3000);
    struct transformer_options options = small;
    struct rs_error err = {{0}};
    struct transformer_file files[4];
    static struct curve curves[4];
    const int n_threads[4] = {1, 2, 3, 2};
    options.n_steps = 15;
    for (int i = 0; i < 4; i++)
        cr_assert_eq(train_transformer_text(&options, NULL, &text, "coins", i < 3 ? 1 : 2, n_threads[i], note,
                                            &curves[i], &files[i], &err),
                     RS_OK, "%s", err.text);
    size_t n = files[0].model.layout.n_weights * sizeof(float);
    for (int i = 1; i < 3; i++) {
        cr_assert_eq(memcmp(&curves[0], &curves[i], sizeof curves[0]), 0, "%d threads", n_threads[i]);
        cr_assert_eq(memcmp(files[0].model.weights, files[i].model.weights, n), 0);
        cr_assert_eq(files[0].test_nll, files[i].test_nll);
    }
    cr_assert_neq(memcmp(files[0].model.weights, files[3].model.weights, n), 0, "the seed has no effect");
    for (int i = 0; i < 4; i++)
        transformer_file_clear(&files[i]);
    free(text.text);
}

Test(train_transformer, a_moved_image_shows_its_edge_where_it_was)
{
    const struct images size = {.height = 2, .width = 3};
    const uint8_t image[6] = {1, 2, 3, 4, 5, 6};
    const struct {
        int64_t down, right;
        uint8_t expected[6];
    } cases[] = {{0, 0, {1, 2, 3, 4, 5, 6}}, {1, 0, {1, 2, 3, 1, 2, 3}},  {-1, 0, {4, 5, 6, 4, 5, 6}},
                 {0, 1, {1, 1, 2, 4, 4, 5}}, {0, -2, {3, 3, 3, 6, 6, 6}}, {1, -1, {2, 3, 3, 2, 3, 3}},
                 {-9, 9, {4, 4, 4, 4, 4, 4}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t moved[6];
        images_move(&size, image, cases[i].down, cases[i].right, moved);
        cr_assert_eq(memcmp(moved, cases[i].expected, 6), 0, "case %zu", i);
    }
}

/* A line across or down, all in the same place. */
static struct images lines(size_t n)
{
    struct images images = {.n = n, .height = 8, .width = 8, .n_classes = 2};
    const struct random_key key = {.seed = 5};
    images.pixels = calloc(n, 64);
    images.labels = malloc(n);
    for (size_t i = 0; i < n; i++) {
        images.labels[i] = (uint8_t)random_integer(&key, (uint32_t)i, 2);
        for (size_t row = 2; row < 4; row++)
            for (size_t k = 0; k < 4; k++)
                images.pixels[i * 64 + (images.labels[i] ? (row * 8 + 2 + k) : ((2 + k) * 8 + row))] = 255;
    }
    return images;
}

Test(train_transformer, images_are_moved_where_that_is_asked_for)
{
    struct images images = lines(400);
    struct transformer_options options = small;
    struct rs_error err = {{0}};
    struct transformer_file files[3];
    options.n_steps = 150;
    for (int i = 0; i < 3; i++) {
        options.shift_pixels = i == 0 ? 0 : 2;
        cr_assert_eq(train_transformer_images(&options, NULL, &images, "lines", 1, i == 2 ? 2 : 1, NULL, NULL,
                                              &files[i], &err),
                     RS_OK, "%s", err.text);
    }
    cr_assert_eq(memcmp(files[1].model.weights, files[2].model.weights,
                        files[1].model.layout.n_weights * sizeof(float)),
                 0);
    /* the same lines two pixels up and to the left, which only the second has seen */
    size_t n_wrong[2] = {0};
    for (int i = 0; i < 2; i++) {
        for (size_t s = 0; s < files[i].test.n_samples; s++)
            images_move(&images, images.pixels + (390 + s) * 64, -2, -2, files[i].test.images + s * 64);
        struct transformer_score score;
        cr_assert_eq(transformer_items_test(&files[i].model, &files[i].test, 1, &score, &err), RS_OK);
        n_wrong[i] = score.n_counted - score.n_right;
    }
    cr_assert(n_wrong[0] > 2 && n_wrong[1] == 0, "%zu and %zu wrong", n_wrong[0], n_wrong[1]);
    for (int i = 0; i < 3; i++)
        transformer_file_clear(&files[i]);
    images_clear(&images);
}

Test(train_transformer, weights_have_no_more_bits_than_asked_for_and_are_tested_so)
{
    struct characters text = coin_text(3000);
    struct transformer_options options = small;
    struct rs_error err = {{0}};
    struct transformer_file files[2];
    struct transformer_score score;
    options.n_steps = 15;
    for (int i = 0; i < 2; i++) {
        options.weight_bits = i == 0 ? 0 : 7;
        cr_assert_eq(
            train_transformer_text(&options, NULL, &text, "coins", 1, 1, NULL, NULL, &files[i], &err), RS_OK,
            "%s", err.text);
    }
    for (size_t i = 0; i < files[0].model.layout.n_weights; i++) {
        float exact = files[0].model.weights[i], rounded = files[1].model.weights[i];
        int exponent;
        float whole = 128 * frexpf(rounded, &exponent);
        cr_assert(whole == rintf(whole) && fabsf(rounded - exact) <= 0x1p-7f * fabsf(exact), "%g of %g",
                  (double)rounded, (double)exact);
    }
    cr_assert_eq(transformer_items_test(&files[1].model, &files[1].test, 1, &score, &err), RS_OK);
    cr_assert_eq(score.nll / (double)score.n_counted, files[1].test_nll);
    cr_assert_neq(files[0].test_nll, files[1].test_nll);
    transformer_file_clear(&files[0]);
    transformer_file_clear(&files[1]);
    free(text.text);
}

Test(train_transformer, every_kernel_takes_the_same_steps)
{
    struct characters text = coin_text(3000);
    struct transformer_options options = small;
    struct rs_error err = {{0}};
    const char *asked = getenv(KERNEL_VARIABLE);
    char *own = asked != NULL ? strdup(asked) : NULL;
    static struct curve curves[N_KERNELS];
    options.n_steps = 15;
    options.n_validate = 15; /* validation is the forward pass, whose last digits are the kernel's */
    options.activation = TRANSFORMER_SWIGLU;
    for (int k = 0; k < N_KERNELS; k++) {
        struct transformer_file file;
        if (!kernel_runs((enum kernel)k))
            continue;
        setenv(KERNEL_VARIABLE, kernel_name((enum kernel)k), 1);
        cr_assert_eq(
            train_transformer_text(&options, NULL, &text, "coins", 1, 1, note, &curves[k], &file, &err),
            RS_OK, "%s", err.text);
        cr_assert_eq(memcmp(curves[k].losses, curves[0].losses, sizeof curves[0].losses), 0, "%s",
                     kernel_name((enum kernel)k));
        transformer_file_clear(&file);
    }
    if (own != NULL)
        setenv(KERNEL_VARIABLE, own, 1);
    else
        unsetenv(KERNEL_VARIABLE);
    free(own);
    free(text.text);
}

Test(train_transformer, the_hook_stops_it)
{
    struct characters text = coin_text(3000);
    struct rs_error err = {{0}};
    struct transformer_file file;
    struct curve curve = {.stop_after = 3};
    cr_assert_eq(train_transformer_text(&small, NULL, &text, "coins", 1, 1, note, &curve, &file, &err),
                 RS_STOPPED);
    cr_assert(curve.n == 3 && file.model.weights == NULL);
    free(text.text);
}

Test(train_transformer, what_cannot_be_trained_is_refused_with_a_reason)
{
    struct characters text = coin_text(1000);
    struct images images = halves(20);
    struct rs_error err = {{0}};
    struct transformer_file file;
    struct transformer_options options = small;
    options.n_heads = 3;
    cr_assert_eq(train_transformer_text(&options, NULL, &text, "", 1, 1, NULL, NULL, &file, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "transformer.heads: 3 found, a divisor of transformer.width = 16 expected");
    options = small;
    options.n_warm_up = 120;
    cr_assert_eq(train_transformer_text(&options, NULL, &text, "", 1, 1, NULL, NULL, &file, &err), RS_INPUT);
    cr_assert_eq(strncmp(err.text, "transformer.warm_up: 120 found", 30), 0, "%s", err.text);
    options = small;
    options.patch = 5;
    cr_assert_eq(train_transformer_images(&options, NULL, &images, "", 1, 1, NULL, NULL, &file, &err),
                 RS_INPUT);
    cr_assert_not_null(strstr(err.text, "a patch that divides height and width"), "%s", err.text);
    cr_assert_eq(train_transformer_images(&small, NULL, &images, "", 1, 1, NULL, NULL, &file, &err),
                 RS_INPUT);
    cr_assert_str_eq(err.text, "20 images found, at least 25 expected");
    text.n_characters = 250;
    cr_assert_eq(train_transformer_text(&small, NULL, &text, "", 1, 1, NULL, NULL, &file, &err), RS_INPUT);
    cr_assert_eq(strncmp(err.text, "a text of 250 characters found, ", 32), 0, "%s", err.text);
    options = small;
    options.rate = 1e30;
    text.n_characters = 1000;
    cr_assert_eq(train_transformer_text(&options, NULL, &text, "", 1, 1, NULL, NULL, &file, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "training diverged: a smaller transformer.rate expected");
    free(text.text);
    images_clear(&images);
}

Test(train_transformer, both_precisions_of_adam_take_the_published_steps)
{
    enum { N = 37, STEPS = 5 };
    struct adam adam = {0};
    struct adam_f32 single = {0};
    double weights[N], gradient[N], mean[N] = {0}, square[N] = {0}, expected[N];
    float weights_f32[N], gradient_f32[N];
    cr_assert(adam_init(&adam, N, NULL) == RS_OK && adam_f32_init(&single, N, NULL) == RS_OK);
    for (int i = 0; i < N; i++)
        weights_f32[i] = (float)(expected[i] = weights[i] = 0.1 * i - 1);
    for (int t = 1; t <= STEPS; t++) {
        const struct random_key key = {.seed = 9, .draw = (uint32_t)t};
        random_normals(&key, N, gradient);
        for (int i = 0; i < N; i++) {
            gradient_f32[i] = (float)gradient[i];
            double g = 0.5 * gradient[i];
            mean[i] = 0.9 * mean[i] + 0.1 * g;
            square[i] = 0.999 * square[i] + 0.001 * g * g;
            expected[i] -=
                0.01 * (mean[i] / (1 - pow(0.9, t)) / (sqrt(square[i] / (1 - pow(0.999, t))) + 1e-8) +
                        (i < 20 ? 0.3 : 0) * expected[i]);
        }
        adam_step(&adam, 0.01, 0.3, 0.5, gradient, weights);
        adam_f32_begin(&single);
        adam_f32_step(&single, 20, N - 20, 0.01, 0, 0.5, gradient_f32, weights_f32);
        adam_f32_step(&single, 0, 20, 0.01, 0.3, 0.5, gradient_f32, weights_f32);
    }
    for (int i = 0; i < N; i++) {
        cr_assert_float_eq((double)weights_f32[i], expected[i], 1e-5);
        if (i < 20)
            cr_assert_float_eq(weights[i], expected[i], 1e-13);
    }
    adam_clear(&adam);
    adam_f32_clear(&single);
}

static void put(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL && fwrite(bytes, 1, n, file) == n);
    fclose(file);
}

Test(train_transformer, a_text_is_the_bytes_it_is_made_of, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct characters text;
    put("t.txt", "a a\xc3\xa9\n\xc3", 7);
    cr_assert_eq(characters_open("t.txt", &text, &err), RS_OK, "%s", err.text);
    char **vocabulary = characters_vocabulary(&text, &err);
    cr_assert(text.n_characters == 7 && text.n_words == 5);
    cr_assert_str_eq(vocabulary[0], "\n");
    cr_assert_str_eq(vocabulary[2], "a");
    cr_assert_str_eq(vocabulary[3], "<0xa9>");
    cr_assert(text.text[0] == 2 && text.text[1] == 1 && text.text[4] == 3 && text.text[6] == 4);
    free(vocabulary);
    characters_clear(&text);
    put("empty.txt", "", 0);
    cr_assert_eq(characters_open("empty.txt", &text, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "empty.txt: error: an empty file found, a text expected");
    cr_assert_eq(characters_open("none.txt", &text, &err), RS_IO);
    cr_assert_eq(count_files(), 2);
}

Test(train_transformer, images_are_read_and_spoilt_ones_refused, .init = enter_folder, .fini = leave_folder)
{
    struct rs_error err = {{0}};
    struct images images;
    unsigned char pixels[16 + 12] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                                     0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255};
    unsigned char labels[8 + 2] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 1};
    put("l", labels, sizeof labels);
    put("p", pixels, sizeof pixels);
    cr_assert_eq(images_open("p", "l", &images, &err), RS_OK, "%s", err.text);
    cr_assert(images.n == 2 && images.height == 2 && images.width == 3 && images.n_classes == 8 &&
              images.pixels[11] == 255 && images.labels[0] == 7);
    images_clear(&images);
    cr_assert_eq(images_open("l", "p", &images, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "l: error: another kind of file found, IDX with 0x00000803 expected");
    put("p", pixels, sizeof pixels - 1);
    cr_assert_eq(images_open("p", "l", &images, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "p: error: 11 bytes found after the sizes, 12 expected");
    pixels[4] = pixels[8] = pixels[12] = 0x7f;
    put("p", pixels, sizeof pixels);
    cr_assert_eq(images_open("p", "l", &images, &err), RS_INPUT);
    cr_assert_eq(strncmp(err.text, "p: error: size 2130706434 found", 31), 0, "%s", err.text);
    pixels[4] = pixels[8] = pixels[12] = 0;
    put("p", pixels, sizeof pixels);
    labels[7] = 1;
    put("l", labels, sizeof labels - 1);
    cr_assert_eq(images_open("p", "l", &images, &err), RS_INPUT);
    cr_assert_str_eq(err.text, "l: error: 1 labels found, 2 expected as in p");
    put("p", pixels, 3);
    cr_assert_eq(images_open("p", "l", &images, &err), RS_INPUT);
    cr_assert_eq(images_open("p", "none", &images, &err), RS_INPUT);
}
