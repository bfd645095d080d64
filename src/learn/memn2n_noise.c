#include "learn/memn2n_noise.h"

#include <stdlib.h>

#include "base/memory.h"

static enum rs_status init_part(struct memn2n_noise *noise, struct memn2n_noise_part *part,
                                struct rs_error *err)
{
    size_t d = noise->array.setup.shape.d, n = noise->array.setup.shape.n_keys_max;
    part->noise = noise;
    part->query = memory_allocate(d, sizeof *part->query, err);
    part->keys = memory_allocate(n * d, sizeof *part->keys, err);
    part->signals = memory_allocate(n, sizeof *part->signals, err);
    if (part->query == NULL || part->keys == NULL || part->signals == NULL)
        return RS_INTERNAL;
    return score_noise_room_create(noise->array.noise, &part->room, err);
}

enum rs_status memn2n_noise_init(const struct attention_options *array, const struct memn2n_shape *shape,
                                 uint64_t seed, size_t n_parts, struct memn2n_noise *out,
                                 struct rs_error *err)
{
    const struct attention_shape own = {.n_layers = (int)shape->n_hops,
                                        .n_heads = 1,
                                        .n_kv_heads = 1,
                                        .d = shape->d,
                                        .n_keys_max = shape->n_memories + shape->n_empty,
                                        .n_queries_max = 1,
                                        .score_scale = 1};
    *out = (struct memn2n_noise){.seed = seed, .n_parts = n_parts};
    enum rs_status status = noisy_array_init(array, &own, &out->array, err);
    if (status == RS_OK && (out->parts = memory_allocate(n_parts, sizeof *out->parts, err)) == NULL)
        status = RS_INTERNAL;
    for (size_t i = 0; i < n_parts && status == RS_OK; i++)
        status = init_part(out, &out->parts[i], err);
    return status;
}

void memn2n_noise_clear(struct memn2n_noise *noise)
{
    for (size_t i = 0; noise->parts != NULL && i < noise->n_parts; i++) {
        score_noise_room_destroy(noise->parts[i].room);
        free(noise->parts[i].query);
        free(noise->parts[i].keys);
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
    size_t n_wrong;
    return memn2n_test(model, calibration, code_range_hook, &range, &n_wrong, NULL, NULL, err);
}

void memn2n_noise_signals(void *context, size_t hop, size_t n_seen, size_t n_keys, const double *query,
                          const double *keys, double *signals)
{
    struct memn2n_noise_part *part = context;
    size_t d = part->noise->array.setup.shape.d;
    for (size_t i = 0; i < d; i++)
        part->query[i] = (float)query[i];
    for (size_t i = 0; i < n_keys * d; i++)
        part->keys[i] = i < n_seen * d ? (float)keys[i] : 0;
    const struct score_noise_call call = {.layer = (int)hop,
                                          .n_queries = 1,
                                          .n_keys = n_keys,
                                          .queries = part->query,
                                          .keys = part->keys,
                                          .query_stride = d,
                                          .key_stride = d};
    const struct random_key key = {
        .seed = part->noise->seed, .trial = part->i_step % RANDOM_TRIALS_MAX, .write = part->i_story};
    score_noise_draw(part->noise->array.noise, part->room, &call, &key, part->signals, n_keys);
    for (size_t j = 0; j < n_keys; j++)
        signals[j] = (double)part->signals[j];
}
