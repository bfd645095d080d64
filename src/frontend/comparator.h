/*
 * One comparator per key slot: bit = signal - reference - offset - noise > 0, on the difference signal I+ -
 * I-. The offset is drawn once per comparator and trial, the noise once per decision. In units of sum(q_msb
 * k_msb).
 */
#ifndef FRONTEND_COMPARATOR_H
#define FRONTEND_COMPARATOR_H

#include <stddef.h>

#include "frontend/frontend_options.h"
#include "numeric/random.h"
#include "rescore/status.h"

struct comparator {
    double offset_sigma_units, noise_sigma_units;
};

/* Volts without a load resistance are RS_INPUT. */
enum rs_status comparator_init(const struct comparator_options *options, double r_sense_ohm,
                               double unit_amperes, struct comparator *out,
                               struct rs_error *err) RS_MUST_CHECK;

/* The offsets of `n` slots; key: seed, trial, array. */
void comparator_offsets(const struct comparator *comparator, const struct random_key *key, size_t n,
                        double *offset_units);

/* The noise of one decision in `n` slots; key: seed, trial, array, write, and draw = the read. */
void comparator_noise(const struct comparator *comparator, const struct random_key *key, size_t n,
                      double *noise_units);

#endif
