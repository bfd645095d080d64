/* Options of the command `train` for transformers: what is built and how it learns. */
#ifndef MODEL_TRANSFORMER_OPTIONS_H
#define MODEL_TRANSFORMER_OPTIONS_H

#include <stdint.h>

#include "base/option.h"
#include "model/transformer_shape.h"

struct transformer_options {
    int64_t n_layers, d, n_heads, n_kv_heads, d_hidden, n_positions, patch;
    int positions, norm, activation, order; /* of the enumerations of transformer_shape.h, see the table */
    int64_t n_steps, n_warm_up, n_batch, n_validate;
    int64_t n_validation, n_calibration, n_test;
    int64_t shift_pixels, weight_bits;
    double rate, last_rate, decay, gradient_limit;
};

extern const struct option_table transformer_options_table;

/* The language model of `n_words` words that the options ask for. RS_INPUT, naming keys, where they
 * contradict each other. */
enum rs_status transformer_options_language(const struct transformer_options *options, size_t n_words,
                                            struct transformer_shape *shape,
                                            struct rs_error *err) RS_MUST_CHECK;

/* The vision transformer for grey images of these sizes and classes; the same. */
enum rs_status transformer_options_vision(const struct transformer_options *options, size_t height,
                                          size_t width, size_t n_classes, struct transformer_shape *shape,
                                          struct rs_error *err) RS_MUST_CHECK;

#endif
