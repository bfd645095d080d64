/*
 * Options of the command `train` for the pruning thresholds that a model learns: fine-tuning of a trained
 * model together with its thresholds (soft_threshold.h).
 */
#ifndef MODEL_THRESHOLD_OPTIONS_H
#define MODEL_THRESHOLD_OPTIONS_H

#include <stdint.h>

#include "base/option.h"
#include "model/soft_threshold.h"

/* Thresholds of their own: no attention, each layer, each head of each layer. */
enum threshold_sharing { THRESHOLD_NONE, THRESHOLD_LAYER, THRESHOLD_HEAD };

/* What the forward pass of fine-tuning adds to scores before the threshold. */
enum threshold_noise { THRESHOLD_NOISE_NONE, THRESHOLD_NOISE_ARRAY };

struct threshold_options {
    int sharing;       /* of enum threshold_sharing */
    double weight;     /* of the penalty, per layer */
    double rate;       /* first step size of the thresholds, score units */
    double model_rate; /* first step size of the weights, as a share of that of ordinary training */
    double length;     /* of fine-tuning, as a share of ordinary training */
    double start_keep; /* share of the calibration scores that thresholds keep at first; 0: they start at 0 */
    double sharpness, depth, steepness, shift;
    int noise; /* of enum threshold_noise */
};

extern const struct option_table threshold_options_table;

struct soft_threshold_law threshold_options_law(const struct threshold_options *options);

/* Steps or epochs of fine-tuning after `n_ordinary` >= 1 of them, rounded up; 0 where nothing is learned. */
int64_t threshold_options_length(const struct threshold_options *options, int64_t n_ordinary);

#endif
