/*
 * Training of a MemN2N on generated stories, by back-propagation in double and Adam. Story lengths grow over
 * the first epochs: two-fact questions about long stories are not learnt otherwise. The result depends on
 * options, task and seed alone, to the bit, for any number of threads.
 *
 * Story numbers: training from 0, validation from 2^22, test from 2^23. Draws (purpose RANDOM_TRAINING, trial
 * = restart): array 0 first weights (cell = weight); array 1 order of stories (draw = epoch, cell = place);
 * array 2 time noise (draw = epoch, write = story, cell = sentence).
 */
#ifndef LEARN_TRAIN_MEMN2N_H
#define LEARN_TRAIN_MEMN2N_H

#include <stdbool.h>

#include "model/train_options.h"
#include "model/model_file.h"
#include "workload/stories.h"

enum { TRAIN_MEMN2N_VALIDATION_FIRST = 1 << 22, TRAIN_MEMN2N_TEST_FIRST = 1 << 23 };

/* After each epoch; all count from 0. Losses are means of -ln(probability of the answer). */
struct train_memn2n_epoch {
    int i_restart, n_restarts;
    int i_epoch, n_epochs;
    double train_loss, validation_loss, validation_error;
};

/* False stops the training: train_memn2n returns RS_STOPPED. */
typedef bool train_memn2n_progress(void *context, const struct train_memn2n_epoch *epoch);

/*
 * Trains and tests; `out` is a complete model file, cleared by the caller. progress may be NULL. RS_INPUT
 * where the options contradict each other (train_options_check) or the seed is above 2^53; on failure `out`
 * is {0}.
 */
enum rs_status train_memn2n(const struct train_options *options, enum stories_task task, uint64_t seed,
                            int n_threads, train_memn2n_progress *progress, void *context,
                            struct model_file *out, struct rs_error *err) RS_MUST_CHECK;

#endif
