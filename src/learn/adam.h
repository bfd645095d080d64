/*
 * Adam with decoupled weight decay (Kingma and Ba 2015, arXiv:1412.6980; Loshchilov and Hutter 2019,
 * arXiv:1711.05101): m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, both freed of their start at 0, then
 * w <- w - rate (m / (sqrt(v) + eps) + decay w).
 */
#ifndef LEARN_ADAM_H
#define LEARN_ADAM_H

#include <stddef.h>

#include "rescore/status.h"

struct adam {
    size_t n;
    double *mean, *square;         /* [n] */
    double mean_left, square_left; /* b1^t, b2^t */
};

/* Start from {0}. The caller clears it. */
enum rs_status adam_init(struct adam *adam, size_t n, struct rs_error *err) RS_MUST_CHECK;
void adam_clear(struct adam *adam);

/* Forgets all steps. */
void adam_restart(struct adam *adam);

/* One step of weights [n] along gradient [n], which is multiplied by `factor` first. */
void adam_step(struct adam *adam, double rate, double decay, double factor, const double *gradient,
               double *weights);

/* The same in single precision, in parts, so that threads may share a step and decay may differ. */
struct adam_f32 {
    size_t n;
    float *mean, *square;
    double mean_left, square_left;
};
enum rs_status adam_f32_init(struct adam_f32 *adam, size_t n, struct rs_error *err) RS_MUST_CHECK;
void adam_f32_clear(struct adam_f32 *adam);
void adam_f32_restart(struct adam_f32 *adam);

/* Once before the parts of a step; then each weight in one part: first ... first + n - 1 of the arrays [n].
 */
void adam_f32_begin(struct adam_f32 *adam);
void adam_f32_step(struct adam_f32 *adam, size_t first, size_t n, double rate, double decay, double factor,
                   const float *gradient, float *weights);

#endif
