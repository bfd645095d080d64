#include "model/threshold_options.h"

#include <math.h>

static const char *const sharings[] = {"none", "layer", "head", NULL};
static const char *const noises[] = {"none", "array", NULL};

#define MEMBER(name) offsetof(struct threshold_options, name)
static const struct option rows[] = {
    {.key = "learned.thresholds",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(sharing),
     .initial = "layer",
     .choices = sharings,
     .flags = OPTION_NOT_SWEPT,
     .help = "pruning thresholds that train learns after the model, by fine-tuning both together: none, one "
             "per layer, one per head of each layer",
     .published = "one per layer (LeOPArd, secondary)"},
    {.key = "learned.weight",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(weight),
     .initial = "0.1",
     .low = 0,
     .high = 1e6,
     .flags = OPTION_NOT_SWEPT,
     .help = "what keeping costs in training: the loss grows by this times the sum over layers of the share "
             "of keys that are kept",
     .published = "a weighted penalty (LeOPArd, primary); its values are not known here"},
    {.key = "learned.rate",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(rate),
     .initial = "0.05",
     .low = 0,
     .high = 100,
     .flags = OPTION_NOT_SWEPT,
     .help = "first step size of the thresholds, score units (Adam); it falls smoothly to 0",
     .published = "larger than that of the weights (LeOPArd, assumed, remembered only)"},
    {.key = "learned.model_rate",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(model_rate),
     .initial = "10 %",
     .low = 0,
     .high = 1,
     .flags = OPTION_NOT_SWEPT,
     .help =
         "first step size of the weights meanwhile, as a share of train.rate (with sgd as halved at the end "
         "of training) or transformer.rate; 0: only thresholds learn"},
    {.key = "learned.length",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(length),
     .initial = "25 %",
     .low = 0,
     .high = 100,
     .flags = OPTION_NOT_SWEPT | OPTION_LOW_OPEN,
     .help = "length of that fine-tuning, as a share of train.epochs or transformer.steps, rounded up",
     .published = "1 to 5 epochs (LeOPArd, assumed, remembered only)"},
    {.key = "learned.start_keep",
     .kind = OPTION_REAL,
     .unit = QUANTITY_RATIO,
     .offset = MEMBER(start_keep),
     .initial = "50 %",
     .low = 0,
     .high = 1,
     .flags = OPTION_NOT_SWEPT,
     .help = "thresholds start where this share of the trained model's calibration scores is kept; 0: they "
             "start at 0",
     .published = "they start at 0 (LeOPArd, secondary)"},
    {.key = "learned.sharpness",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(sharpness),
     .initial = "10",
     .low = 0,
     .high = 1e6,
     .flags = OPTION_NOT_SWEPT | OPTION_LOW_OPEN,
     .help = "s of the soft threshold tanh(s (score - threshold)), per score unit",
     .published = "10 (LeOPArd, secondary)"},
    {.key = "learned.depth",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(depth),
     .initial = "1000",
     .low = 0,
     .high = 1e9,
     .flags = OPTION_NOT_SWEPT | OPTION_LOW_OPEN,
     .help = "c of the soft threshold: a pruned key's score falls to -c",
     .published = "1000 (LeOPArd, secondary)"},
    {.key = "learned.steepness",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(steepness),
     .initial = "5",
     .low = 0,
     .high = 1e6,
     .flags = OPTION_NOT_SWEPT | OPTION_LOW_OPEN,
     .help = "k of the penalty's count sigmoid(k (soft score + c - alpha)); with 100, only keys within some "
             "0.002 "
             "score units of one place have a slope, and what keeping costs hardly matters",
     .published = "100 (LeOPArd, assumed, remembered only)"},
    {.key = "learned.shift",
     .kind = OPTION_REAL,
     .unit = QUANTITY_NONE,
     .offset = MEMBER(shift),
     .initial = "1",
     .low = 0,
     .high = 1e9,
     .flags = OPTION_NOT_SWEPT | OPTION_LOW_OPEN,
     .help = "alpha of the penalty's count",
     .published = "1 (LeOPArd, assumed, remembered only)"},
    {.key = "learned.noise",
     .kind = OPTION_CHOICE,
     .offset = MEMBER(noise),
     .initial = "none",
     .choices = noises,
     .flags = OPTION_NOT_SWEPT,
     .help = "what fine-tuning adds to scores before they meet the threshold: nothing, or the errors of the "
             "configured array, cells and comparators (array)"},
};
const struct option_table threshold_options_table = {rows, sizeof rows / sizeof rows[0],
                                                     sizeof(struct threshold_options)};

struct soft_threshold_law threshold_options_law(const struct threshold_options *options)
{
    return (struct soft_threshold_law){options->sharpness, options->depth, options->steepness,
                                       options->shift};
}

int64_t threshold_options_length(const struct threshold_options *options, int64_t n_ordinary)
{
    return options->sharing == THRESHOLD_NONE ? 0 : (int64_t)ceil(options->length * (double)n_ordinary);
}
