/*
 * Training of a MemN2N on stories, by back-propagation in double. Restarts run from first weights of their
 * own, side by side, and the one with the lowest validation loss is kept: test stories choose nothing. Then,
 * if asked for, weights and thresholds are tuned together from there on. The result depends on options, data
 * and seed alone, to the bit, for any number of threads (memn2n_trainer.h has the draws).
 */
#ifndef LEARN_TRAIN_MEMN2N_H
#define LEARN_TRAIN_MEMN2N_H

#include <stdbool.h>

#include "model/threshold_options.h"
#include "model/train_options.h"
#include "model/model_file.h"
#include "workload/story_data.h"

/*
 * After each epoch, never two at once; all count from 0, n_done from 1. Linear epochs, without the softmax of
 * the attention, come before the others. Losses are means of -ln(probability of the answer). Fine-tuning
 * comes after the restarts, as i_restart = n_restarts with epochs of its own; its training loss includes the
 * penalty, and its validation prunes by the thresholds.
 */
struct train_memn2n_epoch {
    int i_restart, n_restarts;
    bool linear;
    int i_epoch, n_epochs; /* of this stage */
    int n_done, n_total;   /* epochs, those of all restarts and of fine-tuning included */
    double train_loss, validation_loss, validation_error;
    double keep_ratio; /* of validation, pooled; 1 before fine-tuning */
};

/* False stops the training: train_memn2n returns RS_STOPPED. */
typedef bool train_memn2n_progress(void *context, const struct train_memn2n_epoch *epoch);

/* Fine-tuning with thresholds, and what comes of it. */
struct train_memn2n_learned {
    const struct threshold_options *options;
    const struct attention_options *array; /* of learned.noise; NULL where that is none */
    const struct memn2n *start; /* to tune, without training first: of the shape that the options and the data
                                   give; NULL: train first */
    double test_error, keep_ratio; /* out: of the test items, pruned by hard thresholds in floating point; NAN
                                      where none are learned */
};

/* How many stories the options ask for. */
struct story_data_sizes train_memn2n_sizes(const struct train_options *options);

/*
 * Trains, learns thresholds as `learned` says (NULL: none) and tests; `out` is a complete model file, cleared
 * by the caller, which takes kinds, calibration and test out of `data`. progress may be NULL. RS_INPUT where
 * the seed is above 2^53, options contradict each other, or training diverged; on failure `out` is {0}.
 */
enum rs_status train_memn2n(const struct train_options *options, struct train_memn2n_learned *learned,
                            struct story_data *data, uint64_t seed, int n_threads,
                            train_memn2n_progress *progress, void *context, struct model_file *out,
                            struct rs_error *err) RS_MUST_CHECK;

#endif
