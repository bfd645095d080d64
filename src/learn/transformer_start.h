/* The weights that a transformer's training starts from. */
#ifndef LEARN_TRANSFORMER_START_H
#define LEARN_TRANSFORMER_START_H

#include <stdbool.h>

#include "model/transformer.h"
#include "numeric/random.h"

/*
 * Biases 0, scales of norms 1, the others normal, drawn by `key` (cell = weight). decays [n_weights] out:
 * which of them weight decay acts on. RS_INTERNAL without memory.
 */
enum rs_status transformer_start(struct transformer *model, const struct random_key *key, bool *decays,
                                 struct rs_error *err) RS_MUST_CHECK;

#endif
