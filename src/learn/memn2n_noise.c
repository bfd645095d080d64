#include "learn/memn2n_noise.h"

#include <stdlib.h>

#include "base/memory.h"

enum rs_status memn2n_noise_init(const struct attention_options *options, const struct memn2n_shape *shape,
                                 size_t n_parts, struct memn2n_noise *out, struct rs_error *err)
{
    const struct attention_shape own = {.n_layers = (int)shape->n_hops,
                                        .n_heads = 1,
                                        .n_kv_heads = 1,
                                        .d = shape->d,
                                        .n_keys_max = shape->n_memories,
                                        .n_queries_max = 1,
                                        .score_scale = 1};
    *out = (struct memn2n_noise){.seed = options->seed, .n_parts = n_parts, .d = shape->d};
    enum rs_status status = noisy_array_init(options, &own, &out->array, err);
    if (status == RS_OK && (out->parts = memory_allocate(n_parts, sizeof *out->parts, err)) == NULL)
        status = RS_INTERNAL;
    for (size_t i = 0; i < n_parts && status == RS_OK; i++) {
        struct memn2n_noise_part *part = &out->parts[i];
        part->noise = out;
        part->words = memory_allocate((shape->n_memories + 1) * shape->d, sizeof *part->words, err);
        part->signals = memory_allocate(shape->n_memories, sizeof *part->signals, err);
        status = part->words != NULL && part->signals != NULL ? RS_OK : RS_INTERNAL;
        if (status == RS_OK)
            status = score_noise_room_create(out->array.noise, &part->room, err);
    }
    return status;
}

void memn2n_noise_clear(struct memn2n_noise *noise)
{
    for (size_t i = 0; noise->parts != NULL && i < noise->n_parts; i++) {
        score_noise_room_destroy(noise->parts[i].room);
        free(noise->parts[i].words);
        free(noise->parts[i].signals);
    }
    free(noise->parts);
    noisy_array_clear(&noise->array);
    *noise = (struct memn2n_noise){0};
}

enum rs_status memn2n_noise_look(struct memn2n_noise *noise, const struct memn2n *model,
                                 const struct story_set *calibration, struct rs_error *err)
{
    struct code_range range = noisy_array_look(&noise->array);
    size_t n_wrong = 0;
    return memn2n_test(model, calibration, code_range_hook, &range, &n_wrong, NULL, NULL, err);
}

static void round_words(size_t n, const double *from, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)from[i];
}

void memn2n_noise_draw(void *context, size_t hop, size_t n, const double *query, const double *keys,
                       double *signals)
{
    const struct memn2n_noise_part *part = context;
    const struct memn2n_noise *noise = part->noise;
    float *rounded_query = part->words + n * noise->d;
    round_words(n * noise->d, keys, part->words);
    round_words(noise->d, query, rounded_query);
    const struct score_noise_call call = {.layer = (int)hop,
                                          .n_queries = 1,
                                          .n_keys = n,
                                          .queries = rounded_query,
                                          .keys = part->words,
                                          .query_stride = noise->d,
                                          .key_stride = noise->d};
    const struct random_key key = {.seed = noise->seed, .trial = part->i_epoch, .write = part->i_story};
    score_noise_draw(noise->array.noise, part->room, &call, &key, part->signals, n);
    for (size_t i = 0; i < n; i++)
        signals[i] = (double)part->signals[i];
}
