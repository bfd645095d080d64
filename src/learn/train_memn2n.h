/*
 * Training of a MemN2N on stories, by back-propagation in double and Adam. Story lengths grow over
 * the first epochs: two-fact questions about long stories are not learnt otherwise. The result depends on
 * options, data and seed alone, to the bit, for any number of threads. Draws (purpose RANDOM_TRAINING, trial
 * = restart): array 0 first weights (cell = weight); array 1 order of stories (draw = epoch, cell = place);
 * array 2 time noise (draw = epoch, write = story, cell = sentence). Fine-tuning of weights and thresholds
 * starts from the best restart's weights and draws order and time noise the same way under RANDOM_TUNING.
 */
#ifndef LEARN_TRAIN_MEMN2N_H
#define LEARN_TRAIN_MEMN2N_H

#include <stdbool.h>

#include "attention/setup.h"
#include "model/threshold_options.h"
#include "model/train_options.h"
#include "model/model_file.h"
#include "workload/story_data.h"

/*
 * After each epoch; all count from 0. Losses are means of -ln(probability of the answer). Fine-tuning comes
 * after the restarts, as i_restart = n_restarts with epochs of its own; its training loss includes the
 * penalty, and its validation prunes by the thresholds.
 */
struct train_memn2n_epoch {
    int i_restart, n_restarts;
    int i_epoch, n_epochs;
    int n_done, n_total; /* epochs, those of all restarts and of fine-tuning included */
    double train_loss, validation_loss, validation_error;
    double keep_ratio; /* of validation, pooled; 1 before fine-tuning */
};

/* False stops the training: train_memn2n returns RS_STOPPED. */
typedef bool train_memn2n_progress(void *context, const struct train_memn2n_epoch *epoch);

/* What thresholds make of the test items, in floating point with a hard compare; NAN without thresholds. */
struct train_memn2n_pruned {
    double test_error, keep_ratio;
};

/* How many stories the options ask for. */
struct story_data_sizes train_memn2n_sizes(const struct train_options *options);

/*
 * Trains, learns thresholds as `learned` says and tests; `out` is a complete model file, cleared by the
 * caller, which takes kinds, calibration and test out of `data`. array: what learned.noise draws from (NULL
 * where that is none). progress and pruned may be NULL. RS_INPUT
 * where the seed is above 2^53 or every restart diverged; on failure `out` is {0}.
 */
enum rs_status train_memn2n(const struct train_options *options, const struct threshold_options *learned,
                            const struct attention_options *array, struct story_data *data, uint64_t seed,
                            int n_threads, train_memn2n_progress *progress, void *context,
                            struct model_file *out, struct train_memn2n_pruned *pruned,
                            struct rs_error *err) RS_MUST_CHECK;

#endif
