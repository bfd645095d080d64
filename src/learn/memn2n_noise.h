/* What an array makes of a MemN2N's scores while it is fine-tuned (noisy_array.h). Draws: seed, trial =
 * epoch, write = story. */
#ifndef LEARN_MEMN2N_NOISE_H
#define LEARN_MEMN2N_NOISE_H

#include "learn/noisy_array.h"
#include "model/memn2n_gradient.h"

/* What one thread works with. */
struct memn2n_noise_part {
    const struct memn2n_noise *noise;
    struct score_noise_room *room;
    float *words, *signals; /* [n_memories + 1][d]: keys and query; [n_memories] */
    uint32_t i_epoch, i_story;
};

/* Start from {0}; does not move while it lives. Cleared after a failure too. */
struct memn2n_noise {
    struct noisy_array array;
    uint64_t seed;
    size_t n_parts, d;
    struct memn2n_noise_part *parts; /* [n_parts] */
};

/* RS_INPUT where the options do not go together. */
enum rs_status memn2n_noise_init(const struct attention_options *options, const struct memn2n_shape *shape,
                                 size_t n_parts, struct memn2n_noise *out,
                                 struct rs_error *err) RS_MUST_CHECK;
void memn2n_noise_clear(struct memn2n_noise *noise);

/* Takes the code scales of the model as it is now. */
enum rs_status memn2n_noise_look(struct memn2n_noise *noise, const struct memn2n *model,
                                 const struct story_set *calibration, struct rs_error *err) RS_MUST_CHECK;

/* Draws the signals of a struct memn2n_noise_part's story. */
memn2n_gradient_signals memn2n_noise_draw;

#endif
