/* Options of the command `train` for models that learn from stories. */
#ifndef MODEL_TRAIN_OPTIONS_H
#define MODEL_TRAIN_OPTIONS_H

#include <stdint.h>

#include "base/option.h"

enum train_method { TRAIN_SGD, TRAIN_ADAM };

struct train_options {
    int64_t n_questions, n_validation, n_calibration, n_test;
    int64_t n_sentences, n_first_sentences; /* of the longest story, at the end and at the start of a run */
    int64_t n_hops, n_components, n_memories, n_empty; /* n_components 0: as train_options_embedding says */
    int method;                                        /* of enum train_method */
    int64_t n_epochs, n_linear_epochs, n_halvings, n_batch, n_restarts;
    double rate, decay, gradient_limit, start_deviation, time_noise, lengthening_share, good_error;
};

/* Components of the embedding for stories of one kind or of several. */
int64_t train_options_embedding(const struct train_options *options, size_t n_kinds);

extern const struct option_table train_options_table;

/*
 * What no single range can say: RS_INPUT, naming the keys, where stories would be longer than the memory or
 * calibration would need more stories than there are.
 */
enum rs_status train_options_check(const struct train_options *options, struct rs_error *err) RS_MUST_CHECK;

#endif
