/*
 * Training of a transformer by back-propagation in single precision and AdamW, with warm-up, a rate that
 * falls along a cosine, and gradient clipping; the weights with the lowest validation loss are kept. The
 * result depends on options, data, seed and processor (numeric/matrix.h), to the bit, for any number of
 * threads.
 *
 * Draws (purpose RANDOM_TRAINING): array 16 first weights (cell = weight); array 17 where a text's sample
 * starts (draw = step, cell = place in the batch); array 18 order of images (draw = pass, cell = place).
 * RANDOM_SHIFT: how far images are moved.
 * Fine-tuning with thresholds (transformer_tuning.h) starts from the weights kept, and draws samples the same
 * way, from step 0 on, under RANDOM_TUNING; its last weights and thresholds are kept.
 */
#ifndef LEARN_TRAIN_TRANSFORMER_H
#define LEARN_TRAIN_TRANSFORMER_H

#include <stdbool.h>

#include "learn/transformer_tuning.h"
#include "model/transformer_file.h"
#include "model/transformer_options.h"
#include "workload/characters.h"
#include "workload/images.h"

/*
 * After each step, which counts from 0, fine-tuning included. Losses are means of -ln(probability of the
 * right answer); in fine-tuning that of training includes the penalty, that of validation is of the pruned
 * model.
 */
struct train_transformer_step {
    size_t i_step, n_steps;
    double train_loss, rate, gradient_norm;
    double validation_loss, validation_error; /* NAN where the validation items were not looked at */
};

/* Fine-tuning with thresholds, and what comes of it. */
struct train_transformer_learned {
    struct transformer_tuning_options options;
    const float *start; /* [n_weights] to tune, without ordinary training; NULL: train first */
    double test_nll, test_error, keep_ratio; /* out: of the test items, pruned by hard thresholds in floating
                                                point; NAN where none are learned */
};

/* False stops the training: RS_STOPPED. */
typedef bool train_transformer_progress(void *context, const struct train_transformer_step *step);

/*
 * A language model over the characters of a text: its last part is held out, one half for validation, one
 * for the test items; samples start anywhere in the rest. progress and learned may be NULL. `out` is a
 * complete model file, packed, cleared by the caller; `source` says what the text is. RS_INPUT where options
 * contradict each other, the text is too short, or training diverged; on failure `out` is {0}.
 */
enum rs_status train_transformer_text(const struct transformer_options *options,
                                      struct train_transformer_learned *learned,
                                      const struct characters *text, const char *source, uint64_t seed,
                                      int n_threads, train_transformer_progress *progress, void *context,
                                      struct transformer_file *out, struct rs_error *err) RS_MUST_CHECK;

/* A classifier of images: the last ones are the test items, those before them for validation. */
enum rs_status train_transformer_images(const struct transformer_options *options,
                                        struct train_transformer_learned *learned,
                                        const struct images *images, const char *source, uint64_t seed,
                                        int n_threads, train_transformer_progress *progress, void *context,
                                        struct transformer_file *out, struct rs_error *err) RS_MUST_CHECK;

#endif
