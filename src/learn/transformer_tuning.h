/*
 * What fine-tuning a transformer with pruning thresholds adds to its training: the thresholds and their
 * gradients, part of a batch by part, and, with learned.noise, the signals of the array that decide in place
 * of the scores (score_noise.h). Code scales are those of the weights at the last transformer_tuning_look.
 *
 * Draws of noise: seed, trial = step, write = place in the batch.
 */
#ifndef LEARN_TRANSFORMER_TUNING_H
#define LEARN_TRANSFORMER_TUNING_H

#include "learn/noisy_array.h"
#include "learn/thresholds.h"
#include "model/transformer_gradient.h"
#include "model/transformer_items.h"

/* What is asked for. */
struct transformer_tuning_options {
    const struct threshold_options *learned;
    const struct attention_options *array; /* of learned.noise; NULL where that is none */
};

struct transformer_tuning_part {
    struct transformer_tuning *tuning;
    struct transformer_pruning pruning;
    struct score_noise_room *room; /* NULL: no noise */
    size_t i_step, first_sample;
};

/* Start from {0}. Does not move while it lives. */
struct transformer_tuning {
    const struct threshold_options *learned;
    uint64_t seed;
    struct thresholds thresholds;
    size_t n_parts;
    struct transformer_tuning_part *parts; /* [n_parts] */
    bool noisy;
    struct noisy_array array; /* where it is */
};

/* Thresholds at 0. The caller clears it, after a failure too. RS_INPUT where the options of the array do not
 * go together. */
enum rs_status transformer_tuning_init(const struct transformer_tuning_options *options,
                                       const struct transformer_shape *shape, uint64_t seed, size_t n_parts,
                                       struct transformer_tuning *out, struct rs_error *err) RS_MUST_CHECK;
void transformer_tuning_clear(struct transformer_tuning *tuning);

/* Thresholds where learned.start_keep says, of the packed model on its calibration items. */
enum rs_status transformer_tuning_start(struct transformer_tuning *tuning, const struct transformer *model,
                                        const struct transformer_items *calibration,
                                        struct rs_error *err) RS_MUST_CHECK;

/* Code scales of the packed model as it is now. Needed before the first step. */
enum rs_status transformer_tuning_look(struct transformer_tuning *tuning, const struct transformer *model,
                                       const struct transformer_items *calibration,
                                       struct rs_error *err) RS_MUST_CHECK;

/* From now on `room` prunes, for part i_part; the tuning must outlive it. */
enum rs_status transformer_tuning_attach(struct transformer_tuning *tuning, size_t i_part,
                                         struct transformer_gradient_f32 *room,
                                         struct rs_error *err) RS_MUST_CHECK;

/* Before a part's gradient: which samples of the batch it has. */
void transformer_tuning_begin(struct transformer_tuning *tuning, size_t i_part, size_t i_step,
                              size_t first_sample);

/* A step of the thresholds along the gradients of all parts, added in their order, times `factor`. */
void transformer_tuning_step(struct transformer_tuning *tuning, double rate, double factor);

#endif
