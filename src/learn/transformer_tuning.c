#include "learn/transformer_tuning.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static size_t n_thresholds(const struct transformer_tuning *tuning)
{
    return tuning->thresholds.n_layers * tuning->thresholds.n_heads;
}

static enum rs_status init_noise(struct transformer_tuning *tuning, const struct attention_options *array,
                                 const struct transformer_shape *shape, struct rs_error *err)
{
    const struct attention_shape own = {.n_layers = (int)shape->n_layers,
                                        .n_heads = (int)shape->n_heads,
                                        .n_kv_heads = (int)shape->n_kv_heads,
                                        .d = shape->d_head,
                                        .n_keys_max = shape->n_positions,
                                        .n_queries_max = shape->n_positions,
                                        .causal = shape->task == TRANSFORMER_LANGUAGE,
                                        .score_scale = transformer_score_scale(shape)};
    tuning->noisy = true;
    return noisy_array_init(array, &own, &tuning->array, err);
}

enum rs_status transformer_tuning_init(const struct transformer_tuning_options *options,
                                       const struct transformer_shape *shape, uint64_t seed, size_t n_parts,
                                       struct transformer_tuning *out, struct rs_error *err)
{
    *out = (struct transformer_tuning){.learned = options->learned, .seed = seed, .n_parts = n_parts};
    enum rs_status status =
        thresholds_init(options->learned, shape->n_layers, shape->n_heads, &out->thresholds, err);
    if (status == RS_OK && options->learned->noise == THRESHOLD_NOISE_ARRAY)
        status = init_noise(out, options->array, shape, err);
    if (status != RS_OK)
        return status;
    out->parts = memory_allocate(n_parts, sizeof *out->parts, err);
    for (size_t i = 0; out->parts != NULL && i < n_parts; i++) {
        struct transformer_tuning_part *part = &out->parts[i];
        double *gradient = memory_allocate(n_thresholds(out), sizeof *gradient, err);
        part->tuning = out;
        part->pruning =
            (struct transformer_pruning){threshold_options_law(options->learned), options->learned->weight,
                                         out->thresholds.values, gradient};
        if (gradient == NULL ||
            (out->noisy && score_noise_room_create(out->array.noise, &part->room, err) != RS_OK))
            return RS_INTERNAL;
    }
    return out->parts != NULL ? RS_OK : RS_INTERNAL;
}

void transformer_tuning_clear(struct transformer_tuning *tuning)
{
    for (size_t i = 0; tuning->parts != NULL && i < tuning->n_parts; i++) {
        score_noise_room_destroy(tuning->parts[i].room);
        free(tuning->parts[i].pruning.gradient);
    }
    free(tuning->parts);
    noisy_array_clear(&tuning->array);
    thresholds_clear(&tuning->thresholds);
    *tuning = (struct transformer_tuning){0};
}

static enum rs_status run_items(const struct transformer *model, const struct transformer_items *items,
                                attention_hook *hook, void *context, struct rs_error *err)
{
    struct transformer_workspace *room = transformer_workspace_create(model, err);
    enum rs_status status = room != NULL ? RS_OK : RS_INTERNAL;
    for (size_t i = 0; i < items->n_samples && status == RS_OK; i++) {
        struct transformer_sample sample = transformer_items_sample(items, &model->shape, i);
        struct transformer_answer answer = {0};
        status = transformer_run(model, &sample, room, hook, context, &answer, err);
    }
    transformer_workspace_destroy(room);
    return status;
}

enum rs_status transformer_tuning_start(struct transformer_tuning *tuning, const struct transformer *model,
                                        const struct transformer_items *calibration, struct rs_error *err)
{
    struct thresholds_scores scores;
    enum rs_status status = thresholds_scores_init(model->shape.n_layers, model->shape.n_heads, &scores, err);
    if (status == RS_OK)
        status = run_items(model, calibration, thresholds_collect, &scores, err);
    if (status == RS_OK)
        thresholds_start(&tuning->thresholds, &scores);
    thresholds_scores_clear(&scores);
    return status;
}

enum rs_status transformer_tuning_look(struct transformer_tuning *tuning, const struct transformer *model,
                                       const struct transformer_items *calibration, struct rs_error *err)
{
    if (!tuning->noisy)
        return RS_OK;
    struct code_range range = noisy_array_look(&tuning->array);
    return run_items(model, calibration, code_range_hook, &range, err);
}

static void draw_signals(void *context, size_t sample, size_t layer, size_t head, size_t n, size_t stride,
                         const float *queries, const float *keys, float *signals)
{
    const struct transformer_tuning_part *part = context;
    const struct score_noise_call call = {.layer = (int)layer,
                                          .head = (int)head,
                                          .n_queries = n,
                                          .n_keys = n,
                                          .queries = queries,
                                          .keys = keys,
                                          .query_stride = stride,
                                          .key_stride = stride};
    const struct random_key key = {.seed = part->tuning->seed,
                                   .trial = (uint32_t)(part->i_step % RANDOM_TRIALS_MAX),
                                   .write = (uint32_t)(part->first_sample + sample)};
    score_noise_draw(part->tuning->array.noise, part->room, &call, &key, signals, n);
}

enum rs_status transformer_tuning_attach(struct transformer_tuning *tuning, size_t i_part,
                                         struct transformer_gradient_f32 *room, struct rs_error *err)
{
    struct transformer_tuning_part *part = &tuning->parts[i_part];
    return transformer_gradient_f32_prune_borrow(room, &part->pruning, tuning->noisy ? draw_signals : NULL,
                                                 part, err);
}

void transformer_tuning_begin(struct transformer_tuning *tuning, size_t i_part, size_t i_step,
                              size_t first_sample)
{
    struct transformer_tuning_part *part = &tuning->parts[i_part];
    memset(part->pruning.gradient, 0, n_thresholds(tuning) * sizeof *part->pruning.gradient);
    part->i_step = i_step;
    part->first_sample = first_sample;
}

void transformer_tuning_step(struct transformer_tuning *tuning, double rate, double factor)
{
    for (size_t i = 0; i < tuning->n_parts; i++)
        for (size_t h = 0; h < n_thresholds(tuning); h++)
            tuning->thresholds.gradient[h] += tuning->parts[i].pruning.gradient[h];
    thresholds_step(&tuning->thresholds, rate, factor);
}
