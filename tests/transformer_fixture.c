#include "transformer_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/random.h"

const char *const family_names[N_FAMILIES] = {"gpt2", "bert", "vit", "llama", "llama2c", "other"};

struct transformer_shape family_shape(int family)
{
    const struct transformer_shape shapes[N_FAMILIES] = {
        [FAMILY_GPT2] = {.task = TRANSFORMER_LANGUAGE,
                         .n_layers = 2,
                         .d = 12,
                         .n_heads = 3,
                         .n_kv_heads = 3,
                         .d_head = 4,
                         .d_hidden = 20,
                         .n_words = 17,
                         .n_positions = 11,
                         .bias = true,
                         .norm_last = true,
                         .tied = true,
                         .norm_epsilon = 1e-5},
        [FAMILY_BERT] = {.task = TRANSFORMER_CLASSES,
                         .n_layers = 2,
                         .d = 10,
                         .n_heads = 2,
                         .n_kv_heads = 2,
                         .d_head = 5,
                         .d_hidden = 14,
                         .n_words = 19,
                         .n_positions = 12,
                         .n_segments = 2,
                         .n_classes = 3,
                         .order = TRANSFORMER_NORM_AFTER,
                         .activation = TRANSFORMER_GELU_ERF,
                         .bias = true,
                         .norm_embedding = true,
                         .pooler = true,
                         .output_bias = true,
                         .norm_epsilon = 1e-12},
        [FAMILY_VIT] = {.task = TRANSFORMER_CLASSES,
                        .input = TRANSFORMER_PATCHES,
                        .n_layers = 2,
                        .d = 8,
                        .n_heads = 2,
                        .n_kv_heads = 2,
                        .d_head = 4,
                        .d_hidden = 9,
                        .n_positions = 7,
                        .n_classes = 5,
                        .n_channels = 2,
                        .height = 6,
                        .width = 9,
                        .patch = 3,
                        .activation = TRANSFORMER_GELU_ERF,
                        .bias = true,
                        .norm_last = true,
                        .class_token = true,
                        .output_bias = true,
                        .norm_epsilon = 1e-6},
        [FAMILY_LLAMA] = {.task = TRANSFORMER_LANGUAGE,
                          .n_layers = 2,
                          .d = 12,
                          .n_heads = 4,
                          .n_kv_heads = 2,
                          .d_head = 6,
                          .d_hidden = 15,
                          .n_words = 13,
                          .n_positions = 10,
                          .positions = TRANSFORMER_POSITIONS_ROTARY_HALVES,
                          .norm = TRANSFORMER_NORM_RMS,
                          .activation = TRANSFORMER_SWIGLU,
                          .norm_last = true,
                          .norm_epsilon = 1e-5,
                          .rotary_base = 10000},
        [FAMILY_LLAMA2C] = {.task = TRANSFORMER_LANGUAGE,
                            .n_layers = 1,
                            .d = 8,
                            .n_heads = 4,
                            .n_kv_heads = 1,
                            .d_head = 2,
                            .d_hidden = 11,
                            .n_words = 16,
                            .n_positions = 16,
                            .positions = TRANSFORMER_POSITIONS_ROTARY_PAIRS,
                            .norm = TRANSFORMER_NORM_RMS,
                            .activation = TRANSFORMER_SWIGLU,
                            .norm_last = true,
                            .tied = true,
                            .norm_epsilon = 1e-5,
                            .rotary_base = 10000},
        [FAMILY_OTHER] = {.task = TRANSFORMER_CLASSES,
                          .n_layers = 2,
                          .d = 9,
                          .n_heads = 6,
                          .n_kv_heads = 2,
                          .d_head = 4,
                          .d_hidden = 16,
                          .n_words = 8,
                          .n_positions = 9,
                          .n_classes = 4,
                          .positions = TRANSFORMER_POSITIONS_ROTARY_PAIRS,
                          .norm = TRANSFORMER_NORM_RMS,
                          .order = TRANSFORMER_NORM_AFTER,
                          .activation = TRANSFORMER_GELU_TANH,
                          .pool = TRANSFORMER_POOL_MEAN,
                          .bias = true,
                          .norm_embedding = true,
                          .norm_last = true,
                          .norm_epsilon = 1e-5,
                          .rotary_base = 100},
    };
    return shapes[family];
}

static bool is_norm(int kind)
{
    return kind == TRANSFORMER_NORM_EMBEDDING || kind == TRANSFORMER_NORM_ATTENTION ||
           kind == TRANSFORMER_NORM_HIDDEN || kind == TRANSFORMER_NORM_LAST;
}

double *random_weights(const struct transformer_shape *shape, uint64_t seed)
{
    struct transformer_layout layout = transformer_shape_layout(shape);
    double *weights = malloc(layout.n_weights * sizeof *weights);
    const struct random_key key = {.seed = seed, .purpose = RANDOM_TRAINING};
    random_normals(&key, layout.n_weights, weights);
    for (size_t i = 0; i < layout.n_weights; i++)
        weights[i] *= 0.3;
    for (int kind = 0; kind < TRANSFORMER_N_WEIGHTS; kind++)
        for (size_t layer = 0; is_norm(kind) && layout.places[kind].n_rows > 0 &&
                               layer < (transformer_shape_per_layer(kind) ? shape->n_layers : 1);
             layer++)
            for (size_t i = 0; i < shape->d; i++)
                weights[transformer_shape_first(&layout, kind, layer) + i] += 1;
    return weights;
}

void random_transformer(int family, uint64_t seed, struct transformer *model)
{
    struct rs_error err = {{0}};
    struct transformer_shape shape = family_shape(family);
    cr_assert_eq(transformer_init(model, &shape, &err), RS_OK, "%s: %s", family_names[family], err.text);
    double *weights = random_weights(&shape, seed);
    for (size_t i = 0; i < model->layout.n_weights; i++)
        model->weights[i] = (float)weights[i];
    free(weights);
    cr_assert_eq(transformer_pack(model, kernel_chosen(), &err), RS_OK, "%s", err.text);
}

void random_samples(const struct transformer_shape *shape, uint64_t seed, struct random_samples *out)
{
    const struct random_key key = {.seed = seed, .purpose = RANDOM_STORIES};
    uint32_t cell = 0;
    *out = (struct random_samples){0};
    for (size_t s = 0; s < N_SAMPLES; s++) {
        struct transformer_sample *sample = &out->samples[s];
        size_t n_pixels = shape->n_channels * shape->height * shape->width;
        bool words = shape->input == TRANSFORMER_WORDS;
        sample->n_words = !words ? 0 : s == 0 ? shape->n_positions : 1 + (s * 7) % shape->n_positions;
        cr_assert(sample->n_words <= 16 && n_pixels <= 256);
        for (size_t t = 0; t < sample->n_words; t++) {
            out->words[s][t] = (int32_t)random_integer(&key, cell++, (uint32_t)shape->n_words);
            out->targets[s][t] = (int32_t)random_integer(&key, cell++, (uint32_t)shape->n_words + 1) - 1;
            out->segments[s][t] = shape->n_segments > 0 && t > 2;
        }
        for (size_t i = 0; i < n_pixels; i++)
            out->images[s][i] = (uint8_t)random_integer(&key, cell++, 256);
        sample->words = words ? out->words[s] : NULL;
        sample->segments = shape->n_segments > 0 && s != 1 ? out->segments[s] : NULL;
        sample->targets = shape->task == TRANSFORMER_LANGUAGE ? out->targets[s] : NULL;
        sample->image = words ? NULL : out->images[s];
        sample->label = shape->task == TRANSFORMER_LANGUAGE
                            ? -1
                            : (int32_t)random_integer(&key, cell++, (uint32_t)shape->n_classes);
        out->n_tokens += transformer_n_tokens(shape, sample);
    }
}

void random_items(const struct transformer_shape *shape, uint64_t seed, struct transformer_items *items)
{
    struct rs_error err = {{0}};
    struct random_samples in;
    size_t at = 0, n_pixels = shape->n_channels * shape->height * shape->width;
    random_samples(shape, seed, &in);
    bool words = shape->input == TRANSFORMER_WORDS;
    cr_assert_eq(transformer_items_init(items, shape, N_SAMPLES, words ? in.n_tokens : 0, &err), RS_OK);
    for (size_t s = 0; s < N_SAMPLES; s++) {
        for (size_t t = 0; t < in.samples[s].n_words; t++, at++) {
            items->words[at] = in.words[s][t];
            if (items->targets != NULL)
                items->targets[at] = in.targets[s][t];
            if (items->segments != NULL)
                items->segments[at] = in.segments[s][t];
        }
        if (words)
            items->word_offset[s + 1] = (int32_t)at;
        else
            memcpy(items->images + s * n_pixels, in.images[s], n_pixels);
        if (items->labels != NULL)
            items->labels[s] = in.samples[s].label;
    }
}
