/* The kinds of relations, each for estimate_compute: fill values, correlation, chi-square, p and fitted. */
#ifndef CALIB_ESTIMATE_KINDS_H
#define CALIB_ESTIMATE_KINDS_H

#include "calib/estimate.h"

/* Confidence of every interval. */
#define ESTIMATE_CONFIDENCE 0.95

/* One estimation: `used` marks the observations that take part (NULL: all). */
struct estimate_task {
    const struct relation *relation;
    const struct relation_parameter *parameters;
    const void *context;
    const struct observations *data;
    const bool *used;
};

size_t estimate_count_used(const struct estimate_task *task);

/* out->fitted [data->n] is filled for all observations. False: no convergence, or no memory. */
bool estimate_curve(const struct estimate_task *task, struct estimate *out);
bool estimate_probit(const struct estimate_task *task, struct estimate *out);
bool estimate_spread(const struct estimate_task *task, struct estimate *out);

/* Puts covariance [n_free][n_free] of the values whose indices are free[] into errors and correlation. */
void estimate_spread_covariance(struct estimate *out, size_t n_free, const size_t *free_index,
                                const double *covariance);

#endif
