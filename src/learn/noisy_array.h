/* The array of a configuration as a model's fine-tuning meets it: its noise (score_noise.h) with code scales
 * that follow the weights. */
#ifndef LEARN_NOISY_ARRAY_H
#define LEARN_NOISY_ARRAY_H

#include "learn/score_noise.h"
#include "model/code_range.h"

/* Start from {0}; does not move while it lives. Cleared after a failure too. */
struct noisy_array {
    struct attention_setup setup;
    double *ranges; /* of all heads: queries, keys, values */
    struct score_noise *noise;
};

/* RS_INPUT where the options do not go together. */
enum rs_status noisy_array_init(const struct attention_options *options, const struct attention_shape *shape,
                                struct noisy_array *out, struct rs_error *err) RS_MUST_CHECK;
void noisy_array_clear(struct noisy_array *array);

/* Code scales at 0, for code_range_hook to measure anew. */
struct code_range noisy_array_look(struct noisy_array *array);

#endif
