/*
 * Where the thresholds of a run's points come from: given, learned with the model, or calibrated on exact,
 * unpruned passes over the calibration inputs to a keep ratio or to a lost softmax mass.
 */
#ifndef EXPERIMENT_PLAN_THRESHOLDS_H
#define EXPERIMENT_PLAN_THRESHOLDS_H

#include "experiment/plan.h"

/*
 * Fills the thresholds of a point's setup; points before it are done. Minus infinity where its policy needs
 * none. RS_INPUT, naming the key, where they cannot be had.
 */
enum rs_status plan_thresholds_find(const struct plan *plan, size_t point,
                                    struct rs_error *err) RS_MUST_CHECK;

/* The sources of all points' thresholds, for people; "" where no point needs any. */
void plan_thresholds_describe(const struct plan *plan, char *out, size_t size);

#endif
