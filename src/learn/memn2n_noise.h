/*
 * learned.noise: array for a MemN2N: what the configured array's comparators would see decides in training,
 * in place of the scores (score_noise.h). Code scales are those of the weights at the last memn2n_noise_look.
 * Draws: seed, trial = step, write = place in the batch.
 */
#ifndef LEARN_MEMN2N_NOISE_H
#define LEARN_MEMN2N_NOISE_H

#include "learn/noisy_array.h"
#include "model/memn2n_gradient.h"
#include "tensor/story.h"

/* One thread's work: the context of memn2n_noise_signals. */
struct memn2n_noise_part {
    struct memn2n_noise *noise;
    struct score_noise_room *room;
    float *query, *keys, *signals; /* [d], [n_keys_max][d], [n_keys_max] */
    uint32_t i_step, i_story;      /* the place of a draw */
};

/* Start from {0}. Does not move while it lives. */
struct memn2n_noise {
    uint64_t seed;
    struct noisy_array array;
    size_t n_parts;
    struct memn2n_noise_part *parts; /* [n_parts] */
};

/* The caller clears it, after a failure too. RS_INPUT where the options of the array do not go together. */
enum rs_status memn2n_noise_init(const struct attention_options *array, const struct memn2n_shape *shape,
                                 uint64_t seed, size_t n_parts, struct memn2n_noise *out,
                                 struct rs_error *err) RS_MUST_CHECK;
void memn2n_noise_clear(struct memn2n_noise *noise);

/* Code scales of a model as it is now. Needed before the first draw. */
enum rs_status memn2n_noise_look(struct memn2n_noise *noise, const struct memn2n *model,
                                 const struct story_set *calibration, struct rs_error *err) RS_MUST_CHECK;

memn2n_gradient_signals memn2n_noise_signals;

#endif
