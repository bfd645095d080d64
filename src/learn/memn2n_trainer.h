/*
 * One training run of a MemN2N: weights, their gradient in parts, steps by plain descent or Adam, validation.
 * Draws (purpose RANDOM_TRAINING, or RANDOM_TUNING while thresholds learn; trial = restart): array 0 first
 * weights (cell = weight); array 1 order of stories (draw = epoch, cell = place); array 2 time noise (draw =
 * epoch, write = story, cell = sentence). Epochs without the softmax count before the others.
 */
#ifndef LEARN_MEMN2N_TRAINER_H
#define LEARN_MEMN2N_TRAINER_H

#include "learn/adam.h"
#include "learn/memn2n_noise.h"
#include "learn/thresholds.h"
#include "model/memn2n_gradient.h"
#include "model/train_options.h"
#include "workload/story_data.h"

/* What all runs share; borrowed. */
struct memn2n_plan {
    const struct train_options *options;
    const struct threshold_options *learned;
    const struct story_data *data;
    struct memn2n_shape shape;
    uint64_t seed;
    size_t n_weights;
};

/*
 * A batch is cut into this many parts, whose gradients are added in order: the order of sums that the
 * embedded model was trained with. A run is one thread's: steps are too short to be shared.
 */
enum { MEMN2N_TRAINER_PARTS = 4 };

struct memn2n_trainer {
    const struct memn2n_plan *plan;
    struct adam adam;
    struct memn2n_trainer_part {
        double *gradient; /* [n_weights] */
        int32_t *ages;    /* [n_memories] */
        double *chances;  /* [n_memories] */
        struct memn2n_gradient_workspace *workspace;
        double threshold_gradient[MEMN2N_HOPS_MAX];
        double loss;
    } parts[MEMN2N_TRAINER_PARTS];
    double *weights;       /* [n_weights] */
    uint32_t *order;       /* [n_questions] */
    struct memn2n rounded; /* what validation sees */
    struct thresholds thresholds;
    struct memn2n_noise *noise; /* of MEMN2N_TRAINER_PARTS parts, borrowed; NULL: scores decide */
    uint32_t i_step;            /* of fine-tuning */
};

enum memn2n_stage {
    MEMN2N_STAGE_LINEAR,   /* attention without its softmax, at half the rate */
    MEMN2N_STAGE_ORDINARY, /* the network as it is */
    MEMN2N_STAGE_TUNING    /* thresholds learn too */
};

/* Epoch i_epoch of the n_epochs of a stage. */
struct memn2n_place {
    enum memn2n_stage stage;
    uint32_t i_restart, i_epoch;
    int64_t n_epochs;
};

/* Start from {0}. The caller clears it, also after a failure. */
enum rs_status memn2n_trainer_init(struct memn2n_trainer *trainer, const struct memn2n_plan *plan,
                                   struct rs_error *err) RS_MUST_CHECK;
void memn2n_trainer_clear(struct memn2n_trainer *trainer);

/* The first weights of a restart. */
void memn2n_trainer_start(struct memn2n_trainer *trainer, uint32_t i_restart);

/* Goes on from weights [n_weights] with fresh moments. */
void memn2n_trainer_resume(struct memn2n_trainer *trainer, const double *weights);

/* One pass over the stories; the mean loss, NAN where no story is short enough yet. */
double memn2n_trainer_epoch(struct memn2n_trainer *trainer, struct memn2n_place place);

/* Of the validation stories, answered by the rounded weights; with `pruned` by thresholds. keep_ratio: of
 * keys. */
struct memn2n_validation {
    double loss, error, keep_ratio;
};
enum rs_status memn2n_trainer_validate(struct memn2n_trainer *trainer, bool pruned,
                                       struct memn2n_validation *out, struct rs_error *err) RS_MUST_CHECK;

#endif
